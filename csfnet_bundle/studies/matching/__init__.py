"""How well a place is found again: trials on moved scans with known truth."""
