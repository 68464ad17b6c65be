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
    day_of_year,
    first_year,
    full_year,
    in_order,
    is_whole,
    midnight,
)

Whole = NDArray[np.int64]
Dates = tuple[Whole, NDArray[np.bool_]]  # nanoseconds since 1970, and True where there is such a date
FIRST, LAST = 17_000_101, 21_991_231
SURE, EVEN = 20, 0.9  # rows and share of equal steps needed to distinguish short stamps from epochs
DATED = re.compile(r".*(date|datum|fecha|day|tag|yymmdd|period|month|monat|mois|mes|yyyymm).*", re.I)
OTHERS: dict[str, Callable[[Whole], Dates]] = {
    "ddmmyyyy": lambda v: _walls(v % 10_000 * 10_000 + v // 10_000 % 100 * 100 + v // 1_000_000),
    "mmddyyyy": lambda v: _walls(v % 10_000 * 10_000 + v // 1_000_000 * 100 + v // 10_000 % 100),
    "yyyymm": lambda v: _walls(v * 100 + 1),
    "yymmdd": lambda v: _walls(_of_two(v, v // 10_000, v % 10_000)),
    "mmddyy": lambda v: _walls(_of_two(v, v % 100, v // 100)),
    "ddmmyy": lambda v: _walls(_of_two(v, v % 100, v // 100 % 100 * 100 + v // 10_000)),
    "cyymmdd": lambda v: _walls(np.where(v >= 10**6, v + 19_000_000, 0)),  # as IBM i counts the centuries from 1900
    "yyyyddd": lambda v: day_of_year(v // 1000, v % 1000),
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
    found = {form: read(whole) for form, read in OTHERS.items()}
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
        wall, valid = OTHERS["yymmdd"](whole // size)
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


def _walls(dates: Whole) -> Dates:
    fitting = (dates >= FIRST) & (dates <= LAST)
    dates = np.where(fitting, dates, FIRST)
    wall, valid = midnight(dates // 10_000, dates // 100 % 100, dates % 100)
    return wall, valid & fitting
