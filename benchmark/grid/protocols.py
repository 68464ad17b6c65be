"""Protocols: what of a series ``fit`` may see, what is scored, and how the figure is taken.

A protocol that uses labels to choose the fitted part has *normal* in its name; no other touches them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import unknown
from benchmark.metrics import segments
from datasets import Series
from detectors import Alignment, Detector, estimate_window

Array = NDArray[np.float64]
Span = tuple[int, int]


class Inapplicable(Exception):
    """A detector and a protocol, or a series, that do not go together; the reason is recorded."""


@dataclass(frozen=True)
class Round:
    """One fit and the rows that its model scores.

    ``fit`` are half-open row ranges of the series, or None for the shipped training series;
    ``score`` the range handed to ``score``, ``keep`` the part of it whose scores are kept.
    """

    fit: tuple[Span, ...] | None
    score: Span
    keep: Span


@dataclass(frozen=True)
class Protocol:
    """A named set of rules.

    Attributes
    ----------
    uses_labels : bool
        Whether labels choose the fitted rows.
    window : callable
        Series -> window length; recorded with the cell.
    first_row : int
        Rows dropped in front before anything else.
    decimals : int or None
        Min-max scores are rounded to this many decimals before the figure is taken.
    align : str
        Alignment of windows to points (:func:`detectors.core.windows.windows_to_points`).
    overrides : dict
        Detector name, or ``"LOF on MGAB"`` -> parameters that the published run had.
    version : int
        Raised whenever the rules change: it is part of a result's key.
    """

    name: str
    summary: str
    rounds: Callable[[Series, Detector, int], list[Round]]
    window: Callable[[Series], int]
    uses_labels: bool = False
    first_row: int = 0
    decimals: int | None = None
    align: str = "centre"
    overrides: dict[str, dict[str, Any]] = field(default_factory=dict)
    published_rows_only: bool = False
    version: int = 1

    def configure(self, detector: Detector, series: Series, explicit: frozenset[str] = frozenset()) -> None:
        """Set window, alignment and published parameters, save those that the user gave (``explicit``).

        A detector that has a window or an alignment of its own as the default keeps it.
        """
        defaults = detector.param_defaults()
        wanted: dict[str, Any] = {}
        if defaults.get("window") == "auto":
            wanted["window"] = self.window(series)
        if defaults.get("align") == "centre":
            wanted["align"] = self.align
        name = type(detector).__name__
        published = self.overrides.get(name, {}) | self.overrides.get(f"{name} on {series.dataset}", {})
        wanted |= {k: v for k, v in published.items() if k in defaults}
        detector.set_params(**{k: v for k, v in wanted.items() if k not in explicit})

    def scores_for_metric(self, scores: Array) -> Array:
        """Scores as the protocol's figure takes them: as they are, or min-max scaled and rounded."""
        if self.decimals is None:
            return scores
        low, high = scores.min(), scores.max()
        scaled = (scores - low) / (high - low) if high > low else np.zeros_like(scores)
        return np.asarray(np.round(scaled, self.decimals))


# -- window rules ------------------------------------------------------------------------------


def window_published(series: Series) -> int:
    """``find_length`` with the fall-back of the published runs, 125."""
    return estimate_window(series.values, fallback=125)


def window_package(series: Series) -> int:
    """``find_length`` with the package's fall-back since August 2024, 100."""
    return estimate_window(series.values, fallback=100)


AUTHORS_WINDOWS = {"D-14.test.out": 125, "S-2.test.out": 1, "T-5.test.out": 1}


def window_authors(series: Series) -> int:
    """Windows of the authors' per-series figures, found by matching the figures, not by a rule.

    48 for all of MGAB; a bound of n/20 for NASA-MSL, where a period below 48 gives way to the fall-back
    and three series have a window of their own.
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


# -- what fit sees and what is scored ----------------------------------------------------------


def whole_or_tenth(series: Series, detector: Detector, first_row: int) -> list[Round]:
    """Unsupervised detectors fit the whole scored series, semi-supervised ones its first int(n / 10) points."""
    rows = (first_row, len(series))
    tenth = first_row + (len(series) - first_row) // 10
    fit = (first_row, tenth) if detector.learns_from == "normal" else rows
    return [Round((fit,), rows, rows)]


def normal_parts(series: Series, detector: Detector, first_row: int) -> list[Round]:
    """Every stretch between anomalies is fitted, every point scored: labels choose the training data."""
    rows = (first_row, len(series))
    return [Round(tuple(normal_spans(series.labels, rows)), rows, rows)]


def normal_parts_crossfit(series: Series, detector: Detector, first_row: int, blocks: int = 5) -> list[Round]:
    """The same in contiguous blocks: each is scored by a model that saw none of it, nor its margins."""
    n = len(series)
    edges = np.linspace(first_row, n, blocks + 1).astype(int)
    window = getattr(detector, "window", None)
    gap = window if isinstance(window, int) else window_published(series)
    rounds = []
    for a, b in itertools.pairwise(edges):
        left = normal_spans(series.labels, (first_row, max(first_row, a - gap)))
        right = normal_spans(series.labels, (min(n, b + gap), n))
        rounds.append(Round((*left, *right), (max(first_row, a - gap), min(n, b + gap)), (int(a), int(b))))
    return rounds


def first_tenth(series: Series, detector: Detector, first_row: int) -> list[Round]:
    """No label at all: the shipped training series where there is one, else the first int(n / 10) points."""
    rows = (first_row, len(series))
    fit = None if series.train is not None else ((first_row, first_row + (len(series) - first_row) // 10),)
    return [Round(fit, rows, rows)]


def normal_spans(labels: NDArray[np.uint8], rows: Span) -> list[Span]:
    """Half-open ranges of consecutive normal rows inside ``rows``."""
    starts, stops = segments(labels[rows[0] : rows[1]] == 0)
    return [(int(a) + rows[0], int(b) + rows[0]) for a, b in zip(starts, stops, strict=True)]


# -- the protocols -----------------------------------------------------------------------------

_LOOKAHEAD = {name: {"scaling": "lookahead"} for name in ("CNN", "LSTM", "UntrainedCNN", "UntrainedLSTM")}

PROTOCOLS: dict[str, Protocol] = {
    p.name: p
    for p in (
        Protocol(
            "tsb-uad",
            "as TSB-UAD's table was made: unsupervised detectors fit and score the whole series, "
            "semi-supervised ones fit its first tenth",
            whole_or_tenth,
            window_published,
            overrides=_LOOKAHEAD,
        ),
        Protocol(
            "tsb-uad-package",
            "tsb-uad as the package TSB-UAD 0.0.3 gives it today: window fall-back 100, constant windows as stumpy",
            whole_or_tenth,
            window_package,
            version=2,
            overrides=_LOOKAHEAD | {"MP": {"constants": "zero"}, "POLY": {"stretch": True}},
        ),
        Protocol(
            "authors-csv",
            "as the authors' per-series file: first row dropped, scores rounded to two decimals, its own windows",
            whole_or_tenth,
            window_authors,
            first_row=1,
            decimals=2,
            version=3,
            overrides=_LOOKAHEAD
            | {
                "POLY": {"window": 20, "stretch": True},
                # inferred: 15 gives the authors' rounded point scores on MGAB to the last digit, 20 elsewhere
                "LOF on MGAB": {"n_neighbors": 15},
            },
            published_rows_only=True,
        ),
        Protocol(
            "normal-only",
            "fit sees every part without a labelled anomaly, then every point is scored, those included",
            normal_parts,
            window_published,
            uses_labels=True,
        ),
        Protocol(
            "normal-crossfit",
            "normal-only in five blocks, each scored by a model that has not seen it",
            normal_parts_crossfit,
            window_published,
            uses_labels=True,
        ),
        Protocol(
            "prefix",
            "fit sees the first tenth, or the shipped training series, and no label: what a user gets",
            first_tenth,
            window_of_training,
        ),
    )
}


WINDOW_RULES: dict[str, Callable[[Series], int]] = {
    "published": window_published,
    "package": window_package,
    "authors": window_authors,
    "training": window_of_training,
}


def get(name: str) -> Protocol:
    """The protocol of that name, or a variant of one with single fields changed.

    Parameters
    ----------
    name : str
        ``"tsb-uad"``, or e.g. ``"tsb-uad:align=end:window=package"``. Fields: ``window`` (published, package,
        authors, training), ``align`` (centre, start, end, mean, max), ``first_row``, ``decimals``.

    Raises
    ------
    UserError
        For an unknown protocol, field or value, with the nearest name.
    """
    base, *changes = name.split(":")
    if base not in PROTOCOLS:
        raise unknown("protocol", base, PROTOCOLS)
    protocol = PROTOCOLS[base]
    for change in changes:
        protocol = replace(protocol, name=name, **_changed(change))
    return protocol


def _changed(change: str) -> dict[str, Any]:
    field_name, _, value = change.partition("=")
    if field_name == "window":
        if value not in WINDOW_RULES:
            raise unknown("window rule", value, WINDOW_RULES)
        return {"window": WINDOW_RULES[value]}
    if field_name == "align":
        if value not in get_args(Alignment):
            raise unknown("alignment", value, get_args(Alignment))
        return {"align": value}
    if field_name in ("first_row", "decimals") and (value.isdigit() or value == "none"):
        number = int(value) if value.isdigit() else None
        return {field_name: number or 0 if field_name == "first_row" else number}
    raise unknown("field of a protocol", field_name, ("window", "align", "first_row", "decimals"))


def fitted_parts(series: Series, rnd: Round) -> list[Array]:
    """The pieces of values that ``fit`` receives in this round."""
    if rnd.fit is None:
        if series.train is None:
            raise Inapplicable("no training series ships with this one")
        return [series.train]
    if not rnd.fit:
        raise Inapplicable("no normal part is left to fit")
    return [series.values[a:b] for a, b in rnd.fit]


def labelled_in_fit(series: Series, rounds: list[Round]) -> tuple[int, int]:
    """Points that ``fit`` saw over all rounds, and how many of them are labelled anomalous."""
    if rounds[0].fit is None and series.train is not None:
        return len(series.train), 0
    seen = np.zeros(len(series), dtype=bool)
    for rnd in rounds:
        for a, b in rnd.fit or ():
            seen[a:b] = True
    return int(seen.sum()), int(series.labels[seen].sum())


def paper_protocol(detector: str, group: str) -> str:
    """Protocol of the published comparison, which gave normal data to the proposed model alone (and, here, its kin)."""
    return "normal-only" if group == "successor" or detector in ("Proposed", "UntrainedProposed") else "tsb-uad"
