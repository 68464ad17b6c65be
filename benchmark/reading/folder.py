"""A folder of anybody's files as a data set: the reader of ``detect``, with labels required."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import UserError
from benchmark.reading.options import ReadOptions
from benchmark.reading.read import read_recordings, series_in
from benchmark.reading.recording import Recording
from datasets import DataError, FolderDataset, Series

UCR = re.compile(r"(?i:.*(ucr|anomaly).*)_(?P<train>\d+)_(?P<start>\d+)_(?P<end>\d+)\.\w+")
WINDOWS = ("combined_windows.json", "combined_labels.json", "*windows*.json", "*labels*.json")
PARTS = ":"
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class FolderOptions:
    """How to read the files of a folder.

    Attributes
    ----------
    reading : ReadOptions
    train : int
        Rows at the start of each file that are its training part.
    """

    reading: ReadOptions = field(default_factory=ReadOptions)
    train: int = 0

    def record(self) -> dict[str, Any]:
        """What differs from the defaults, fit for JSON."""
        usual = asdict(ReadOptions())
        given = {k: v for k, v in asdict(self.reading).items() if v != usual[k]}
        if self.reading.labels is not None:
            given["labels"] = str(self.reading.labels.resolve())
        return given | ({"train": self.train} if self.train else {})

    @classmethod
    def recorded(cls, record: dict[str, Any]) -> FolderOptions:
        """From :meth:`record`."""
        given = dict(record)
        train = int(given.pop("train", 0))
        if "labels" in given:
            given["labels"] = Path(given["labels"])
        return cls(ReadOptions(**given), train)


class FileFolder(FolderDataset):
    """Files in the form of TSB-UAD, TSB-AD, UCR, NAB, Yahoo, AIOps or any other with named columns.

    A file's form is recognised by its content and said. A file of several series holds ``file:series`` of each.
    """

    endings = (".out", ".csv", ".txt", ".tsv", ".parquet", ".xlsx")

    def __init__(
        self, folder: Path, name: str, options: FolderOptions, say: Callable[[str], None] = lambda message: None
    ) -> None:
        super().__init__(folder, name)
        self.options, self._say, self._said = options, say, set[str]()
        self.series = tuple(
            replace(facts, name=part) for facts in self.series for part in self._parts(folder / facts.name)
        )

    def _parts(self, path: Path) -> list[str]:
        if _is_plain(path) or UCR.fullmatch(path.name):
            return [path.name]
        try:
            names = series_in(path, self.options.reading)
        except UserError:
            return [path.name]  # said when it is read
        return [f"{path.name}{PARTS}{name}" for name in names] if len(names) > 1 else [path.name]

    def read(self, series: str) -> Series:
        """Read one series of one file.

        Raises
        ------
        DataError
            If it cannot be read, or has no labels; with the cure.
        """
        self.facts(series)
        file, _, part = (series, "", "") if (self.folder / series).exists() else series.rpartition(PARTS)
        path = self.folder / file
        if _is_plain(path) and self.options == FolderOptions():
            return super().read(series)
        try:
            return self._read(path, series, part)
        except UserError as error:
            raise DataError(str(error), self.name, series) from error

    def _read(self, path: Path, series: str, part: str) -> Series:
        ucr = UCR.fullmatch(path.name)
        options = replace(self.options.reading, series=part or self.options.reading.series)
        windows = None if ucr else _windows(path)
        found = read_recordings(path, options)[0]
        form, labels = "its own labels", found.labels
        if ucr:
            form, labels = "UCR, labels and training part by its name", _ucr_labels(ucr, len(found), path)
        elif labels is None and windows is not None:
            found = read_recordings(path, replace(options, labels=windows))[0]
            form, labels = f"labels of {windows.name}", found.labels
        if labels is None:
            raise DataError(_no_labels(found, path), self.name, series)
        self._tell(series, form, found)
        return self._split(series, found.values, labels, int(ucr["train"]) if ucr else self.options.train, path)

    def _split(self, series: str, values: NDArray[np.float64], labels: Labels, train: int, path: Path) -> Series:
        if not 0 <= train < len(values):
            raise DataError(f"{path} has {len(values):,} rows, too few for a training part of {train:,}", self.name)
        if labels[:train].any():
            raise DataError(f"{path} has anomalies among its first {train:,} rows, its training part", self.name)
        rest = labels[train:]
        if rest.all() or not rest.any():
            what = "no normal point" if rest.all() else "no anomaly"
            raise DataError(f"{path} has {what}: metrics need both; correct its labels or leave it out", self.name)
        head = values[:train].copy() if train else None
        return Series(self.name, series, values[train:].copy(), rest.copy(), "file", head)

    def _tell(self, series: str, form: str, found: Recording) -> None:
        if series not in self._said:
            self._said.add(series)
            self._say(" ".join([f"{self.name}/{series}: values {found.column!r}, {form}.", *found.notes]))


def _is_plain(path: Path) -> bool:
    """Two numbers a line and no header: read to the bit by the strict reader of such files."""
    with path.open("rb") as file:
        first = file.readline(4096)
    try:
        return len([float(part) for part in first.decode("utf-8-sig").split(",")]) == 2
    except (UnicodeDecodeError, ValueError):
        return False


def _windows(path: Path) -> Path | None:
    """NAB's windows beside the file, or in the folder ``labels`` up to two levels above."""
    places = [path.parent, path.parent / "labels", path.parent.parent / "labels", path.parent.parent.parent / "labels"]
    found = (file for place in places for pattern in WINDOWS for file in sorted(place.glob(pattern)))
    return next(found, None)


def _ucr_labels(name: re.Match[str], count: int, path: Path) -> Labels:
    """The anomaly that the name gives by its first and last row."""
    start, end = int(name["start"]), int(name["end"])
    if not 0 <= start <= end < count:
        raise UserError(f"{path} has {count:,} rows, its name an anomaly from {start:,} to {end:,}")
    labels = np.zeros(count, dtype=np.uint8)
    labels[start : end + 1] = 1
    return labels


def _no_labels(found: Recording, path: Path) -> str:
    columns = "; ".join(line for line in found.lineup if line.startswith(("time", "values", "unused")))
    return (
        f"{path} has no labels ({' '.join(columns.split())}): name their column with --label, or put a file with the "
        "anomalies beside it and name it with --labels (start,end or NAB's JSON)"
    )


def load_folder(
    path: Path | str,
    name: str = "",
    options: FolderOptions | None = None,
    say: Callable[[str], None] = lambda message: None,
) -> FileFolder:
    """A folder of anybody's files as a data set, under its own name or the one given.

    Raises
    ------
    DataError
        If there is no such folder, or no file that may hold a series.
    """
    return FileFolder(Path(path), name, options or FolderOptions(), say)
