"""A trade that whoever wants may join."""
