"""Read times that name a week, month or quarter: ``2024-W07``, ``Feb 2024``, ``2024Q3``, ``2024M03``."""

from __future__ import annotations

import re
from datetime import date
from functools import partial

import numpy as np

from benchmark.reading.parsing.fields import SINCE, first_year, full_year, year_notes
from benchmark.reading.parsing.names import LETTERS, month_of
from benchmark.reading.parsing.numbers import mostly
from benchmark.reading.parsing.table import Cells
from benchmark.reading.parsing.units import DAY, NOT_A_TIME, Nanoseconds

FIRST, LAST, EPOCH = 1700, 2200, date(1970, 1, 1)
WEEK, QUARTER, MONTH, NAMED = "week", "quarter", "month", "month by name"
PERIODS = (
    (WEEK, r"(?P<year>\d{4})[- ]?[Ww](?P<part>\d{2})(?:-?(?P<day>[1-7]))?"),
    (WEEK, r"(?i:KW|W|week) ?(?P<part>\d{1,2})[-/ ]+(?P<year>\d{4})"),
    (QUARTER, r"(?P<year>\d{4})[- ]?[Qq](?P<part>[1-4])"),
    (QUARTER, r"[Qq](?P<part>[1-4])[-/ ]?(?P<year>\d{4})"),
    (QUARTER, r"(?P<part>[1-4])[Qq] ?(?P<year>\d{4})"),
    (QUARTER, r"(?P<year>\d{4}):(?P<part>[1-4])"),
    (MONTH, r"(?P<year>\d{4})(?:[- ]?[Mm]|:)(?P<part>\d{1,2})"),
    (MONTH, r"(?P<part>0?[1-9]|1[0-2])[/.](?P<year>(?:1[6-9]|20)\d{2})"),  # 12.3456 and 1013.2 are numbers
    (MONTH, r"(?P<year>(?:1[6-9]|20)\d{2})/(?P<part>0?[1-9]|1[0-2])"),
    (MONTH, r"(?P<year>(?:1[6-9]|20)\d{2})\.(?P<part>0[1-9]|1[0-2])"),
    (NAMED, rf"(?P<part>[{LETTERS}]{{3,12}})\.?[- /,]*(?:de )?(?P<year>\d{{4}})"),
    (NAMED, rf"(?P<year>\d{{4}})[- /]?(?P<part>[{LETTERS}]{{3,12}})\.?"),
    (NAMED, rf"(?P<part>[{LETTERS}]{{3,4}})[-'’](?P<year>\d{{2}})"),
)


def read_periods(cells: Cells, known: list[str]) -> tuple[Nanoseconds, int, list[str]] | None:
    """Return the starts of the periods, the number of invalid cells, and notes; None if a sample has another format."""
    for kind, pattern in PERIODS:
        if mostly(known, partial(_begin, kind, pattern)):
            text = [cell or "" for cell in cells.to_pylist()]
            since = _since(pattern, text)
            found = [_begin(kind, pattern, cell, since) for cell in text]
            wall = np.array([NOT_A_TIME if first is None else (first - EPOCH).days * DAY for first in found])
            lost = sum(first is None and bool(cell) for first, cell in zip(found, text, strict=True))
            return wall, lost, year_notes(since)
    return None


def _since(pattern: str, cells: list[str]) -> int:
    """Return the first of the hundred years to which the two-digit years of a column belong."""
    years = [match["year"] for cell in cells if (match := re.fullmatch(pattern, cell.strip()))]
    return first_year(np.array([int(year) for year in years if len(year) == 2], dtype=np.int64))


def _begin(kind: str, pattern: str, cell: str, since: int = SINCE) -> date | None:
    """Return the first day of a period, or None if there is no such period."""
    match = re.fullmatch(pattern, cell.strip())
    if match is None:
        return None
    year = int(match["year"]) if len(match["year"]) > 2 else int(full_year(int(match["year"]), since))
    part = month_of(match["part"]) if kind == NAMED else int(match["part"])
    if not FIRST <= year < LAST:
        return None
    try:
        if kind == WEEK:
            return date.fromisocalendar(year, part, int(match.groupdict().get("day") or 1))
        return date(year, 3 * part - 2 if kind == QUARTER else part, 1)
    except ValueError:
        return None
