"""Labelled univariate series: the four data sets of the table, or a user's folder of ``value,label`` files.

>>> import datasets
>>> datasets.names()
('Dodgers', 'Genesis', 'MGAB', 'NASA-MSL')
>>> [name for name in datasets.names(archives=True) if name.startswith("TSB-AD")]
['TSB-AD-U', 'TSB-AD-U-Tuning']
>>> series = datasets.load("MGAB", "1.test.out", mode="simulated", announce=print)
MGAB: SIMULATED series stand in for the real series (as asked)
>>> len(series), series.n_anomalous, series.simulated
(100000, 200, True)

Hugging Face's library has the same import name, but no ``datasets.PROJECT``. In the wheel of this project the package
is ``tsad_benchmark.datasets``.
"""

from datasets._archive import Archive
from datasets._base import DataError, Dataset, Facts, Remote, Series, Source, random_generator
from datasets._download import Network
from datasets._folder import FolderDataset, load_folder
from datasets._local import is_published
from datasets._registry import broken, get, name_matches, names
from datasets._resolve import default_cache_dir, iter_series, load, located
from datasets._simulate import labels_of, mackey_glass, place
from datasets._status import SeriesStatus, status
from datasets._tsb_uad import check_labels, check_train, fingerprint, read_file

PROJECT = "tsad-benchmark"

__all__ = [
    "PROJECT",
    "Archive",
    "DataError",
    "Dataset",
    "Facts",
    "FolderDataset",
    "Network",
    "Remote",
    "Series",
    "SeriesStatus",
    "Source",
    "broken",
    "check_labels",
    "check_train",
    "default_cache_dir",
    "fingerprint",
    "get",
    "is_published",
    "iter_series",
    "labels_of",
    "load",
    "load_folder",
    "located",
    "mackey_glass",
    "name_matches",
    "names",
    "place",
    "random_generator",
    "read_file",
    "status",
]
