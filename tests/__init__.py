"""What must hold, mirroring src."""
