"""What takes minutes: crashes, power loss, load."""
