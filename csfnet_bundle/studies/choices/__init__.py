"""What the paper leaves open, tried on phantoms."""
