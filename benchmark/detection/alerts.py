"""Turn anomaly scores into alerts, one for each event, and compare each with the most similar windows elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detectors import Array
from detectors.core import clusters, moving_sum

Rows = NDArray[np.bool_]

NEIGHBOURS = 5
BEFORE = 2  # windows of context before an alert that are compared too, to tell a Friday from a Saturday
ALIKE = 4.0  # a window without an alert is preferred up to this multiple of the smallest squared distance
EXPLAINED = 100  # alerts that are compared with similar windows, at most
SEARCHED = 50_000  # rows on either side that are searched for similar windows


@dataclass(frozen=True)
class SimilarWindows:
    """The windows elsewhere that are most similar to an alert and its context, nearest first."""

    first: int  # first row of the context
    begins: NDArray[np.intp]  # (k,), first rows of the windows; negative in the history of a saved model
    windows: Array  # (k, m), their values, each shifted to the level of the context

    def shifted(self, rows: int) -> SimilarWindows:
        """Return the same windows with all row numbers increased by ``rows``."""
        return SimilarWindows(self.first + rows, self.begins + rows, self.windows)


@dataclass(frozen=True)
class Alert:
    """A stretch of rows that stands out: an alert, or one of the next highest peaks below the threshold."""

    start: int  # half-open range of the rows that differ most from similar windows
    stop: int
    first: int  # half-open range of the rows with a high score, in which the event lies
    last: int
    peak: int  # row of the largest difference, or of the highest score before the alert is narrowed
    score: float
    flagged: bool = True  # True if it reaches the threshold
    similar: SimilarWindows | None = None  # the windows that it was compared with

    @property
    def normal(self) -> int | None:
        """Row of the most similar window that corresponds to ``start``; negative in a saved model's history."""
        return None if self.similar is None else int(self.similar.begins[0]) + self.start - self.similar.first

    @property
    def band(self) -> tuple[Array, Array, Array] | None:
        """Minimum, median and maximum of the similar windows, each an array (stop - start,)."""
        if self.similar is None:
            return None
        part = self.similar.windows[:, self.start - self.similar.first : self.stop - self.similar.first]
        return part.min(axis=0), np.median(part, axis=0), part.max(axis=0)

    @property
    def expected(self) -> tuple[float, ...] | None:
        """Minimum, median and maximum of the similar windows at the peak, or None without similar windows."""
        if not self.start <= self.peak < self.stop or (band := self.band) is None:
            return None
        return tuple(float(part[self.peak - self.start]) for part in band)

    def overlaps(self, other: Alert) -> bool:
        """Return True if the rows of both alerts overlap."""
        return self.start < other.stop and other.start < self.stop

    def shifted(self, rows: int) -> Alert:
        """Return the same alert with all row numbers increased by ``rows``."""
        places = {name: getattr(self, name) + rows for name in ("start", "stop", "first", "last", "peak")}
        return replace(self, **places, similar=self.similar and self.similar.shifted(rows))

    def clip_history(self) -> Alert:
        """Return the alert without the rows of a saved model's history, which are negative."""
        return replace(
            self, start=max(0, self.start), stop=max(1, self.stop), first=max(0, self.first), peak=max(0, self.peak)
        )


def alerts(scores: Array, flags: Rows, window: int) -> list[Alert]:
    """Group flagged rows into alerts; rows at most half a window apart are one alert. The highest peak comes first."""
    found = []
    for part in clusters(np.flatnonzero(flags), max(1, window // 2) + 1):
        a, b = int(part[0]), int(part[-1]) + 1
        peak = a + int(np.argmax(scores[a:b]))
        found.append(Alert(a, b, a, b, peak, float(scores[peak])))
    return sorted(found, key=lambda alert: -alert.score)


def next_peaks(scores: Array, taken: Rows, window: int, count: int = 10) -> list[Alert]:
    """Find the ``count`` next highest peaks, a window apart from each other and from the rows ``taken``.

    Each extends over the rows whose score is at least half way between the median and the peak.
    """
    usual = float(np.median(scores))
    free = ~dilate(taken, window) if taken.any() else np.ones(len(scores), dtype=bool)
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


def dilate(rows: Rows, reach: int) -> Rows:
    """Mark all rows at most ``reach`` rows away from a marked one; input and result are (n,)."""
    from scipy.ndimage import maximum_filter1d

    return np.asarray(maximum_filter1d(rows, 2 * reach + 1, mode="constant"))


def narrow(x: Array, alert: Alert, avoid: Rows, window: int) -> Alert:
    """Narrow an alert to the rows of an (n,) series that differ from similar windows.

    The most similar windows are searched with the context of the alert, without its own rows. The event is where these
    rows differ from the windows' median by more than half of the largest difference. Adjacent rows of the context that
    differ as much are included: a detector may see only the jump that ends a stuck stretch.

    ``avoid`` (n,) marks the rows of all alerts, which similar windows should not contain.
    """
    margin, first = max(window // 2, 2), max(0, alert.first - 1)  # a jump is between a row and the previous one
    a, b = max(0, first - BEFORE * window), min(len(x), alert.last + margin)
    context = np.ones(b - a, dtype=bool)
    context[first - a : alert.last - a] = False
    begins = find_similar(x, a, context, avoid)
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
        similar=SimilarWindows(a, begins, others),
    )


def merge_overlapping(found: list[Alert]) -> list[Alert]:
    """Merge alerts whose rows overlap: the first one remains, with ``first`` and ``last`` extended over all."""
    kept: list[Alert] = []
    for alert in found:
        same = next((k for k, other in enumerate(kept) if alert.overlaps(other)), None)
        if same is None:
            kept.append(alert)
        else:
            first, last = min(kept[same].first, alert.first), max(kept[same].last, alert.last)
            kept[same] = replace(kept[same], first=first, last=last)
    return kept


def find_similar(x: Array, a: int, context: Rows, avoid: Rows, count: int = NEIGHBOURS) -> NDArray[np.intp]:
    """Find the windows most similar to the one at row ``a``; return their first rows, nearest first.

    The distance is Euclidean over the rows in the mask ``context`` (m,), after each window's mean is removed. Windows
    do not overlap the given one, nor each other by more than half. Windows with rows to ``avoid`` are excluded if
    that leaves one that is nearly as similar.
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
    free = np.where(moving_sum(avoid[low:high], size) > 0, np.inf, distance)
    if free.min() <= ALIKE * max(float(distance.min()), 1e-6 * float(own @ own)):  # beyond rounding
        distance = free
    found: list[int] = []
    while len(found) < count and np.isfinite(distance).any():
        best = int(np.argmin(distance))
        found.append(best + low)
        distance[max(0, best - size // 2) : best + size // 2 + 1] = np.inf
    return np.array(found, dtype=np.intp)
