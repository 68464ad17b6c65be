"""Read times of day from a separate column, with or without a column of dates."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmark.errors import UserError
from benchmark.reading.options import WITHOUT
from benchmark.reading.parsing import (
    HOUR,
    LATEST,
    MINUTE,
    NOT_A_TIME,
    SECOND,
    Cells,
    Fields,
    Nanoseconds,
    Sheet,
    as_mask,
    cell,
    is_whole,
    mostly,
    plain_times,
    sample,
)

HOUR_NAME = re.compile(r"\W*(hour|hr|hh|stunde|time|zeit|uhrzeit|h?ora|uur|heure|hour_of_day|hrmn|hhmm|std)\b.*", re.I)
CLOCK = (
    r"^(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    + r"(?: ?(?P<half>[AaPp])\.?(?: ?[Mm]\.?)?)?"
)
PERIOD_NAME = re.compile(r"hour|stunde|period|interval|settlement|slot|mtu", re.I)  # others may number shops or sensors
FINER = (  # names of columns beside repeated times, their unit, and its highest number
    (("minute", "minutes", "minuto", "min", "mi", "mn", "mm"), MINUTE, 59),
    (("second", "seconds", "sec", "ss"), SECOND, 60),
    (("millisecond", "milliseconds", "msec", "ms"), 10**6, 999),
    (("microsecond", "microseconds", "usec", "us"), 10**3, 999_999),
    (("nanosecond", "nanoseconds", "nsec", "ns"), 1, 999_999_999),
)
HALVES = {"am", "pm", "a.m.", "p.m."}
SURE = 20  # rows from which steps tell minutes from other numbers
ENDING = r"^(?:HE ?(\d{1,2})|(\d{1,2}) ?[-–] ?(\d{1,2}))$"  # hours by their end, or from one to the next


def time_of_day(sheet: Sheet, name: str, bare: bool, dates: NDArray[np.int64] | None = None) -> Nanoseconds | None:
    """Read a column as nanoseconds since midnight, or None; ``bare`` allows ``13`` and ``1330`` by name or order."""
    cells = sheet.cells(name)
    if pa.types.is_string(cells.type):
        cells = _range_starts(plain_times(cells))
    if pa.types.is_time(cells.type):
        values = cells.cast(pa.time64("ns")).cast(pa.int64()).fill_null(NOT_A_TIME)
        return np.array(values.to_numpy(zero_copy_only=False), dtype=np.int64)
    known = sample(cells, 400)
    if mostly(known, _is_hour):
        return _clock_cells(pc.replace_substring_regex(cells, ENDING, r"\1\2:00"))
    if mostly(known, cell.is_clock):
        return _clock_cells(cells)
    dotted = r"\d{1,2}(\.[0-5]\d){1,2}" if bare else r"\d{1,2}(\.\d{2}){2}"  # 6.30 may be a number elsewhere
    if HOUR_NAME.fullmatch(name) and known and all(re.fullmatch(dotted, c) for c in known):
        return _clock_cells(cells)
    if not sheet.looks_numeric(name) or sheet.numbers(name).wrong:
        return None
    values = sheet.numbers(name).values
    speaks = bool(HOUR_NAME.fullmatch(name)) or _padded(known) or _from_midnight(sheet, values, dates)
    return _bare_clock(values) if (bare and speaks) or _jumps_at_hours(values) else None


def add_finer_parts(sheet: Sheet, wall: Nanoseconds, taken: tuple[str | None, ...]) -> tuple[Nanoseconds, list[str]]:
    """Add AM and PM, minutes, seconds or their parts in columns of their own to times that repeat; return these, too.

    A column is used if fewer times repeat with it, and no more rows are out of order.
    """
    used: list[str] = []
    half = next((n for n in sheet.names if n not in taken and sheet.has_words(n) and {*sheet.words(n)} <= HALVES), None)
    if half is not None and any(_repeated_and_late(wall)):
        afternoon = as_mask(pc.match_substring_regex(sheet.cells(half), r"(?i)^\s*p"))
        hours = wall // HOUR % 24
        shift = np.where(afternoon & (hours < 12), 12 * HOUR, np.where(~afternoon & (hours == 12), -12 * HOUR, 0))
        wall, used = np.where(wall == NOT_A_TIME, NOT_A_TIME, wall + shift), [half]
    for names, size, most in FINER:
        name = next((n for n in sheet.names if n.lower() in names and n not in taken and sheet.looks_numeric(n)), None)
        again, late = _repeated_and_late(wall) if name is not None else (0, 0)
        if name is None or not again:
            continue
        values = sheet.numbers(name).values
        if not (values.min() >= 0 and values.max() <= most):
            continue
        finer = np.where(wall == NOT_A_TIME, NOT_A_TIME, wall + np.round(values * size).astype(np.int64))
        left, later = _repeated_and_late(finer)
        if left < again and later <= late:
            wall, used = finer, [*used, name]
    return wall, used


def _repeated_and_late(wall: Nanoseconds) -> tuple[int, int]:
    """Count times equal to the one before, and those against the usual direction."""
    steps = np.diff(wall)
    return int((steps == 0).sum()), int(min((steps < 0).sum(), (steps > 0).sum()))


def _jumps_at_hours(values: NDArray[np.float64]) -> bool:
    """``55``, ``100``, ``105``: even steps only where the last two digits are minutes."""
    if len(values) < SURE or not np.isfinite(values).all() or values.min() < 0 or values.max() > 2400:
        return False
    minutes = values // 100 * 60 + values % 100
    even = [np.mean(steps == np.median(steps)) for steps in (np.diff(minutes) % 1440, np.diff(values))]
    return is_whole(values) and bool((values % 100 < 60).all()) and even[0] > 0.98 and even[0] - even[1] > 0.005


def _from_midnight(sheet: Sheet, values: NDArray[np.float64], dates: NDArray[np.int64] | None) -> bool:
    """Return True if a column of a file without header counts from 0 to 23 on each date."""
    if dates is None or not all(name.startswith("column ") for name in sheet.names):
        return False
    same = np.diff(dates) == 0
    return values.max() == 23 and bool(np.all(np.diff(values)[same] == 1) and np.all(values[1:][~same] == 0))


def refuse_periods(sheet: Sheet, name: str, dates: NDArray[np.int64]) -> None:
    """Raise an error for periods of a day, such as 1 to 48, or 1 to 25 on a day with a clock change."""
    if not (PERIOD_NAME.search(name) and sheet.looks_numeric(name)):
        return
    counts = sheet.numbers(name).values
    most, same = counts.max(), np.diff(dates) == 0
    counting = np.all(np.diff(counts)[same] == 1) and np.all(counts[1:][~same] == 1)  # never of nan
    if not (counting and most > 24 and not same.all()):
        return
    raise UserError(
        f"{sheet.path}: {name!r} counts the periods of each day, 1 to {most:g}. How long they are, and which of them a "
        f"clock change adds, is not said: write the time of each row, or leave it at the order of the rows with "
        f"--time {WITHOUT}"
    )


def _is_hour(text: str) -> bool:
    """Return True for an hour such as ``HE05`` or ``05-06``."""
    match = re.fullmatch(ENDING, text)
    return match is not None and (match[1] is not None or (int(match[3]) - int(match[2])) % 24 == 1)


def _range_starts(cells: Cells) -> Cells:
    """Replace ranges such as ``00:15 - 00:30`` by their start."""
    span = r"^(\d{1,2}[:.]\d{2}(?:[:.]\d{2})?) ?[-–] ?\d{1,2}[:.]\d{2}.*$"
    return (
        pc.replace_substring_regex(cells, span, r"\1") if mostly(sample(cells, 50), re.compile(span).match) else cells
    )


def _padded(cells: list[str]) -> bool:
    """Return True if all cells are like ``0030`` or ``003000``, some with a leading zero."""
    pattern = r"([01]\d|2[0-4])([0-5]\d){%d}"
    fits = any(cells and all(re.fullmatch(pattern % size, c) for c in cells) for size in (1, 2))
    return fits and any(c.startswith("0") for c in cells)


def _clock_cells(cells: Cells) -> Nanoseconds:
    found = Fields(pc.utf8_trim_whitespace(cells), CLOCK)
    since, valid = found.clock(LATEST)
    return np.where(found.good & valid, since, NOT_A_TIME)


def _bare_clock(values: NDArray[np.float64]) -> Nanoseconds | None:
    """Convert hours, or numbers like ``1330`` or ``133000``, to nanoseconds; None if they are no times of day."""
    known = values[np.isfinite(values)]
    if not len(known) or known.min() < 0 or known.max() > 240_000 or not is_whole(values):
        return None
    unit = 10_000 if known.max() <= 24 else 100 if known.max() <= 2400 else 1
    whole = np.where(np.isfinite(values), values, 0).astype(np.int64) * unit
    hours, minutes, seconds = whole // 10_000, whole // 100 % 100, whole % 100
    if max(minutes.max(), seconds.max()) >= 60:
        return None
    return np.where(np.isfinite(values), hours * HOUR + minutes * MINUTE + seconds * SECOND, NOT_A_TIME)
