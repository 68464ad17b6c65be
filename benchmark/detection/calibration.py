"""Calibrate the threshold on held-out history, and predict the share of new rows that will be flagged."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark.detection.conventions import OWN_LEVEL
from benchmark.detection.detect import Options, choose_threshold
from benchmark.detection.peaks import Ensemble
from benchmark.detection.scoring import LONG, sample, sample_slices, score_parts
from benchmark.detection.ties import above_ties, lowest_tie, reaches
from benchmark.errors import counted
from detectors import Array, Detector
from detectors.core import exceedance_counts, moving_sum, relative_variance, share_interval_from_counts

TENTHS, FOLDS = 10, 3
LATER = 0.3  # share of the history that is held out at its end
ENOUGH, MANY = 4, 0.1  # least length of new rows in windows, and share flagged, that one event does not explain
NEEDED = 16  # equal stretches for a share within a factor of two, 19 times in 20: exp(1.96 sqrt(2 / 16)) = 2.0
CHANGES = (
    "The series changes with time: its level moves, or the last three tenths of the history score higher if detectors "
    "know only what came before. More new rows may be flagged than in the history, so no share can be predicted."
)
TREND = 0.01  # p-value of a trend of the level
OFTEN, RISES = 0.1, 1.5  # top share of the scores, and the factor by which a rising detector's later share exceeds it
Build = Callable[[], Detector]


class Unseen(NamedTuple):
    """A detector's scores of held-out history, (n,) each: ``between`` the fitted rows, and ``behind`` them."""

    between: Array
    behind: Array

    @classmethod
    def compute(cls, build: Build, x: Array, window: int, centre: float) -> Unseen:
        """Fit four times, and score each held-out row (of a long series only some)."""
        return cls(between_scores(build, x, window, centre), later_scores(build, x, window))

    @property
    def top_tenth(self) -> float:
        """The 90 % quantile of the scores between."""
        return float(np.quantile(self.between, 1 - OFTEN))

    @property
    def share_behind(self) -> float:
        """Share of the scores behind that reach :attr:`top_tenth`."""
        return float(reaches(self.behind, self.top_tenth).mean())

    def rises(self, window: int) -> bool:
        """Return True if that share is higher than chance explains, given the lengths of the stretches between."""
        _, high = HeldOut.from_scores(self.between, self.top_tenth, window).interval(window, len(self.behind))
        return self.share_behind > high


class HeldOut(NamedTuple):
    """The number of held-out rows, and for each separate stretch the number of rows that reach the threshold."""

    rows: int
    above: list[int]

    @property
    def share(self) -> float:
        """Share of the rows that reach the threshold."""
        return sum(self.above) / self.rows

    @classmethod
    def from_scores(cls, scores: Array, threshold: float, window: int) -> HeldOut:
        """Count the rows that reach the threshold; stretches are separate with more than a window between them."""
        return cls(len(scores), exceedance_counts(scores, lowest_tie(threshold), window + 1))

    def interval(self, window: int, new: int) -> tuple[float, float]:
        """95 % prediction interval for the share of ``new`` similar rows that will reach the threshold."""
        return share_interval_from_counts(self.above, self.rows, window + 1, new)


def stable_detectors(unseen: Mapping[str, Unseen], x: Array, window: int) -> tuple[str, ...]:
    """Return the detectors whose scores keep their meaning on later rows: all, unless the series drifts.

    A series drifts if its level moves, or if the scores of two detectors rise behind the fitted rows. Then only
    detectors that remove the local level remain, without those whose own scores rise; at least one remains.
    """
    names = tuple(unseen)
    rising = sum(each.rises(window) for each in unseen.values())
    level = {name: unseen[name].share_behind for name in names if name in OWN_LEVEL}
    if not level or (rising < 2 and not _moves(x, window)):
        return names
    return tuple(n for n in level if level[n] <= RISES * OFTEN) or (min(level, key=lambda name: level[name]),)


def level_moves(names: Sequence[str], x: Array, window: int) -> bool:
    """Return True if the level of the history moves and one of the detectors depends on it."""
    return not set(names) <= set(OWN_LEVEL) and _moves(x, window)


def _moves(x: Array, window: int) -> bool:
    """Return True if the level of the series moves.

    It does if the variance of the means of tenths is at least twice that of window means within tenths, and either
    their standard deviation is at least half of that within tenths, or they have a trend. A trend goes on behind the
    history, so it counts even if it is small. Window means remove cycles, which would hide a moving level.
    """
    tenths = np.array_split(x, TENTHS)
    means = [tenth.mean() for tenth in tenths]
    levels = [moving_sum(tenth, wide) / wide for tenth in tenths for wide in [min(window, len(tenth) // 2)]]
    if np.var(means) < 2 * np.mean([level.var() for level in levels]):
        return False
    return bool(4 * np.var(means) >= np.mean([tenth.var() for tenth in tenths]) or _has_trend(means))


def _has_trend(means: Sequence[float]) -> bool:
    """Return True if the means rise or fall by the test of Mann (1945), at a level of 1 %."""
    from scipy.stats import kendalltau

    return bool(kendalltau(range(len(means)), means).pvalue < TREND)


def calibrate(
    found: Sequence[Unseen], chosen: int, rows: int, window: int, options: Options
) -> tuple[Ensemble, float, list[HeldOut], bool]:
    """Calibrate the threshold that the options ask for on history held out in two ways: between and behind.

    Return the ensemble with its levels, the threshold, the counts above it, and whether the series changes. The higher
    threshold is taken. For a share of rows in a series that does not change it is the one from between, because the
    higher of two estimates would flag fewer rows than asked for.
    """
    between, behind = ([*way] for way in zip(*found, strict=True))
    rates = [options.false_alerts * len(way[0]) / rows for way in (between, behind)]
    ensemble = Ensemble.fit(between, chosen, window, rates[0])
    unseen = [ensemble(scores) for scores in (between, behind)]
    levels = [_level(scores, window, options, rows, ensemble) for scores in unseen]
    _, high = HeldOut.from_scores(unseen[0], levels[0], window).interval(window, len(unseen[1]))
    changes = float(reaches(unseen[1], levels[0]).mean()) > high
    threshold = max(levels) if changes or options.rule == "peaks" else levels[0]
    if options.rule == "peaks" and ensemble.parts:
        ensemble = ensemble.with_higher_levels(ensemble.with_levels(behind, window, rates[1]))
        unseen = [ensemble(scores) for scores in (between, behind)]
    return ensemble, threshold, [HeldOut.from_scores(scores, threshold, window) for scores in unseen], changes


def _level(scores: Array, window: int, options: Options, rows: int, ensemble: Ensemble) -> float:
    """Return the threshold from the scores of part of a history of ``rows`` rows; above the ties if most rows tie."""
    share = replace(options, false_alerts=options.false_alerts * len(scores) / rows)
    return above_ties(scores, choose_threshold(scores, window, share, ensemble))


def between_scores(build: Build, x: Array, window: int, centre: float) -> Array:
    """Score history by detectors fitted to rows before and behind.

    Each tenth is scored by a detector fitted to the tenths of the two other folds. In a long series, pieces between
    those of :func:`benchmark.detection.scoring.sample` are scored.
    """
    if len(x) > LONG:
        return score_parts(build().fit(sample(x)), x, _slices_between(len(x)), window, centre)
    found = []
    for known, unknown in folds(len(x)):
        found.append(score_parts(build().fit([x[part] for part in known]), x, unknown, window, centre))
    return np.concatenate(found)


def later_scores(build: Build, x: Array, window: int) -> Array:
    """Score the last three tenths by a detector fitted to the rows before, as for new rows.

    At most the last :data:`benchmark.detection.scoring.LONG` rows are scored.
    """
    known = len(x) - int(LATER * len(x))
    part = slice(max(known, len(x) - LONG), len(x))
    return score_parts(build().fit(sample(x[:known])), x, [part], window, float(np.median(x[:known])))


def folds(n: int) -> list[tuple[list[slice], list[slice]]]:
    """Return for each of three folds the slices to fit and the slices to hold out.

    Every third tenth is held out, so that both parts contain slow changes.
    """
    edges = np.linspace(0, n, TENTHS + 1).astype(int)
    found = []
    for fold in range(FOLDS):
        known: dict[bool, list[slice]] = {True: [], False: []}
        for held, group in groupby(range(TENTHS), key=lambda tenth: tenth % FOLDS == fold):
            tenths = list(group)
            known[held].append(slice(int(edges[tenths[0]]), int(edges[tenths[-1] + 1])))
        found.append((known[False], known[True]))
    return found


def _slices_between(n: int) -> list[slice]:
    """Return slices between the fitted pieces, each at most five times as long as a piece."""
    pieces = pairwise(sample_slices(n))
    return [slice(a.stop, min(b.start, a.stop + 5 * (a.stop - a.start))) for a, b in pieces if b.start > a.stop]


def expected(parts: list[HeldOut], window: int, new: int) -> tuple[float, float]:
    """Predict the share of new normal rows that reach the threshold: an interval around those of all parts."""
    lows, highs = zip(*(part.interval(window, new) for part in parts), strict=True)
    return min(lows), max(highs)


class Promise(NamedTuple):
    """Predicted share of new normal rows that are flagged: ``share`` within a factor of two if known, else a bound."""

    share: float
    low: float
    high: float
    known: bool

    @classmethod
    def from_held_out(cls, parts: list[HeldOut], window: int, new: int) -> Promise:
        """Predict from held-out history; known if the first part's interval is narrow and covers the others' shares."""
        share, (low, high) = parts[0].share, parts[0].interval(window, new)
        if share / 2 <= low and high <= 2 * share and all(low <= part.share <= high for part in parts):
            return cls(share, low, high, True)
        return cls(share, *expected(parts, window, new), False)

    def kept(self, share: float) -> bool:
        """Return True if the observed ``share`` agrees with the prediction."""
        return self.share / 2 <= share <= 2 * self.share if self.known else share <= self.high


def promise(parts: list[HeldOut], window: int, new: int) -> str:
    """Describe the predicted share of new normal rows that are flagged, or a bound and the history needed for more."""
    found, between = Promise.from_held_out(parts, window, new), parts[0]
    rows, count = f"of {counted(new, 'new row')} that are like the history", len(between.above)
    if found.known:
        span = f"{percent(found.low)} to {percent(found.high)} %"
        return f"Some {percent(found.share)} % {rows} will be flagged (95 %: {span})."
    needed = math.ceil(NEEDED * (1 + relative_variance(between.above))) if count else NEEDED
    more = "more new rows, and a history whose end is like the rest"
    if count < needed:
        longer = f"some {_round(between.rows * needed / count):,} rows" if count else "a longer history"
        more = f"{needed} or more, {longer}, and as many new rows"
    return (
        f"At most {percent(found.high)} % {rows} will be flagged (95 %). "
        f"Held-out history reaches the threshold {counted(count, 'separate time')}: "
        f"a share within a factor of two needs {more}."
    )


def note_excess(parts: list[HeldOut], window: int, flags: NDArray[np.bool_]) -> list[str]:
    """Return a note if more rows are flagged than expected from the history, else an empty list."""
    share = float(flags.mean()) if len(flags) >= ENOUGH * window else 0.0
    if share <= MANY:
        return []
    _, high = expected(parts, window, len(flags))
    if share <= high:
        return []
    return [
        f"{percent(share)} % of the rows are flagged; for rows like the history it would be {percent(high)} % at most. "
        "They contain anomalies, or the series has changed (then save a new model with --save)."
    ]


def percent(share: float) -> str:
    """Format a share as a percentage with two significant digits, without an exponent."""
    return np.format_float_positional(float(f"{100 * share:.2g}"), trim="-")


def _round(rows: float) -> int:
    """Round up to two significant digits."""
    size: int = 10 ** max(0, int(math.log10(rows)) - 1)
    return math.ceil(rows / size) * size
