"""Treatment of huge values, which make sums lose the digits of all other values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.core import Array, moving_sum

# In units of the usual deviation. Above 1e8 a sum of squares keeps no digit of the others.
HUGE = 1e5
SHARE = 0.95  # quantile of the absolute deviations that is the usual deviation


def usual_range(parts: list[Array]) -> tuple[float, float]:
    """Return the median of several series, and the largest distance from it at which a value is not huge."""
    values = np.concatenate(parts)
    level = float(np.median(values))
    usual = float(np.quantile(np.abs(values - level), SHARE, method="lower"))
    return level, HUGE * usual if usual > 0 else np.inf


def zero_huge(x: Array, reach: float) -> Array:
    """Replace values beyond ``reach`` from 0 by 0; return ``x`` itself if there are none."""
    huge = np.abs(x) > reach
    return np.where(huge, 0.0, x) if huge.any() else x


def windows_with(flags: NDArray[np.bool_], window: int) -> NDArray[np.bool_]:
    """Return which windows contain a flagged point, (n - window + 1,)."""
    return moving_sum(flags, window) > 0
