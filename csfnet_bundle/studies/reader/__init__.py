"""Trials of the DICOM reader: routes to one ROI, transfer syntaxes, damaged files."""
