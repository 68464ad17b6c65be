"""Read dates written as whole numbers: 20240131, 31012024, 240131, 202401."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmark.reading.parsing import (
    HOUR,
    MINUTE,
    NOT_A_TIME,
    SECOND,
    Stamps,
    first_year,
    full_year,
    in_order,
    is_whole,
    midnight,
)

Whole = NDArray[np.int64]
FIRST, LAST = 17_000_101, 21_991_231
SURE, EVEN = 20, 0.9  # rows and share of equal steps needed to distinguish short stamps from epochs
DATED = re.compile(r".*(date|datum|fecha|day|tag|yymmdd|period|month|monat|mois|mes|yyyymm).*", re.I)
OTHERS: dict[str, Callable[[Whole], Whole]] = {
    "ddmmyyyy": lambda v: v % 10_000 * 10_000 + v // 10_000 % 100 * 100 + v // 1_000_000,
    "mmddyyyy": lambda v: v % 10_000 * 10_000 + v // 1_000_000 * 100 + v // 10_000 % 100,
    "yyyymm": lambda v: v * 100 + 1,
    "yymmdd": lambda v: _of_two(v, v // 10_000, v % 10_000),
    "mmddyy": lambda v: _of_two(v, v % 100, v // 100),
    "ddmmyy": lambda v: _of_two(v, v % 100, v // 100 % 100 * 100 + v // 10_000),
    "cyymmdd": lambda v: np.where(v >= 10**6, v + 19_000_000, 0),  # as IBM i counts the centuries from 1900
    "yyyyddd": lambda v: _ordinal(v // 1000, v % 1000),
}
SHORT = (("yymmdd", 1, (1,)), ("yymmddhhmm", 10**4, (100, 1)), ("yymmddhhmmss", 10**6, (10_000, 100, 1)))


def whole_dates(values: NDArray[np.float64], name: str = "") -> Stamps | None:
    """Read dates as yyyymmdd; in a column named like a date also in the only other format with sorted dates."""
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


def short_stamps(values: NDArray[np.float64], name: str) -> Stamps | None:
    """Read ``2405311345`` and ``240531134500``, if all are times with equal steps; epochs look similar."""
    if len(values) < SURE or not np.isfinite(values).all() or not is_whole(values) or values.max() > 10**12:
        return None
    if 10**6 <= values.min() < 10**8:
        return None  # times of ten digits would all be of the year 2000
    whole = values.astype(np.int64)
    for form, size, parts in SHORT:
        wall, valid = _walls(OTHERS["yymmdd"](whole // size))
        clock = np.pad(np.array([whole % size // part % 100 for part in parts]), ((0, 3 - len(parts)), (0, 0)))
        wall = wall + clock[0] * HOUR + clock[1] * MINUTE + clock[2] * SECOND
        steps, plain = np.diff(wall), np.diff(whole)
        even = float((steps == np.median(steps)).mean())
        if size == 1 and (plain == np.median(plain)).mean() > even - 0.1:
            continue  # a counter
        if valid.all() and clock[0].max() < 24 and clock[1:].max() < 60 and even >= EVEN:
            return Stamps(wall, notes=[f"{name!r} holds times as {form}: {whole[0]} is {wall[:1].view('M8[ns]')[0]}."])
    return None


def _of_two(dates: Whole, years: Whole, rest: Whole) -> Whole:
    """Convert dates with six digits to yyyymmdd; 0 for longer numbers."""
    return np.where(dates < 10**6, full_year(years, first_year(years)) * 10_000 + rest, 0)


def _ordinal(year: Whole, day: Whole) -> Whole:
    """Convert year and day of the year to yyyymmdd; 0 if there is no such day."""
    fitting = (year >= 1900) & (year < 2200) & (day >= 1) & (day <= 366)
    dates = (np.where(fitting, year, 1970) - 1970).astype("M8[Y]").astype("M8[D]") + (day - 1)
    months = dates.astype("M8[M]").astype(np.int64)
    days = (dates - dates.astype("M8[M]").astype("M8[D]")).astype(np.int64) + 1
    return np.where(fitting, (months // 12 + 1970) * 10_000 + (months % 12 + 1) * 100 + days, 0)


def _walls(dates: Whole) -> tuple[Whole, NDArray[np.bool_]]:
    fitting = (dates >= FIRST) & (dates <= LAST)
    dates = np.where(fitting, dates, FIRST)
    wall, valid = midnight(dates // 10_000, dates // 100 % 100, dates % 100)
    return wall, valid & fitting
