"""MP: distance from a window to its nearest neighbour, whatever level and scale both have."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from detectors.core import Alignment, Array, WindowDetector, Windows

Constants = Literal["sqrt", "zero"]


class MP(WindowDetector):
    """Matrix profile: z-normalised Euclidean distance from each window to the nearest other one.

    The fitted series is joined with itself, windows at most ceil(W / 4) starts apart left out as trivial
    matches (stumpy's rule); any other series is joined with the fitted pieces.

    Parameters
    ----------
    window, align
        As in :class:`~detectors.core.contract.WindowDetector`; at least 3 points.
    constants : {"sqrt", "zero"}
        A constant window has no z-normal form. "sqrt": its distance to anything is sqrt(2 W), as if
        uncorrelated (the published runs). "zero": 0 to another constant window, sqrt(W) to any other (stumpy).
    share : float
        Share of the diagonals of the distance matrix that is walked, in (0, 1]. Below 1 time falls in
        proportion and scores are upper bounds of the exact ones.

    References
    ----------
    Yeh et al., "Matrix Profile I", ICDM 2016; walked by diagonals as in Zimmerman et al., "Matrix Profile XIV",
    SoCC 2019.
    """

    source = "Yeh et al., ICDM 2016"

    def __init__(
        self,
        window: int | Literal["auto"] = "auto",
        align: Alignment = "centre",
        constants: Constants = "sqrt",
        share: float = 1.0,
    ) -> None:
        super().__init__(window, align)
        self.constants = constants
        self.share = share

    def _fit_windows(self, windows: Windows) -> None:
        if self.window_ < 3:
            raise ValueError(f"MP needs a window of at least 3 points (shorter ones are all alike), got {self.window_}")
        if self.constants not in get_args(Constants):
            raise ValueError(f"constants must be one of {', '.join(get_args(Constants))}, got {self.constants!r}")
        if not 0 < self.share <= 1:
            raise ValueError(f"share must lie in (0, 1], got {self.share}")

    def _score_windows(self, windows: Windows) -> Array:
        from detectors.kernels.matrix_profile import is_constant, nearest_distance

        view = windows.views[0]
        x = np.concatenate([view[:, 0], view[-1, 1:]])
        exclusion = -(-self.window_ // 4) if self._is_fitted_series(x) else None
        reference = [x] if exclusion is not None else self.fitted_pieces_
        distance, _ = nearest_distance(x, reference, self.window_, exclusion, self.share)
        if self.constants == "zero":
            flat = [is_constant(piece, self.window_) for piece in reference if len(piece) >= self.window_]
            match_constants(distance, is_constant(x, self.window_), np.concatenate(flat), self.window_, exclusion)
        return distance


def match_constants(distance: Array, own: np.ndarray, other: np.ndarray, window: int, exclusion: int | None) -> None:
    """Give constant windows stumpy's distances, in place: 0 between two of them, sqrt(W) to any other window.

    Parameters
    ----------
    distance : (n,) array
        Nearest distances with constants taken as uncorrelated.
    own, other : (n,), (m,) bool arrays
        Which windows of the scored and of the reference series are constant.
    """
    near = 0 if exclusion is None else 2 * exclusion + 1
    available = np.full(len(own), int(other.sum()))
    if near:
        summed = np.concatenate([[0], np.cumsum(other)])
        at = np.arange(len(own))
        low, high = np.maximum(at - exclusion, 0), np.minimum(at + exclusion + 1, len(own))  # type: ignore[operator]
        available -= summed[high] - summed[low]
    met = available > 0
    distance[own] = np.where(met[own], 0.0, np.sqrt(window))
    distance[~own & met] = np.minimum(distance[~own & met], np.sqrt(window))
