"""Tests of files: uploads, the store, links."""
