"""Times of day in a column of their own, beside a date or alone."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmark.errors import UserError
from benchmark.reading import cell
from benchmark.reading.fields import Fields, plain_times
from benchmark.reading.numbers import mostly, sample
from benchmark.reading.options import WITHOUT
from benchmark.reading.sheet import Sheet, is_whole
from benchmark.reading.table import Cells
from benchmark.reading.units import HOUR, MINUTE, NOT_A_TIME, SECOND, Nanoseconds

HOUR_NAME = re.compile(r"(hour|hr|hh|stunde|time|zeit|uhrzeit|hora|heure|hour_of_day|hrmn|hhmm|std)\b.*", re.I)
CLOCK = (
    r"^(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    + r"(?: ?(?P<half>[AaPp])\.?(?: ?[Mm]\.?)?)?"
)
PERIOD_NAME = re.compile(r"hour|stunde|period|interval|settlement|slot|mtu", re.I)  # others may number shops or sensors
LATEST = 30  # hours: timetables go on counting behind midnight, 25:10 is 01:10 of the day behind
ENDING = r"^(?:HE ?(\d{1,2})|(\d{1,2}) ?[-–] ?(\d{1,2}))$"  # hours by their end, or from one to the next


def time_of_day(sheet: Sheet, name: str, bare: bool) -> Nanoseconds | None:
    """Nanoseconds since midnight; ``bare`` allows hours and ``1330`` where the name suggests them."""
    cells = sheet.cells(name)
    if pa.types.is_string(cells.type):
        cells = _beginnings(plain_times(cells))
    if pa.types.is_time(cells.type):
        values = cells.cast(pa.time64("ns")).cast(pa.int64()).fill_null(NOT_A_TIME)
        return np.array(values.to_numpy(zero_copy_only=False), dtype=np.int64)
    known = sample(cells, 400)
    if mostly(known, _is_hour):
        return _clock_cells(pc.replace_substring_regex(cells, ENDING, r"\1\2:00"))
    if mostly(known, cell.is_clock):
        return _clock_cells(cells)
    if HOUR_NAME.fullmatch(name) and known and all(re.fullmatch(r"\d{1,2}(\.\d{2}){2}", c) for c in known):
        return _clock_cells(cells)
    speaks = bool(HOUR_NAME.fullmatch(name)) or _padded(known)
    if bare and speaks and sheet.looks_numeric(name) and not sheet.numbers(name).wrong:
        return _bare_clock(sheet.numbers(name).values)
    return None


def refuse_periods(sheet: Sheet, name: str, dates: NDArray[np.int64]) -> None:
    """Beside dates, 1 to 48 are settlement periods, and 1 to 25 the hours of a day with a clock change."""
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
    """``HE05``, or ``05-06``: an hour to the next."""
    match = re.fullmatch(ENDING, text)
    return match is not None and (match[1] is not None or (int(match[3]) - int(match[2])) % 24 == 1)


def _beginnings(cells: Cells) -> Cells:
    """``00:15`` of ``00:15 - 00:30``."""
    span = r"^(\d{1,2}[:.]\d{2}(?:[:.]\d{2})?) ?[-–] ?\d{1,2}[:.]\d{2}.*$"
    return (
        pc.replace_substring_regex(cells, span, r"\1") if mostly(sample(cells, 50), re.compile(span).match) else cells
    )


def _padded(cells: list[str]) -> bool:
    """``0030`` or ``003000`` in every cell, some with a leading zero."""
    pattern = r"([01]\d|2[0-4])([0-5]\d){%d}"
    fits = any(cells and all(re.fullmatch(pattern % size, c) for c in cells) for size in (1, 2))
    return fits and any(c.startswith("0") for c in cells)


def _clock_cells(cells: Cells) -> Nanoseconds:
    found = Fields(pc.utf8_trim_whitespace(cells), CLOCK)
    since, valid = found.clock(LATEST)
    return np.where(found.good & valid, since, NOT_A_TIME)


def _bare_clock(values: NDArray[np.float64]) -> Nanoseconds | None:
    """Hours, ``1330`` or ``133000``."""
    known = values[np.isfinite(values)]
    if not len(known) or known.min() < 0 or known.max() > 240_000 or not is_whole(values):
        return None
    unit = 10_000 if known.max() <= 24 else 100 if known.max() <= 2400 else 1
    whole = np.where(np.isfinite(values), values, 0).astype(np.int64) * unit
    hours, minutes, seconds = whole // 10_000, whole // 100 % 100, whole % 100
    if max(minutes.max(), seconds.max()) >= 60:
        return None
    return np.where(np.isfinite(values), hours * HOUR + minutes * MINUTE + seconds * SECOND, NOT_A_TIME)
