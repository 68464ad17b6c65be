"""Reshape wide tables, with a column for each hour of a day, month of a year, or time of a series."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa

from benchmark.errors import counted
from benchmark.reading.parsing import ANY, LETTERS, PARTS, Table, cell, month_of

HOURS, MONTHS, TIMES = "hours of the day", "months of the year", "times"
HOUR = re.compile(r"(?:h|he|hr|hour|stunde|heure|hora)?[ _]?(\d{1,2})(?::00)?(?: ?(?:h|uhr))?", re.I)
MONTH_AND_YEAR = re.compile(rf"({ANY})[{LETTERS}]*\.?(-\d\d|[ -](19|20)\d\d)", re.I)
EUROSTAT = re.compile(r".*\\time(_period)?", re.I)  # the name of its first column
FLAGGED = re.compile(r": ?[a-z]*|(\S+) [a-z]{1,3}")
FEWEST = 12  # columns needed to read their names as times
TIME, VALUE = "time", "value"


def as_long(table: Table, value: str | None) -> Table:
    """Reshape a table to one row for each time if column names are hours, months or times, with a note.

    Other columns are repeated. If ``value`` names one of the columns, the table is not reshaped.
    """
    if VALUE in table.names or TIME in table.names:
        return table
    for kind, named in ((MONTHS, _months), (HOURS, _hours), (TIMES, _times)):
        times = named(table.names)
        if len(times) >= FEWEST and value not in times:
            return _melt(table, times, kind)
    return table


def _melt(table: Table, times: dict[str, str], kind: str) -> Table:
    others = {name: cells for name, cells in table.columns.items() if name not in times}
    year = next((name for name in others if name.lower() in PARTS[0]), None)
    timed = any(":" in str(cells[0]) for cells in others.values() if len(cells))  # rows have times of day already
    if (kind == HOURS and timed) or (kind == MONTHS and year is None):
        return table
    size, rows = len(times), np.repeat(np.arange(len(table)), len(times))
    columns = {name: cells.take(pa.array(rows)) for name, cells in others.items()}
    texts = list(times.values()) * len(table)
    if kind == MONTHS and year is not None:
        texts = [f"{year}-{text}" for year, text in zip(columns.pop(year).to_pylist(), texts, strict=True)]
    cells = [[None if c is None else str(c) for c in table.columns[name].to_pylist()] for name in times]
    flags = _without_flags(cells) if any(map(EUROSTAT.fullmatch, others)) else []
    columns[TIME] = pa.array(texts, pa.string())
    columns[VALUE] = pa.array([c for row in zip(*cells, strict=True) for c in row], pa.string())
    first, *_, last = times
    said = f"The columns {first!r} to {last!r} are {kind}: each row is read as {size} (--value takes one of them)."
    return replace(
        table, columns=columns, rows=table.rows[rows], total=table.total * size, notes=[*table.notes, said, *flags]
    )


def _without_flags(columns: list[list[str | None]]) -> list[str]:
    """Cut Eurostat's flags off the cells, and ``:`` for a missing value, in place; return a note on them."""
    found = []
    for cells in columns:
        for row, text in enumerate(cells):
            if text is not None and (flagged := FLAGGED.fullmatch(text.strip())):
                cells[row] = flagged[1]
                found.append(text.strip())
    return [f"Eurostat's flags: cut off {counted(len(found), 'cell')}, e.g. {found[0]!r}."] if found else []


def _months(names: list[str]) -> dict[str, str]:
    """Map column names that are the twelve months in order to their numbers; else empty."""
    found = [name for name in names if re.fullmatch(rf"[{LETTERS}]{{3,12}}\.?", name) and month_of(name)]
    return {n: f"{month_of(n):02d}" for n in found} if [*map(month_of, found)] == [*range(1, 13)] else {}


def _hours(names: list[str]) -> dict[str, str]:
    """Map column names that are the hours of a day, or evenly spaced times of day, to times; else empty."""
    starts = {name: re.sub(r" ?[-–] ?\d{1,2}:\d{2}$", "", name) for name in names}  # "00:00-00:15"
    clocks = {name: start for name, start in starts.items() if cell.is_clock(start)}
    minutes = [60 * int(h) + int(m) for h, m in (re.findall(r"\d+", start)[:2] for start in clocks.values())]
    if len({b - a for a, b in pairwise(minutes)}) == 1 and len(minutes) * (minutes[1] - minutes[0]) == 1440:
        return clocks
    found = {name: int(match[1]) for name in names if (match := HOUR.fullmatch(name))}
    if [*found.values()] in ([*range(24)], [*range(1, 25)]):
        return {name: f"{hour - min(found.values()):02d}:00" for name, hour in found.items()}
    return {}


def _times(names: list[str]) -> dict[str, str]:
    """Map column names that are dates or years to times, if these are at least 60 % of the columns; else empty."""
    found = [n for n in names if re.fullmatch(r"(1[6-9]|20)\d{2}( \[YR\d{4}\])?", n) or _is_stamp(n)]
    return {n: n if _is_stamp(n) else f"{n[:4]}-01" for n in found} if len(found) >= 0.6 * len(names) else {}


def _is_stamp(name: str) -> bool:
    if MONTH_AND_YEAR.fullmatch(name):
        return True
    return cell.kind(name) == "time" and bool(re.match(r"\d", name)) and not cell.is_clock(name)
