"""The trades that ship with Tradehall."""
