"""Experiments over many fits or files: the benchmark, Med-ST's study, real nodules, and the trials of the DICOM reader."""
