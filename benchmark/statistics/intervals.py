"""Intervals over seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Interval:
    """A mean and its interval; ``low`` and ``high`` are NaN when ``reason`` says why there is none."""

    mean: float
    low: float
    high: float
    n: int
    reason: str = ""

    def __contains__(self, value: float) -> bool:
        return bool(self.low <= value <= self.high)


def seed_interval(values: ArrayLike, level: float = 0.95, of: Literal["mean", "run"] = "mean") -> Interval:
    """Student's t-interval over seeds.

    Parameters
    ----------
    values : (n_seeds,) array
        One value per seed, of equal standing; NaN is refused.
    level : float
        Coverage, in (0, 1).
    of : {"mean", "run"}
        "mean" covers the mean over all seeds. "run" is wider: it covers the value of one further run (a
        prediction interval). A published figure of a single run is compared with the latter.

    Returns
    -------
    Interval
        Without bounds for fewer than two seeds.
    """
    from scipy import special  # scipy.stats takes half a second to load

    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not np.isfinite(x).all():
        raise ValueError(f"expected one finite value per seed, got {x}")
    if len(x) < 2:
        nan = float("nan")
        return Interval(float(x[0]) if len(x) else nan, nan, nan, len(x), f"{len(x)} seed(s): an interval needs two")
    spread = float(x.std(ddof=1)) * np.sqrt(1 / len(x) + (of == "run"))
    half = float(special.stdtrit(len(x) - 1, (1 + level) / 2)) * spread
    return Interval(float(x.mean()), float(x.mean() - half), float(x.mean() + half), len(x))
