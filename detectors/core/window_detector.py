"""Base class of detectors that score windows, and helpers for window lengths."""

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
    """Return a detector's window length in points; None if it is not estimated yet, 1 if the detector has no window."""
    window = getattr(detector, "window_", getattr(detector, "window", 1))
    return window if isinstance(window, int) else None


def two_windows(detector: Detector) -> int:
    """Return the number of points that hold two windows of stride 1; 8 if the window is not estimated yet."""
    window = known_window(detector)
    return 8 if window is None else window + 1


def exclusion_zone(window: int) -> int:
    """Return the largest distance between the starts of trivial matches: a quarter window, rounded up."""
    return -(-window // 4)


def min_length_for_profile(detector: Detector) -> int:
    """Return the fewest points with which every window has another outside of its exclusion zone; 8 if unknown."""
    window = known_window(detector)
    return 8 if window is None else window + 2 * exclusion_zone(window) + 1


@parameters
class WindowDetector(Detector):
    """Base class of detectors that score windows; it converts window scores to point scores.

    Parameters
    ----------
    window : int or "auto"
        Window length in points. "auto" takes one period, estimated from the fitted values
        (:func:`~detectors.core.periods.estimate_window`). The length is stored as ``window_``.
    align : {"centre", "centre-low", "start", "end", "mean", "max"}
        How point scores follow from window scores (:func:`~detectors.core.windows.windows_to_points`).

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

    # Written out because the constructor of a plug-in may pass both by position.
    def __init__(self, window: Window = "auto", align: Alignment = "centre") -> None:
        self.window = window
        self.align = align

    def min_length(self) -> int:
        """Return the length of two windows, because a single window cannot be compared with another."""
        return two_windows(self)

    def _fit(self, pieces: list[Array]) -> None:
        self.window_ = resolve_window(self.window, pieces)
        if max(map(len, pieces)) < self.window_:
            raise ValueError(f"no piece has the {self.window_} points of a window: give longer pieces")
        self._fit_windows(Windows(pieces, self.window_))

    def _score(self, x: Array) -> Array:
        scores = self._score_windows(Windows([x], self.window_))
        return windows_to_points(scores, self.window_, self.align)

    def _first_window(self, x: Array) -> int | None:
        """Return the index, among the fitted windows, of the first window of ``x``; None if ``x`` was not fitted."""
        place = self._place(x)
        if place is None:
            return None
        return sum(max(0, len(p) - self.window_ + 1) for p in self.fitted_pieces_[: place[0]]) + place[1]

    @abstractmethod
    def _fit_windows(self, windows: Windows) -> None:
        """Learn from the windows of the fitted pieces."""

    @abstractmethod
    def _score_windows(self, windows: Windows) -> Array:
        """Return (n_windows,) scores of the windows of one series."""


def resolve_window(window: Window, pieces: list[Array]) -> int:
    """Return the given length, or for "auto" the period of the concatenated pieces, at most half the longest piece."""
    if window == "auto":
        values = np.concatenate(pieces)
        return min(estimate_window(values), max(1, max(map(len, pieces)) // 2))
    if not WINDOW.accepts(window):
        raise ValueError(f"window must be {WINDOW.text}, got {window!r}")
    return int(window)
