"""What every detector is made of: the contract, windows, the period of a series, thresholds."""

from __future__ import annotations

from detectors.core import saved
from detectors.core.arrays import Array, Float32, Index, Int32
from detectors.core.contract import (
    WINDOW,
    Detector,
    Diet,
    Diverged,
    Group,
    WindowDetector,
    as_series,
    offset_in,
    resolve_window,
    two_windows,
)
from detectors.core.explanation import Explains, Explanation
from detectors.core.parameters import SEED, Rule, one_of, real, whole
from detectors.core.periods import autocorrelation, estimate_window, period
from detectors.core.threshold import peaks_over_threshold, upper_quantile
from detectors.core.windows import (
    Alignment,
    Scaling,
    Windows,
    evenly,
    min_max,
    moving_sum,
    window_moments,
    windows_to_points,
    z_normalised,
)

__all__ = [
    "SEED",
    "WINDOW",
    "Alignment",
    "Array",
    "Detector",
    "Diet",
    "Diverged",
    "Explains",
    "Explanation",
    "Float32",
    "Group",
    "Index",
    "Int32",
    "Rule",
    "Scaling",
    "WindowDetector",
    "Windows",
    "as_series",
    "autocorrelation",
    "estimate_window",
    "evenly",
    "min_max",
    "moving_sum",
    "offset_in",
    "one_of",
    "peaks_over_threshold",
    "period",
    "real",
    "resolve_window",
    "saved",
    "two_windows",
    "upper_quantile",
    "whole",
    "window_moments",
    "windows_to_points",
    "z_normalised",
]
