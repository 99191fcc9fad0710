"""What is measured of a nodule: its mask, size, density, and risk models on them."""
