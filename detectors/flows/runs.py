"""The duration component of ScaleFlow: how long a discrete channel holds its states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detectors.core import Array, Index
from detectors.flows.components import NEAREST, Evidence

DURATION = "duration"
LEVELS = 10  # most distinct values of a discrete channel
HOLDS = 4  # least mean length of a run in points: noise of few values does not hold a state
ENOUGH = 5  # fewest fitted runs of a value for which durations are scored
VOTES = 4.0  # weight of the component, as of all components of a scale
ALIKE = 0.05  # least scale of the log length: if all fitted runs are equal, one more point is no surprise


@dataclass(frozen=True)
class Runs:
    """Durations of the runs of equal values in a discrete channel."""

    # for each fitted value, the sorted log lengths of its runs, without those at the ends of a piece
    lengths: dict[float, Array]
    evidence: Evidence  # converts scores to surprises, by the scores of the fitted runs
    weight: float  # weight of the component in the score
    components: ClassVar[tuple[str, ...]] = (DURATION,)
    span: ClassVar[int] = 1

    @classmethod
    def fit(cls, pieces: list[Array], half_weight: float) -> Runs | None:
        """Fit to (n_i,) pieces; return None if they are not a discrete channel.

        A discrete channel has at most ten values, a mean run length of at least four points, and at least five runs of
        one value.
        """
        n, found = sum(map(len, pieces)), [find_runs(piece) for piece in pieces]
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
        """The weights of the components, as in :class:`~detectors.flows.scale.Scale`."""
        return [self.weight]

    def surprises(self, x: Array, place: int | None = None) -> list[Array]:
        """Return for each point of an (n,) series the surprise of its run, (n,)."""
        first, _, surprises = self.run_surprises(x, place)
        return [np.repeat(surprises, np.diff(first, append=len(x)))]

    def run_surprises(self, x: Array, place: int | None = None) -> tuple[Index, Array, Array]:
        """Return (k,) first rows of the runs of an (n,) series, their log lengths, and their surprises.

        The score of a run is the distance of its log length to the third nearest fitted run of its value. The first and
        the last run may be truncated: their score is the excess over the third longest. A value that was not fitted
        scores like a duration ten times too long.
        """
        first, values, mine = find_runs(x)
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


def find_runs(x: Array) -> tuple[Index, Array, Array]:
    """Return first rows, values and log lengths of the runs of equal values in an (n,) series."""
    first = np.flatnonzero(np.diff(x, prepend=np.nan) != 0)
    return first, x[first], np.log(np.diff(first, append=len(x)))


def _third_nearest(known: Array, values: Array, among: bool) -> Array:
    """Return each value's distance to the third nearest sorted known value, without itself if it is ``among`` them."""
    k = min(NEAREST - 1 + among, len(known) - 1)
    padded = np.pad(known, k + 1, constant_values=np.inf)
    near = padded[np.searchsorted(known, values)[:, None] + np.arange(2 * k + 2)]
    return np.asarray(np.sort(np.abs(near - values[:, None]), axis=1)[:, k])
