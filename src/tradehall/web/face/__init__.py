"""The face: pages for people, drawn from what a trade declares."""
