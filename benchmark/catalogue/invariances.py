"""What a score must not depend on: unit, level, one huge value; and that parameters are refused or work.

Each law takes a maker of detectors and says what is wrong, "" if nothing is. Values lie on a binary grid, so that
float64 holds them exactly in every unit and at every level. What moves then is the detector's own doing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors import Array, Detector

Make = Callable[..., Detector]

UNITS = (2.0**-30, 2.0**30)  # about 1e-9 and 1e9
LEVELS = ((1e9, 1.0), (-1e9, 1.0), (1e6, 2.0**-10))  # level, unit
HUGE = 1e20
NEIGHBOURHOOD = 120  # points on either side that a score may depend on: POLY fits 100 and a block
KEPT = 0.99  # rank correlation
BESIDE = 0.9  # where the huge value was fitted, too: the windows that hold it are no neighbours any more
OUT_OF_RANGE: tuple[Any, ...] = (-1, 0, math.nan, math.inf, "nonsense")


def on_a_grid(n: int = 400, seed: int = 0) -> Array:
    """A noisy sine of period 25 in steps of 2^-13, (n,)."""
    noise = 0.1 * np.random.default_rng(seed).normal(size=n)
    return np.asarray(np.round((np.sin(2 * np.pi * np.arange(n) / 25) + noise) * 2**13) / 2**13)


def rank_correlation(a: Array, b: Array) -> float:
    """Spearman's; 1 for two constants, 0 for one."""
    from scipy.stats import rankdata

    ranks = rankdata(a), rankdata(b)
    if np.ptp(ranks[0]) == 0 or np.ptp(ranks[1]) == 0:
        return float(np.ptp(ranks[0]) == np.ptp(ranks[1]))
    return float(np.corrcoef(*ranks)[0, 1])


def _kept(make: Make, changes: tuple[tuple[float, float], ...]) -> str:
    x = on_a_grid()
    before = make().fit(x).score(x)
    for level, unit in changes:
        moved = level + unit * x
        kept = rank_correlation(before, make().fit(moved).score(moved))
        if kept < KEPT:
            return f"x -> {unit:.3g} x + {level:g} leaves a rank correlation of {kept:.3f}, expected {KEPT} or more"
    return ""


def unit(make: Make) -> str:
    """Ranks stay in units from 1e-9 to 1e9."""
    return _kept(make, tuple((0.0, factor) for factor in UNITS))


def level(make: Make) -> str:
    """Ranks stay at levels up to 1e9."""
    return _kept(make, LEVELS)


def _with_a_huge_value(x: Array, row: int) -> tuple[Array, Array, NDArray[np.intp]]:
    """A series, the same with one huge value, and how far each point is from it."""
    spiked = x.copy()
    spiked[row] = HUGE
    return x, spiked, np.abs(np.arange(len(x)) - row)


def _outside(detector: Detector, distance: NDArray[np.intp]) -> NDArray[np.bool_]:
    # ScaleFlow's windows stand a part of their length apart.
    return distance > max(NEIGHBOURHOOD, 1.25 * getattr(detector, "window_", 1))


def huge_value_scored(make: Make) -> str:
    """One value of 1e20, not seen by ``fit``, changes no score outside of the windows that hold it."""
    x, spiked, distance = _with_a_huge_value(on_a_grid(1500), 1000)
    detector = make().fit(x[:600])
    outside = _outside(detector, distance)
    before, after = detector.score(x)[outside], detector.score(spiked)[outside]
    if detector.learns_from == "nothing":  # what little it knows, a median for one, is that of the scored series
        kept = rank_correlation(before, after)
        return "" if kept >= KEPT else f"it leaves a rank correlation of {kept:.3f} outside of its windows"
    change = float(np.abs(after - before).max())
    return "" if change <= 1e-5 * np.abs(before).max() else f"it changes scores by up to {change:.3g}"


def huge_value_fitted(make: Make) -> str:
    """One value of 1e20 in the fitted series keeps the ranks outside of its windows. Normal data are free of such."""
    if make().learns_from == "normal":
        return ""
    noise = np.round(np.random.default_rng(1).normal(size=1500) * 2**13) / 2**13
    kept = min(_kept_beside(make, *case) for case in ((on_a_grid(1500), 400), (on_a_grid(1500), 1000), (noise, 1000)))
    return "" if kept >= BESIDE else f"it leaves a rank correlation of {kept:.3f} outside of its windows"


def _kept_beside(make: Make, x: Array, row: int) -> float:
    """Rank correlation of the scores outside of a huge value's windows, fitted without it and with it."""
    x, spiked, distance = _with_a_huge_value(x, row)
    detector = make().fit(x)
    outside = _outside(detector, distance)
    return rank_correlation(detector.score(x)[outside], make().fit(spiked).score(spiked)[outside])


def parameter_ranges(make: Make) -> str:
    """A parameter out of its range works, or a ValueError that names it refuses it before anything is fitted."""
    x = on_a_grid(200)
    for name, default in make().param_defaults().items():
        if default is None or isinstance(default, tuple):
            continue  # of no known type
        for value in OUT_OF_RANGE:
            detector = make(**{name: value})
            try:
                detector.check_params()
            except ValueError as error:
                if name not in str(error):
                    return f"{name}={value!r} is refused without its name: {error}"
                continue
            try:
                detector.fit(x).score(x)
            except Exception as error:  # noqa: BLE001 - any failure means that the check let it pass
                return f"check_params accepts {name}={value!r}, and fit or score fails: {type(error).__name__}: {error}"
    return ""


LAWS: dict[str, tuple[str, Callable[[Make], str]]] = {
    "unit": ("Ranks of scores stay when the series is multiplied by 1e-9 or 1e9.", unit),
    "level": ("Ranks of scores stay when up to 1e9 is added to the series.", level),
    "huge value scored": ("One value of 1e20 changes no score outside of the windows that hold it.", huge_value_scored),
    "huge value fitted": (
        "One value of 1e20 in the fitted series, unless it must be normal, keeps the ranks outside of its windows.",
        huge_value_fitted,
    ),
    "parameter ranges": ("A parameter out of its range is refused by name, or it works.", parameter_ranges),
}
