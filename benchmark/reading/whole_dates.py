"""Dates written as whole numbers: 20240131, 31012024, 240131, 202401."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmark.reading.fields import in_order
from benchmark.reading.sheet import is_whole
from benchmark.reading.stamps import Stamps, from_yyyymmdd
from benchmark.reading.units import NOT_A_TIME

Whole = NDArray[np.int64]
FIRST, LAST = 19_000_101, 21_991_231
DATED = re.compile(r".*(date|datum|fecha|day|tag|yymmdd|period|month|monat|mois|mes|yyyymm).*", re.I)
OTHERS: dict[str, Callable[[Whole], Whole]] = {
    "ddmmyyyy": lambda v: v % 10_000 * 10_000 + v // 10_000 % 100 * 100 + v // 1_000_000,
    "mmddyyyy": lambda v: v % 10_000 * 10_000 + v // 1_000_000 * 100 + v // 10_000 % 100,
    "yyyymm": lambda v: v * 100 + 1,
    "yymmdd": lambda v: v + np.where(v < 700_000, 20_000_000, 19_000_000),
}


def whole_dates(values: NDArray[np.float64], name: str = "") -> Stamps | None:
    """Dates as yyyymmdd; in a column named like a date, also ddmmyyyy or the like where that gives rising dates."""
    known = np.isfinite(values)
    if not known.any() or not is_whole(values):
        return None
    if np.abs(values[known]).max() > 10**8:
        return None
    whole = np.where(known, values, 0).astype(np.int64)
    wall, valid = _walls(whole)
    if valid[known].mean() >= 0.98:
        wall[~known | ~valid] = NOT_A_TIME
        return Stamps(wall, dates_only=True)
    if not DATED.fullmatch(name) or not known.all():
        return None
    found = {form: _walls(turned(whole)) for form, turned in OTHERS.items()}
    fitting = {form: wall for form, (wall, valid) in found.items() if valid.all() and in_order(wall)}
    if len(fitting) != 1:
        return None
    form, wall = next(iter(fitting.items()))
    shown = np.datetime64(int(wall[0]), "ns").astype("M8[D]")
    return Stamps(wall, dates_only=True, notes=[f"{name!r} holds dates as {form}: {whole[0]} is {shown}."])


def _walls(dates: Whole) -> tuple[Whole, NDArray[np.bool_]]:
    fitting = (dates >= FIRST) & (dates <= LAST)
    wall, valid = from_yyyymmdd(np.where(fitting, dates, FIRST))
    return wall, valid & fitting
