"""A data set read from a user's folder of ``value,label`` files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.core import registry
from datasets.core.base import Arrays, DataError, Dataset, Facts, Series
from datasets.core.tsb_uad import check_labels, check_train, read_file

ENDINGS = (".out", ".csv", ".txt")
TEST = re.compile(r"(?<![a-z])test(?![a-z])", re.I)


class FolderDataset(Dataset):
    """A data set of the files in one folder, named like the folder unless another name is given.

    If the folder's name is that of a data set of the package, its path is the name. A file is the training part of
    another if their names differ in ``train`` and ``test``, as ``X.train.csv`` and ``X.test.csv`` do.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import datasets
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "pump.csv").write_text("0.5,0\\n9.0,1\\n0.4,0\\n")
    ...     mine = datasets.FolderDataset(pathlib.Path(folder), "mine")
    ...     series = mine.read("pump.csv")
    >>> series.values, series.labels
    (array([0.5, 9. , 0.4]), array([0, 1, 0], dtype=uint8))
    """

    endings: tuple[str, ...] = ENDINGS

    def __init__(self, folder: Path, name: str = "") -> None:
        if not folder.is_dir():
            raise DataError(f"{folder} is not a folder: give one that holds value,label files", str(folder))
        self.folder = folder
        short = folder.resolve().name
        self.name = name or (str(folder.resolve()) if short in registry.names(archives=True) else short)
        self.title = f"files of {folder}"
        files = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in self.endings and path.is_file())
        known = {name.lower(): name for name in files}
        self.train_files = {name: train for name in files if (train := _train_of(name, known))}
        series = sorted({*files} - {*self.train_files.values()})
        self.series = tuple(Facts(name) for name in series)
        if not series:
            raise DataError(f"{folder} holds no {', '.join(self.endings)} file with value,label lines", self.name)

    def read(self, series: str) -> Series:
        """Read one file, and its training part if there is one.

        Raises
        ------
        DataError
            If a file cannot be used; the message names the file, the row and the next step.
        """
        self.facts(series)
        path = self.folder / series
        values, labels = read_file(path, header=True)
        check_labels(labels, str(path))
        return Series(self.name, series, values, labels, "file", self._train(series))

    def _train(self, series: str) -> NDArray[np.float64] | None:
        if series not in self.train_files:
            return None
        path = self.folder / self.train_files[series]
        values, labels = read_file(path, header=True)
        check_train(labels, str(path))
        return values

    def _simulate(self, facts: Facts, seed: int) -> Arrays:
        raise DataError(f"{self.folder / facts.name} is your own file: it cannot be simulated", self.name, facts.name)


def _train_of(name: str, known: dict[str, str]) -> str:
    """Return the file with the training part of a test file, of files by lower-case name; empty if there is none.

    GutenTAG calls the training part without anomalies ``train_no_anomaly.csv``.
    """
    plain = TEST.sub("train", name.lower())
    found = [known[train] for train in (plain, TEST.sub("train_no_anomaly", name.lower())) if train in known]
    return found[0] if found and plain != name.lower() else ""


def load_folder(path: str | Path, name: str = "") -> FolderDataset:
    """Return a folder of ``value,label`` files as a data set, named like the folder or as given.

    Raises
    ------
    DataError
        If there is no such folder, or no such file in it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import datasets
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "pump.csv").write_text("0.5,0\\n9.0,1\\n0.4,0\\n")
    ...     mine = datasets.load_folder(folder, "mine")
    ...     series = mine.read("pump.csv")
    >>> series.values, series.labels
    (array([0.5, 9. , 0.4]), array([0, 1, 0], dtype=uint8))
    """
    return FolderDataset(Path(path), name)
