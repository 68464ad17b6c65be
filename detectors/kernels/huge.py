"""Values so far from all others that sums which hold them lose the digits of the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.core import Array

# Times the usual deviation. Above 1e8 no digit of the others is left in a square.
HUGE = 1e5
SHARE = 0.95  # so much of a series is usual


def usual_range(parts: list[Array]) -> tuple[float, float]:
    """Median of the values of some series, and how far from it a value is not yet huge."""
    values = np.concatenate(parts)
    level = float(np.median(values))
    usual = float(np.quantile(np.abs(values - level), SHARE, method="lower"))
    return level, HUGE * usual if usual > 0 else np.inf


def calmed(x: Array, reach: float) -> Array:
    """Values about 0, those beyond ``reach`` made 0; the array itself where there are none."""
    huge = np.abs(x) > reach
    return np.where(huge, 0.0, x) if huge.any() else x


def windows_with(flags: NDArray[np.bool_], window: int) -> NDArray[np.bool_]:
    """Which windows hold a flagged point, (n - window + 1,)."""
    count = np.concatenate([[0], np.cumsum(flags)])
    return np.asarray(count[window:] > count[:-window])
