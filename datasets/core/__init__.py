"""The parts that all data sets share: series, sources and downloads, files, simulated series."""

from datasets.core.archive import Archive
from datasets.core.base import Arrays, DataError, Dataset, Facts, Remote, Series, Source, random_generator
from datasets.core.download import Network
from datasets.core.folder import FolderDataset, load_folder
from datasets.core.local import is_published
from datasets.core.registry import broken, get, name_matches, names
from datasets.core.resolve import default_cache_dir, iter_series, load, located
from datasets.core.simulate import (
    Array,
    Spans,
    best_cut,
    labels_of,
    mackey_glass,
    place,
    place_beside,
    ramps,
    split,
    switching,
    wandering,
)
from datasets.core.status import SeriesStatus, status
from datasets.core.tsb_uad import check_labels, check_train, fingerprint, read_file
