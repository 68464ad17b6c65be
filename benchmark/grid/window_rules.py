"""Rules by which a protocol takes the window length from a series."""

from __future__ import annotations

from collections.abc import Callable

from datasets import Series
from detectors import estimate_window


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
