"""The trades that ship with it."""
