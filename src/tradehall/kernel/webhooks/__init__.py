"""Webhooks: a trade's events, signed and sent to the addresses that its owner named (P-22)."""
