"""Experiments: fault injection, choice of settings, comparisons, measurements at scale."""
