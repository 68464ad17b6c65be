"""Extract the fields of dates and times by patterns, and decide the order of day and month."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmark.reading.parsing.names import LETTERS
from benchmark.reading.parsing.numbers import sample
from benchmark.reading.parsing.table import Cells, as_mask
from benchmark.reading.parsing.units import DAY, HOUR, MINUTE, SECOND, Nanoseconds

Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]
Date = tuple[Whole, Whole, Whole]  # year, month and day
LATEST = 30  # hours: timetables count on after midnight, 25:10 is 01:10 of the next day
MENDED = 2  # odd steps that clock changes may cause in a series with steps of less than a day
SINCE, FUTURE, GAP = 1970, 2040, 10  # two-digit years: usual first year, latest year, least gap between centuries
HALF = r"(?: ?(?P<half>[AaPp])\.? ?[Mm]\.?)?"
EASTERN = (  # patterns of RE2 and their replacements
    ("[\u00a0\u202f\u2009\u3000]+", " "),
    (r" ?[(（]?(?:[월화수목금토일]요일|(?:星期|周|礼拜)[一二三四五六日天]|[月火水木金土日]曜日?)[)）]?", ""),
    (r" ?[(（][月火水木金土日월화수목금토일][)）]", ""),
    (r"(\d)\s?[年년월月][ ]?(\d)", r"\1-\2"),
    (r"(\d)\s?[年년월月][ ]?(\d)", r"\1-\2"),
    (r"(\d{4})-(\d{1,2})[月월]$", r"\1/\2"),
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

ODD = (
    (r"^(?:DT#|\[|')(\d.*?)\]?$", r"\1"),  # from controllers, web servers and spreadsheets
    (r"^(\d{1,4})\. (\d{1,2})\. ?(\d{1,4})\.?", r"\1.\2.\3"),  # "2024. 1. 31. 13:30", "31. 1. 2024 13:30"
    (r"^(\d{4}-\d{2}-\d{2})[-_ T](\d{2})-(\d{2})-(\d{2})", r"\1 \2:\3:\4"),
    (r"(\d)(?: @|,? (?:at|um|à|klo|kl\.?)) (\d)", r"\1 \2"),
    (" Uhr$", ""),
    (r"(\d{4}) ?(?:г(?:\.|ода)?|r\.)", r"\1"),  # Russian and Polish mark the year
    (rf"^[{LETTERS}]{{2,12}}\.?,? +(\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d)", r"\1"),  # "sam. 13/01/2024"
)


class Ambiguous(Exception):
    """Raised if day first and month first both fit the column."""


def plain_times(cells: Cells) -> Cells:
    """Replace Unicode blanks in times by ASCII's, and Chinese, Japanese and Korean marks by ``-``, ``:``, AM and PM."""
    if not all(c.isascii() for c in sample(cells, 50)):
        for pattern, into in EASTERN:
            cells = pc.replace_substring_regex(cells, pattern, into)
    for pattern, into in ODD:
        if any(re.search(pattern, c) for c in sample(cells, 50)):
            cells = pc.replace_substring_regex(cells, pattern, into)
    return cells


class Fields:
    """The named groups of a pattern in each cell.

    Attributes
    ----------
    good : (n,) bool array
        True where the pattern matches.
    since : int
        First of the hundred years to which two-digit years belong.
    """

    def __init__(self, text: Cells, pattern: str) -> None:
        found = pc.extract_regex(text, pattern)
        self.good = as_mask(found.is_valid())
        self._cells = {part.name: pc.fill_null(pc.struct_field(found, part.name), "") for part in found.type}
        self._none = pc.if_else(found.is_valid(), "", "")
        self.since = SINCE

    def __contains__(self, name: str) -> bool:
        return name in self._cells

    def text(self, name: str) -> Cells:
        """Return the text of a group in each cell, empty where it is absent."""
        return self._cells.get(name, self._none)

    def number(self, name: str) -> Whole:
        """Return a group as numbers, 0 where it is absent."""
        return _whole(self.text(name))

    def length(self, name: str) -> Whole:
        """Return the number of characters of a group in each cell."""
        return np.asarray(pc.utf8_length(self.text(name)), dtype=np.int64)

    def year(self, name: str = "year") -> Whole:
        """Return the years; two-digit ones are placed in the same hundred years for the whole column."""
        years, short = self.number(name), self.good & (self.length(name) <= 2)
        since = first_year(years[short])
        self.since = since if name == "year" else self.since
        return np.where(short, full_year(years, since), years)

    def clock(self, latest: int = 24) -> tuple[Nanoseconds, Mask]:
        """Return nanoseconds since midnight, and True where the time of day is valid; AM and PM are applied.

        Hours from 24 to ``latest`` belong to the next day.
        """
        hours, minutes, seconds = (self.number(name) for name in ("hour", "minute", "second"))
        half = pc.utf8_lower(self.text("half"))
        afternoon, morning = (as_mask(pc.equal(half, letter)) for letter in "pa")
        hours = np.where(afternoon & (hours < 12), hours + 12, np.where(morning & (hours == 12), 0, hours))
        fraction = _whole(pc.utf8_rpad(self.text("fraction"), 9, "0"))
        valid = (hours <= latest) & (minutes < 60) & (seconds <= 60)
        return hours * HOUR + minutes * MINUTE + seconds * SECOND + fraction, valid


def _whole(text: Cells) -> Whole:
    return np.asarray(pc.cast(pc.if_else(pc.equal(text, ""), "0", text), pa.int64()))


def full_year(year: Any, since: int = SINCE) -> Any:
    """Place a two-digit year in the hundred years from ``since`` on."""
    return since + (year - since) % 100


def year_notes(since: int) -> list[str]:
    """Return the note on two-digit years; empty if they start from 1970."""
    return [] if since >= SINCE else [f"Years of two digits are those from {since} on."]


def first_year(years: Whole) -> int:
    """Return the first of the hundred years for a column of two-digit years: the year after the widest gap.

    Years that would be far in the future belong to the century before.
    """
    present = np.unique(years)
    if not len(present) or full_year(present).max() <= FUTURE:
        return SINCE
    gaps = np.diff(np.append(present, present[0] + 100))
    if gaps.max() < GAP:
        return SINCE
    first = int(np.roll(present, -1)[np.argmax(gaps)])
    last = first + 100 - int(gaps.max())
    return first + (2000 if first < FUTURE - 2000 and last < SINCE + 100 - 2000 else 1900)


def midnight(year: Whole, month: Whole, day: Whole) -> tuple[Nanoseconds, Mask]:
    """Return nanoseconds since 1970 at the start of each day, and True where the date is valid."""
    months = np.clip((year - 1970) * 12 + month - 1, -270 * 12, 230 * 12).astype("M8[M]")  # 1700 to 2200
    days = months.astype("M8[D]").astype(np.int64)
    after = (months + np.timedelta64(1, "M")).astype("M8[D]").astype(np.int64)
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (day <= after - days) & (year >= 1700) & (year < 2200)
    return (days + day - 1) * DAY, valid


def day_of_year(year: Whole, day: Whole) -> tuple[Nanoseconds, Mask]:
    """Return nanoseconds since 1970 at the start of each day of a year, and True where the year has that day."""
    one = np.ones(len(year), dtype=np.int64)
    start, valid = midnight(year, one, one)
    wall = start + (day - 1) * DAY
    return wall, valid & (day >= 1) & (wall < midnight(year + 1, one, one)[0])


def in_order(wall: Nanoseconds) -> bool:
    """Return True if there are several times, in ascending or descending order."""
    steps = np.diff(wall)
    return len(steps) > 0 and bool(np.all(steps >= 0) or np.all(steps <= 0))


def day_and_month(
    found: Fields, since: Nanoseconds, text: Cells, day_first: bool | None
) -> tuple[Date, bool | None, list[str]]:
    """Decide the order of day and month for a whole column; return the dates, whether day is first, and the reason.

    The order is the only one with valid dates, or else the only one that sorts the rows.
    """
    good, year = found.good, found.year()
    one, other = found.number("first"), found.number("other")
    by = {True: (year, other, one), False: (year, one, other)}
    if day_first is not None:
        return by[day_first], day_first, []
    if (begun := _year_first(found, by, since, text)) is not None:
        return begun
    high = {True: int((one[good] > 12).sum()), False: int((other[good] > 12).sum())}
    if any(high.values()):
        day_first = high[True] > high[False]
        if min(high.values()) > 0.02 * sum(high.values()):
            raise Ambiguous("some cells can only be day first, others only month first")
        read, turned = ((midnight(*by[order])[0] + since)[good] for order in (day_first, not day_first))
        if not in_order(read) and in_order(np.where(np.maximum(one, other)[good] <= 12, turned, read)):
            raise Ambiguous("only with day and month changed in some cells, as by a spreadsheet, all are in order")
        beyond = int((one if day_first else other)[good].max())
        why = f"{'first' if day_first else 'second'} numbers go up to {beyond}"
    elif "." in next(iter(sample(text, 3)), "")[:6]:
        day_first, why = True, "dates with dots"
    else:
        day_first, why = _by_order(*((midnight(*by[order])[0] + since)[good] for order in (True, False)))
    row = int(np.argmax(good))
    shown = "{}-{:02d}-{:02d}".format(*(part[row] for part in by[day_first]))
    order = "day first" if day_first else "month first"
    said = f"Dates are {order} ({why}): {text[row].as_py()!r} is {shown} (--dayfirst, --monthfirst)."
    return by[day_first], day_first, [said]


def _year_first(
    found: Fields, by: dict[bool, Date], since: Nanoseconds, text: Cells
) -> tuple[Date, None, list[str]] | None:
    """Read ``24-12-31`` with the year first, if all numbers have two digits and only this gives even steps."""
    good = found.good
    if good.sum() < 3 or any((found.length(name)[good] != 2).any() for name in ("first", "other", "year")):
        return None
    begun = found.year("first"), found.number("other"), found.number("year")
    even = [_evenness(date, since, good) for date in (begun, *by.values())]
    if even[0] < 0.9 or even[0] <= max(even[1:]):
        return None
    row = int(np.argmax(good))
    shown = "{}-{:02d}-{:02d}".format(*(part[row] for part in begun))
    return begun, None, [f"Dates begin with the year, {text[row].as_py()!r} is {shown}: only so the steps are even."]


def _evenness(date: Date, since: Nanoseconds, good: Mask) -> float:
    """Return the share of steps equal to the median step; 0 if a date is invalid."""
    wall, valid = midnight(*date)
    steps = np.diff((wall + since)[good])
    usual = np.median(steps)
    return float(np.mean(steps == usual)) if valid[good].all() and usual != 0 else 0.0


def _goes_on(wall: Nanoseconds) -> bool:
    """Return True if the dates are consecutive, as in one record that begins or ends within a day.

    A file with a typical day for each month also fits two orders, but contains whole days.
    """
    days, steps = wall // DAY, np.diff(wall)
    dates, counts = np.unique(days, return_counts=True)
    if len(dates) < 2 or (np.diff(dates) != 1).any():
        return False
    if len(np.unique(wall)) > len(dates):  # with times of day
        usual = np.median(steps)
        return bool((steps[np.diff(days) != 0] == usual).all() and (wall[0] % DAY or (wall[-1] + usual) % DAY))
    whole = counts[1:-1]
    return len(whole) > 0 and whole[0] > 24 and bool((whole == whole[0]).all() and counts[0] < whole[0])


def _is_monthly(wall: Nanoseconds) -> bool:
    """Return True for the same day of each month, in order."""
    months = (wall // DAY).astype("M8[D]").astype("M8[M]").astype(np.int64)
    return bool(np.all(np.abs(np.diff(months)) == 1))


def _by_order(day: Nanoseconds, month: Nanoseconds) -> tuple[bool, str]:
    """Decide by the order and the steps of the times whether day is first; also return the reason."""
    ordered = in_order(day), in_order(month)
    if ordered[0] != ordered[1]:
        return ordered[0], "the other reading is out of order"
    if len(day) > 12 and (monthly := [_is_monthly(read) for read in (day, month)])[0] != monthly[1]:
        return monthly[0], "only so there is one row a month"
    steps = np.diff(day), np.diff(month)
    if len(steps[0]) > 12 and (goes_on := [_goes_on(read) for read in (day, month)])[0] != goes_on[1]:
        return goes_on[0], "only so the record goes on at midnight"
    odd = [int((each != np.median(each)).sum()) if len(each) else 0 for each in steps]
    within_days = len(steps[0]) > 0 and 0 < abs(float(np.median(steps[0]))) < DAY
    told = min(odd) == 0 < max(odd) or (within_days and min(odd) <= MENDED < max(odd) // 3)
    if ordered[0] and told and len(steps[0]) > 12:
        return odd[0] < odd[1], "only so the steps are even"
    raise Ambiguous("day first and month first both fit every cell")
