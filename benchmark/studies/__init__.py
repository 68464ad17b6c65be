"""Questions about single figures: where one comes from, what each idea of a detector is worth."""

from __future__ import annotations

from benchmark.studies.capsule import capsule

__all__ = ["ablation", "capsule", "explain"]
