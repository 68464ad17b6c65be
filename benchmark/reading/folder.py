"""Read a folder of files as a data set, with the reader of ``detect``; labels are required."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import UserError, counted
from benchmark.reading.columns import UNUSED
from benchmark.reading.forms import (
    PLAIN,
    TSB_AD,
    UCR,
    Labels,
    describe_other,
    find_windows,
    folders_below,
    form_of,
    may_hold_series,
    no_data,
    parse_ucr_name,
)
from benchmark.reading.options import ReadOptions
from benchmark.reading.read import read_recordings, series_in
from benchmark.reading.recording import Recording
from datasets import DataError, FolderDataset, Series, check_train, read_file

PARTS = ":"


@dataclass(frozen=True)
class FolderOptions:
    """How to read the files of a folder.

    Attributes
    ----------
    reading : ReadOptions
    train : int
        Number of rows at the start of each file that are its training part.
    """

    reading: ReadOptions = field(default_factory=ReadOptions)
    train: int = 0

    def record(self) -> dict[str, Any]:
        """Return the options that differ from the defaults, in a form that JSON can represent."""
        usual = asdict(ReadOptions())
        given = {k: v for k, v in asdict(self.reading).items() if v != usual[k]}
        if self.reading.labels is not None:
            given["labels"] = str(self.reading.labels.resolve())
        return given | ({"train": self.train} if self.train else {})

    @classmethod
    def recorded(cls, record: dict[str, Any]) -> FolderOptions:
        """Restore options from :meth:`record`."""
        given = dict(record)
        train = int(given.pop("train", 0))
        if "labels" in given:
            given["labels"] = Path(given["labels"])
        return cls(ReadOptions(**given), train)


class FileFolder(FolderDataset):
    """A folder of files in the format of TSB-UAD, TSB-AD, UCR, NAB, Yahoo, AIOps, or with named columns.

    The format is recognized by the content and reported. The series of a file with several are named ``file:series``.
    TimeEval's index of a folder, a README and a file of labels are not series.
    Rows without a value are dropped from TSB-AD's files, as TSB-AD does.
    """

    endings = (
        *(".out", ".csv", ".txt", ".tsv", ".dat", ".data", ".parquet", ".pq", ".feather", ".xlsx", ".xls"),
        *(".json", ".jsonl", ".ndjson"),
        *(".gz", ".bz2", ".xz", ".zip", ".hdf", ".h5", ".hdf5"),  # reading HDF raises an error with advice
    )

    def __init__(
        self, folder: Path, name: str, options: FolderOptions, say: Callable[[str], None] = lambda message: None
    ) -> None:
        if folder.is_dir() and not any(may_hold_series(path, self.endings) for path in folder.iterdir()):
            raise no_data(folder, self.endings)
        super().__init__(folder, name)
        self.options, self._say, self._said = options, say, set[str]()
        self.series = tuple(
            replace(facts, name=part) for facts in self.series for part in self._parts(folder / facts.name)
        )
        if not self.series:
            raise no_data(folder, self.endings)
        if below := folders_below(folder, self.endings, "*/*"):
            say(f"{folder}: its subfolders are not read; each is a data set of its own, e.g. --dataset {below[0]}")

    def _parts(self, path: Path) -> list[str]:
        """Return the names of the series of a file."""
        form = form_of(path)
        if what := self._no_series(path, form):
            self._say(f"{path} is {what} and no series.")
            return []
        if form or UCR.fullmatch(path.name):
            return [path.name]
        try:
            names = series_in(path, self.options.reading)
        except UserError:
            return [path.name]  # the error is reported when the file is read
        return [f"{path.name}{PARTS}{name}" for name in names] if len(names) > 1 else [path.name]

    def _no_series(self, path: Path, form: str) -> str:
        """Describe a file of the folder that is no series; empty for a series."""
        labels = self.options.reading.labels
        if labels is not None and labels.exists() and path.samefile(labels):
            return "the file of labels"
        return describe_other(path, form)

    def read(self, series: str) -> Series:
        """Read one series of one file.

        Raises
        ------
        DataError
            If it cannot be read, or has no labels; the message says what to do.
        """
        self.facts(series)
        file, _, part = (series, "", "") if (self.folder / series).exists() else series.rpartition(PARTS)
        path = self.folder / file
        form = form_of(path) if self.options == FolderOptions() else ""
        try:
            if form == PLAIN:
                return super().read(series)
            return self._read_tsb_ad(path, series) if form == TSB_AD else self._read(path, series, part)
        except DataError as error:
            if ": the label is " not in str(error):
                raise
            column = "Label" if form == TSB_AD else "'column 2'"
            raise DataError(f"{error}; --label {column} takes -1 and 1, too", self.name, series) from error
        except UserError as error:
            raise DataError(str(error), self.name, series) from error

    def _read_tsb_ad(self, path: Path, series: str) -> Series:
        values, labels = read_file(path, header=True, drop_missing=True)
        self._say_once(series, "TSB-AD's form; rows without a value are left out.")
        return self._split(series, values, labels, 0, path)

    def _read(self, path: Path, series: str, part: str) -> Series:
        options = replace(self.options.reading, series=part or self.options.reading.series)
        windows = find_windows(path)
        found = read_recordings(path, options)[0]
        form, labels, train = _labels_of(found, options), found.labels, self.options.train
        ucr = parse_ucr_name(path, len(found)) if labels is None else None
        if ucr and found.filled.any():
            raise UserError(
                f"{path} has {counted(int(found.filled.sum()), 'row')} without a value or blank: its name counts rows, "
                "so remove blank lines, or fill in what is missing"
            )
        if ucr:
            form, (labels, train) = "UCR, labels and training part by its name", ucr
        elif labels is None and windows is not None:
            found = read_recordings(path, replace(options, labels=windows))[0]
            form, labels = f"labels of {windows.name}", found.labels
        if labels is None:
            raise DataError(_no_labels(found, path), self.name, series)
        beside = self.train_files.get(path.name)
        part_of = (
            f" {beside} is not used, since the first {train:,} rows are." if train else f" Training part: {beside}."
        )
        self._say_once(series, " ".join([f"values {found.column!r}, {form}.{part_of if beside else ''}", *found.notes]))
        read = self._split(series, found.values, labels, train, path)
        return read if train else replace(read, train=self._train_file(path, replace(options, value=found.column)))

    def _train_file(self, path: Path, options: ReadOptions) -> NDArray[np.float64] | None:
        """Read the training values in ``X.train.*`` next to ``X.test.*``, from the same column."""
        if path.name not in self.train_files:
            return None
        beside = path.with_name(self.train_files[path.name])
        found = read_recordings(beside, options)[0]
        if found.labels is not None:
            check_train(found.labels, str(beside))
        return found.values.copy()

    def _split(self, series: str, values: NDArray[np.float64], labels: Labels, train: int, path: Path) -> Series:
        if not 0 <= train < len(values):
            raise DataError(
                f"{path} has {counted(len(values), 'row')}, too few for a training part of {train:,}", self.name
            )
        if labels[:train].any():
            raise DataError(
                f"{path} has anomalies among its first {counted(train, 'row')}, its training part", self.name
            )
        rest = labels[train:]
        if rest.all() or not rest.any():
            what = "no normal point" if rest.all() else "no anomaly"
            raise DataError(f"{path} has {what}: metrics need both; correct its labels or leave it out", self.name)
        head = values[:train].copy() if train else None
        return Series(self.name, series, values[train:].copy(), rest.copy(), "file", head)

    def _say_once(self, series: str, text: str) -> None:
        if series not in self._said:
            self._said.add(series)
            self._say(f"{self.name}/{series}: {text}")


def _labels_of(found: Recording, options: ReadOptions) -> str:
    """Say where the labels come from."""
    if options.labels is not None:
        return f"labels of {options.labels.name}"
    return f"labels {found.reading.label!r}" if found.reading else "labels"


def _no_labels(found: Recording, path: Path) -> str:
    columns = "; ".join(line for line in found.lineup if line.startswith(("time", "values", "unused")))
    reasons = "".join(f" {note}" for note in found.notes if UNUSED in note)
    return (
        f"{path} has no labels ({' '.join(columns.split())}).{reasons} Name their column with --label, "
        "or put a file with the anomalies beside it and name it with --labels (start,end or NAB's JSON)"
    )


def load_folder(
    path: Path | str,
    name: str = "",
    options: FolderOptions | None = None,
    say: Callable[[str], None] = lambda message: None,
) -> FileFolder:
    """Load a folder of files as a data set, under its own name or the given one.

    Raises
    ------
    DataError
        If there is no such folder, or no file that may contain a series.
    """
    return FileFolder(Path(path), name, options or FolderOptions(), say)
