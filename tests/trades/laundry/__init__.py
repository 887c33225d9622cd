"""Tests of the laundry."""
