"""Invariances: scores must not depend on unit, level or one huge value. Parameters must work or be refused.

Values are multiples of a power of 2, so that float64 holds them exactly in every unit and at every level. So any
difference comes from the detector.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.catalogue.trials import CheckFailed, expect, make, wave
from detectors import Array, Detector

UNITS = (2.0**-30, 2.0**30)  # about 1e-9 and 1e9
LEVELS = ((1e9, 1.0), (-1e9, 1.0), (1e6, 2.0**-10))  # level, unit
HUGE = 1e20
NEIGHBOURHOOD = 120  # points on each side that a score may depend on: POLY fits 100 and a block
MIN_RHO = 0.99  # Spearman's rank correlation
MIN_RHO_FITTED = 0.9  # if the huge value was fitted, too: windows that contain it are no neighbours any more
OUT_OF_RANGE: tuple[Any, ...] = (-1, 0, math.nan, math.inf, "nonsense")


def grid_wave(n: int = 400) -> Array:
    """Return an (n,) noisy sine of period 25, rounded to multiples of 2^-13."""
    return np.round(wave(n) * 2**13) / 2**13


def rank_correlation(a: Array, b: Array) -> float:
    """Return Spearman's rank correlation; 1 if both arrays are constant, 0 if one is."""
    from scipy.stats import rankdata

    ranks = rankdata(a), rankdata(b)
    if np.ptp(ranks[0]) == 0 or np.ptp(ranks[1]) == 0:
        return float(np.ptp(ranks[0]) == np.ptp(ranks[1]))
    return float(np.corrcoef(*ranks)[0, 1])


def _expect_ranks(cls: type[Detector], changes: tuple[tuple[float, float], ...]) -> None:
    x = grid_wave()
    before = make(cls).fit(x).score(x)
    for level, unit in changes:
        moved = level + unit * x
        kept = rank_correlation(before, make(cls).fit(moved).score(moved))
        change = f"x -> {unit:.3g} x + {level:g} leaves a rank correlation of {kept:.3f}"
        expect(kept >= MIN_RHO, f"{change}, expected {MIN_RHO} or more")


def unit(cls: type[Detector]) -> None:
    """Check that ranks stay the same in units from 1e-9 to 1e9."""
    _expect_ranks(cls, tuple((0.0, factor) for factor in UNITS))


def level(cls: type[Detector]) -> None:
    """Check that ranks stay the same at levels up to 1e9."""
    _expect_ranks(cls, LEVELS)


def _with_a_huge_value(x: Array, row: int) -> tuple[Array, Array, NDArray[np.intp]]:
    """Return the series, a copy with one huge value, and the distance of each point from it."""
    spiked = x.copy()
    spiked[row] = HUGE
    return x, spiked, np.abs(np.arange(len(x)) - row)


def _outside(detector: Detector, distance: NDArray[np.intp]) -> NDArray[np.bool_]:
    # ScaleFlow's stride is a fraction of its window.
    return distance > max(NEIGHBOURHOOD, 1.25 * getattr(detector, "window_", 1))


def huge_value_scored(cls: type[Detector]) -> None:
    """Check that one value of 1e20, not seen by ``fit``, changes no score outside the windows that contain it."""
    x, spiked, distance = _with_a_huge_value(grid_wave(1500), 1000)
    detector = make(cls).fit(x[:600])
    outside = _outside(detector, distance)
    before, after = detector.score(x)[outside], detector.score(spiked)[outside]
    if detector.learns_from == "nothing":  # it may use a statistic of the scored series, such as the median
        kept = rank_correlation(before, after)
        expect(kept >= MIN_RHO, f"it leaves a rank correlation of {kept:.3f} outside its windows")
        return
    change = float(np.abs(after - before).max())
    expect(change <= 1e-5 * np.abs(before).max(), f"it changes scores by up to {change:.3g}")


def huge_value_fitted(cls: type[Detector]) -> None:
    """Check that one value of 1e20 in the fitted series keeps the ranks outside its windows.

    Semi-supervised detectors need not pass, as they are fitted on normal data.
    """
    if cls.learns_from == "normal":
        return
    noise = np.round(np.random.default_rng(1).normal(size=1500) * 2**13) / 2**13
    kept = min(_rho_outside(cls, *case) for case in ((grid_wave(1500), 400), (grid_wave(1500), 1000), (noise, 1000)))
    expect(kept >= MIN_RHO_FITTED, f"it leaves a rank correlation of {kept:.3f} outside its windows")


def _rho_outside(cls: type[Detector], x: Array, row: int) -> float:
    """Return the rank correlation of scores outside a huge value's windows, between fits without and with it."""
    x, spiked, distance = _with_a_huge_value(x, row)
    detector = make(cls).fit(x)
    outside = _outside(detector, distance)
    return rank_correlation(detector.score(x)[outside], make(cls).fit(spiked).score(spiked)[outside])


def parameter_ranges(cls: type[Detector]) -> None:
    """Check that each odd value of a parameter works, or raises a ValueError that names it before ``fit``."""
    x = grid_wave(200)
    for name, default in cls.param_defaults().items():
        if default is None or isinstance(default, tuple):
            continue  # its type is not known
        for value in OUT_OF_RANGE:
            detector = make(cls, **{name: value})
            try:
                detector.check_params()
            except ValueError as error:
                expect(name in str(error), f"{name}={value!r} is refused without its name: {error}")
                continue
            try:
                detector.fit(x).score(x)
            except Exception as error:
                fault = f"check_params accepts {name}={value!r}, and fit or score fails"
                raise CheckFailed(f"{fault}: {type(error).__name__}: {error}") from error


INVARIANCES: dict[str, tuple[str, Callable[[type[Detector]], None]]] = {
    "unit": ("Ranks of scores stay the same if the series is multiplied by 1e-9 or 1e9.", unit),
    "level": ("Ranks of scores stay the same if up to 1e9 is added to the series.", level),
    "huge value scored": ("One value of 1e20 changes no score outside the windows that contain it.", huge_value_scored),
    "huge value fitted": (
        "One value of 1e20 in the fitted series keeps the ranks outside its windows (unless fit expects normal data).",
        huge_value_fitted,
    ),
    "parameter ranges": ("A parameter out of its range works, or is refused by name.", parameter_ranges),
}
