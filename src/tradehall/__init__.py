"""Tradehall is a back office for small trades: records, rules, screens, reports and messages from one command."""

__version__ = "0.1.0"
