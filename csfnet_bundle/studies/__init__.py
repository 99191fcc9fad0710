"""Experiments over many fits or files: the benchmark, Med-ST's study, and the trials of the DICOM reader."""
