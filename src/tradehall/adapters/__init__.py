"""The outside world: one small file for each service that Tradehall can talk to."""
