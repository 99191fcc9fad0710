"""The losses of Med-ST, each by itself, and their weighted sum."""
