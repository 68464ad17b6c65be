"""Numbers that count from a moment on as times: seconds since 1970, Julian days, days of a spreadsheet."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.reading.sheet import is_whole
from benchmark.reading.stamps import Stamps
from benchmark.reading.units import DAY, HOUR, MINUTE, NOT_A_TIME, SECOND

OLDEST, YOUNGEST = 315_532_800, 3_155_760_000  # 1980 and 2070; LabVIEW's seconds, since 1904, lie behind it
TIMELY = "time|date|stamp|datum|zeit|fecha|hora|heure"
SIZES = {"d": DAY, "h": HOUR, "mi": MINUTE, "s": SECOND, "ms": 10**6, "mil": 10**6}
SINCE = re.compile(
    r"\b(?P<unit>days?|d|hours?|hrs?|h|minutes?|mins?|seconds?|secs?|s|milliseconds?|ms) since "
    r"(?P<begin>\d{4}-\d{1,2}-\d{1,2})(?:[ T](?P<clock>\d{1,2}:\d{2}(?::\d{2})?))?",
    re.I,
)


@dataclass(frozen=True)
class Epoch:
    """A way to count.

    Attributes
    ----------
    words : str
    size : int
        Nanoseconds for 1.
    zero : float
        The moment 0, in seconds since 1970.
    named : str
        What the name of a column must hold, since other numbers look alike; empty = anything.
    """

    words: str
    size: int
    zero: float = 0
    named: str = ""

    def fits(self, known: NDArray[np.float64], name: str) -> bool:
        """Whether all lie between 1980 and 2070."""
        low, high = ((moment - self.zero) * SECOND / self.size for moment in (OLDEST, YOUNGEST))
        return bool(low <= known.min() and known.max() <= high) and bool(re.search(self.named, name, re.I))

    def read(self, values: NDArray[np.float64]) -> Stamps:
        """The times, fractions to the thousandth, those of days to a tenth of a second."""
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


def from_epoch(values: NDArray[np.float64], name: str = "") -> Stamps | None:
    """Numbers that the name says to count since a day, or that all lie between 1980 and 2070 in one way to count."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    if (said := SINCE.search(name)) is not None:
        return _of_name(said).read(values)
    ways = EPOCHS if is_whole(values) else (*EPOCHS, DATENUM)  # whole days look like dates of six digits
    found = next((way for way in ways if way.fits(known, name)), None)
    return None if found is None else found.read(values)


def _of_name(said: re.Match[str]) -> Epoch:
    """``hours since 1900-01-01 00:00:00``, as CF's conventions have it."""
    year, month, day = map(int, said["begin"].split("-"))
    clock = [*map(int, (said["clock"] or "0").split(":")), 0, 0]
    days = (np.datetime64(f"{year:04d}-{month:02d}-01") + (day - 1)).astype(np.int64)
    unit = said["unit"].lower()
    size = next(size for begin, size in reversed(SIZES.items()) if unit.startswith(begin))
    return Epoch(said[0], size, float(days) * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2])


def spreadsheet_days(values: NDArray[np.float64], name: str, excel: bool) -> Stamps | None:
    """Days since 1899-12-30, as spreadsheets count them, in a column that is called a date.

    In one called a time, too, where its steps are odd parts of a day, or in a file of Excel.
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
    """What was counted."""
    if not stamps.epoch:
        return []
    if stamps.epoch == "days":
        return [f"{name!r} counts days as spreadsheets do, from 1899-12-30."]
    return [f"{name!r} counts {stamps.epoch}; times are shown in UTC (--tz shows them in a zone)."]
