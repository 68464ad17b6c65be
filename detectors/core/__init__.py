"""What every detector is made of: the contract, windows, the period of a series, thresholds."""

from __future__ import annotations

from detectors.core import saved
from detectors.core.arrays import Array, Float32, Index, Int32
from detectors.core.contract import Detector, Diet, Diverged, Group
from detectors.core.explanation import Explains, Explanation
from detectors.core.parameters import SEED, Rule, one_of, parameter, parameters, real, whole
from detectors.core.periods import autocorrelation, estimate_window, period
from detectors.core.threshold import (
    interval_of,
    parts_held_out,
    peaks_over_threshold,
    share_interval,
    stretches,
    upper_quantile,
)
from detectors.core.values import as_series, offset_in
from detectors.core.window_detector import (
    WINDOW,
    Window,
    WindowDetector,
    exclusion_zone,
    known_window,
    least_for_profile,
    resolve_window,
    two_windows,
)
from detectors.core.windows import (
    Alignment,
    RoundedScaling,
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
    "RoundedScaling",
    "Rule",
    "Scaling",
    "Window",
    "WindowDetector",
    "Windows",
    "as_series",
    "autocorrelation",
    "estimate_window",
    "evenly",
    "exclusion_zone",
    "interval_of",
    "known_window",
    "least_for_profile",
    "min_max",
    "moving_sum",
    "offset_in",
    "one_of",
    "parameter",
    "parameters",
    "parts_held_out",
    "peaks_over_threshold",
    "period",
    "real",
    "resolve_window",
    "saved",
    "share_interval",
    "stretches",
    "two_windows",
    "upper_quantile",
    "whole",
    "window_moments",
    "windows_to_points",
    "z_normalised",
]
