"""Read a column of cells as time stamps, with one format and one order of day and month for all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmark.reading.parsing.calendars import gregorian, refuse_other_calendars
from benchmark.reading.parsing.fields import (
    HALF,
    LATEST,
    Fields,
    day_and_month,
    day_of_year,
    in_order,
    midnight,
    plain_times,
    year_notes,
)
from benchmark.reading.parsing.names import ANY, LETTERS, month_of
from benchmark.reading.parsing.numbers import mostly, sample
from benchmark.reading.parsing.table import Cells, as_mask
from benchmark.reading.parsing.units import DAY, MINUTE, NOT_A_TIME, Nanoseconds
from benchmark.reading.parsing.zone_names import by_word, mark_unknown_zones, offsets, tail_offset

_SECONDS = r"(?:[:.](?P<second>\d{2})(?:[.,:](?P<fraction>\d{1,9}))?)?"
_CLOCK = rf"(?:[T ,;:_\-]+(?P<hour>\d{{1,2}})(?:[:.h](?P<minute>\d{{2}}){_SECONDS})?{HALF})?"
_CLOSE_CLOCK = r"(?:[T _:\-]?(?P<hour>\d{2})(?:(?P<minute>\d{2})(?:(?P<second>\d{2})(?:[.,]?(?P<fraction>\d{3}))?)?)?)?"
_ZONE = r" ?(?P<zone>Z|[A-Za-z]{2,4}|(?:UTC|GMT)? ?[+-]\d{2}:?\d{2}|(?:UTC|GMT) ?[+-]\d{1,2}|[+-]\d{2})?"
_DAY = rf"(?:[{LETTERS}]{{2,12}}\.?,? +)?"
_WORD = rf"[{LETTERS}]{{3,12}}\.?"
YEARLESS = rf"{_DAY}(?:\d{{1,2}}[-/ .]+{_WORD}|{_WORD}[- ]+\d{{1,2}}),? +\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:[.,]\d+)?"
_PLACE = r"^(.*\d) ([A-Z][A-Za-z]+/[\w/+-]+)$"  # "Europe/Berlin" behind the time
_LATER = r"^(.*\d.*?)(?:\[[\w/+-]+\]| \([\w ]+\))$"  # "[Europe/Berlin]" and "(CEST)" behind an offset
_END, _DATE = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?", r"\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}"
_TO = "(?:[-–/]|to|bis|until|til|à)"
_RANGE = rf"^(?:(.*{_END}) ?{_TO} ?(?:\d.*[ T])?{_END}|({_DATE}) ?{_TO} ?{_DATE})$"
OFFSETS = 4  # cells with more different endings are ranges; fewer may be offsets to UTC
_CLOCK_FIRST = r"^(\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)[ ,;T]+(\S.*[-/. ].*)$"  # "13:30:00 24.12.2024"
_MONTH = rf"(?P<word>{_WORD})"
_NAMED = rf"(?P<word>(?i:{ANY})[{LETTERS}]{{0,9}})"
_YEAR = r"(?P<year>(?:1[7-9]|2[01])\d{2})"
_OPEN = r"(?P<first>\d{1,2})[-/.](?P<other>\d{1,2})[-/.]"  # the order of day and month is open
_ISO = rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_CLOCK}{_ZONE}"
_NET = r"^/Date\((?P<count>-?\d+)(?P<zone>[+-]\d{4})?\)/$"  # milliseconds since 1970, and an offset
FORMS = (
    _ISO,
    rf"{_OPEN}(?P<year>\d{{4}}){_CLOCK}{_ZONE}",
    rf"{_OPEN}(?P<year>\d{{2}}){_CLOCK}{_ZONE}",
    rf"{_DAY}(?P<day>\d{{1,2}})[-/ .]*(?:de )?{_MONTH}[-/ ,.]*(?:de )?(?P<year>\d{{2,4}}){_CLOCK}{_ZONE}",
    rf"{_DAY}{_MONTH}[ \-]+(?P<day>\d{{1,2}})(?:,? +|-)(?P<year>\d{{4}}){_CLOCK}{_ZONE}",
    rf"(?P<year>\d{{4}})[-. ]+{_MONTH}[-. ]+(?P<day>\d{{1,2}})\.?{_CLOCK}{_ZONE}",
    rf"(?P<year>(?:19|20)\d{{2}})(?P<month>\d{{2}})(?P<day>\d{{2}}){_CLOSE_CLOCK}{_ZONE}",
    r"(?P<year>\d{4})-(?P<month>\d{2})",
    rf"(?P<year>(?:18|19|20)\d{{2}})-(?P<ordinal>[0-3]\d{{2}})(?: //)?{_CLOCK}{_ZONE}",
    rf"[A-Za-z]{{3}} +{_MONTH} +(?P<day>\d{{1,2}}) +(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}}):(?P<second>\d{{2}})"
    r"(?: (?P<zone>[A-Z]{3,4}))? +(?P<year>\d{4})",  # as C's ctime writes it
    rf"{_YEAR}[- ]?[Ww](?P<week>\d{{2}})(?:-?(?P<weekday>[1-7]))?",
    rf"(?i:KW|W|week) ?(?P<week>\d{{1,2}})[-/ ]+{_YEAR}",
    rf"{_YEAR}(?:[- ]?[Qq]|:)(?P<quarter>[1-4])",
    rf"[Qq](?P<quarter>[1-4])[-/ ]?{_YEAR}",
    rf"(?P<quarter>[1-4])[Qq] ?{_YEAR}",
    rf"{_YEAR}(?:[- ]?[Mm]|:)(?P<month>\d{{1,2}})",
    rf"(?P<month>0?[1-9]|1[0-2])[/.]{_YEAR}",  # 12.3456 and 1013.2 are numbers
    rf"{_YEAR}/(?P<month>0?[1-9]|1[0-2])",
    rf"{_YEAR}\.(?P<month>0[1-9]|1[0-2])",
    rf"{_NAMED}\.?[- /,]*(?:de )?{_YEAR}",
    rf"{_YEAR}[- /]?{_NAMED}\.?",
    rf"{_NAMED}[-'’](?P<year>\d{{2}})",
)


@dataclass
class Stamps:
    """Times of a column.

    Attributes
    ----------
    wall : (n,) int64 array
        Nanoseconds since 1970 in the local time of the file; ``NOT_A_TIME`` where a cell is no time.
    offset : (n,) int32 array or None
        Minutes by which local time is ahead of UTC; None if the file does not say.
    wrong : int
        Number of cells that are neither empty nor a time.
    example : str
        The first of them.
    dates_only : bool
    epoch : str
        Unit and starting day of counted times; empty for written dates.
    day_first : bool or None
        True if ``03/04/2024`` was read as 3 April; None if no cell was ambiguous.
    """

    wall: Nanoseconds
    offset: NDArray[np.int32] | None = None
    wrong: int = 0
    example: str = ""
    dates_only: bool = False
    epoch: str = ""
    notes: list[str] = field(default_factory=list)
    day_first: bool | None = None

    @property
    def instants(self) -> Nanoseconds:
        """Nanoseconds since 1970 in UTC, or in local time if the offset is unknown, (n,)."""
        if self.offset is None:
            return self.wall
        return np.where(self.wall == NOT_A_TIME, NOT_A_TIME, self.wall - self.offset.astype(np.int64) * MINUTE)

    def keep(self, mask: NDArray[np.bool_]) -> Stamps:
        """Return the rows where the mask is True."""
        wrong = int((self.wall[mask] == NOT_A_TIME).sum()) if self.wrong else 0
        return replace(
            self, wall=self.wall[mask], offset=None if self.offset is None else self.offset[mask], wrong=wrong
        )


def _form_of(cells: list[str]) -> str | None:
    """Return the pattern that at least nine in ten cells match, or None."""
    if mostly(cells, re.compile(YEARLESS).fullmatch):
        return None
    return next((form for form in FORMS if mostly(cells, re.compile(form).fullmatch)), None)


def read_stamps(cells: Cells, day_first: bool | None = None, name: str = "") -> Stamps | None:
    """Read a column of strings or of time stamps; None if it contains no times. Its ``name`` may tell the calendar.

    Raises
    ------
    Ambiguous
        If day first and month first both fit.
    OtherCalendar
        If no year is one of our calendar.
    """
    if pa.types.is_timestamp(cells.type) or pa.types.is_date(cells.type):
        return _typed(cells)
    if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
        return None
    cells, calendar = gregorian(cells, name)
    if calendar:
        found = read_stamps(cells, day_first)
        return None if found is None else replace(found, notes=[*calendar, *found.notes])
    if mostly(sample(cells, 50), re.compile(_NET).match):
        return _of_net(cells)
    cells = plain_times(cells)
    known = sample(cells)
    if (place := _one_place(known)) and (found := read_stamps(_rewritten(cells, known, _PLACE, r"\1"), day_first)):
        found.notes.append(f"Behind the times stands {place}: they are kept as its local times (--tz {place}).")
        return found
    told = len({cell.rpartition("-")[2] for cell in known}) > OFFSETS or any("T" in c and "/" in c for c in known[:1])
    begun = _rewritten(cells, known, _RANGE, r"\1\2") if told else None
    if begun is not None and (found := read_stamps(begun, day_first)):
        found.notes.append(f"The cells are ranges of time, e.g. {known[0]!r}: their beginnings are read.")
        return found
    if (cut := _rewritten(cells, known, _LATER, r"\1")) is not None:
        cells, known = cut, sample(cut)
    form = _form_of(known)
    if form is None and (turned := _rewritten(cells, known, _CLOCK_FIRST, r"\2 \1")) is not None:
        return read_stamps(turned, day_first)
    if form is None:
        return None
    text = pc.utf8_trim_whitespace(cells)
    if form == _ISO and (fast := _iso(text)) is not None:
        return fast
    return _of_form(text, form, day_first)


def _one_place(known: list[str]) -> str:
    """Return the time zone such as ``Europe/Berlin`` behind all cells; empty if there is none, or several."""
    places = {match[2] if (match := re.match(_PLACE, cell)) else "" for cell in known}
    return next(iter(places)) if len(places) == 1 else ""


def _rewritten(cells: Cells, known: list[str], pattern: str, into: str) -> Cells | None:
    """Rewrite all cells by a pattern; None if most cells of a sample do not match it."""
    if not mostly(known, re.compile(pattern).match):
        return None
    return pc.replace_substring_regex(pc.utf8_trim_whitespace(cells), pattern, into)


def _typed(cells: Cells) -> Stamps:
    zone = getattr(cells.type, "tz", None)
    local = pc.local_timestamp(cells) if zone else cells
    wall = _int(pc.cast(local, pa.timestamp("ns")))
    if not zone:
        return Stamps(wall, dates_only=pa.types.is_date(cells.type))
    instants = _int(pc.cast(cells, pa.timestamp("ns", "UTC")))
    offset = np.where(wall == NOT_A_TIME, 0, (wall - instants) // MINUTE).astype(np.int32)
    return Stamps(wall, offset)


def _int(stamps: Cells) -> Nanoseconds:
    return np.array(stamps.cast(pa.int64()).fill_null(NOT_A_TIME).to_numpy(zero_copy_only=False), dtype=np.int64)


def _iso(text: Cells) -> Stamps | None:
    """Read cells that are all ISO 8601 in a fast way; None if one is not."""
    zoned = any(re.search(r":\d{2}.*([Zz]|[+-]\d{2}:?\d{2})$", c) for c in sample(text, 20))
    try:
        instants = _int(pc.cast(text, pa.timestamp("ns", "UTC" if zoned else None)))
    except pa.ArrowInvalid:
        return None
    if not zoned:
        midnights = bool(np.all((instants % DAY == 0) | (instants == NOT_A_TIME)))
        return Stamps(instants, dates_only=midnights and ":" not in "".join(sample(text, 20)))
    tails = pc.utf8_slice_codeunits(text, -6, 1 << 20)
    offset = by_word(tails, tail_offset)
    return Stamps(np.where(instants == NOT_A_TIME, NOT_A_TIME, instants + offset.astype(np.int64) * MINUTE), offset)


def _of_form(text: Cells, form: str, day_first: bool | None) -> Stamps:
    """Read cells by a pattern; cells that do not match, and impossible dates or times of day, are wrong."""
    found = Fields(text, f"^{form}$")
    refuse_other_calendars(found, text)
    since, timely = found.clock()
    if not timely.all() and "hour" in found:
        later, all_timely = found.clock(LATEST)
        since, timely = (later, all_timely) if all_timely[found.good].all() else (since, timely)
    if "first" in found:
        date, day_first, notes = day_and_month(found, since, text, day_first)
        wall, valid = midnight(*date)
    else:
        (wall, valid), notes = _dates(found), []
    offset, said = offsets(found)
    if (late := since > DAY).any():
        timely &= ~late | bool(in_order((wall + since)[found.good & valid]))
        shown = str(text[int(np.argmax(late))])
        notes.append(f"Hours beyond 24 are those of the next day, e.g. {shown!r}.")
    valid &= timely & found.good & ~mark_unknown_zones(found)
    wrong = np.flatnonzero(~valid & as_mask(text.is_valid()))
    return Stamps(
        np.where(valid, wall + since, NOT_A_TIME),
        offset,
        len(wrong),
        str(text[int(wrong[0])]) if len(wrong) else "",
        dates_only=not found.length("hour").any(),
        notes=said + notes + year_notes(found.since),
        day_first=day_first,
    )


def _of_net(text: Cells) -> Stamps:
    """Read ``/Date(1704067200000+0100)/``, as .NET writes times into JSON."""
    found = Fields(text, _NET)
    offset = by_word(found.text("zone"), tail_offset)
    wall = found.number("count") * 10**6 + offset.astype(np.int64) * MINUTE
    wrong = np.flatnonzero(~found.good & as_mask(text.is_valid()))
    example = str(text[int(wrong[0])]) if len(wrong) else ""
    return Stamps(np.where(found.good, wall, NOT_A_TIME), offset, len(wrong), example)


def _dates(found: Fields) -> tuple[Nanoseconds, NDArray[np.bool_]]:
    """Return the start of each day, week, month or quarter, and True where there is one."""
    year, one = found.year(), np.ones(len(found.good), dtype=np.int64)
    if "ordinal" in found:
        return day_of_year(year, found.number("ordinal"))
    if "week" in found:  # the first week of ISO 8601 contains 4 January
        fourth = midnight(year, one, 4 * one)[0]
        monday = fourth - (fourth // DAY + 3) % 7 * DAY + (found.number("week") - 1) * 7 * DAY
        valid = (found.number("week") > 0) & (monday + 3 * DAY < midnight(year + 1, one, one)[0])
        return monday + np.maximum(found.number("weekday") - 1, 0) * DAY, valid
    month = 3 * found.number("quarter") - 2 if "quarter" in found else found.number("month")
    if "word" in found:
        month = by_word(found.text("word"), month_of).astype(np.int64)
    return midnight(year, month, found.number("day") if "day" in found else one)
