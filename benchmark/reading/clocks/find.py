"""Find the time columns of a table: time stamps, a date and a time of day, an epoch, or a counter."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import UserError
from benchmark.reading.clocks.clock import Clock
from benchmark.reading.clocks.date_parts import are_years, from_parts
from benchmark.reading.clocks.epochs import doubt, epoch_notes, from_epoch, spreadsheet_days
from benchmark.reading.clocks.time_of_day import HOUR_NAME, add_finer_parts, refuse_periods, time_of_day
from benchmark.reading.clocks.whole_dates import short_stamps, whole_dates
from benchmark.reading.options import LOST_AT_MOST, WITHOUT
from benchmark.reading.parsing import (
    DAY,
    HOUR,
    NOT_A_TIME,
    YEARLESS,
    Sheet,
    Stamps,
    cell,
    is_constant,
    is_counter,
    mostly,
    sample,
)

BEST_NAMES = ("_time", "timestamp", "time", "datetime", "date_time", "date", "ts", "ds", "t")
CLOCK_NAME = re.compile(
    r".*(time|date|stamp|datum|zeit|uhr|fecha|hora|heure|epoch|clock|utc|jour|tag\b).*|ts|ds|t|dt|index", re.I
)
VALUE_NAME = re.compile(r"_?values?|y|x|data|reading|measurement", re.I)
DURATION = re.compile(r"duration|elapsed|moving|asleep|awake|in bed|dauer|durée|sunrise|sunset", re.I)
FEW = 10  # times that may come equally often by chance


def find_clock(sheet: Sheet, taken: tuple[str | None, ...]) -> Clock | None:
    """Return the times of the column that the user named, or else of the most likely column.

    Raises
    ------
    UserError
        If the column contains no times, or more than 2 % of its cells are not times.
    """
    wanted = sheet.options.time
    if sheet.options.since:
        from_epoch(np.zeros(1), since=sheet.options.since)  # raises an error if it is no day
    if wanted == WITHOUT:
        return None
    clock = _named(sheet, wanted, taken) if wanted else _best(sheet, taken)
    if clock is not None and clock.stamps is not None:
        wall, finer = add_finer_parts(sheet, clock.stamps.wall, (*taken, *clock.columns))
        if finer:
            clock.columns, clock.stamps = (*clock.columns, *finer), replace(clock.stamps, wall=wall)
        _check(clock.stamps, clock, sheet)
    if clock is not None and sheet.options.since is None:
        _refuse_two_epochs(clock, sheet)
    return clock


def unread_times(sheet: Sheet, clock: Clock | None, taken: tuple[str | None, ...]) -> list[str]:
    """Return a note on a column that looks like times but was not read, if no other column has times."""
    if (clock is not None and clock.stamps is not None) or sheet.options.time is not None:
        return []
    free = [name for name in sheet.names if name not in taken and not (clock and name in clock.columns)]
    for name in free:
        known = sample(sheet.cells(name), 400)
        different = len(set(known)) > 0.9 * len(known) > 2
        if different and not sheet.looks_numeric(name) and all(re.search(r"\d", c) for c in known[:20]):
            return [f"The column {name!r} was not read as times, e.g. {known[0]!r}; rows are taken as evenly spaced."]
    return []


def _refuse_two_epochs(clock: Clock, sheet: Sheet) -> None:
    """Raise an error if numbers may count from two different days; for a mere counter add a note instead."""
    name = clock.columns[0]
    if clock.stamps is not None and not clock.stamps.epoch.endswith("since 1970"):
        return
    days = doubt(sheet.numbers(name).values, name) if CLOCK_NAME.fullmatch(name) or clock.stamps is not None else ""
    if days and clock.stamps is None:
        clock.notes.append(f"{name!r} only counts; it has times with {days}.")
    elif days:
        raise UserError(
            f"{sheet.path}: {sheet.cells(name)[0]} in {name!r} can count from two days: say {days}, "
            f"or number the rows with --time {WITHOUT}"
        )


def _check(stamps: Stamps, clock: Clock, sheet: Sheet) -> None:
    lost = int((stamps.wall == NOT_A_TIME).sum())
    if lost > LOST_AT_MOST * len(stamps.wall):
        shown = f", e.g. {stamps.example!r}" if stamps.example else ""
        raise UserError(
            f"{sheet.path}: {lost:,} of {len(stamps.wall):,} cells of {clock.name} are no times{shown}: "
            f"name another column with --time, or number the rows with --time {WITHOUT}"
        )


def _named(sheet: Sheet, name: str, taken: tuple[str | None, ...]) -> Clock:
    found = _as_clock(sheet, name, True)
    if found is None:
        numbers = sheet.numbers(name)
        if numbers.wrong > LOST_AT_MOST * len(numbers.values):
            raise UserError(
                f"{sheet.path}: {numbers.wrong:,} of {len(numbers.values):,} cells of {name!r} are neither "
                f"times nor numbers, e.g. {numbers.example!r}: name another column with --time, "
                f"or number the rows with --time {WITHOUT}"
            )
        return Clock((name,), None, numbers.values)
    if found.stamps is not None and found.stamps.dates_only:
        return _with_time_of_day(sheet, found, taken)
    return found


def _best(sheet: Sheet, taken: tuple[str | None, ...]) -> Clock | None:
    free = [name for name in sheet.names if name not in taken]
    found = [clock for name in free if (clock := _as_clock(sheet, name, False)) is not None]
    if (parts := from_parts(sheet, free)) is not None:
        found.append(parts)
    if (alone := _time_alone(sheet, free, found)) is not None:
        found.append(alone)
    found = [_with_time_of_day(sheet, c, taken) if c.stamps is not None and _constant(c) else c for c in found]
    useful = [clock for clock in found if not _constant(clock)] or [c for c in found if len(sheet.table) == 1]
    if not any(clock.stamps is not None for clock in useful):
        _refuse_mixed_forms(sheet, free)
    if not useful:
        return None
    clock = min(useful, key=lambda c: _preference(c, sheet))
    others = [c.name for c in useful if c is not clock and c.stamps is not None]
    if clock.stamps is not None and clock.stamps.dates_only:
        clock = _with_time_of_day(sheet, clock, taken)
    if others:
        clock.notes.append(f"The times are those of {clock.name}; --time chooses another ({', '.join(others)}).")
    return clock


def _refuse_mixed_forms(sheet: Sheet, free: list[str]) -> None:
    """Raise an error if the cells of a column look like times but have different formats."""
    for name in free:
        cells = sample(sheet.cells(name), 400)
        likely = [c for c in cells if cell.kind(c) == "time" and not cell.is_clock(c)]
        if cells and len(likely) >= 0.5 * len(cells) and sheet.stamps(name) is None:
            if mostly(cells, re.compile(YEARLESS).fullmatch):
                raise UserError(
                    f"{sheet.path}: the times of {name!r} have no year, e.g. {likely[0]!r}: write it, "
                    f"or number the rows with --time {WITHOUT}"
                )
            alike = len({re.sub(r"\d", "9", c) for c in cells}) == 1
            other = next((c for c in cells if cell.kind(c) != "time"), likely[-1])
            how, cure = f"not written in one way (e.g. {likely[0]!r} and {other!r})", "alike"
            if alike:
                how, cure = f"written in an unknown way (e.g. {likely[0]!r})", "as 2024-12-31T23:59:59.5"
            raise UserError(
                f"{sheet.path}: the times of {name!r} are {how}: write them {cure}, "
                f"name another column with --time, or number the rows with --time {WITHOUT}"
            )


def _preference(clock: Clock, sheet: Sheet) -> tuple[int, int, int, int, int]:
    """Return a sort key: time stamps before years, then other numbers; usual names first, then left to right."""
    name = clock.columns[0].lower()
    timely = CLOCK_NAME.fullmatch(name) and name != "index"
    known = BEST_NAMES.index(name) if name in BEST_NAMES else len(BEST_NAMES) + (not timely)
    coarse = int(clock.stamps is not None and clock.stamps.dates_only)
    place = sheet.names.index(clock.columns[0]) if clock.columns[0] in sheet.names else 0
    years = clock.numbers is not None and are_years(clock.numbers, name)
    return int(clock.stamps is None), coarse, int(not years), known, place


def _constant(clock: Clock) -> bool:
    values = clock.stamps.wall if clock.stamps is not None else clock.numbers
    return values is None or bool(values.min() == values.max())


def _as_clock(sheet: Sheet, name: str, asked: bool) -> Clock | None:
    """Read a column as times; numbers only if their name or order suggests times, or the user named the column."""
    stamps = sheet.stamps(name)
    compact = stamps is not None and all(re.fullmatch(r"\d{8,}", c) for c in sample(sheet.cells(name), 20))
    if stamps is not None and compact and stamps.wrong > LOST_AT_MOST * len(stamps.wall):
        stamps, compact = None, False  # numbers that happen to start like a year
    if stamps is not None and not compact:
        return Clock((name,), stamps, notes=list(stamps.notes))
    if not sheet.looks_numeric(name) or (not asked and VALUE_NAME.fullmatch(name)):
        return None
    if sheet.numbers(name).wrong:
        return None
    values = sheet.numbers(name).values
    likely = asked or _ordered(values) or bool(CLOCK_NAME.fullmatch(name)) or (compact and is_constant(values))
    if not likely:
        return None
    epoch = stamps if compact else _counted(sheet, values, name)
    if epoch is not None:
        return Clock((name,), epoch, notes=[*epoch_notes(epoch, name), *epoch.notes])
    counts = is_counter(values) or (_in_order(values) and bool(CLOCK_NAME.fullmatch(name))) or are_years(values, name)
    return Clock((name,), None, values) if counts or _is_shared(values, name) else None


def _counted(sheet: Sheet, values: NDArray[np.float64], name: str) -> Stamps | None:
    """Read numbers as times by the first format that fits: 1122024 is a date of 2024, not 20:24 on a day of 2000."""
    since = sheet.options.since
    if since is not None:
        return from_epoch(values, name, since)
    dates = whole_dates(values, name)
    found = (None if dates else short_stamps(values, name)) or from_epoch(values, name) or dates
    return found or spreadsheet_days(values, name, sheet.table.form.startswith("Excel"))


def _ordered(values: NDArray[np.float64]) -> bool:
    steps = np.diff(values[np.isfinite(values)])
    moving = steps[steps != 0]
    return len(moving) > 0 and max(float((moving > 0).mean()), float((moving < 0).mean())) >= 0.95


def _in_order(values: NDArray[np.float64]) -> bool:
    """Return True if nearly all numbers exceed all earlier ones; those that restart each month are no counter."""
    known = values[np.isfinite(values)]
    rising = known if len(known) and known[-1] >= known[0] else -known
    beyond = np.diff(np.maximum.accumulate(rising)) > 0
    return len(beyond) > 0 and float(beyond.mean()) >= 1 - LOST_AT_MOST


def _is_shared(values: NDArray[np.float64], name: str) -> bool:
    """Return True for rising counts that come several times, as if each were the time of several series."""
    if len(values) < 2 or not np.all(np.diff(values) >= 0):
        return False
    times = np.unique(values, return_counts=True)[1]
    return name.lower() in BEST_NAMES or (name == "column 1" and len(times) > FEW and times.min() == times.max() > 1)


def _with_time_of_day(sheet: Sheet, clock: Clock, taken: tuple[str | None, ...]) -> Clock:
    """Combine dates with the time of day in another column, if there is one."""
    assert clock.stamps is not None
    repeats = bool(np.any(np.diff(clock.stamps.wall) == 0))
    for name in sorted(sheet.names, key=lambda name: not _of_day(name)):  # "Time" before "Duration"
        if name in taken or name in clock.columns or not _may_belong(sheet, name, clock.columns[-1]):
            continue
        if not repeats and not _of_day(name):
            continue  # what is measured once a day, such as a duration or the sunrise
        if repeats:
            refuse_periods(sheet, name, clock.stamps.wall)
        hours = time_of_day(sheet, name, repeats, clock.stamps.wall)
        if hours is not None:
            lost = (clock.stamps.wall == NOT_A_TIME) | (hours == NOT_A_TIME)
            wall = np.where(lost, NOT_A_TIME, clock.stamps.wall + np.where(lost, 0, hours))
            wrong = clock.stamps.wrong + int((hours == NOT_A_TIME).sum())
            joined = Stamps(wall, clock.stamps.offset, wrong, clock.stamps.example, day_first=clock.stamps.day_first)
            return Clock((*clock.columns, name), joined, notes=clock.notes)
    return clock


def _of_day(name: str) -> bool:
    """Return True if a column's name says that it may hold times of day; columns without a header may, too."""
    named = CLOCK_NAME.fullmatch(name) or HOUR_NAME.fullmatch(name)
    return (bool(named) or name in ("h", "H") or name.startswith("column ")) and not DURATION.search(name)


def _may_belong(sheet: Sheet, name: str, date: str) -> bool:
    """Return True if a column may hold the times of a date; numbers without a header must directly follow it."""
    near = sheet.names.index(name) == sheet.names.index(date) + 1
    return near or not name.startswith("column ") or not sheet.looks_numeric(name)


def _time_alone(sheet: Sheet, free: list[str], found: list[Clock]) -> Clock | None:
    """Read a time of day without a date; days are counted whenever midnight is passed."""
    if any(clock.stamps is not None for clock in found):
        return None
    for name in free:
        since = time_of_day(sheet, name, False)
        if since is not None and not np.any(since == NOT_A_TIME):
            nights = np.concatenate([[0], np.cumsum(np.diff(since) < -12 * HOUR)])
            wall = since + nights * DAY
            if np.mean(wall < np.maximum.accumulate(wall)) > LOST_AT_MOST:
                continue  # 12:59 and then 1:00, without AM and PM
            note = f"{name!r} is a time of day without a date; days are counted from 1970-01-01 at each midnight."
            return Clock((name,), Stamps(wall), notes=[note])
    return None
