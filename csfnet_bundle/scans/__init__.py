"""CT scans: DICOM series and volume files, read correctly or rejected with an error code."""
