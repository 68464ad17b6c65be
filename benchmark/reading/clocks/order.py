"""Sort rows by time, and insert missing points if the time stamps form a regular grid."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import UserError, counted
from benchmark.reading.clocks.clock import Clock
from benchmark.reading.clocks.zones import hours_added
from benchmark.reading.options import LOST_AT_MOST, WITHOUT
from benchmark.reading.parsing import DAY, HOUR, MINUTE, NOT_A_TIME, SECOND, Stamps

Rows = NDArray[np.int64]
INSERTED = -1
JITTER = 0.1
ON_GRID = 0.98
GAPS_AT_MOST = 0.05
FALL, GAP, MONTHS = 300 * DAY, 20 * DAY, 12  # of years that were joined month by month
FEW, FAR, YEAR = 10, 3, 365 * DAY  # an outlying time needs 10 rows, 3 usual spans of distance, and at least a year
UNITS = (
    (365 * DAY, "year"),
    (7 * DAY, "week"),
    (DAY, "day"),
    (HOUR, "h"),
    (MINUTE, "min"),
    (SECOND, "s"),
    (10**6, "ms"),
)


@dataclass
class Order:
    """The row of the table at each point of the series.

    Attributes
    ----------
    rows : (n,) int64 array
        Row of the table; -1 for inserted points.
    before : (n,) int64 array
        The last row of the table at or before the point.
    ahead : (n,) float64 or int64 array
        Time since that row, in the clock's unit.
    step : str
        Usual step in words.
    usual : float or None
        Usual step in the clock's unit; None if the points are not on a regular grid.
    """

    rows: Rows
    before: Rows
    ahead: Any
    step: str = ""
    usual: float | None = None
    notes: list[str] = field(default_factory=list)


def file_order(count: int) -> Order:
    """Return the order of a file without times: its rows as they are."""
    rows = np.arange(count)
    return Order(rows, rows, np.zeros(count, dtype=np.int64))


def arrange(clock: Clock, path: Path, zone: str | None, places: Rows) -> Order:
    """Sort rows, drop those with a missing, repeated or wrong time, and insert missing points.

    Each change is noted with its number of rows. ``places`` (n,) gives the rows of the file for notes on wrong times.

    Raises
    ------
    UserError
        If more than 2 % of the rows would be lost.
    """
    notes: list[str] = []
    ticks = _ticks(clock)
    rows = np.flatnonzero(ticks != NOT_A_TIME if clock.stamps is not None else np.isfinite(ticks))
    lost = len(ticks) - len(rows)
    if lost:
        example = f", e.g. {clock.stamps.example!r}" if clock.stamps is not None and clock.stamps.example else ""
        notes.append(f"Dropped: {counted(lost, 'row')} whose {clock.name} cannot be read as a time{example}.")
    if lost > LOST_AT_MOST * len(ticks):
        raise UserError(
            f"{path}: {notes[-1][9:-1]}, more than 2 %: name another column with --time, "
            f"or number the rows with --time {WITHOUT}"
        )
    rows = _drop_outliers(rows, ticks, clock, path, places, notes)
    rows = _reverse_if_descending(rows, ticks, notes)
    _refuse_joined_years(ticks[rows], clock, path)
    elapsed = ticks[rows]
    if clock.stamps is not None and clock.stamps.offset is None and zone is None:
        added, said = hours_added(elapsed, _usual(elapsed))
        elapsed, notes = elapsed + added, notes + said
    rows, elapsed = _sort(rows, elapsed, notes)
    rows, elapsed = _drop_repeats(rows, elapsed, len(ticks), clock, path, notes)
    return _on_grid(rows, elapsed, clock, notes)


def _ticks(clock: Clock) -> Any:
    stamps, ticks = clock.stamps, clock.ticks
    if stamps is not None and stamps.offset is not None and len(ticks) > 1 and _usual(ticks) >= 0.9 * DAY:
        return stamps.wall  # local time, in which days with a clock change are equal, too
    return ticks


def _usual(ticks: Any) -> Any:
    steps = np.diff(ticks)
    steps = steps[steps > 0]
    return np.median(steps).astype(ticks.dtype) if len(steps) else 0


def _drop_outliers(rows: Rows, ticks: Any, clock: Clock, path: Path, places: Rows, notes: list[str]) -> Rows:
    """Drop rows whose time is years away from all others, because a clock was wrong."""
    if clock.stamps is None or len(rows) < FEW:
        return rows
    low, high = np.quantile(ticks[rows], (0.1, 0.9))
    beyond = max(float(FAR * (high - low)), float(YEAR))
    far = (ticks[rows] < low - beyond) | (ticks[rows] > high + beyond)
    many = far.sum() > LOST_AT_MOST * len(ticks)
    if not far.any() or (many and not np.any(np.diff(ticks[rows]) < 0)):
        return rows
    first = int(rows[np.argmax(far)])
    said = (
        f"{counted(int(far.sum()), 'row')} whose {clock.name} lies years from all others (data row {places[first]}: "
        f"{_time_text(clock, first)})"
    )
    if many:
        raise UserError(
            f"{path}: {said}, more than 2 %: correct them, name another column with --time, or number the rows with "
            f"--time {WITHOUT}"
        )
    notes.append(f"Left out: {said}.")
    return np.asarray(rows[~far])


def _refuse_joined_years(ticks: Any, clock: Clock, path: Path) -> None:
    """Raise an error for a year composed of months of several years, whose order by time is not that of the file."""
    steps = np.diff(ticks)
    falls = (steps < -FALL).sum()
    if clock.stamps is None or len(ticks) < FEW or not falls or falls < (steps < 0).sum():
        return
    gaps = (np.diff(np.sort(ticks)) > GAP).sum()
    if gaps >= falls and (steps > GAP).sum() <= MONTHS:
        raise UserError(
            f"{path}: the times of {clock.name} fall back by years in {counted(int(falls), 'place')} and leave gaps "
            f"when they are sorted, as in a typical year made of several: keep the order of the rows with "
            f"--time {WITHOUT}, or sort them"
        )


def _reverse_if_descending(rows: Rows, ticks: Any, notes: list[str]) -> Rows:
    steps = np.diff(ticks[rows])
    if len(steps) and (steps < 0).sum() > 0.9 * len(steps):
        notes.append("The newest row comes first; all rows were turned round.")
        return rows[::-1]
    return rows


def _sort(rows: Rows, elapsed: Any, notes: list[str]) -> tuple[Rows, Any]:
    late = int((elapsed < np.maximum.accumulate(elapsed)).sum()) if len(elapsed) else 0
    if not late:
        return rows, elapsed
    notes.append(f"Sorted by time: {counted(late, 'row')} stood after a later one.")
    order = np.argsort(elapsed, kind="stable")
    return rows[order], elapsed[order]


def _drop_repeats(rows: Rows, elapsed: Any, total: int, clock: Clock, path: Path, notes: list[str]) -> tuple[Rows, Any]:
    again = np.concatenate([[False], np.diff(elapsed) == 0])
    count = int(again.sum())
    if not count:
        return rows, elapsed
    shown = _time_text(clock, int(rows[int(np.argmax(again))]))
    if count > LOST_AT_MOST * total:
        raise UserError(
            f"{path}: {count:,} of {total:,} rows repeat a time of {clock.name} (first: {shown}). If the file "
            "holds several series, name their column with --series-column; name the clock with --time; "
            f"or number the rows with --time {WITHOUT}"
        )
    notes.append(f"Dropped: {counted(count, 'row')} at a time that an earlier row has (first: {shown}).")
    return rows[~again], elapsed[~again]


def _time_text(clock: Clock, row: int) -> str:
    if clock.stamps is None:
        return f"{clock.numbers[row]:g}" if clock.numbers is not None else ""
    return str(np.datetime64(int(clock.stamps.wall[row]), "ns").astype("M8[s]")).replace("T", " ")


def _on_grid(rows: Rows, elapsed: Any, clock: Clock, notes: list[str]) -> Order:
    """Insert missing points if the steps are multiples of the usual one; irregular times are not changed."""
    plain = Order(rows, rows, np.zeros(len(rows), dtype=np.asarray(elapsed).dtype), notes=notes)
    if len(rows) < 3:
        return plain
    ticks, usual, plain.step = _calendar(elapsed, clock)
    steps = np.diff(ticks)
    apart = np.maximum(np.round(steps / usual), 1).astype(np.int64)
    even = np.abs(steps / usual - apart) <= JITTER * np.maximum(apart, 1)
    if even.mean() < ON_GRID:
        odd = int((~even).sum())
        notes.append(
            f"{odd:,} of {len(steps):,} steps are no multiple of the usual one ({plain.step}); "
            "rows count as evenly spaced."
        )
        return plain
    if ticks is elapsed:
        plain.usual = float(usual)
    gaps, added = int((apart > 1).sum()), int((apart - 1).sum())
    if not added:
        return plain
    if (gaps > GAPS_AT_MOST * len(steps) and gaps > 2) or added > len(rows):
        notes.append(
            f"{counted(gaps, 'step')} {'is' if gaps == 1 else 'are'} longer than the usual one ({plain.step}), too "
            "many for gaps (nights or weekends left out?): rows count as evenly spaced."
        )
        plain.usual = None
        return plain
    longest = int(np.argmax(apart))
    notes.append(
        f"Put in: {counted(added, 'missing point')} in {counted(gaps, 'gap')} of the time stamps (the longest: "
        f"{apart[longest] - 1:,} after {_time_text(clock, int(rows[longest]))}), interpolated; "
        "they are never flagged."
    )
    return _with_gaps(rows, elapsed, apart, plain)


def _with_gaps(rows: Rows, elapsed: Any, apart: NDArray[np.int64], plain: Order) -> Order:
    at = np.concatenate([[0], np.cumsum(apart)])
    found = np.full(int(at[-1]) + 1, INSERTED, dtype=np.int64)
    found[at] = rows
    place = np.repeat(np.arange(len(rows)), np.append(apart, 1))
    since = np.arange(len(found)) - at[place]
    pace = np.append(np.diff(elapsed) / apart, 0)
    ahead = (since * pace[place]).astype(np.asarray(elapsed).dtype)
    return Order(found, rows[place], ahead, plain.step, plain.usual, plain.notes)


def _calendar(elapsed: Any, clock: Clock) -> tuple[Any, Any, str]:
    """Return ticks, usual step and its description; months are equal steps, whatever their length."""
    usual = np.median(np.diff(elapsed))
    if clock.stamps is None:
        return elapsed, usual, f"{usual:g}"
    if usual >= 27.5 * DAY:
        months = elapsed.view("M8[ns]").astype("M8[M]").astype(np.int64)
        step = np.median(np.diff(months))
        if step >= 1 and len(np.unique(months)) == len(months):
            words = {1: "1 month", 3: "3 months", 12: "1 year"}
            return months, step, words.get(int(step), f"{step:g} months")
    return elapsed, usual, duration(float(usual))


def duration(nanoseconds: float) -> str:
    """Format a duration, e.g. ``30 min``, ``1 day`` or ``250 ms``."""
    for size, unit in UNITS:
        if nanoseconds >= size and abs(nanoseconds / size - round(nanoseconds / size, 3)) < 1e-9:
            count = nanoseconds / size
            if count == round(count) or unit in ("s", "ms"):
                plural = "s" if unit in ("day", "week", "year") and count != 1 else ""
                return f"{count:g} {unit}{plural}"
    return f"{nanoseconds / SECOND:.6g} s"


def wall_at(stamps: Stamps, order: Order) -> NDArray[np.int64]:
    """Return the local time (n,) of each point, including inserted ones."""
    return np.asarray(stamps.wall[order.before] + order.ahead)
