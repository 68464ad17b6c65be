"""Studies of detectors: explanation of differences from the paper, ablation, multiverse, limits, capsules."""

from benchmark.studies.capsule import capsule

__all__ = ["ablation", "capsule", "edges", "explain", "multiverse", "multiverse_tables", "recompute"]
