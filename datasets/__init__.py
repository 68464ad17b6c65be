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

from datasets.core import (
    Archive,
    DataError,
    Dataset,
    Facts,
    FolderDataset,
    Network,
    Remote,
    Series,
    SeriesStatus,
    Source,
    broken,
    check_labels,
    check_train,
    default_cache_dir,
    fingerprint,
    get,
    is_published,
    iter_series,
    labels_of,
    load,
    load_folder,
    located,
    mackey_glass,
    name_matches,
    names,
    place,
    random_generator,
    read_file,
    status,
)

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
