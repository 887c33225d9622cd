"""The phone shop: its contract by literal requests, and its rules."""
