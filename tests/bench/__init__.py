"""Speed as ratios: each figure is measured beside its yardstick, in the same run."""
