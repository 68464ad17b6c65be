"""Convert times to a time zone, and detect clock changes in files without offsets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.errors import UserError
from benchmark.reading.parsing import DAY, HOUR, MINUTE, NOT_A_TIME, SECOND, Nanoseconds, Stamps


def in_zone(stamps: Stamps, zone: str | None, path: Path) -> tuple[Stamps, list[str]]:
    """Convert times with an offset to the given zone; times without one are local times of that zone.

    Raises
    ------
    UserError
        If there is no such zone.
    """
    if zone is None:
        return stamps, _offset_notes(stamps)
    known = stamps.wall != NOT_A_TIME
    shown = np.where(known, stamps.instants, 0).view("M8[ns]")
    try:
        if stamps.offset is None:
            aware = pd.Series(shown).dt.tz_localize(
                zone, ambiguous=_first_hour(stamps.wall), nonexistent="shift_forward"
            )
        else:
            aware = pd.Series(shown).dt.tz_localize("UTC").dt.tz_convert(zone)
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise UserError(
            f"{path}: times cannot be read in the zone {zone!r} (--tz): {error}; e.g. Europe/Berlin"
        ) from error
    wall = aware.dt.tz_localize(None).to_numpy().astype("M8[ns]").view(np.int64)
    utc = aware.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("M8[ns]").view(np.int64)
    offset = ((wall - utc) // MINUTE).astype(np.int32)
    wall = np.where(known, wall, NOT_A_TIME)
    found = replace(stamps, wall=wall, offset=offset, dates_only=False)
    verb = "taken as" if stamps.offset is None else "shown in"
    return found, [f"Times are {verb} {zone} (--tz)."]


def _first_hour(wall: NDArray[np.int64]) -> Any:
    """Return (n,) True for rows in summer time, which ends when the clock falls back in the order of the file."""
    known = wall[wall != NOT_A_TIME]
    turned = len(known) > 1 and bool(np.median(np.diff(known)) < 0)
    ordered = known[::-1] if turned else known
    steps = np.diff(ordered)
    added, _ = hours_added(ordered, int(np.median(steps[steps > 0])) if (steps > 0).any() else 0)
    _, start, day = np.unique(ordered // DAY, return_index=True, return_inverse=True)
    summer = np.ones(len(wall), dtype=bool)
    before = added == added[start][day]
    summer[wall != NOT_A_TIME] = before[::-1] if turned else before
    return summer


def _offset_notes(stamps: Stamps) -> list[str]:
    if stamps.offset is None or stamps.epoch:
        return []
    different = np.unique(stamps.offset[stamps.wall != NOT_A_TIME])
    if len(different) < 2:
        return []
    shown = ", ".join(offset_text(int(o)) for o in different[:4])
    return [f"Offsets to UTC change within the file ({shown}); times are shown as written and ordered in UTC."]


def offset_text(minutes: int) -> str:
    """Format an offset as ``+11:00``, or ``Z`` for UTC."""
    if minutes == 0:
        return "Z"
    return f"{'+' if minutes > 0 else '-'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


@dataclass
class TimeText:
    """Maps points of a recording to their times as the file shows them."""

    wall: NDArray[np.int64]
    offset: NDArray[np.int32] | None
    dates_only: bool

    def __call__(self, point: int) -> str:
        wall = int(self.wall[point])
        if self.dates_only and self.offset is None and wall % DAY == 0:
            return str(np.datetime64(wall, "ns").astype("M8[D]"))
        unit = "s" if wall % SECOND == 0 else "ms" if wall % 10**6 == 0 else "us" if wall % 10**3 == 0 else "ns"
        text = str(np.datetime64(wall, "ns").astype(f"M8[{unit}]")).replace("T", " ")
        return text if self.offset is None else text + offset_text(int(self.offset[point]))


NIGHT = 4  # hour until which clocks may be changed
SUNDAY = 6


def hours_added(wall: Nanoseconds, step: int) -> tuple[NDArray[np.int64], list[str]]:
    """Return nanoseconds (n,) to add to local times so that clock changes disappear, and a note for each change.

    Parameters
    ----------
    wall : (n,) int64 array
        Local time in nanoseconds, in the order of the file.
    step : int
        Usual step in nanoseconds.
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
    """Return the rows where the clock falls back by an hour; none if rows are out of order anywhere else."""
    steps = np.diff(wall)
    falls = np.flatnonzero(steps <= 0) + 1
    years = 1 + (wall.max() - wall.min()) // (365 * DAY)
    if not len(falls) or len(falls) > 2 * years:
        return np.zeros(0, dtype=np.int64)
    right = np.abs(steps[falls - 1] - (step - HOUR)) <= step // 10
    right &= _at_night_on_sunday(wall[falls], (3, 4, 9, 10, 11))
    return falls if right.all() else np.zeros(0, dtype=np.int64)


def _interleaved(wall: Nanoseconds, step: int) -> NDArray[np.int64]:
    """Return the second row of each pair of equal times if an hour of a Sunday night occurs twice in a sorted file."""
    steps = np.diff(wall)
    repeats = np.flatnonzero(steps == 0) + 1
    nothing = np.zeros(0, dtype=np.int64)
    if not len(repeats) or len(repeats) != round(HOUR / step) or (steps < 0).any():
        return nothing
    again = wall[repeats]
    one_hour = again.max() - again.min() == HOUR - step and len(np.unique(again)) == len(again)
    return repeats if one_hour and _at_night_on_sunday(again, (3, 4, 9, 10, 11)).all() else nothing


def _set_forward(wall: Nanoseconds, step: int) -> NDArray[np.int64]:
    """Return the rows after exactly one missing hour on a Sunday night in spring (autumn in the south)."""
    rows = np.flatnonzero(np.abs(np.diff(wall) - (step + HOUR)) <= step // 10) + 1
    if not len(rows):
        return rows
    months = _at_night_on_sunday(wall[rows], (3, 4, 9, 10))
    hour = (wall[rows] % DAY) // HOUR
    dates = wall[rows].view("M8[ns]").astype("M8[D]")
    return rows[months & (hour >= 1) & _change_day(dates)]


def _change_day(dates: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Mark the last Sunday of March or September, the second of March, and the first of October."""
    months = dates.astype("M8[M]")
    day = (dates - months.astype("M8[D]")).astype(np.int64) + 1
    last = ((months + 1).astype("M8[D]") - dates).astype(np.int64) <= 7
    month = months.astype(np.int64) % 12 + 1
    in_march = (month == 3) & (last | ((day >= 8) & (day <= 14)))
    return np.asarray(in_march | ((month == 9) & last) | ((month == 10) & (day <= 7)))
