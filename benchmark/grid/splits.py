"""Which rows of a series ``fit`` sees, which are scored, and how long a window is.

A split that uses labels to choose the fitted rows has *normal* in its name; no other touches them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.metrics import segments
from datasets import Series
from detectors import Array, Detector, estimate_window


def window_published(series: Series) -> int:
    """``find_length`` with the fall-back of the published runs, 125."""
    return estimate_window(series.values, fallback=125)


def window_second(series: Series) -> int:
    """TSB-AD's window of rank 2: the next highest maximum at a longer lag, where there is one."""
    return estimate_window(series.values, rank=2)


def window_package(series: Series) -> int:
    """``find_length`` with the package's fall-back since August 2024, 100."""
    return estimate_window(series.values, fallback=100)


AUTHORS_WINDOWS = {"D-14.test.out": 125, "S-2.test.out": 1, "T-5.test.out": 1}


def window_authors(series: Series) -> int:
    """Windows of the authors' per-series figures, found by matching the figures, not by a rule.

    48 for all of MGAB; a bound of n/20 for NASA-MSL. There a period below 48 is replaced by the fall-back, and three
    series have a window of their own.
    """
    values = series.values[1:]
    if series.dataset == "NASA-MSL" and series.name in AUTHORS_WINDOWS:
        return AUTHORS_WINDOWS[series.name]
    if series.dataset == "MGAB":
        return 48
    period = estimate_window(values, fallback=125)
    if series.dataset != "NASA-MSL":
        return period
    return min(125 if period < 48 else period, len(values) // 20)


def window_of_training(series: Series) -> int:
    """``find_length`` on what a user has in hand: the training series, or the first tenth."""
    known = series.train if series.train is not None else series.values[: len(series) // 10]
    return min(estimate_window(known), max(4, len(known) // 4))


WINDOW_RULES: dict[str, Callable[[Series], int]] = {
    "published": window_published,
    "second": window_second,
    "package": window_package,
    "authors": window_authors,
    "training": window_of_training,
}


Span = tuple[int, int]


class Inapplicable(Exception):
    """A detector and a protocol, or a series, that do not go together; the reason is recorded."""


@dataclass(frozen=True)
class Split:
    """Rows to fit and rows to score.

    ``train`` are half-open row ranges of the series, or None for the shipped training series. ``test`` is the range
    handed to ``score``, ``keep`` the part of it whose scores are kept.
    """

    train: tuple[Span, ...] | None
    test: Span
    keep: Span


def whole_or_tenth(series: Series, detector: Detector, first_row: int) -> list[Split]:
    """Unsupervised detectors fit the whole scored series, semi-supervised ones its first int(n / 10) points."""
    rows = (first_row, len(series))
    tenth = first_row + (len(series) - first_row) // 10
    fit = (first_row, tenth) if detector.learns_from == "normal" else rows
    return [Split((fit,), rows, rows)]


NAMED_TRAIN = re.compile(r"_tr_(\d+)_")
NAMED_SOURCE = re.compile(r"\d+_(.+?)_id_\d+_.*_tr_\d+_")


def named_train(name: str) -> int | None:
    """Training rows that a file's name gives, as in TSB-AD's; None if it gives none."""
    found = NAMED_TRAIN.search(name)
    return int(found[1]) if found else None


def named_source(name: str) -> str:
    """``NAB`` of ``001_NAB_id_1_Facility_tr_1007_1st_2014.csv``; empty for a name that is not of TSB-AD's form."""
    found = NAMED_SOURCE.match(name)
    return found[1] if found else ""


def whole_or_named(series: Series, detector: Detector, first_row: int) -> list[Split]:
    """Unsupervised detectors fit the whole series, semi-supervised ones the first rows, as many as the name says.

    A series whose name says nothing is fitted on its shipped training part.
    """
    rows = (first_row, len(series))
    if detector.learns_from != "normal":
        return [Split((rows,), rows, rows)]
    named = named_train(series.name)
    if named is None and series.train is None:
        raise Inapplicable("neither the name (_tr_ROWS_) nor a training part says what may be fitted")
    if named is not None and named > len(series):
        raise Inapplicable(f"the name gives {named:,} training rows, the series has {len(series):,}")
    fit = ((first_row, named),) if named else None
    return [Split(fit, rows, rows)]


def normal_parts(series: Series, detector: Detector, first_row: int) -> list[Split]:
    """Every stretch between anomalies is fitted, every point scored: labels choose the training data."""
    rows = (first_row, len(series))
    return [Split(tuple(normal_spans(series.labels, rows)), rows, rows)]


def normal_parts_crossfit(series: Series, detector: Detector, first_row: int, blocks: int = 5) -> list[Split]:
    """The same in contiguous blocks: each is scored by a model that saw none of it, nor its margins."""
    n = len(series)
    edges = np.linspace(first_row, n, blocks + 1).astype(int)
    window = getattr(detector, "window", None)
    gap = window if isinstance(window, int) else window_published(series)
    splits = []
    for a, b in itertools.pairwise(edges):
        left = normal_spans(series.labels, (first_row, max(first_row, a - gap)))
        right = normal_spans(series.labels, (min(n, b + gap), n))
        splits.append(Split((*left, *right), (max(first_row, a - gap), min(n, b + gap)), (int(a), int(b))))
    return splits


def first_tenth(series: Series, detector: Detector, first_row: int) -> list[Split]:
    """No label at all: the shipped training series where there is one, else the first int(n / 10) points."""
    rows = (first_row, len(series))
    fit = None if series.train is not None else ((first_row, first_row + (len(series) - first_row) // 10),)
    return [Split(fit, rows, rows)]


def normal_spans(labels: NDArray[np.uint8], rows: Span) -> list[Span]:
    """Half-open ranges of consecutive normal rows inside ``rows``."""
    starts, stops = segments(labels[rows[0] : rows[1]] == 0)
    return [(int(a) + rows[0], int(b) + rows[0]) for a, b in zip(starts, stops, strict=True)]


def fitted_parts(series: Series, split: Split) -> list[Array]:
    """The pieces of values that ``fit`` receives in this split."""
    if split.train is None:
        if series.train is None:
            raise Inapplicable("no training series ships with this one")
        return [series.train]
    if not split.train:
        raise Inapplicable("no normal part is left to fit")
    return [series.values[a:b] for a, b in split.train]


def labelled_in_fit(series: Series, splits: list[Split]) -> tuple[int, int]:
    """Points that ``fit`` saw over all splits, and how many of them are labelled anomalous."""
    if splits[0].train is None and series.train is not None:
        return len(series.train), 0
    seen = np.zeros(len(series), dtype=bool)
    for split in splits:
        for a, b in split.train or ():
            seen[a:b] = True
    return int(seen.sum()), int(series.labels[seen].sum())
