"""Where a figure comes from, what each idea of a detector is worth, and what else its source permits."""

from __future__ import annotations

from benchmark.studies.capsule import capsule

__all__ = ["ablation", "capsule", "explain", "multiverse", "multiverse_tables"]
