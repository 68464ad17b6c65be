"""Find series in a local folder, and check that they are the published ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.core.base import Arrays, DataError, Dataset, Facts, Series, Source
from datasets.core.tsb_uad import (
    FOLDER,
    Check,
    check_facts,
    check_fingerprint,
    check_train,
    fingerprint,
    fingerprints,
    read_file,
)


def folders(root: Path, dataset: Dataset) -> list[Path]:
    """Return the folders that may contain a data set: in TSB-UAD-Public, in ``root``, or ``root`` itself."""
    places = [root / FOLDER / dataset.home, root / dataset.home]
    return [*places, root] if root.name == dataset.home else places


def series_path(root: Path, dataset: Dataset, series: str) -> Path | None:
    """Return the file of a series below a folder, or None if there is none."""
    places = (folder / series for folder in folders(root, dataset))
    return next((path for path in places if path.is_file()), None)


def read_local(dataset: Dataset, facts: Facts, root: Path, source: Source) -> Series:
    """Read a series from a local folder, and check it.

    Raises
    ------
    DataError
        If it cannot be used; the message names the file, the row if there is one, and the next step.
    """
    path = series_path(root, dataset, facts.name)
    files = {} if path else _local_originals(dataset, facts, root)
    if path is not None:
        arrays = _read_pair(path, facts, dataset.header)
    elif files:
        arrays = dataset.convert(facts.name, files)
    else:
        expected = root / FOLDER / dataset.home / facts.name
        raise DataError(f"{expected} is missing: copy it there, or omit the folder to download")
    check(dataset.name, facts, arrays, str(path or root))
    return as_series(dataset, facts, arrays, source)


def _read_pair(path: Path, facts: Facts, header: bool) -> Arrays:
    values, labels = read_file(path, header=header, drop_missing=header)
    if not facts.train_name:
        return values, labels, None
    train_path = path.with_name(facts.train_name)
    if not train_path.is_file():
        raise DataError(f"{train_path} is missing: copy it to the folder of {facts.name}")
    train, train_labels = read_file(train_path)
    check_train(train_labels, str(train_path))
    return values, labels, train


def _local_originals(dataset: Dataset, facts: Facts, root: Path) -> dict[str, bytes]:
    """Read the original publisher's files, if all are in the folder, its ``raw/`` or one named like the data set."""
    files = {}
    for remote in dataset.originals(facts.name):
        places = [
            folder / name
            for folder in (root, root / "raw", root / dataset.home)
            for name in (remote.name, f"{remote.name}.gz")
        ]
        path = next((path for path in places if path.is_file()), None)
        if path is None:
            return {}
        files[remote.name] = path.read_bytes()
    return files


def check(dataset: str, facts: Facts, arrays: Arrays, where: str) -> Check:
    """Raise DataError if a series is not the published one; see :func:`check_fingerprint` for the result."""
    check_facts(arrays, facts, where)
    return check_fingerprint(dataset, facts.name, arrays, where)


def as_series(dataset: Dataset, facts: Facts, arrays: Arrays, source: Source) -> Series:
    """Build a series from its arrays."""
    values, labels, train = arrays
    return Series(dataset.name, facts.name, values, labels, source, train)


def is_published(dataset: str, series: str, values: NDArray[np.float64], labels: NDArray[np.uint8]) -> bool:
    """Return whether values and labels are those published under a name; True for unknown data sets.

    Examples
    --------
    >>> import numpy as np
    >>> import datasets
    >>> mine = np.array([0.5, 1.5]), np.array([0, 1], dtype=np.uint8)
    >>> [datasets.is_published(*name, *mine) for name in (("MGAB", "1.test.out"), ("MGAB", "mine.out"), ("Mine", "a"))]
    [False, False, True]
    """
    known = fingerprints().get(dataset)
    if known is None:
        return True
    return series in known and fingerprint((values, labels, None))["sha256_6"] == known[series]["sha256_6"]
