"""Adapters against local fakes that speak the real protocols."""
