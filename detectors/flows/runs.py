"""How long a discrete channel holds its states: the component of ScaleFlow's score that windows blur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detectors.core import Array, Index
from detectors.flows.components import NEAREST, Evidence

DURATION = "duration"
LEVELS = 10  # values at most of a discrete channel
HOLDS = 4  # points of a run at least, on the mean: noise in few values holds no state
ENOUGH = 5  # fitted runs of a value, below which nothing is said of it
VOTES = 4.0  # as many as the components of a scale
ALIKE = 0.05  # of a duration: where all fitted ones are equal, one more point is no surprise


@dataclass(frozen=True)
class Runs:
    """Durations of the runs of equal values in a discrete channel, and what an unusual one says."""

    # for each fitted value, the sorted log lengths of its runs, those at the ends of a piece left out
    lengths: dict[float, Array]
    evidence: Evidence  # what a score says beside those of the fitted runs
    weight: float  # of the component in the score
    components: ClassVar[tuple[str, ...]] = (DURATION,)
    span: ClassVar[int] = 1

    @classmethod
    def fit(cls, pieces: list[Array], half_weight: float) -> Runs | None:
        """From the fitted (n_i,) pieces; None if they are no discrete channel.

        That has ten values at most, holds them for four points on the mean, and has five runs of one of them.
        """
        n, found = sum(map(len, pieces)), [runs_of(piece) for piece in pieces]
        if n < HOLDS * sum(len(first) for first, _, _ in found):
            return None
        levels = np.unique(np.concatenate([values for _, values, _ in found]))
        if len(levels) > LEVELS:
            return None
        inner = [(values[1:-1], lengths[1:-1]) for _, values, lengths in found]
        known = {float(v): np.sort(np.concatenate([ls[values == v] for values, ls in inner])) for v in levels}
        usual = [_third_nearest(lengths, lengths, True) for lengths in known.values() if len(lengths) >= ENOUGH]
        if not usual:
            return None
        return cls(known, Evidence(np.sort(np.concatenate(usual)), 0.0, ALIKE), VOTES * n / (n + half_weight))

    @property
    def weights(self) -> list[float]:
        """As of :class:`~detectors.flows.scale.Scale`."""
        return [self.weight]

    def surprises(self, x: Array, place: int | None = None) -> list[Array]:
        """The (n,) surprise of the run that each point of an (n,) series is in."""
        first, _, surprises = self.run_surprises(x, place)
        return [np.repeat(surprises, np.diff(first, append=len(x)))]

    def run_surprises(self, x: Array, place: int | None = None) -> tuple[Index, Array, Array]:
        """(k,) first rows of the runs of an (n,) series, their log lengths, and their surprises.

        A run scores the distance of its log length to the third nearest fitted one of its value. The first and the last
        run may be longer than they are seen: they score what they exceed the third longest by. A value that was not
        fitted scores as a duration off by ten times.
        """
        first, values, mine = runs_of(x)
        scores = np.where(np.isin(values, list(self.lengths)), 0.0, np.log(10))
        for value, lengths in self.lengths.items():
            if len(lengths) < ENOUGH:
                continue
            here = values == value
            scores[here] = _third_nearest(lengths, mine[here], place is not None)
            ends = np.array([0, len(first) - 1])
            ends = ends[here[ends]]
            scores[ends] = np.maximum(0.0, mine[ends] - lengths[-NEAREST])
        return first, mine, self.evidence(scores)


def runs_of(x: Array) -> tuple[Index, Array, Array]:
    """First rows, values and log lengths of the runs of equal values in an (n,) series."""
    first = np.flatnonzero(np.diff(x, prepend=np.nan) != 0)
    return first, x[first], np.log(np.diff(first, append=len(x)))


def _third_nearest(known: Array, asked: Array, among: bool) -> Array:
    """Distance of each to the third nearest of the sorted known ones, itself apart if it is among them."""
    k = min(NEAREST - 1 + among, len(known) - 1)
    padded = np.pad(known, k + 1, constant_values=np.inf)
    near = padded[np.searchsorted(known, asked)[:, None] + np.arange(2 * k + 2)]
    return np.asarray(np.sort(np.abs(near - asked[:, None]), axis=1)[:, k])
