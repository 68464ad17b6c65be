"""A user's own file: what it holds, which detector suits it, what stands out."""

from __future__ import annotations

from benchmark.detection.detect import detect
from benchmark.detection.tabular import read_recording

__all__ = ["detect", "read_recording", "report"]
