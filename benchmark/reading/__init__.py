"""Files that people have as evenly spaced series, with every decision and repair stated in words."""

from __future__ import annotations

from benchmark.reading.folder import FolderOptions, load_folder
from benchmark.reading.options import ReadOptions
from benchmark.reading.read import read_recording, read_recordings
from benchmark.reading.recording import Recording

__all__ = ["FolderOptions", "ReadOptions", "Recording", "load_folder", "read_recording", "read_recordings"]
