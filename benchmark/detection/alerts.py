"""From scores to alerts: one for each event, with the rows that differ and the window they differ from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detectors import Array

Rows = NDArray[np.bool_]

NEIGHBOURS = 5
BEFORE = 2  # windows before an alert that a similar window shares: they tell a Friday from a Saturday
ALIKE = 4.0  # times the least squared distance, up to which a window without another alert is preferred
EXPLAINED = 100  # alerts, for each of which similar windows are looked for
SEARCHED = 50_000  # rows on either side in which similar windows are looked for


@dataclass(frozen=True)
class Likes:
    """The windows elsewhere that are most like the surroundings of an alert, nearest first."""

    first: int  # row where the surroundings begin
    begins: NDArray[np.intp]  # (k,), rows where the windows begin; below 0 in the history of a saved model
    windows: Array  # (k, m), their values, each moved to the level of the surroundings

    def moved(self, rows: int) -> Likes:
        """The same so many rows later."""
        return Likes(self.first + rows, self.begins + rows, self.windows)


@dataclass(frozen=True)
class Alert:
    """An event, or one that would be next."""

    start: int  # half-open rows that differ most from what similar windows do there
    stop: int
    first: int  # half-open reach: the rows whose score stands out, in which the event lies
    last: int
    peak: int  # row of the largest difference, or of the highest score before the alert is narrowed
    score: float
    flagged: bool = True  # above the threshold
    likes: Likes | None = None  # what the rows were compared with

    @property
    def normal(self) -> int | None:
        """The row that corresponds to ``start`` in the most similar window; below 0 in a saved model's history."""
        return None if self.likes is None else int(self.likes.begins[0]) + self.start - self.likes.first

    @property
    def band(self) -> tuple[Array, Array, Array] | None:
        """Lowest, median and highest of the similar windows, each (stop - start,)."""
        if self.likes is None:
            return None
        part = self.likes.windows[:, self.start - self.likes.first : self.stop - self.likes.first]
        return part.min(axis=0), np.median(part, axis=0), part.max(axis=0)

    @property
    def expected(self) -> tuple[float, ...] | None:
        """Lowest, median and highest of the similar windows at the peak; None where the peak has none."""
        if not self.start <= self.peak < self.stop or (band := self.band) is None:
            return None
        return tuple(float(part[self.peak - self.start]) for part in band)

    def overlaps(self, other: Alert) -> bool:
        """Whether they share rows that differ."""
        return self.start < other.stop and other.start < self.stop

    def moved(self, rows: int) -> Alert:
        """The same alert so many rows later."""
        places = {name: getattr(self, name) + rows for name in ("start", "stop", "first", "last", "peak")}
        return replace(self, **places, likes=self.likes and self.likes.moved(rows))

    def without_history(self) -> Alert:
        """The same without rows of a saved model's history, which are below 0."""
        return replace(
            self, start=max(0, self.start), stop=max(1, self.stop), first=max(0, self.first), peak=max(0, self.peak)
        )


def alerts(scores: Array, flags: Rows, window: int) -> list[Alert]:
    """Flagged rows as alerts, one where they are less than half a window apart; highest peak first."""
    rows = np.flatnonzero(flags)
    if not len(rows):
        return []
    cuts = np.flatnonzero(np.diff(rows) > max(1, window // 2)) + 1
    found = []
    for part in np.split(rows, cuts):
        a, b = int(part[0]), int(part[-1]) + 1
        peak = a + int(np.argmax(scores[a:b]))
        found.append(Alert(a, b, a, b, peak, float(scores[peak])))
    return sorted(found, key=lambda alert: -alert.score)


def runners_up(scores: Array, taken: Rows, window: int, count: int = 10) -> list[Alert]:
    """The next highest peaks, a window apart from each other and from taken rows; each reaches half way down."""
    usual = float(np.median(scores))
    free = ~near(taken, window) if taken.any() else np.ones(len(scores), dtype=bool)
    found: list[Alert] = []
    while len(found) < count and free.any():
        peak = int(np.argmax(np.where(free, scores, -np.inf)))
        half = usual + (scores[peak] - usual) / 2
        if scores[peak] <= usual:
            break
        a, b = max(0, peak - window), min(len(scores), peak + window + 1)
        low = np.flatnonzero(scores[a:b] < half) + a
        start = int(low[low < peak].max(initial=a - 1)) + 1
        stop = int(low[low > peak].min(initial=b))
        found.append(Alert(start, stop, start, stop, peak, float(scores[peak]), flagged=False))
        free[max(0, start - window) : stop + window] = False
    return found


def near(rows: Rows, reach: int) -> Rows:
    """Rows at most ``reach`` away from marked ones."""
    marked = np.flatnonzero(rows)
    change = np.zeros(len(rows) + 1, dtype=np.int64)
    np.add.at(change, np.maximum(marked - reach, 0), 1)
    np.add.at(change, np.minimum(marked + reach + 1, len(rows)), -1)
    return np.asarray(np.cumsum(change)[:-1] > 0)


def narrowed(x: Array, alert: Alert, avoid: Rows, window: int) -> Alert:
    """The alert on the rows of an (n,) series that explain it.

    The windows elsewhere are found that are most like the surroundings of the alert, its own rows left out. The event
    is where these rows differ from the windows' median by more than half of the largest difference. Rows beside them
    that differ as much without a gap belong to it, too: a detector may see the jump alone that ends a stuck stretch.

    ``avoid`` flags the rows of any alert, (n,): a similar window should have none of them.
    """
    margin, first = max(window // 2, 2), max(0, alert.first - 1)  # a jump lies between a row and the one before
    a, b = max(0, first - BEFORE * window), min(len(x), alert.last + margin)
    context = np.ones(b - a, dtype=bool)
    context[first - a : alert.last - a] = False
    begins = similar(x, a, context, avoid)
    if not len(begins):
        return alert
    others = np.array([x[s : s + b - a] + np.median((x[a:b] - x[s : s + b - a])[context]) for s in begins])
    middle = np.median(others, axis=0)
    apart = np.abs(x[a:b] - middle)
    differs = np.where(context, 0.0, apart)
    much = apart > differs.max() / 2
    rows = np.flatnonzero(much & ~context)
    if not len(rows):
        return alert
    usual = np.flatnonzero(~much)
    start = a + int(usual[usual < rows[0]].max(initial=-1)) + 1
    stop = a + int(usual[usual > rows[-1]].min(initial=b - a))
    return replace(
        alert,
        start=start,
        stop=stop,
        first=min(alert.first, start),
        last=max(alert.last, stop),
        peak=a + int(differs.argmax()),
        likes=Likes(a, begins, others),
    )


def merged(found: list[Alert]) -> list[Alert]:
    """Alerts whose rows overlap are one event: the first of them stays, with the reach of all."""
    kept: list[Alert] = []
    for alert in found:
        same = next((k for k, other in enumerate(kept) if alert.overlaps(other)), None)
        if same is None:
            kept.append(alert)
        else:
            first, last = min(kept[same].first, alert.first), max(kept[same].last, alert.last)
            kept[same] = replace(kept[same], first=first, last=last)
    return kept


def similar(x: Array, a: int, context: Rows, avoid: Rows, count: int = NEIGHBOURS) -> NDArray[np.intp]:
    """First rows of the windows most like the one at ``a`` on its ``context`` rows, level aside; nearest first.

    They overlap neither it nor each other by more than half, nor any row to avoid where that leaves one that is
    nearly as alike.
    """
    from scipy.signal import fftconvolve

    size, weight = len(context), float(context.sum())
    low, high = max(0, a - SEARCHED), min(len(x), a + size + SEARCHED)
    part = x[low:high] - x[a : a + size].mean()
    mask = context.astype(float)
    own = np.where(context, x[a : a + size] - x[a : a + size][context].mean(), 0.0) if weight else mask
    if not weight or len(part) < 2 * size:
        return np.zeros(0, dtype=np.intp)
    total, squares, product = (
        fftconvolve(y, kernel[::-1], mode="valid") for y, kernel in ((part, mask), (part**2, mask), (part, own))
    )
    distance = squares - total**2 / weight - 2 * product + float(own @ own)
    starts = np.arange(len(distance)) + low
    distance[np.abs(starts - a) < size] = np.inf
    met = np.concatenate([[0], np.cumsum(avoid[low:high])])
    odd = met[size : size + len(distance)] > met[: len(distance)]
    free = np.where(odd, np.inf, distance)
    if free.min() <= ALIKE * max(float(distance.min()), 1e-6 * float(own @ own)):  # beyond rounding
        distance = free
    found: list[int] = []
    while len(found) < count and np.isfinite(distance).any():
        best = int(np.argmin(distance))
        found.append(best + low)
        distance[max(0, best - size // 2) : best + size // 2 + 1] = np.inf
    return np.array(found, dtype=np.intp)
