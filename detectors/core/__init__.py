"""The parts that all detectors share: the base classes, windows, the period of a series, thresholds."""

from detectors.core import saved
from detectors.core.arrays import Array, Float32, Index, Int32
from detectors.core.contract import Detector, Diet, Diverged, Group
from detectors.core.explanation import Explanation
from detectors.core.parameters import SEED, Rule, one_of, parameter, parameters, real, whole
from detectors.core.periods import autocorrelation, estimate_window, period
from detectors.core.threshold import (
    clusters,
    contiguous_folds,
    exceedance_counts,
    peaks_over_threshold,
    relative_variance,
    share_interval,
    share_interval_from_counts,
    upper_quantile,
)
from detectors.core.values import as_series, offset_in
from detectors.core.window_detector import (
    WINDOW,
    Window,
    WindowDetector,
    exclusion_zone,
    known_window,
    min_length_for_profile,
    resolve_window,
    two_windows,
)
from detectors.core.windows import (
    Alignment,
    RoundedScaling,
    Scaling,
    Windows,
    evenly_spaced,
    min_max,
    moving_sum,
    window_moments,
    windows_to_points,
    z_normalised,
)
