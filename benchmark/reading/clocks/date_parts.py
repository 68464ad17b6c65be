"""Read dates whose parts stand in columns of their own: year, month, day, day of the year, hour, minute."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmark.errors import UserError
from benchmark.reading.clocks.clock import Clock
from benchmark.reading.clocks.whole_dates import whole_dates
from benchmark.reading.options import LOST_AT_MOST, WITHOUT
from benchmark.reading.parsing import (
    BUDDHIST,
    DAY,
    HOUR,
    MINUTE,
    NOT_A_TIME,
    PARTS,
    PERIODS,
    RANGES,
    SHORT,
    THAI,
    Sheet,
    Stamps,
    day_of_year,
    first_year,
    full_year,
    is_buddhist,
    is_constant,
    is_whole,
    month_of,
    read_stamps,
    years_of_eras,
)

ORDINALS = ("doy", "day_of_year", "dayofyear", "yday", "jday", "julian_day", "julian", "ordinal_day", "ddd")


def from_parts(sheet: Sheet, free: list[str]) -> Clock | None:
    """Combine columns of year, month and day (or day of the year), and of hour and minute if there are any."""
    lower = {name.lower(): name for name in reversed(free)}  # of MM and mm the first one, the month
    named = zip(PARTS, SHORT, strict=True)
    names = [next((lower[n] for n in (*words, *short) if n in lower), None) for words, short in named]
    ordinal = None
    if all(name.startswith("column ") for name in sheet.names):
        names = _by_place(sheet)
        if names[2] is None and (found := _year_and_day(sheet, names[1] is None)):
            names, ordinal = [found[0], *[None] * 4], found[1]
    year, month, day, *clock = names
    if day is None and ordinal is None:
        ordinal = next((lower[n] for n in ORDINALS if n in lower), None)
    if year is not None and month is None and ordinal is None:
        return _from_periods(sheet, year, lower)
    date = [name for name in ((year, ordinal) if ordinal else (year, month, day)) if name is not None]
    if year is None or len(date) < 2:
        return None
    parts = [_part(sheet, name) for name in date]
    if not all(map(len, parts)):
        return None
    parts[0], notes = _our_years(sheet, parts[0], date)
    if (date[0].lower() == "yy" or ordinal) and parts[0].min() >= 0 and parts[0].max() < 100:
        parts[0] = full_year(parts[0], first_year(np.unique(parts[0]).astype(np.int64)))
    if ordinal:
        stamps = _of_ordinal(*parts)
    else:
        first = np.ones(len(sheet.table))  # the first of the month, if there is no day
        stamps = whole_dates(parts[0] * 10_000 + parts[1] * 100 + (parts[2] if day else first))
    if stamps is None:
        return None
    known = stamps.wall != NOT_A_TIME
    used = []
    for name, size, most in zip(clock, (HOUR, MINUTE), (24, 59), strict=True):
        values = sheet.numbers(name).values if name is not None and sheet.looks_numeric(name) else np.array([-1.0])
        if name is None or values.min() < 0 or values.max() > most:  # "Min" may be a minimum; hours may have fractions
            break
        stamps.wall[known] += np.round(np.nan_to_num(values[known]) * size).astype(np.int64)
        used.append(name)
    stamps.dates_only = not used
    return Clock((*date, *used), stamps, notes=notes)


def _our_years(sheet: Sheet, years: NDArray[np.float64], names: list[str]) -> tuple[NDArray[np.float64], list[str]]:
    """Convert years of the Thai calendar, if a column has a Thai name; return a note on these and on years of eras."""
    thai, shown = is_buddhist(years.min(), years.max()), str(sheet.cells(names[0])[0])
    if not thai and sheet.looks_numeric(names[0]):
        return years, []
    if not thai or any(map(THAI.search, names)):
        years = years - BUDDHIST * thai
        return years, [f"Years are those of another calendar: {shown!r} is read as {years[0]:g}."]
    raise UserError(
        f"{sheet.path}: the years of {names[0]!r} are none of our calendar: write {years[0]:g} as "
        f"{years[0] - BUDDHIST:g}, if these are Thai years, or number the rows with --time {WITHOUT}"
    )


def _from_periods(sheet: Sheet, year: str, lower: dict[str, str]) -> Clock | None:
    """Combine a column of years with one of quarters, weeks, or periods such as ``M01``."""
    for word, letter in PERIODS.items():
        if word in lower:
            parts = (sheet.cells(name).cast("string").to_pylist() for name in (year, lower[word]))
            years, others = ([str(cell).removesuffix(".0") for cell in cells] for cells in parts)
            texts = [f"{of}{letter}{part:0>2}" for of, part in zip(years, others, strict=True)]
            stamps = read_stamps(pa.array([text.replace("Q0", "Q") for text in texts]))
            if stamps is not None:
                notes = [f"The weeks of {lower[word]!r} are those of ISO 8601."] if letter == "W" else []
                return Clock((year, lower[word]), stamps, notes=notes)
    return None


def _part(sheet: Sheet, name: str) -> NDArray[np.float64]:
    """Read a column of years (also by their era), months (also by name) or days; empty if it contains other words."""
    if sheet.looks_numeric(name):
        return sheet.numbers(name).values
    if (years := years_of_eras(sheet.cells(name))) is not None:
        return np.array(years.to_numpy(zero_copy_only=False), dtype=np.float64)
    months = np.array([month_of(word or "") for word in sheet.cells(name).cast("string").to_pylist()], dtype=np.float64)
    return months if months.all() else months[:0]


def _by_place(sheet: Sheet) -> list[str | None]:
    """Find leading columns of year, month, day, hour and minute in a file without header, by their ranges.

    The day of the year may follow the year.
    """
    found: list[str | None] = []
    names = [name for place, name in enumerate(sheet.names[:-1]) if place != 1 or not _is_ordinal(sheet)]
    for name, (low, high) in zip(names, RANGES, strict=False):
        values = sheet.numbers(name).values if sheet.looks_numeric(name) else np.array([np.nan])
        if not (np.isfinite(values).all() and is_whole(values) and values.min() >= low and values.max() <= high):
            break
        found.append(name)
    return [*found, *[None] * (5 - len(found))]


def _is_ordinal(sheet: Sheet) -> bool:
    """Return True if the second column is the day of the year of the first, third and fourth."""
    if len(sheet.names) < 5 or not all(map(sheet.looks_numeric, sheet.names[:4])):
        return False
    year, ordinal, month, day = (sheet.numbers(name).values for name in sheet.names[:4])
    dates, days = whole_dates(year * 10_000 + month * 100 + day), _of_ordinal(year, ordinal)
    return dates is not None and days is not None and bool(np.array_equal(dates.wall, days.wall))


def _year_and_day(sheet: Sheet, free: bool) -> tuple[str, str] | None:
    """Find the columns of a year and its day in a file without header; the number of a logger may stand before them.

    Years of two digits, and days that may be months (not ``free``), need the time of day as hhmm in the next column.
    """
    for names in (sheet.names[:3], sheet.names[1:4]):
        if len(names) < 3 or len(sheet.table) < 2 or not all(map(sheet.looks_numeric, names)):
            return None
        year, ordinal, clock = (sheet.numbers(name).values for name in names)
        sure = free and are_years(year, "year")
        timed = bool(np.all((clock >= 0) & (clock <= 2400) & (clock % 100 < 60))) and is_whole(clock)
        timed = timed and bool(np.any(clock > 100))
        short = timed and bool(np.all((year >= 0) & (year < 100)))
        days = _of_ordinal(year + 2000 * short, ordinal) if ordinal.min() >= 1 and ordinal.max() <= 366 else None
        if days is not None and (sure or short or (timed and are_years(year, "year"))):
            steps = np.diff(days.wall)
            goes_on = np.isin(steps, (0, DAY)).mean() >= 1 - LOST_AT_MOST
            if goes_on and (sure or bool(np.all((steps > 0) == (np.diff(clock) < 0)))):
                return names[0], names[1]
        if not is_constant(sheet.numbers(names[0]).values):
            return None
    return None


def _of_ordinal(year: NDArray[np.float64], day: NDArray[np.float64]) -> Stamps | None:
    """Convert years and days of the year to time stamps at midnight."""
    if not all(is_whole(n) and np.isfinite(n).all() and (abs(n) < 10**4).all() for n in (year, day)):
        return None
    wall, valid = day_of_year(year.astype(np.int64), day.astype(np.int64))
    return Stamps(np.where(valid, wall, NOT_A_TIME))


def are_years(values: NDArray[np.float64], name: str) -> bool:
    """Return True for years, by the column's name and its values; each series may repeat them."""
    named = name.lower() in (*PARTS[0], "yr")
    return named and is_whole(values) and bool(np.all((values >= 1500) & (values < 2200)))
