"""Time zones: kept as written unless another is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import UserError
from benchmark.reading.stamps import Stamps
from benchmark.reading.summer_time import hours_added
from benchmark.reading.units import DAY, MINUTE, NOT_A_TIME, SECOND


def in_zone(stamps: Stamps, zone: str | None, path: Path) -> tuple[Stamps, list[str]]:
    """Times with an offset shown in the zone asked for; times without one are taken as that zone's.

    Raises
    ------
    UserError
        If there is no such zone.
    """
    if zone is None:
        return stamps, _said(stamps)
    import pandas as pd

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
    """For each row whether summer time still holds: until the clock falls back in the order of the file."""
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


def _said(stamps: Stamps) -> list[str]:
    if stamps.offset is None or stamps.epoch:
        return []
    different = np.unique(stamps.offset[stamps.wall != NOT_A_TIME])
    if len(different) < 2:
        return []
    shown = ", ".join(offset_text(int(o)) for o in different[:4])
    return [f"Offsets to UTC change within the file ({shown}); times are shown as written and ordered in UTC."]


def offset_text(minutes: int) -> str:
    """``+11:00``; ``Z`` for UTC."""
    if minutes == 0:
        return "Z"
    return f"{'+' if minutes > 0 else '-'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


@dataclass
class TimeText:
    """Times of the points of a recording as the file's clock shows them."""

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
