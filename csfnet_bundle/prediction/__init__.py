"""From weights and follow-up pairs to predictions: checkpoints, data, and writing results."""
