"""A trade whose customers sign in with a number and a PIN."""
