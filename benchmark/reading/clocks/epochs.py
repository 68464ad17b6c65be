"""Read numbers that count from some moment as times: seconds since 1970, Julian days, days of a spreadsheet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import UserError
from benchmark.reading.parsing import DAY, HOUR, MINUTE, NOT_A_TIME, SECOND, Stamps, is_whole

OLDEST, YOUNGEST = 315_532_800, 3_155_760_000  # 1980 and 2070; LabVIEW's seconds since 1904 are larger
TIMELY = "time|date|stamp|datum|zeit|fecha|hora|heure"
COUNTED = {"seconds": SECOND, "milliseconds": 10**6, "microseconds": 10**3, "nanoseconds": 1}
SIZES = {"d": DAY, "h": HOUR, "mi": MINUTE, "s": SECOND, "ms": 10**6, "mil": 10**6}
SINCE = re.compile(
    r"(?:\b(?P<unit>days?|d|hours?|hrs?|h|minutes?|mins?|seconds?|secs?|s|milliseconds?|ms) )?since "
    r"(?P<begin>\d{4}(?:-\d{1,2}-\d{1,2})?)(?!\d)(?:[ T](?P<clock>\d{1,2}:\d{2}(?::\d{2})?))?",
    re.I,
)
CALLED = (  # column names and the day from which such columns count
    (r"gps", "1980-01-06"),
    (r"apple|cocoa|cfabsolute|nsdate|core ?data|(?<![a-z])mac(?![a-z])", "2001-01-01"),
    (r"labview|1904", "1904-01-01"),
    (r"(?<![a-z])ntp(?![a-z])", "1900-01-01"),
)
GPS = "Clocks of GPS leave out leap seconds: since 2017 these times are 18 s ahead of UTC."
EARLIEST = 10**8  # counts without a unit that are smaller are no times of a measurement
COUNTING = re.compile(rf"{TIMELY}|epoch|clock|sec|(?<![a-z])[mun]?s(?![a-z])|^gpst?$", re.I)
OPEN = (  # ranges of seconds that may count from either of two days
    (599_616_000, 883_612_800, ("1970-01-01", "2001-01-01")),
    (YOUNGEST, 4_133_980_800, ("1904-01-01", "1900-01-01")),
    (1_893_456_000, YOUNGEST, ("1970-01-01", "1960-01-01")),  # seconds of SAS from 2020 on
)


@dataclass(frozen=True)
class Epoch:
    """A unit and a starting moment of counted times.

    Attributes
    ----------
    words : str
        Description for messages.
    size : int
        Unit in nanoseconds.
    zero : float
        The moment 0, in seconds since 1970.
    named : str
        Pattern that the column's name must contain, because other numbers look alike; empty = any name.
    """

    words: str
    size: int
    zero: float = 0
    named: str = ""

    def fits(self, known: NDArray[np.float64], name: str) -> bool:
        """Return True if all numbers are times between 1980 and 2070, and the name fits."""
        low, high = ((moment - self.zero) * SECOND / self.size for moment in (OLDEST, YOUNGEST))
        return bool(low <= known.min() and known.max() <= high) and bool(re.search(self.named, name, re.I))

    def read(self, values: NDArray[np.float64]) -> Stamps:
        """Convert numbers to times; fractions are rounded to a thousandth, those of days to a tenth of a second."""
        wall = np.full(len(values), NOT_A_TIME, dtype=np.int64)
        fine = np.isfinite(values)
        whole = np.floor(values[fine]).astype(np.int64)
        least = 10**8 if self.size == DAY else max(self.size // 1000, 1)
        rest = np.round((values[fine] - whole) * (self.size / least)).astype(np.int64) * least
        zero = np.int64(round(self.zero))
        seconds = whole // (SECOND // self.size) if self.size < SECOND else whole * (self.size // SECOND)
        below = whole % (SECOND // self.size) * self.size if self.size < SECOND else 0
        wall[fine] = (seconds + zero) * SECOND + below + rest
        return Stamps(wall, np.zeros(len(values), dtype=np.int32), epoch=self.words)


EPOCHS = (
    Epoch("seconds since 1970", SECOND),
    Epoch("milliseconds since 1970", 10**6),
    Epoch("microseconds since 1970", 10**3),
    Epoch("ticks of 100 ns since the year 1", 100, -62_135_596_800),
    Epoch("nanoseconds since 1970", 1),
    Epoch("units of 100 ns since 1601", 100, -11_644_473_600),
    Epoch("microseconds since 1601", 10**3, -11_644_473_600),
    Epoch("seconds since 1582-10-14", SECOND, -12_219_379_200, TIMELY),  # SPSS
    Epoch("Julian days", DAY, -210_866_760_000, f"jd|julian|{TIMELY}"),
    Epoch("modified Julian days", DAY, -3_506_716_800, "mjd"),
)
DATENUM = Epoch("days since the year 0, as Matlab does", DAY, -62_167_305_600, f"datenum|{TIMELY}")


def from_epoch(values: NDArray[np.float64], name: str = "", since: str | None = None) -> Stamps | None:
    """Read numbers as times, from the day that the user or the name gives, else by the first epoch in 1980 to 2070."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    said, gps = _parse_since(name, since)
    if said is not None and (said["unit"] or since or known.min() >= EARLIEST):
        stamps = _build_epoch(said, known).read(values)
        stamps.notes += [GPS] * gps
        return stamps
    ways = EPOCHS if is_whole(values) else (*EPOCHS, DATENUM)  # whole days look like dates of six digits
    found = next((way for way in ways if way.fits(known, name)), None)
    return None if found is None else found.read(values)


def _parse_since(name: str, since: str | None) -> tuple[re.Match[str] | None, bool]:
    """Parse the starting day from the user's option or from the column's name; return it and whether it is GPS's.

    Raises
    ------
    UserError
        If the option is no day.
    """
    if since is not None:
        named = SINCE.fullmatch(since if "since" in since else f"since {since}")
        if named is None:
            raise UserError(f"--since {since}: expected a day, e.g. 2001-01-01, or 'hours since 2001-01-01'")
        return named, False
    named = SINCE.search(name)
    if named is not None and named["unit"]:
        return named, False
    called = next((day for word, day in CALLED if re.search(word, name, re.I)), None)
    if not COUNTING.search(name):
        return None, False
    return (named, False) if called is None else (SINCE.search(f"since {called}"), called == CALLED[0][1])


def _build_epoch(said: re.Match[str], known: NDArray[np.float64]) -> Epoch:
    """Build the epoch of ``hours since 1900-01-01 00:00:00`` (CF conventions); without a unit the first that fits."""
    try:
        begin = date(*[*map(int, said["begin"].split("-")), 1, 1][:3])
    except ValueError as error:
        raise UserError(f"{said[0]!r} names no day ({error}): give one such as --since 2001-01-01") from error
    clock = [*map(int, (said["clock"] or "0").split(":")), 0, 0]
    zero = (begin - date(1970, 1, 1)).days * 86_400.0 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    if said["unit"]:
        unit = said["unit"].lower()
        return Epoch(said[0], next(size for begin, size in reversed(SIZES.items()) if unit.startswith(begin)), zero)
    ways = [Epoch(f"{words} {said[0]}", size, zero) for words, size in COUNTED.items()]
    return next((way for way in ways if way.fits(known, "")), ways[0])


def doubt(values: NDArray[np.float64], name: str) -> str:
    """Describe the two days from which the numbers may count, with the first time by each; empty if it is clear."""
    known = values[np.isfinite(values)]
    if not len(known) or re.search("unix|posix|epoch|1970", name, re.I) or _parse_since(name, None)[0] is not None:
        return ""
    for low, high, days in OPEN:
        size = next((s for s in (1, 10**3, 10**6, 10**9) if low * s <= known.min() and known.max() <= high * s), 0)
        if size:
            first = [np.datetime64(day, "s") + np.timedelta64(int(known[0] / size), "s") for day in days]
            return " or ".join(f"--since {d} (from {str(t)[:10]} on)" for d, t in zip(days, first, strict=True))
    if (
        re.search("date|datum|fecha", name, re.I)
        and is_whole(known)
        and 10**4 <= known.min() <= known.max() < 3 * 10**4
    ):
        ways = [(day, np.datetime64(day) + int(known[0])) for day in ("1970-01-01", "1960-01-01")]  # of R and of SAS
        return " or ".join(f"--since 'days since {day}' (from {first} on)" for day, first in ways)
    return ""


def spreadsheet_days(values: NDArray[np.float64], name: str, excel: bool) -> Stamps | None:
    """Read days since 1899-12-30, as spreadsheets count them, in a column named like a date.

    A column named like a time is read, too, if its steps are odd fractions of a day, or in an Excel file.
    """
    if not np.isfinite(values).all() or values.min() < 30_000 or values.max() > 60_000:
        return None
    step = float(np.median(np.abs(np.diff(values)))) if len(values) > 1 else 0.0
    odd = abs(step * 1000 - round(step * 1000)) > 1e-4 and abs(step * 86_400 - round(step * 86_400)) < 0.1
    dated = bool(re.search("date|datum|fecha|stamp", name, re.I))
    if not dated and not ((odd or excel) and re.search(rf"{TIMELY}|uhr|\bt\b", name, re.I)):
        return None
    seconds = np.round((values - 25_569) * 86_400).astype(np.int64)
    return Stamps(seconds * SECOND, dates_only=is_whole(values), epoch="days")


def epoch_notes(stamps: Stamps, name: str) -> list[str]:
    """Return the note on how numbers were read as times."""
    if not stamps.epoch:
        return []
    if stamps.epoch == "days":
        return [f"{name!r} counts days as spreadsheets do, from 1899-12-30."]
    day = f"{name!r} counts {stamps.epoch} (--since names another day)"
    return [f"{day}; times are shown in UTC (--tz shows them in a zone)."]
