"""Every system under one protocol: the same patient-level splits, nothing chosen on test pairs, paired statistics."""
