"""Read users' files as evenly spaced series, with a note on every decision and repair."""

from benchmark.reading.folder import FileFolder, FolderOptions, load_folder
from benchmark.reading.follow import Follower
from benchmark.reading.frame import read_data
from benchmark.reading.options import ReadOptions
from benchmark.reading.points import Points, no_points
from benchmark.reading.read import read_recording, read_recordings
from benchmark.reading.recording import Recording
from benchmark.reading.source import Block, Source, open_source
