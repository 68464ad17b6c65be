"""NormA: weighted distance of a window from the recurring shapes of the series."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from detectors.core import (
    SEED,
    Array,
    Float32,
    Index,
    WindowDetector,
    Windows,
    moving_sum,
    one_of,
    parameter,
    parameters,
    real,
    whole,
)


@parameters
class NormA(WindowDetector):
    """Weighted distance of each window from a normal model, a set of weighted recurring shapes.

    Shapes are ``length`` windows long. A random sample of non-overlapping stretches of that length is aligned,
    clustered by complete linkage on the z-normalised Euclidean distance, and averaged per cluster. The weight of a
    centre is frequency^2 * coverage / (sum of its distances to the other centres). Coverage is the time between its
    first and last member. A window's score is the weighted sum of its smallest z-normalised distances to the windows of
    each centre, smoothed by a moving mean of one window.

    The paper leaves open the share sampled, the height at which the tree is cut, the linkage and the alignment.
    Here they are as in the authors' own research code, known from reading it. Alignment is to the first stretch, by
    cross-correlation. Cut and alignment were also compared with point scores that the authors published for nine
    series, without labels. The code here is our own. The paper's description-length cut is not implemented.
    For use outside of research note that the method is patented (FR 2003946).

    A sampled stretch may contain a huge value that distorts the shapes. In 42 tests like the conformance check the
    other scores kept a rank correlation of at least .978, in one of 24 further tests it was .88.

    Parameters
    ----------
    window, align
        As in :class:`~detectors.core.window_detector.WindowDetector`; ``window`` is the paper's pattern length.
    length : int
        Length of a shape in windows; a shape is at most as long as the longest fitted piece.
    share : float
        Share of the stretches that is sampled, in (0, 1].
    cut : float
        Height at which the tree is cut, as a fraction of the largest distance, in (0, 1).
    max_stretches : int
        Largest sample; the memory of the clustering grows with its square.
    random_state : int or None
        Seed of the sample.

    References
    ----------
    Boniol, Linardi, Roncallo, Palpanas, Meftah and Remy, "Unsupervised and scalable subsequence anomaly
    detection in large data series", VLDB Journal 2021.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = NormA(window=40).fit(x).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    version = 2
    source = "Boniol et al., VLDB Journal 2021"
    conformance = "invariance"
    blind_to = "level and amplitude, and anomalies so frequent that they form a cluster"

    length: int = parameter(default=3, must_be=whole(1))
    share: float = parameter(default=0.4, must_be=real(0, 1, "(]"))
    cut: float = parameter(default=0.33, must_be=real(0, 1, "()"))
    max_stretches: int = parameter(default=2000, must_be=whole(1))
    random_state: int | None = parameter(default=0, must_be=SEED | one_of(None))

    def _fit_windows(self, windows: Windows) -> None:
        size = min(self.length * windows.window, max(map(len, windows.pieces)))
        shapes = Windows(windows.pieces, size)
        stretches, at = align_to_first(shapes, self._sample(shapes))
        cluster = cluster_by_shape(stretches, self.cut)
        members = [cluster == c for c in np.unique(cluster)]
        self.centres_: Array = np.array([stretches[m].mean(axis=0) for m in members])
        frequency = np.array([m.sum() for m in members], dtype=np.float64)
        coverage = np.array([np.ptp(at[m]) for m in members], dtype=np.float64)
        self.weights_: Array = centre_weights(self.centres_, frequency, coverage)

    def _sample(self, shapes: Windows) -> Index:
        """Return the start indices of randomly chosen stretches that do not overlap."""
        begins = zip(shapes.starts, shapes.views, strict=False)
        slots = np.concatenate([offset + np.arange(0, len(view), shapes.window) for offset, view in begins])
        wanted = min(max(1, int(self.share * len(slots))), self.max_stretches)
        return np.sort(np.random.default_rng(self.random_state).choice(slots, wanted, replace=False))

    def _score_windows(self, windows: Windows) -> Array:
        used = self.weights_ > 0
        models = [shape_windows(centre, windows.window) for centre in self.centres_[used]]
        scores = np.zeros(len(windows))
        for rows, block in windows.chunks(1024):  # 1024 x patterns fits the cache
            z = znormalised(block).astype(np.float32)
            for model, weight in zip(models, self.weights_[used], strict=True):
                scores[rows] += weight * smallest_distance(z, *model)
        return smooth(scores, windows.window)


def smooth(scores: Array, window: int) -> Array:
    """Return (n,) moving means of ``window`` scores, repeated at the ends; fewer scores get their overall mean."""
    if len(scores) < window:
        return np.full(len(scores), scores.mean())
    return np.pad(moving_sum(scores, window) / window, (window // 2, window - 1 - window // 2), mode="edge")


def align_to_first(shapes: Windows, chosen: Index) -> tuple[Array, Index]:
    """Shift stretches to their largest cross-correlation, about the median, with the first; return them and new starts.

    Stretches that would be shifted out of their piece are omitted.
    """
    from scipy.signal import correlate

    size = shapes.window
    stretches = shapes.take(chosen)
    stretches -= np.median(np.concatenate(shapes.pieces))  # at a high level the best lag would always be 0
    lags = [np.argmax(correlate(stretches[0], other, method="fft")) - (size - 1) for other in stretches]
    moved = chosen - np.array(lags)
    moved[0] = chosen[0]
    piece = np.searchsorted(shapes.starts, chosen, side="right") - 1
    inside = (moved >= shapes.starts[piece]) & (moved < shapes.starts[piece + 1])
    return shapes.take(moved[inside]), moved[inside]


def cluster_by_shape(stretches: Array, cut: float) -> Index:
    """Return (k,) cluster labels of (k, m) stretches: complete linkage, cut at a fraction of the largest distance."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    if len(stretches) == 1:
        return np.zeros(1, dtype=np.intp)
    distances = pdist(znormalised(stretches))
    return np.asarray(fcluster(linkage(distances, "complete"), cut * distances.max(), "distance"), dtype=np.intp)


def centre_weights(centres: Array, frequency: Array, coverage: Array) -> Array:
    """Return frequency^2 * coverage / (sum of distances to the others), or frequency if all are 0, with sum 1."""
    shapes = znormalised(centres)
    apart = np.array([np.linalg.norm(shapes - shape, axis=1).sum() for shape in shapes])
    weights = frequency**2 * coverage / np.where(apart > 0, apart, 1.0)
    if weights.sum() == 0:
        weights = frequency
    return np.asarray(weights / weights.sum())


def shape_windows(centre: Array, window: int) -> tuple[Float32, Float32]:
    """Return the z-normalised windows of a centre, (k, window), and their squared norms, (k, 1)."""
    patterns = znormalised(sliding_window_view(centre, window)).astype(np.float32)
    return patterns, np.einsum("ij,ij->i", patterns, patterns)[:, None]


def smallest_distance(z: Float32, patterns: Float32, squares: Float32) -> Array:
    """Return the smallest distance of each z-normalised window to the windows of a centre, (n_windows,).

    Constant windows are zeros and have distance sqrt(window) from all non-constant windows.
    """
    square = (-2 * patterns) @ z.T
    square += squares
    nearest = square.min(axis=0) + np.einsum("ij,ij->i", z, z)
    return np.asarray(np.sqrt(np.maximum(nearest, 0), dtype=np.float64))


def znormalised(rows: Array) -> Array:
    """Scale (k, m) rows to mean 0 and standard deviation 1; constant rows become zeros."""
    mean = rows.mean(axis=1, keepdims=True)
    centred = rows - mean
    deviation = np.sqrt(np.einsum("ij,ij->i", centred, centred)[:, None] / rows.shape[1])
    flat = deviation <= 4 * np.finfo(np.float64).eps * np.abs(mean)  # not more than the rounding of the mean
    return np.asarray(np.where(flat, 0.0, centred / np.where(flat, 1.0, deviation)))
