"""The kernel over HTTP, with the phone shop as the trade."""
