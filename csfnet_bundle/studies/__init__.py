"""Experiments over many fits or files: benchmark, Med-ST's study, real nodules, and the trials of the DICOM reader."""
