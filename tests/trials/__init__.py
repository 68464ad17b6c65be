"""Runs that break things on purpose: faults injected into a grid, and a grid of 100,000 cells."""
