"""Read users' files as evenly spaced series, with a note on every decision and repair."""

from __future__ import annotations

from benchmark.reading.folder import FileFolder, FolderOptions, load_folder
from benchmark.reading.follow import Follower
from benchmark.reading.frame import read_data
from benchmark.reading.options import ReadOptions
from benchmark.reading.points import Points, no_points
from benchmark.reading.read import read_recording, read_recordings
from benchmark.reading.recording import Recording
from benchmark.reading.source import Block, Source, open_source

__all__ = [
    "Block",
    "FileFolder",
    "FolderOptions",
    "Follower",
    "Points",
    "ReadOptions",
    "Recording",
    "Source",
    "load_folder",
    "no_points",
    "open_source",
    "read_data",
    "read_recording",
    "read_recordings",
]
