"""The systems that the paper compares CSF-Net with, each for this bundle's batches.

In their docstrings [K] marks what is known from the publication or its public code, [G] a guess where both are silent.
"""
