"""How well nodules are measured: against readers, on whole series, on drawn nodules and on simulated follow-ups."""
