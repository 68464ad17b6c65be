"""What scores mean on rows that no detector has seen: held-out history, and how far it bears a promise."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark.detection import stream
from benchmark.detection.conventions import OWN_LEVEL
from benchmark.detection.detect import Options, threshold_of
from benchmark.detection.peaks import Ensemble
from benchmark.detection.scoring import LONG, sample, sampled, score_parts
from benchmark.errors import counted
from detectors import Array, Detector
from detectors.core import interval_of, moving_sum, stretches

TENTHS, FOLDS = 10, 3
LATER = 0.3  # of the history, the end of it
ENOUGH, MANY = 4, 0.1  # windows of new rows, and a share flagged, beyond which one event does not explain it
NEEDED = 16  # separate stretches for a share within a factor of two, 19 times in 20: exp(1.96 sqrt(2 / 16)) = 2.0
CHANGES = (
    "The series changes with time: its level moves, or the last three tenths of the history score higher by what lies "
    "before than by what lies around. More new rows may be flagged than history gives, and no share can be promised."
)
OFTEN, RISES = 0.1, 1.5  # share of scores, and how many times as often later ones pass their level, of one that rises
Build = Callable[[], Detector]


class Unseen(NamedTuple):
    """A detector's scores of history that it has not seen: between what is known, and behind it."""

    between: Array
    behind: Array

    @classmethod
    def of(cls, build: Build, x: Array, window: int, centre: float) -> Unseen:
        """Four fits, and a score for each row but some of a long series."""
        return cls(between_scores(build, x, window, centre), later_scores(build, x, window))

    @property
    def often(self) -> float:
        """Level that a tenth of the scores between reach."""
        return float(np.quantile(self.between, 1 - OFTEN))

    @property
    def later(self) -> float:
        """Share of the scores behind that reach it."""
        return float((self.behind >= self.often).mean())

    def rises(self, window: int) -> bool:
        """Whether that is more than chance explains, for stretches as long as those between."""
        _, high = HeldOut.of(self.between, self.often, window).interval(window, len(self.behind))
        return self.later > high


class HeldOut(NamedTuple):
    """Rows of history that were held out, and how many of each separate stretch reach the threshold."""

    rows: int
    above: list[int]

    @property
    def share(self) -> float:
        """Of the rows that reach the threshold."""
        return sum(self.above) / self.rows

    @classmethod
    def of(cls, scores: Array, threshold: float, window: int) -> HeldOut:
        """Stretches are separate with more than a window between them."""
        return cls(len(scores), stretches(scores, threshold, window + 1))

    def interval(self, window: int, new: int) -> tuple[float, float]:
        """Share of new rows like these that will reach the threshold, 95 %."""
        return interval_of(self.above, self.rows, window + 1, new)


class Calibrated(NamedTuple):
    """From held-out history: the ensemble's levels, a threshold, what reaches it, whether the series changes."""

    ensemble: Ensemble
    threshold: float
    held_out: list[HeldOut]
    changes: bool


def lasting(unseen: Mapping[str, Unseen], x: Array, window: int) -> tuple[str, ...]:
    """Detectors whose scores mean the same on rows to come: all, but in a series that goes where it has not been.

    It does if two detectors' scores rise behind what they know, or if its level moves. Then those remain that see rows
    at their own level, but for those whose own scores rise.
    """
    names = tuple(unseen)
    rising = sum(each.rises(window) for each in unseen.values())
    level = {name: unseen[name].later for name in names if name in OWN_LEVEL}
    if not level or (rising < 2 and not _moves(x, window)):
        return names
    return tuple(n for n in level if level[n] <= RISES * OFTEN) or (min(level, key=lambda name: level[name]),)


def wanders(names: Sequence[str], x: Array, window: int) -> bool:
    """Whether the level of the history moves and one of the detectors refers to it."""
    return not set(names) <= set(OWN_LEVEL) and _moves(x, window)


def _moves(x: Array, window: int) -> bool:
    """Whether the means of tenths differ half as much as values do, and more than the means of windows in a tenth.

    A wave takes no part in means of windows. It would hide that the level wanders.
    """
    tenths = np.array_split(x, TENTHS)
    between = float(np.var([tenth.mean() for tenth in tenths]))
    levels = [moving_sum(tenth, wide) / wide for tenth in tenths for wide in [min(window, len(tenth) // 2)]]
    return bool(4 * between >= np.mean([t.var() for t in tenths]) and between >= 2 * np.mean([v.var() for v in levels]))


def calibrated(found: Sequence[Unseen], chosen: int, rows: int, window: int, options: Options) -> Calibrated:
    """Threshold of the options, by two ways to hold out: between and behind what is known.

    The higher one counts, but for a share of rows in a series that does not change: there the higher of two estimates
    would promise too little.
    """
    between, behind = ([*way] for way in zip(*found, strict=True))
    rates = [options.false_alerts * len(way[0]) / rows for way in (between, behind)]
    ensemble = Ensemble.fit(between, chosen, window, rates[0])
    unseen = [ensemble(scores) for scores in (between, behind)]
    levels = [_level(scores, window, options, rows, ensemble) for scores in unseen]
    _, high = HeldOut.of(unseen[0], levels[0], window).interval(window, len(unseen[1]))
    changes = float((unseen[1] >= levels[0]).mean()) > high
    threshold = max(levels) if changes or options.rule == "peaks" else levels[0]
    if options.rule == "peaks" and ensemble.parts:
        ensemble = ensemble.raised(ensemble.leveled(behind, window, rates[1]))
        unseen = [ensemble(scores) for scores in (between, behind)]
    return Calibrated(ensemble, threshold, [HeldOut.of(scores, threshold, window) for scores in unseen], changes)


def _level(scores: Array, window: int, options: Options, rows: int, ensemble: Ensemble) -> float:
    """The threshold of the options from part of a history of so many rows; where most rows tie there, above them."""
    share = replace(options, false_alerts=options.false_alerts * len(scores) / rows)
    threshold = threshold_of(scores, window, share, ensemble)
    if np.mean(scores >= threshold) < 0.5:
        return threshold
    return float(np.nextafter(threshold + 2 * stream.TIE * abs(threshold), np.inf))


def between_scores(build: Build, x: Array, window: int, centre: float) -> Array:
    """Scores of history by detectors that were fitted to what lies before and behind.

    Each tenth is scored by a detector fitted to those of two other folds. Of a long series pieces between those of
    :func:`benchmark.detection.scoring.sample` are scored.
    """
    if len(x) > LONG:
        return score_parts(build().fit(sample(x)), x, _between(len(x)), window, centre)
    found = []
    for known, unknown in folds(len(x)):
        found.append(score_parts(build().fit([x[part] for part in known]), x, unknown, window, centre))
    return np.concatenate(found)


def later_scores(build: Build, x: Array, window: int) -> Array:
    """Scores of the last three tenths by a detector that knows what lies before: new rows lie behind, too.

    Of a long series the last :data:`benchmark.detection.scoring.LONG` rows are scored at most.
    """
    known = len(x) - int(LATER * len(x))
    part = slice(max(known, len(x) - LONG), len(x))
    return score_parts(build().fit(sample(x[:known])), x, [part], window, float(np.median(x[:known])))


def folds(n: int) -> list[tuple[list[slice], list[slice]]]:
    """Rows to fit and rows to hold out, three times. Every third tenth is held out: a slow change is in both."""
    edges = np.linspace(0, n, TENTHS + 1).astype(int)
    found = []
    for fold in range(FOLDS):
        known: dict[bool, list[slice]] = {True: [], False: []}
        for held, group in groupby(range(TENTHS), key=lambda tenth: tenth % FOLDS == fold):
            tenths = list(group)
            known[held].append(slice(int(edges[tenths[0]]), int(edges[tenths[-1] + 1])))
        found.append((known[False], known[True]))
    return found


def _between(n: int) -> list[slice]:
    """At most five times a piece behind each piece that was fitted."""
    pieces = pairwise(sampled(n))
    return [slice(a.stop, min(b.start, a.stop + 5 * (a.stop - a.start))) for a, b in pieces if b.start > a.stop]


def expected(parts: list[HeldOut], window: int, new: int) -> tuple[float, float]:
    """Share of new normal rows that will reach the threshold, by each part of held-out history: the widest interval."""
    lows, highs = zip(*(part.interval(window, new) for part in parts), strict=True)
    return min(lows), max(highs)


class Promise(NamedTuple):
    """The share of new normal rows that will be flagged: within a factor of two of ``share`` if known, else a bound."""

    share: float
    low: float
    high: float
    known: bool

    @classmethod
    def of(cls, parts: list[HeldOut], window: int, new: int) -> Promise:
        """From parts of held-out history; known if the first part tells, and no other part says otherwise."""
        share, (low, high) = parts[0].share, parts[0].interval(window, new)
        if share / 2 <= low and high <= 2 * share and all(low <= part.share <= high for part in parts):
            return cls(share, low, high, True)
        return cls(share, *expected(parts, window, new), False)

    def kept(self, share: float) -> bool:
        """Whether what was said came true."""
        return self.share / 2 <= share <= 2 * self.share if self.known else share <= self.high


def promise(parts: list[HeldOut], window: int, new: int) -> str:
    """The share of new normal rows that will be flagged, or a bound and what history it takes to say more."""
    found, between = Promise.of(parts, window, new), parts[0]
    rows, count = f"of {counted(new, 'new row')} that are like the history", len(between.above)
    if found.known:
        span = f"{percent(found.low)} to {percent(found.high)} %"
        return f"Some {percent(found.share)} % {rows} will be flagged (95 %: {span})."
    longer = f"some {_round(between.rows * NEEDED / count):,} rows" if count else "a longer history"
    more = f"a share within a factor of two takes {NEEDED} or more, {longer}, and as many new rows"
    return (
        f"At most {percent(found.high)} % {rows} will be flagged (95 %). "
        f"Held-out history reaches the threshold {counted(count, 'separate time')}: {more}."
    )


def unlike(parts: list[HeldOut], window: int, flags: NDArray[np.bool_]) -> list[str]:
    """A line where more rows are flagged than rows like the history would give."""
    share = float(flags.mean()) if len(flags) >= ENOUGH * window else 0.0
    if share <= MANY:
        return []
    _, high = expected(parts, window, len(flags))
    if share <= high:
        return []
    return [
        f"{percent(share)} % of the rows are flagged; rows like the history would give {percent(high)} % at most. "
        "They hold anomalies, or the series has changed (then --save anew)."
    ]


def percent(share: float) -> str:
    """In two digits, without an exponent."""
    return np.format_float_positional(float(f"{100 * share:.2g}"), trim="-")


def _round(rows: float) -> int:
    """Up to two digits."""
    size: int = 10 ** max(0, int(math.log10(rows)) - 1)
    return math.ceil(rows / size) * size
