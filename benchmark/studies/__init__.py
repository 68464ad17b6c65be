"""Where a figure comes from, what each idea of a detector is worth, what else its source permits, its edges."""

from __future__ import annotations

from benchmark.studies.capsule import capsule

__all__ = ["ablation", "capsule", "edges", "explain", "multiverse", "multiverse_tables"]
