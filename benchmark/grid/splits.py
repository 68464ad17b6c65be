"""Splits (the rows of a series that are fitted, and those that are scored) and window rules.

A split that uses labels to choose the training rows has *normal* in its name. The others do not use labels.
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
    """Return the window of TSB-UAD's ``find_length``, with the fall-back of the published runs, 125."""
    return estimate_window(series.values, fallback=125)


def window_second(series: Series) -> int:
    """Return TSB-AD's window of rank 2: the next highest maximum of the autocorrelation at a longer lag, if any."""
    return estimate_window(series.values, rank=2)


def window_package(series: Series) -> int:
    """Return the window of ``find_length`` with the package's fall-back since August 2024, 100."""
    return estimate_window(series.values, fallback=100)


AUTHORS_WINDOWS = {"D-14.test.out": 125, "S-2.test.out": 1, "T-5.test.out": 1}


def window_authors(series: Series) -> int:
    """Return the window of the authors' per-series figures; it was inferred by matching these figures.

    It is 48 for all of MGAB. For NASA-MSL a period below 48 is replaced by the fall-back, and n/20 is an upper bound;
    three series have other windows.
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
    """Return the window of ``find_length`` on the training series, or on the first tenth without one."""
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
    """A detector cannot be used with a protocol or a series; the message is the reason, which is stored."""


@dataclass(frozen=True)
class Split:
    """Rows to fit and rows to score.

    ``train`` are half-open row ranges of the series, or None for the shipped training series. ``test`` is the range
    given to ``score``; ``keep`` is the part of it whose scores are kept.
    """

    train: tuple[Span, ...] | None
    test: Span
    keep: Span


def whole_or_tenth(series: Series, detector: Detector, first_row: int) -> list[Split]:
    """Fit the whole scored series; with a semi-supervised detector, fit its first int(n / 10) points."""
    rows = (first_row, len(series))
    tenth = first_row + (len(series) - first_row) // 10
    fit = (first_row, tenth) if detector.learns_from == "normal" else rows
    return [Split((fit,), rows, rows)]


NAMED_TRAIN = re.compile(r"_tr_(\d+)_")
NAMED_SOURCE = re.compile(r"\d+_(.+?)_id_\d+_.*_tr_\d+_")


def train_rows_in_name(name: str) -> int | None:
    """Return the number of training rows in a file name of TSB-AD; None if the name has none."""
    found = NAMED_TRAIN.search(name)
    return int(found[1]) if found else None


def source_in_name(name: str) -> str:
    """Return the source in a file name of TSB-AD (``NAB`` of ``001_NAB_id_1_Facility_tr_1007_1st_2014.csv``), or ""."""
    found = NAMED_SOURCE.match(name)
    return found[1] if found else ""


def whole_or_named(series: Series, detector: Detector, first_row: int) -> list[Split]:
    """Fit the whole series; with a semi-supervised detector, fit its first rows.

    The name of the series gives the number of training rows. Without it, the shipped training series is fitted.
    """
    rows = (first_row, len(series))
    if detector.learns_from != "normal":
        return [Split((rows,), rows, rows)]
    named = train_rows_in_name(series.name)
    if named is None and series.train is None:
        raise Inapplicable("the name gives no training rows (_tr_ROWS_), and no training series ships with this one")
    if named is not None and named > len(series):
        raise Inapplicable(f"the name gives {named:,} training rows, the series has {len(series):,}")
    fit = ((first_row, named),) if named else None
    return [Split(fit, rows, rows)]


def normal_parts(series: Series, detector: Detector, first_row: int) -> list[Split]:
    """Fit all stretches without anomalies, and score every point; labels are used to choose the training rows."""
    rows = (first_row, len(series))
    return [Split(tuple(normal_spans(series.labels, rows)), rows, rows)]


def normal_parts_crossfit(series: Series, detector: Detector, first_row: int, blocks: int = 5) -> list[Split]:
    """Score each of several blocks by a model fitted on the normal rows outside the block and one window around it."""
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
    """Fit the shipped training series if there is one, else the first int(n / 10) points; labels are not used."""
    rows = (first_row, len(series))
    fit = None if series.train is not None else ((first_row, first_row + (len(series) - first_row) // 10),)
    return [Split(fit, rows, rows)]


def normal_spans(labels: NDArray[np.uint8], rows: Span) -> list[Span]:
    """Return the half-open ranges of consecutive normal rows within ``rows``."""
    starts, stops = segments(labels[rows[0] : rows[1]] == 0)
    return [(int(a) + rows[0], int(b) + rows[0]) for a, b in zip(starts, stops, strict=True)]


def fitted_parts(series: Series, split: Split) -> list[Array]:
    """Return the pieces of values that ``fit`` gets in a split."""
    if split.train is None:
        if series.train is None:
            raise Inapplicable("no training series ships with this one")
        return [series.train]
    if not split.train:
        raise Inapplicable("there is no normal part to fit")
    return [series.values[a:b] for a, b in split.train]


def count_fitted(series: Series, splits: list[Split]) -> tuple[int, int]:
    """Count the distinct points that ``fit`` sees over all splits, and those of them labelled anomalous."""
    if splits[0].train is None and series.train is not None:
        return len(series.train), 0
    seen = np.zeros(len(series), dtype=bool)
    for split in splits:
        for a, b in split.train or ():
            seen[a:b] = True
    return int(seen.sum()), int(series.labels[seen].sum())
