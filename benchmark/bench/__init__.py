"""Every detector beside its peers: fresh processes in turn on the same series, ratios of medians, no verdicts."""
