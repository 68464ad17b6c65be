"""Files that people have as evenly spaced series, with every decision and repair stated in words."""

from __future__ import annotations

from benchmark.reading.recording import Recording
from benchmark.reading.tabular import read_recording

__all__ = ["Recording", "read_recording"]
