"""KShapeAD: weighted distance of a window from the recurring shapes of the series."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from detectors.core import (
    SEED,
    Alignment,
    Array,
    Window,
    WindowDetector,
    Windows,
    evenly_spaced,
    one_of,
    parameter,
    parameters,
    whole,
)
from detectors.kernels.shapes import k_shape, unit_rows
from detectors.mp import match_constants


@parameters
class KShapeAD(WindowDetector):
    """Distance to a normal model of k-Shape centres: the offline variant of SAND.

    Stretches of ``length`` windows, one and a half windows apart, are clustered by shape. The weight of a centre is the
    square of its number of members divided by the sum of its distances to the other centres. A window's score is the
    weighted sum of its smallest z-normalised distances to the windows of each centre. Constant windows are treated as
    in :class:`~detectors.mp.MP` with ``constants="zero"``. A point's score is the mean of the windows that cover it.

    Parameters
    ----------
    window, align
        As in :class:`~detectors.core.window_detector.WindowDetector`.
    n_clusters : int
        Number of shapes, at most the number of stretches.
    length : int
        Length of a shape in windows; a shape is at most as long as the longest fitted piece.
    max_stretches : int
        Largest number of stretches that are clustered, evenly spaced over the fitted data.
    random_state : int or None
        Seed of the initial assignment.

    References
    ----------
    Paparrizos and Gravano, "k-Shape", SIGMOD 2015; Boniol, Paparrizos, Palpanas and Franklin, "SAND: streaming
    subsequence anomaly detection", PVLDB 2021.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = KShapeAD(window=40).fit(x).score(x)
    >>> bool(970 <= scores.argmax() < 1040)
    True
    """

    group = "field"
    version = 2
    source = "Paparrizos and Gravano, SIGMOD 2015; Boniol et al., PVLDB 2021"
    conformance = "invariance"
    blind_to = "an anomaly frequent enough to be a shape of its own, and a change of level or scale alone"
    exempt: ClassVar[dict[str, str]] = {
        "huge value fitted": "in noise, which has no shapes, one window decides which clusters form"
    }

    window: Window = parameter(default="auto", must_be=whole(3) | one_of("auto"))
    n_clusters: int = parameter(default=6, must_be=whole(1))
    length: int = parameter(default=4, must_be=whole(1))
    max_stretches: int = parameter(default=2000, must_be=whole(1))
    random_state: int | None = parameter(default=0, must_be=SEED | one_of(None))
    align: Alignment = parameter(default="mean", kw_only=True)

    def _fit_windows(self, windows: Windows) -> None:
        stretches = cut_stretches(windows, shape_length(windows, self.length), self.max_stretches)
        shapes = k_shape(stretches, self.n_clusters, np.random.default_rng(self.random_state))
        self.centres_: Array = shapes.centres
        self.weights_: Array = centre_weights(shapes.centres, np.bincount(shapes.labels).astype(np.float64))

    def _score_windows(self, windows: Windows) -> Array:
        [x] = windows.pieces
        return distance_from_shapes(x, self.window_, self.centres_, self.weights_)


def shape_length(windows: Windows, length: int) -> int:
    """Return ``length`` windows in points, at most the longest piece; raise ValueError for windows below 3 points."""
    if windows.window < 3:
        raise ValueError(f"window must be at least 3 (normalised, shorter ones are equal), got {windows.window}")
    return min(length * windows.window, max(map(len, windows.pieces)))


def cut_stretches(windows: Windows, size: int, most: int) -> Array:
    """Return (k, size) z-normalised stretches, one and a half windows apart, at most ``most`` of them."""
    shapes = Windows(windows.pieces, size)
    step = max(1, 3 * windows.window // 2)
    starts = np.concatenate(
        [first + np.arange(0, len(view), step) for first, view in zip(shapes.starts, shapes.views, strict=False)]
    )
    chosen = starts[evenly_spaced(len(starts), most)]
    return unit_rows(shapes.take(chosen))


def centre_weights(centres: Array, members: Array) -> Array:
    """Return the weights members^2 / (sum of shape-based distances to the other centres), normalised to sum 1."""
    from detectors.kernels.shapes import shape_distance, spectrum

    spectra = spectrum(centres)
    apart = np.array([shape_distance(spectra, centre, centres.shape[1])[0].sum() for centre in centres])
    weights = members**2 / np.where(apart > 1e-9, apart, 1.0)
    return np.asarray(weights / weights.sum())


def distance_from_shapes(x: Array, window: int, centres: Array, weights: Array) -> Array:
    """Return (n_windows,) weighted sums of each window's smallest distances to the windows of the centres."""
    from detectors.kernels.matrix_profile import is_constant, nearest_distance

    scores, flat = np.zeros(len(x) - window + 1), is_constant(x, window)
    for centre, weight in zip(centres, weights, strict=True):
        if weight > 0 and len(centre) >= window:
            distance = nearest_distance(x, [centre], window)[0]
            match_constants(distance, flat, [is_constant(centre, window)], window, 0, None)
            scores += weight * distance
    return scores
