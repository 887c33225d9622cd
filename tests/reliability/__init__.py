"""What the business is promised, row by row."""
