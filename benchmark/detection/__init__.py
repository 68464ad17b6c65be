"""A user's own file: what it holds, which detector suits it, what stands out."""

from __future__ import annotations

from benchmark.detection.detect import detect

__all__ = ["detect", "report"]
