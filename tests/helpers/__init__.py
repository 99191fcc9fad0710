"""What several tests share: makers of cohorts, series, checkpoints and servers."""
