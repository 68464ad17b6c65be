"""Times that name a week, month, quarter or day of the year: ``2024-W07``, ``Feb 2024``, ``2024Q3``, ``2024-035``."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from benchmark.reading.months import LETTERS, month_of
from benchmark.reading.numbers import mostly
from benchmark.reading.table import Cells
from benchmark.reading.units import DAY, NOT_A_TIME, Nanoseconds

Whole = NDArray[np.int64]
WEEK, ORDINAL, QUARTER, MONTH, NAMED = "week", "day of the year", "quarter", "month", "month by name"
PERIODS = (
    (WEEK, r"(?P<year>\d{4})[- ]?[Ww](?P<part>\d{2})(?:-?(?P<day>[1-7]))?"),
    (WEEK, r"(?i:KW|W|week) ?(?P<part>\d{1,2})[-/ ]+(?P<year>\d{4})"),
    (QUARTER, r"(?P<year>\d{4})[- ]?[Qq](?P<part>[1-4])"),
    (QUARTER, r"[Qq](?P<part>[1-4])[-/ ]?(?P<year>\d{4})"),
    (QUARTER, r"(?P<part>[1-4])[Qq] ?(?P<year>\d{4})"),
    (ORDINAL, r"(?P<year>(?:18|19|20)\d{2})-(?P<part>[0-3]\d{2})"),
    (MONTH, r"(?P<part>0?[1-9]|1[0-2])[/.](?P<year>(?:1[6-9]|20)\d{2})"),  # 12.3456 and 1013.2 are numbers
    (MONTH, r"(?P<year>(?:1[6-9]|20)\d{2})/(?P<part>0?[1-9]|1[0-2])"),
    (MONTH, r"(?P<year>(?:1[6-9]|20)\d{2})\.(?P<part>0[1-9]|1[0-2])"),
    (NAMED, rf"(?P<part>[{LETTERS}]{{3,12}})\.?[- /,]*(?:de )?(?P<year>\d{{4}})"),
    (NAMED, rf"(?P<part>[{LETTERS}]{{3,4}})[-'’](?P<year>\d{{2}})"),
)


def read_periods(cells: Cells, known: list[str]) -> tuple[Nanoseconds, int] | None:
    """First moments of the periods, and how many cells name none; None if a sample is of no such form."""
    for kind, pattern in PERIODS:
        if mostly(known, re.compile(pattern).fullmatch) and (kind != NAMED or month_of(known[0])):
            return _read(cells, kind, re.compile(pattern))
    return None


def _read(cells: Cells, kind: str, pattern: re.Pattern[str]) -> tuple[Nanoseconds, int]:
    found = [pattern.fullmatch(c.strip()) if c else None for c in cells.to_pylist()]
    good = np.array([match is not None for match in found])
    year = np.array([_year(match["year"]) if match else 1970 for match in found], dtype=np.int64)
    if kind == NAMED:
        part = np.array([month_of(match["part"]) if match else 1 for match in found], dtype=np.int64)
    else:
        part = np.array([int(match["part"]) if match else 1 for match in found], dtype=np.int64)
    days, last = _days(kind, year, part)
    if kind == WEEK and "day" in pattern.groupindex:
        days += np.array([int(match["day"] or 1) - 1 if match else 0 for match in found])
    good &= (part >= 1) & (part <= last)
    filled = np.array([bool(c) for c in cells.to_pylist()])
    return np.where(good, days * DAY, NOT_A_TIME), int((filled & ~good).sum())


def _year(digits: str) -> int:
    return int(digits) + (0 if len(digits) > 2 else 2000 if int(digits) < 70 else 1900)


def _days(kind: str, year: Whole, part: Whole) -> tuple[Whole, int]:
    """Days since 1970, and the last part of a year."""
    january = (year - 1970).astype("M8[Y]").astype("M8[D]").astype(np.int64)
    if kind == ORDINAL:
        return january + part - 1, 366
    if kind == WEEK:
        fourth = january + 3  # always in week 1
        return fourth - (fourth + 3) % 7 + 7 * (part - 1), 53
    months = (year - 1970) * 12 + (3 * (part - 1) if kind == QUARTER else part - 1)
    return months.astype("M8[M]").astype("M8[D]").astype(np.int64), 4 if kind == QUARTER else 12
