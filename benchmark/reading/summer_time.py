"""Daylight saving time in files that do not state a time zone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.reading.units import DAY, HOUR, Nanoseconds

NIGHT = 4  # clocks are changed between midnight and four
SUNDAY = 6


def hours_added(wall: Nanoseconds, step: int) -> tuple[NDArray[np.int64], list[str]]:
    """What to add to each stamp so that clock changes vanish, and a sentence for each.

    Parameters
    ----------
    wall : (n,) int64 array
        Nanoseconds on the wall clock, in the order of the file.
    step : int
        Usual step.
    """
    added = np.zeros(len(wall), dtype=np.int64)
    if not 0 < step <= HOUR or len(wall) < 3:
        return added, []
    back = _set_back(wall, step)
    twice = _interleaved(wall, step) if not len(back) else np.zeros(0, dtype=np.int64)
    notes = []
    for row in back:
        added[row:] += HOUR
        notes.append(
            f"The clock was set back one hour at {_text(wall[row])}: both hours are kept, in the order of the file."
        )
    if len(twice):
        added[twice] += HOUR
        added[wall > wall[twice].max()] += HOUR
        notes.append(f"The hour from {_text(wall[twice[0]])} comes twice: the clock was set back; both hours are kept.")
    for row in _set_forward(wall, step):
        added[row:] -= HOUR
        notes.append(f"The clock was set forward one hour to {_text(wall[row])}: no point is missing there.")
    return added, notes


def _text(wall: int) -> str:
    return str(np.datetime64(int(wall), "ns").astype("M8[m]")).replace("T", " ")


def _at_night_on_sunday(wall: Nanoseconds, months: tuple[int, ...]) -> NDArray[np.bool_]:
    days = wall // DAY
    weekday = (days + 3) % 7
    month = wall.view("M8[ns]").astype("M8[M]").astype(np.int64) % 12 + 1
    return np.asarray((weekday == SUNDAY) & (wall % DAY <= NIGHT * HOUR) & np.isin(month, months))


def _set_back(wall: Nanoseconds, step: int) -> NDArray[np.int64]:
    """Rows where the clock falls by an hour less a step; none if rows are out of order anywhere else."""
    steps = np.diff(wall)
    falls = np.flatnonzero(steps <= 0) + 1
    years = 1 + (wall.max() - wall.min()) // (365 * DAY)
    if not len(falls) or len(falls) > 2 * years:
        return np.zeros(0, dtype=np.int64)
    right = np.abs(steps[falls - 1] - (step - HOUR)) <= step // 10
    right &= _at_night_on_sunday(wall[falls], (3, 4, 9, 10, 11))
    return falls if right.all() else np.zeros(0, dtype=np.int64)


def _interleaved(wall: Nanoseconds, step: int) -> NDArray[np.int64]:
    """The second of each pair of stamps where one hour of a Sunday night comes twice in a sorted file."""
    steps = np.diff(wall)
    repeats = np.flatnonzero(steps == 0) + 1
    nothing = np.zeros(0, dtype=np.int64)
    if not len(repeats) or len(repeats) != round(HOUR / step) or (steps < 0).any():
        return nothing
    again = wall[repeats]
    one_hour = again.max() - again.min() == HOUR - step and len(np.unique(again)) == len(again)
    return repeats if one_hour and _at_night_on_sunday(again, (3, 4, 9, 10, 11)).all() else nothing


def _set_forward(wall: Nanoseconds, step: int) -> NDArray[np.int64]:
    """Rows after exactly one missing hour in a Sunday's night of spring (autumn in the south)."""
    rows = np.flatnonzero(np.abs(np.diff(wall) - (step + HOUR)) <= step // 10) + 1
    if not len(rows):
        return rows
    months = _at_night_on_sunday(wall[rows], (3, 4, 9, 10))
    hour = (wall[rows] % DAY) // HOUR
    dates = wall[rows].view("M8[ns]").astype("M8[D]")
    return rows[months & (hour >= 1) & _change_day(dates)]


def _change_day(dates: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Last Sunday of March or September, second of March, first of October."""
    months = dates.astype("M8[M]")
    day = (dates - months.astype("M8[D]")).astype(np.int64) + 1
    last = ((months + 1).astype("M8[D]") - dates).astype(np.int64) <= 7
    month = months.astype(np.int64) % 12 + 1
    in_march = (month == 3) & (last | ((day >= 8) & (day <= 14)))
    return np.asarray(in_march | ((month == 9) & last) | ((month == 10) & (day <= 7)))
