"""Recognize the files of known collections: TSB-UAD, TSB-AD, UCR, NAB, TimeEval and GutenTAG."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import UserError, counted
from datasets import DataError

UCR = re.compile(r".*[_ ](?P<train>\d+)[_ ](?P<start>\d+)[_ ](?P<end>\d+)(\.\w+){1,2}")
UCR_SAYS_SO = re.compile(r"ucr|anomaly", re.I)
PLAIN = "two numbers a line and no header"  # read to the bit by the strict reader of such files
TSB_AD = "Data,Label"
INDEX = "TimeEval's index of data sets"
INDEX_COLUMNS = {"train_path", "test_path"}
ABOUT = re.compile(r"(readme|licen[cs]e|citation|changelog|metadata|manifest)\b", re.I)
SUPERVISED = re.compile(r"(.*[._-])?train_anomaly\.csv", re.I)  # of GutenTAG
HIDDEN = (".", "~$")
WINDOWS = ("combined_windows.json", "combined_labels.json", "*windows*.json", "*labels*.json")
Labels = NDArray[np.uint8]


def describe_other(path: Path, form: str = "") -> str:
    """Describe a file of a known kind that is no series; empty for others."""
    if any(path.match(pattern) for pattern in WINDOWS):
        return "a file of labels"
    if path.name.startswith(HIDDEN):
        return "a hidden file"
    if SUPERVISED.fullmatch(path.name):
        return "a training part for supervised detectors"
    return INDEX if form == INDEX else "a text about the data" if ABOUT.match(path.name) else ""


def may_hold_series(path: Path, endings: tuple[str, ...]) -> bool:
    """Return True for a file with one of the endings, unless its name says that it is no series."""
    return path.suffix.lower() in endings and path.is_file() and not describe_other(path)


def folders_below(folder: Path, endings: tuple[str, ...], *patterns: str) -> list[Path]:
    """Return the folders of the files that the first fitting pattern finds; hidden folders are left out."""
    for pattern in patterns:
        found = {path.parent for path in folder.glob(pattern) if may_hold_series(path, endings)}
        found = {one for one in found if not any(part.startswith(".") for part in one.relative_to(folder).parts)}
        if found:
            return sorted(found)
    return []


def no_data(folder: Path, endings: tuple[str, ...]) -> DataError:
    """Build the error for a folder without series; those of NAB and SKAB are in subfolders."""
    below = folders_below(folder, endings, "*/*", "*/*/*")
    if below:
        names = ", ".join(str(path.relative_to(folder)) for path in below[:6]) + (", ..." if len(below) > 6 else "")
        return DataError(
            f"{folder} holds no series itself, its subfolders do: give one of them, e.g. --dataset {below[0]} "
            f"({names})",
            str(folder),
        )
    others = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    return DataError(
        f"{folder} holds no file that is read as a series ({', '.join(others[:4]) or 'it is empty'}): write each "
        "series as a .csv with value,label lines",
        str(folder),
    )


def form_of(path: Path) -> str:
    """Recognize the format by the first line of a file; empty if the reader has to find out."""
    with path.open("rb") as file:
        line, below = (file.readline(4096).decode("utf-8-sig", "replace").strip() for _ in range(2))
    if line == "0,1" and re.fullmatch(r"[+-]?\d*\.\d+(e[+-]?\d+)?,0(\.0)?", below, re.I):
        return ""  # pandas writes such a header for columns without names
    if line == TSB_AD and not below[-1:].isalpha():  # labels in words are for the other reader
        return TSB_AD
    if set(line.split(",")) >= INDEX_COLUMNS:
        return INDEX
    try:
        return PLAIN if len([float(part) for part in line.split(",")]) == 2 else ""
    except ValueError:
        return ""


def find_windows(path: Path) -> Path | None:
    """Find NAB's windows next to the file, or in a folder ``labels`` up to two levels above."""
    places = [path.parent, path.parent / "labels", path.parent.parent / "labels", path.parent.parent.parent / "labels"]
    found = (file for place in places for pattern in WINDOWS for file in sorted(place.glob(pattern)))
    return next(found, None)


def parse_ucr_name(path: Path, count: int) -> tuple[Labels, int] | None:
    """Parse a UCR file name with training length, first and last anomalous row; return labels and training length."""
    name = UCR.fullmatch(path.name)
    if name is None:
        return None
    train, start, end = int(name["train"]), int(name["start"]), int(name["end"])
    if not train <= start <= end < count:
        if not UCR_SAYS_SO.search(path.name):
            return None  # the numbers may be a date
        raise UserError(
            f"{path} has {counted(count, 'row')}, its name an anomaly from {start:,} to {end:,} after a training "
            f"part of {train:,}: copy the file again, or correct its name"
        )
    labels = np.zeros(count, dtype=np.uint8)
    labels[start : end + 1] = 1
    return labels, train
