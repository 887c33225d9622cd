"""Tests of privacy: one person over all trades."""
