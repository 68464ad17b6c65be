"""MP: the matrix profile, the z-normalised distance from a window to its nearest neighbour."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from detectors.core import (
    Array,
    Window,
    WindowDetector,
    Windows,
    exclusion_zone,
    min_length_for_profile,
    one_of,
    parameter,
    parameters,
    real,
    whole,
)

Constants = Literal["sqrt", "zero"]
Flags = NDArray[np.bool_]


@parameters
class MP(WindowDetector):
    """Matrix profile: z-normalised Euclidean distance from each window to its nearest neighbour.

    Neighbours are the windows of the fitted pieces. If the series is one of these pieces, or a part of one, trivial
    matches are excluded: windows whose starts are at most ceil(W / 4) points apart (stumpy's rule).

    Parameters
    ----------
    window, align
        As in :class:`~detectors.core.window_detector.WindowDetector`; at least 3 points.
    constants : {"sqrt", "zero"}
        A constant window cannot be z-normalised. "sqrt": its distance to any window is sqrt(2 W), as if
        uncorrelated (the published runs). "zero": 0 to another constant window, sqrt(W) to any other (stumpy).
    share : float
        Share of the diagonals of the distance matrix that is computed, in (0, 1]. Time is proportional to it. Below 1
        scores are upper bounds of the exact ones. A window without a neighbour on these diagonals gets 2 sqrt(W), the
        largest possible distance.

    References
    ----------
    Yeh et al., "Matrix Profile I", ICDM 2016; computed by diagonals as in Zimmerman et al., "Matrix Profile XIV",
    SoCC 2019.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = MP(window=40).fit(x).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    version = 2
    source = "Yeh et al., ICDM 2016"
    conformance = "invariance"
    blind_to = "an anomaly that occurs twice, and what differs in level or amplitude alone"

    window: Window = parameter(default="auto", must_be=whole(3) | one_of("auto"))
    constants: Constants = parameter(default="sqrt", must_be=one_of(*get_args(Constants)))
    share: float = parameter(default=1.0, must_be=real(0, 1, "(]"))

    def _fit_windows(self, windows: Windows) -> None:
        if self.window_ < 3:
            raise ValueError(f"window must be at least 3 (normalised, shorter ones are equal), got {self.window_}")

    def min_length(self) -> int:
        """Return the length from which every window has another one outside of its exclusion zone."""
        return min_length_for_profile(self)

    def _score_windows(self, windows: Windows) -> Array:
        from detectors.kernels.matrix_profile import is_constant, nearest_distance

        [x] = windows.pieces
        place, exclusion = self._place(x), exclusion_zone(self.window_)
        distance, _ = nearest_distance(x, self.fitted_pieces_, self.window_, exclusion, self.share, place)
        if self.share < 1:
            distance[np.isinf(distance)] = 2 * np.sqrt(self.window_)  # the distance at a correlation of -1
        if self.constants == "zero":
            flat = [is_constant(piece, self.window_) for piece in self.fitted_pieces_]
            match_constants(distance, is_constant(x, self.window_), flat, self.window_, exclusion, place)
        # Two mutual nearest neighbours have the same distance, but its last bits differ: rounding keeps them tied.
        return np.round(distance, 9)


def match_constants(
    distance: Array, own: Flags, flat: list[Flags], window: int, exclusion: int, place: tuple[int, int] | None
) -> None:
    """Give constant windows stumpy's distances, in place: 0 between two of them, sqrt(W) to any other window.

    ``distance`` are (n,) nearest distances in which constant windows count as uncorrelated. ``own`` flags the constant
    windows of the scored series, (n,), and ``flat`` those of each fitted piece. If ``place`` is given, row i of the
    series is at ``place[1] + i`` of piece ``place[0]``, and windows at most ``exclusion`` from it are no neighbours.
    """
    available = np.full(len(own), sum(int(piece.sum()) for piece in flat))
    if place is not None:
        summed = np.concatenate([[0], np.cumsum(flat[place[0]])])
        at = np.arange(len(own)) + place[1]
        low, high = np.maximum(at - exclusion, 0), np.minimum(at + exclusion + 1, len(summed) - 1)
        available -= summed[high] - summed[low]
    met = available > 0
    distance[own] = np.where(met[own], 0.0, np.sqrt(window))
    distance[~own & met] = np.minimum(distance[~own & met], np.sqrt(window))
