"""A detector on windows: one score per window, brought to points; and what its window is."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal, get_args

import numpy as np

from detectors.core.arrays import Array
from detectors.core.contract import Detector
from detectors.core.parameters import one_of, parameter, parameters, whole
from detectors.core.periods import estimate_window
from detectors.core.windows import Alignment, Windows, windows_to_points

Window = int | Literal["auto"]
WINDOW = whole(1) | one_of("auto")


def known_window(detector: Detector) -> int | None:
    """Points of a detector's window: None while it is to be estimated, 1 where it has none."""
    window = getattr(detector, "window_", getattr(detector, "window", 1))
    return window if isinstance(window, int) else None


def two_windows(detector: Detector) -> int:
    """Points of two windows of a detector: 8 while its window is to be estimated, 2 where it has none."""
    window = known_window(detector)
    return 8 if window is None else window + 1


def exclusion_zone(window: int) -> int:
    """Windows at most so many starts apart are trivial matches: a quarter of their length, rounded up."""
    return -(-window // 4)


def least_for_profile(detector: Detector) -> int:
    """Points for every window to have another outside of its exclusion zone; 8 while the window is to be estimated."""
    window = known_window(detector)
    return 8 if window is None else window + 2 * exclusion_zone(window) + 1


@parameters
class WindowDetector(Detector):
    """A detector that gives one score per window; the base brings window scores to points.

    Parameters
    ----------
    window : int or "auto"
        Window length in points; "auto" estimates one period from the fitted values
        (:func:`~detectors.core.windows.estimate_window`), kept as ``window_``.
    align : {"centre", "centre-low", "start", "end", "mean", "max"}
        How the scores of the windows that cover a point become the point's score.

    Examples
    --------
    >>> from detectors import WindowDetector
    >>> class Range(WindowDetector):
    ...     learns_from = "nothing"
    ...
    ...     def _fit_windows(self, windows):
    ...         pass
    ...
    ...     def _score_windows(self, windows):
    ...         return np.concatenate([np.ptp(block, axis=1) for _, block in windows.chunks()])
    >>> Range(window=2, align="end").fit([0.0, 0.0, 5.0]).score([0.0, 0.0, 5.0])
    array([0., 0., 5.])
    """

    window: Window = parameter(default="auto", must_be=WINDOW)
    align: Alignment = parameter(default="centre", must_be=one_of(*get_args(Alignment)), kw_only=True)

    # Written out, since a plug-in's own constructor may hand over both by position.
    def __init__(self, window: Window = "auto", align: Alignment = "centre") -> None:
        self.window = window
        self.align = align

    def min_length(self) -> int:
        """Two windows: a single one has nothing to be compared with."""
        return two_windows(self)

    def _fit(self, pieces: list[Array]) -> None:
        self.window_ = resolve_window(self.window, pieces)
        if max(map(len, pieces)) < self.window_:
            raise ValueError(f"no piece holds a window of {self.window_} points")
        self._fit_windows(Windows(pieces, self.window_))

    def _score(self, x: Array) -> Array:
        scores = self._score_windows(Windows([x], self.window_))
        return windows_to_points(scores, self.window_, self.align)

    def _first_window(self, x: Array) -> int | None:
        """Number of a series' first window among the fitted ones, when it is a part of the fitted data."""
        place = self._place(x)
        if place is None:
            return None
        return sum(max(0, len(p) - self.window_ + 1) for p in self.fitted_pieces_[: place[0]]) + place[1]

    @abstractmethod
    def _fit_windows(self, windows: Windows) -> None:
        """Learn from windows that are views into the pieces."""

    @abstractmethod
    def _score_windows(self, windows: Windows) -> Array:
        """(n_windows,) scores of the windows of one series."""


def resolve_window(window: Window, pieces: list[Array]) -> int:
    """A window length as an int: the number given, or the period of the concatenated pieces."""
    if window == "auto":
        values = np.concatenate(pieces)
        return min(estimate_window(values), max(1, max(map(len, pieces)) // 2))
    if not WINDOW.accepts(window):
        raise ValueError(f"window must be {WINDOW.text}, got {window!r}")
    return int(window)
