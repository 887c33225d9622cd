"""Tradehall beside the ordinary design of the same backend, measured in one run on one machine."""
