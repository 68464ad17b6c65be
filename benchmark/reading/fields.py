"""Fields of dates: year, month, day and clock from runs of digits, and the order of day and month."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.reading.numbers import sample
from benchmark.reading.table import Cells, as_mask
from benchmark.reading.units import DAY, HOUR, MINUTE, SECOND, Nanoseconds

MENDED = 2  # odd steps that a change of the clock makes in series of less than a day
AFTERNOON, MORNING = r"[Pp]\.? ?[Mm]\.?$", r"[Aa]\.? ?[Mm]\.?$"


EASTERN = (  # as RE2 reads them, and what they become
    ("[\u00a0\u202f\u2009\u3000]+", " "),
    (r"(\d)\s?[年년월月][ ]?(\d)", r"\1-\2"),
    (r"(\d)\s?[年년월月][ ]?(\d)", r"\1-\2"),
    (r"(\d)[日일] ?", r"\1 "),
    (r"(\d)[時时点시分분] ?(\d)", r"\1:\2"),
    (r"(\d)[時时点시分분] ?(\d)", r"\1:\2"),
    (r"(\d)[時时点시]$", r"\1:00"),
    (r":(\d)([:分분])", r":0\1\2"),
    (r":(\d)([秒초]?)$", r":0\1\2"),
    (r"(\d)[分분秒초]$", r"\1"),
    (r"^(.*?) ?(?:上午|午前|오전) ?(.*)$", r"\1 \2 AM"),
    (r"^(.*?) ?(?:下午|午後|오후) ?(.*)$", r"\1 \2 PM"),
)


def plain_times(cells: Cells) -> Cells:
    """Times with ASCII's blanks, and the marks of China, Japan and Korea as hyphens, colons, AM and PM."""
    import pyarrow.compute as pc

    if not all(c.isascii() for c in sample(cells, 50)):
        for pattern, into in EASTERN:
            cells = pc.replace_substring_regex(cells, pattern, into)
    if any(re.match(r"\d{1,4}\. ", c) for c in sample(cells, 50)):  # "2024. 1. 31. 13:30", "31. 1. 2024 13:30"
        cells = pc.replace_substring_regex(cells, r"^(\d{1,4})\. ?(\d{1,2})\. ?(\d{1,4})\.?", r"\1.\2.\3")
    if any(c.endswith(" Uhr") for c in sample(cells, 50)):
        cells = pc.replace_substring_regex(cells, " Uhr$", "")
    return cells


class Ambiguous(Exception):
    """Day first and month first both fit the column."""


def fields_of(
    numbers: NDArray[np.int64], lengths: NDArray[np.int8], order: str, month: NDArray[np.int32] | None
) -> dict[str, Any]:
    """Year, month, day and the runs of the clock."""
    if order == "ctime":
        places, clock = {"d": 0, "y": 4}, slice(1, 4)
    elif month is not None:
        places, clock = {"d": 0, "y": 1}, slice(2, 6)
    else:
        places, clock = {mark: place for place, mark in enumerate(order.replace("??", "dm"))}, slice(3, 7)
    one = np.ones(len(numbers), dtype=np.int64)
    clocks, clock_len = numbers[:, clock], lengths[:, clock]
    if clocks.shape[1] < 4:
        clocks, clock_len = np.pad(clocks, ((0, 0), (0, 1))), np.pad(clock_len, ((0, 0), (0, 1)))
    return {
        "year": numbers[:, places["y"]],
        "ylen": lengths[:, places["y"]],
        "month": month if month is not None else numbers[:, places["m"]],
        "day": numbers[:, places["d"]] if "d" in places else one,
        "clock": clocks,
        "clock_len": clock_len,
    }


def hours_of(text: Cells, hours: NDArray[np.int64]) -> NDArray[np.int64]:
    """Hours of the day, AM and PM included."""
    import pyarrow.compute as pc

    if not any(re.search(f"{AFTERNOON}|{MORNING}", c) for c in sample(text, 50)):
        return hours
    afternoon, morning = (as_mask(pc.match_substring_regex(text, half)) for half in (AFTERNOON, MORNING))
    return np.where(afternoon & (hours < 12), hours + 12, np.where(morning & (hours == 12), 0, hours))


def wall_of(
    year: Any, month: Any, day: Any, hours: NDArray[np.int64], clock: NDArray[np.int64], lengths: NDArray[np.int8]
) -> tuple[Nanoseconds, NDArray[np.bool_]]:
    """Nanoseconds since 1970, and whether there is such a time."""
    year, month, day = (np.asarray(a, dtype=np.int64) for a in (year, month, day))
    months = np.clip((year - 1970) * 12 + month - 1, -3000, 3000).astype("M8[M]")
    days = months.astype("M8[D]").astype(np.int64)
    after = (months + np.timedelta64(1, "M")).astype("M8[D]").astype(np.int64)
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (day <= after - days) & (year >= 1700) & (year < 2200)
    valid &= (hours <= 24) & (clock[:, 1] < 60) & (clock[:, 2] <= 60)
    fraction = clock[:, 3] * 10 ** np.clip(9 - lengths[:, 3].astype(np.int64), 0, 9)
    wall = (days + day - 1) * DAY + hours * HOUR + clock[:, 1] * MINUTE + clock[:, 2] * SECOND + fraction
    return wall, valid


def in_order(wall: Nanoseconds) -> bool:
    """Whether several times follow each other, forward or backward."""
    steps = np.diff(wall)
    return len(steps) > 0 and bool(np.all(steps >= 0) or np.all(steps <= 0))


def day_and_month(
    numbers: NDArray[np.int64],
    lengths: NDArray[np.int8],
    good: NDArray[np.bool_],
    text: Cells,
    day_first: bool | None,
) -> tuple[dict[str, Any], bool | None, list[str]]:
    """One order for the whole column, whether day first, and why.

    It is what only one reading allows, else what only one puts in order.
    """
    if day_first is None and (found := _year_first(numbers, lengths, good, text)) is not None:
        return found
    day = fields_of(numbers, lengths, "dmy", None)
    month = fields_of(numbers, lengths, "mdy", None)
    first, second = numbers[good, 0], numbers[good, 1]
    high_first, high_second = int((first > 12).sum()), int((second > 12).sum())
    example = next(iter(sample(text, 3)), "")
    if day_first is not None:
        return (day if day_first else month), day_first, []
    if high_first or high_second:
        by_day = high_first > high_second
        wins, loses = max(high_first, high_second), min(high_first, high_second)
        if loses > 0.02 * (wins + loses):
            raise Ambiguous("some cells can only be day first, others only month first")
        beyond = int((first if by_day else second).max())
        why = f"{'first' if by_day else 'second'} numbers go up to {beyond}"
    elif "." in example[:6]:
        by_day, why = True, "dates with dots"
    else:
        by_day, why = _by_order(day, month, good, text)
    fields = day if by_day else month
    row = int(np.argmax(good))
    year = int(fields["year"][row])
    century = 0 if fields["ylen"][row] > 2 else (2000 if year < 70 else 1900)
    shown = f"{year + century}-{fields['month'][row]:02d}-{fields['day'][row]:02d}"
    order = "day first" if by_day else "month first"
    return fields, by_day, [f"Dates are {order} ({why}): {text[row].as_py()!r} is {shown} (--dayfirst, --monthfirst)."]


def _year_first(
    numbers: NDArray[np.int64], lengths: NDArray[np.int8], good: NDArray[np.bool_], text: Cells
) -> tuple[dict[str, Any], None, list[str]] | None:
    """``24-12-31``: only where two digits stand everywhere, and only so the steps are even."""
    if good.sum() < 3 or (lengths[good, :3] != 2).any():
        return None
    even, fields = {}, {}
    for order in ("ymd", "dmy", "mdy"):
        fields[order] = fields_of(numbers, lengths, order, None)
        parts = fields[order]
        hours = hours_of(text, parts["clock"][:, 0])
        century = np.where(parts["year"] < 70, 2000, 1900)
        year, clock = parts["year"] + century, (parts["clock"], parts["clock_len"])
        wall, valid = wall_of(year, parts["month"], parts["day"], hours, *clock)
        steps = np.diff(wall[good])
        usual = np.median(steps)
        even[order] = float(np.mean(steps == usual)) if valid[good].all() and usual != 0 else 0.0
    if even["ymd"] < 0.9 or even["ymd"] <= max(even["dmy"], even["mdy"]):
        return None
    example = text[int(np.argmax(good))].as_py()
    return fields["ymd"], None, [f"Dates begin with the year, e.g. {example!r}: only so the steps are even."]


def _odd_steps(steps: Nanoseconds) -> int:
    """How many steps differ from the usual one."""
    return int((steps != np.median(steps)).sum()) if len(steps) else 0


def _within_days(steps: Nanoseconds) -> bool:
    return len(steps) > 0 and 0 < abs(float(np.median(steps))) < DAY


def _by_order(day: dict[str, Any], month: dict[str, Any], good: NDArray[np.bool_], text: Cells) -> tuple[bool, str]:
    def walls(fields: dict[str, Any]) -> Nanoseconds:
        hours = hours_of(text, fields["clock"][:, 0])
        found, _ = wall_of(fields["year"], fields["month"], fields["day"], hours, fields["clock"], fields["clock_len"])
        return found[good]

    both = walls(day), walls(month)
    ordered = [in_order(wall) for wall in both]
    if ordered[0] != ordered[1]:
        return ordered[0], "the other reading is out of order"
    one, other = map(np.diff, both)
    odd = [_odd_steps(steps) for steps in (one, other)]
    told = min(odd) == 0 < max(odd) or (_within_days(one) and min(odd) <= MENDED < max(odd) // 3)
    if ordered[0] and told and len(one) > 12:
        return odd[0] < odd[1], "only so the steps are even"
    raise Ambiguous("day first and month first both fit every cell")
