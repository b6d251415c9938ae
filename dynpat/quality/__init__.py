"""The figures that judge videos: their floor, the baselines, and comparison with a known truth."""
