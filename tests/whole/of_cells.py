"""Columns of cells in every form, and with one damaged cell: the times and numbers read from them."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmark.errors import UserError
from benchmark.reading import ReadOptions
from benchmark.reading.clocks import epochs, whole_dates
from benchmark.reading.clocks.time_of_day import time_of_day
from benchmark.reading.formats import excel
from benchmark.reading.parsing import fields, zone_names
from benchmark.reading.parsing.marks import Undecided
from benchmark.reading.parsing.numbers import read_numbers
from benchmark.reading.parsing.sheet import Sheet
from benchmark.reading.parsing.stamps import Stamps, read_stamps
from benchmark.reading.parsing.table import Table
from benchmark.reading.parsing.units import NOT_A_TIME
from tests.whole import Subject
from tests.whole.kept import number, numbers

Cells = list[Any]
DAYS = pd.date_range("2023-12-29 22:35:07.25", periods=20, freq="17h")
DATES = pd.date_range("2024-01-09", periods=20, freq="D")
MONTHS = pd.date_range("2023-03-01", periods=20, freq="MS")
WEEKS = [(2023 + (k + 40) // 52, (k + 40) % 52 + 1) for k in range(20)]
TIMES: dict[str, Cells] = {
    form: [t.strftime(form) for t in times]
    for times, forms in (
        (DAYS, ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y/%m/%d %H:%M", "%Y.%m.%d %H", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M+0230", "%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M CET", "%Y-%m-%d %H:%M Europe/Paris", "%Y-%m-%dT%H:%M:%S+01:00[Europe/Berlin]", "%Y-%m-%d %I:%M:%S %p", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H.%M", "%m/%d/%Y %I:%M %p", "%d/%m/%y %H:%M", "%H:%M:%S %d.%m.%Y", "%d %b %Y %H:%M", "%a, %d %B %Y, %H:%M", "%B %d, %Y %H:%M", "%d-%b-%y %H:%M", "%Y%m%d%H%M", "%Y%m%dT%H%M%S", "%Y%m%d_%H%M%S%f", "%Y-%j %H:%M", "%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S CET %Y", "%d %b %H:%M", "%H:%M:%S")),
        (DATES, ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%y", "%d de %B de %Y", "%b %d, %Y", "%Y%m%d", "%Y-%j", "%d%b%Y", "%y-%m-%d")),
        (MONTHS, ("%Y-%m", "%b %Y", "%B-%Y", "%Y %b", "%b-%y", "%Y/%m", "%m/%Y", "%Y.%m", "%YM%m", "%Y:%m")),
    )
    for form in forms
}  # fmt: skip
TIMES |= {
    "%YW%W": [f"{year}-W{week:02d}" for year, week in WEEKS],
    "days of weeks": [f"{year}W{week:02d}-{k % 7 + 1}" for k, (year, week) in enumerate(WEEKS)],
    "week first": [f"KW {week}/{year}" for year, week in WEEKS],
    "quarters": [f"{2019 + k // 4}Q{k % 4 + 1}" for k in range(20)],
    "quarter first": [f"Q{k % 4 + 1}/{2019 + k // 4}" for k in range(20)],
    "number of a quarter": [f"{k % 4 + 1}q {2019 + k // 4}" for k in range(20)],
    "colons": [f"{2019 + k // 4}:{k % 4 + 1}" for k in range(20)],
    "ranges": [f"{t:%Y-%m-%d %H:%M} - {t + pd.Timedelta('15min'):%H:%M}" for t in DAYS],
    "several offsets": [f"{t:%Y-%m-%d %H:%M}+0{k // 10 + 1}:00" for k, t in enumerate(DAYS)],
    "hours without a nought": [f"{t.day}.{t.month}.{t.year} {t.hour}:{t:%M}" for t in DAYS],
    "hour 24": [f"{t:%Y-%m-%d} {k % 3 + 22}:00" for k, t in enumerate(DATES)],
    "words": [f"w{k}" for k in range(20)],
}
SPOILT: dict[str, Callable[[Cells], Cells]] = {
    "as it is": lambda cells: cells,
    "one with x behind": lambda cells: [*cells[:7], f"{cells[7]}x", *cells[8:]],
    "one with 9 behind": lambda cells: [*cells[:7], f"{cells[7]}9", *cells[8:]],
    "one with 9 before": lambda cells: [*cells[:7], f"9{cells[7]}", *cells[8:]],
    "one cut": lambda cells: [*cells[:7], cells[7][:-1], *cells[8:]],
    "blanks and a gap": lambda cells: [*(f" {cell} " for cell in cells[:7]), None, *cells[8:]],
    "three of words": lambda cells: ["x", "y", "z", *cells[3:]],
    "all with x behind": lambda cells: [f"{cell}x" for cell in cells],
}


def _moment(wall: int) -> str:
    return "none" if wall == NOT_A_TIME else str(np.datetime64(int(wall), "ns")).removesuffix("000000").rstrip("0.") if wall % 10**9 else str(np.datetime64(int(wall), "ns").astype("M8[s]"))  # fmt: skip


def _stamps(found: Stamps | None, said: tuple[str, ...] = ()) -> str:
    if found is None:
        return "no times"
    offset = "" if found.offset is None else f", offsets {np.unique(found.offset).tolist()}"
    flags = "".join(f", {name}" for name, on in (("dates only", found.dates_only), (found.epoch, found.epoch), (f"day first {found.day_first}", found.day_first is not None)) if on)  # fmt: skip
    wrong = f", {found.wrong} wrong, {found.example!r}" if found.wrong else ""
    times = f"{_moment(found.wall[0])} .. {_moment(found.wall[7])} .. {_moment(found.wall[-1])}"
    steps = np.diff(found.wall[found.wall != NOT_A_TIME])
    return f"{times}, steps {numbers(np.unique(steps)[[0, -1]] / 1e9) if len(steps) else 'none'}{offset}{flags}{wrong} {' '.join(n for n in found.notes if n not in said)}".rstrip()


def _read(cells: Cells, day_first: bool | None = None, said: tuple[str, ...] = ()) -> tuple[str, tuple[str, ...]]:
    try:
        found = read_stamps(pa.array(cells, pa.string()), day_first)
        return _stamps(found, said), tuple(found.notes if found else ())
    except (fields.Ambiguous, zone_names.UnknownZone, UserError) as error:
        return f"refused: {type(error).__name__} {error}", ()


def cells_of_times(folder: Path) -> str:
    """Every form of a time, spoilt in turn; only what differs from the form as it is."""
    parts: list[str] = []
    for form, cells in TIMES.items():
        before, said = _read(cells)
        parts += [f"## {form}", f"{cells[0]} is {before}"]
        told = {what: _read(spoil(cells), None, said)[0] for what, spoil in SPOILT.items()}
        told |= {f"day first {first}": _read(cells, first, said)[0] for first in (True, False)}
        parts += _alike(told, (told["as it is"], "no times"))
    return "\n".join(parts) + "\n"


OF_DAY: dict[str, Callable[[int], str]] = {
    "hours and minutes": lambda hour: f"{hour}:59:60.5",
    "a dot": lambda hour: f"{hour}.59",
    "afternoon": lambda hour: f"{hour}:07 p.m.",
    "morning": lambda hour: f"{hour}:07am",
    "to the end of an hour": lambda hour: f"HE{hour:02}",
    "from hour to hour": lambda hour: f"{hour - 1} - {hour % 24}",
    "from time to time": lambda hour: f"{hour:02}:45 – {hour + 1}:00",
    "60 minutes": lambda hour: f"{hour}:60",
    "61 seconds": lambda hour: f"{hour}:00:61",
    "dots": lambda hour: f"{hour}.30.15",
    "bare hours": lambda hour: f"{hour}",
    "bare minutes": lambda hour: f"{hour:02}59",
    "bare seconds": lambda hour: f"{hour:02}5959",
    "no minutes": lambda hour: f"{hour:02}60",
}


def _of_day(cells: Cells, name: str, bare: bool) -> str:
    found = time_of_day(Sheet(Table({name: pa.array(cells)}, np.arange(len(cells)), len(cells), "made"), ReadOptions(), Path("mine.csv")), name, bare)  # fmt: skip
    return "none" if found is None else " ".join("-" if at == NOT_A_TIME else number(at / 1e9) for at in found)


def cells_of_days(folder: Path) -> str:
    """Times of day in a column of their own, at the hours where each form ends; seconds since midnight."""
    hours, parts = (0, 1, 9, 11, 12, 13, 23, 24, 25, 30, 31), []
    for form, written in OF_DAY.items():
        parts += [f"## {form}"]
        for last in (7, 8, 11):
            told = {f"to {hours[last - 1]}" * (name == "hour") + f" {name}": _of_day([written(h) for h in hours[:last]], name, bare) for name, bare in (("hour", True), ("Zeit", False), ("v", True))}  # fmt: skip
            parts += _alike(told, ("none",))
    return "\n".join(parts) + "\n"


def _runs(values: Iterator[Any]) -> str:
    """``0-24 a, 25-99 b`` of a hundred values."""
    at, said = 0, []
    for value, same in groupby(values):
        count = len(list(same))
        said += [f"{at}-{at + count - 1} {value}"]
        at += count
    return ", ".join(said)


def _since(columns: Iterator[Any]) -> str:
    """From which year on the years of each column are; that of the last cell itself is named so."""
    found = [(int(column[-1]), fields.first_year(column)) for column in columns]
    return _runs(f"{since - last} and itself" if since % 100 == last else since for last, since in found)


def cells_of_counts(folder: Path) -> str:
    """Years of two digits, numbers as dates, and epochs: where each begins and ends to be one."""
    parts = [f"years {a} with: {_since(np.array([a, b]) for b in range(100))}" for a in range(0, 100, 9)]
    parts += [f"years {a} to {a + 40} and: {_since(np.array([*range(a, a + 41), b]) % 100 for b in range(100))}" for a in range(0, 100, 20)]  # fmt: skip
    parts += [f"full years since {since}: {_runs(fields.full_year(b, since) // 100 for b in range(100))}" for since in (1900, 1950, 1969, 1970, 2000)]  # fmt: skip
    written = {form: np.array([float(t.strftime(form)) for t in DATES + pd.Timedelta("3D")]) for form in ("%Y%m%d", "%d%m%Y", "%m%d%Y", "%Y%m", "%y%m%d", "%m%d%y", "%d%m%y", "%Y%j", "%y%m%d%H%M", "%y%m%d%H%M%S")}  # fmt: skip
    for form, values in written.items():
        for name in ("v", "date"):
            for what, given in (
                ("", values),
                ("backward ", values[::-1]),
                ("one no date ", np.where(np.arange(20) == 4, 99, values)),
            ):
                found = whole_dates.whole_dates(given, name) or whole_dates.short_stamps(given, name)
                parts += [f"{what}{form} in {name!r}: {_stamps(found)}"]
    for way in (*epochs.EPOCHS, epochs.DATENUM):
        for name in ("v", "time", "mjd", "jd", "datenum"):
            zero, size = way.zero, 1e9 / way.size
            starts = (("1979-12-31", 10), ("1980-01-02", 2), ("2024-02-28", 90), ("2069-11-30", 1), ("2070-12-30", 1))
            said = [_stamps(epochs.from_epoch((np.datetime64(day, "s").astype(float) - zero + step * np.arange(20) * 60) * size, name)) for day, step in starts]  # fmt: skip
            told = f"{way.words}: {' | '.join(said)}"
            parts += [f"  the same in {name!r}" if told in parts[-5:] else told]
    for name in ("days since 1900-01-01", "hours since 2001-2-3 12:30", "x (secs since 1999-12-31T23:59:58)", "ms since 2020-01-01", "weeks since 2020-01-01"):  # fmt: skip
        parts += [f"{name}: {_stamps(epochs.from_epoch(np.arange(20) * 7.5 + 100, name))}"]
    for name in ("v", "date", "time"):
        for first, step in ((29_999.0, 1.0), (30_000.0, 1.0), (45_000.0, 1 / 24), (45_000.5, 0.25), (59_999.0, 0.25)):
            for of_excel in (False, True):
                found = epochs.spreadsheet_days(first + step * np.arange(20), name, of_excel)
                parts += [f"{first} by {number(step)} in {name!r}{' of Excel' * of_excel}: {_stamps(found)}"]
    return "\n".join(parts) + "\n"


EDGES: dict[str, tuple[str, Callable[[Any], Cells], Any]] = {
    # what, a column of numbers of something that grows, and its values about where the column ceases to be times
    "yyyymmdd": ("v", lambda day: [20240109, day, 20240111], (16991231, 17000101, 21991231, 22000101, 20240230, 20231300)),
    "wrong dates among 100": ("v", lambda wrong: [*DATED_ROWS, *[20240230] * wrong][-100:], (1, 2, 3)),
    "yyyymm": ("month", lambda month: [month, month + 1, month + 2], (169912, 170001, 202401, 202411, 219910, 219911)),
    "yyyyddd": ("day", lambda day: [day, day + 1, day + 2], (1899364, 1900001, 2024364, 2024365, 2199363, 2199364, 2024000)),
    "yymmdd": ("date", lambda day: [day, day + 1, day + 2], (101, 240129, 240130, 991229, 1000101)),
    "hours": ("v", lambda hour: [2401310000 + 100 * (k % 24) + k // 24 * 10000 for k in range(23)] + [2401310000 + hour], (2300, 2359, 2360, 2400)),
    "rows of short stamps": ("v", lambda n: [2401310000 + k for k in range(n)], (19, 20)),
    "uneven of 41": ("v", lambda odd: [2401310000 + k + (k >= 41 - odd) * (k - 40 + odd) for k in range(41)], (3, 4, 5)),
}  # fmt: skip
DATED_ROWS = [int(t.strftime("%Y%m%d")) for t in pd.date_range("2023-12-01", periods=100)]


def cells_of_edges(folder: Path) -> str:
    """Whole numbers about where they cease to be dates or times, and epochs about the first and the last moment."""
    parts = []
    for what, (name, column, values) in EDGES.items():
        for value in values:
            made = np.array(column(value), dtype=float)
            found = whole_dates.whole_dates(made, name) or whole_dates.short_stamps(made, name)
            parts += [f"{what}, {value}: " + ("none" if found is None else f"{_moment(found.wall[0])} .. {_moment(found.wall[-1])}, {np.count_nonzero(found.wall == NOT_A_TIME)} none {' '.join(found.notes)}".rstrip())]  # fmt: skip
    for way in (*epochs.EPOCHS, epochs.DATENUM):
        for moment in (epochs.OLDEST, epochs.YOUNGEST):
            edge = round((moment - way.zero) * 1e9 / way.size)
            inside = [way.fits(np.array([float(edge + k * edge // 10**12 + k), 1.7e18 / way.size - way.zero * 1e9 / way.size]), "mjd jd time") for k in (-1, 0, 1)]  # fmt: skip
            parts += [f"{way.words} at {moment}: {inside}"]
    return "\n".join(parts) + "\n"


VALUES = (0.5, 12.25, 998.75, 1234.5, 1_234_567.125, -3.25, 40.0, 87.375, 5.125, 6.5, 7.75, 640.0)
GROUPED = [f"{v:,.3f}" for v in VALUES]
NUMBERS: dict[str, Cells] = {
    "plain": [f"{v}" for v in VALUES],
    "commas between thousands": GROUPED,
    "dots between thousands": [c.translate(str.maketrans(",.", ".,")) for c in GROUPED],
    "blanks": [c.replace(",", " ") for c in GROUPED],
    "thin blanks, decimal commas": [c.replace(",", "\u202f").replace(".", ",") for c in GROUPED],
    "apostrophes": [c.replace(",", "'") for c in GROUPED],
    "groups of India": ["1,23,456", "12,34,567", "98,765", "4,321", "1,00,00,000", *"1234567"],
    "decimal commas": [f"{v}".replace(".", ",") for v in VALUES],
    "whole, commas": [f"{int(v * 1000):,}" for v in VALUES],
    "whole, dots": [f"{int(v * 1000):,}".replace(",", ".") for v in VALUES],
    "three decimals": [f"{v % 10:.3f}" for v in VALUES],
    "three decimals, commas": [f"{v % 10:.3f}".replace(".", ",") for v in VALUES],
    "a comma here, a dot there": ["1,234", "5.678", *("9,876", "5.432") * 5],
    "money": [f"$ {c}" for c in GROUPED],
    "money behind": [f"{c} EUR" for c in GROUPED],
    "percents": [f"{v} %" for v in VALUES],
    "thousands by a letter": [f"{v}k" if k % 2 else f"{v}" for k, v in enumerate(VALUES)],
    "areas": [f"{v} m2/h" for v in VALUES],
    "two units": [f"{v} {'kW' if k % 2 else 'W'}" for k, v in enumerate(VALUES)],
    "minus behind": [f"{abs(v)}-" if v < 9 else f"{v}" for v in VALUES],
    "brackets": [f"({abs(v)})" if v < 9 else f"{v}" for v in VALUES],
    "brackets and money": [f"$({abs(v)})" if v < 9 else f"${v}" for v in VALUES],
    "another minus": [f"{v}".replace("-", "−") for v in VALUES],
    "footnotes": [f"{v}*" if k % 4 == 0 else f"{v} †" if k % 4 == 1 else f"{v}" for k, v in enumerate(VALUES)],
    "exponents": [f"{v:.4e}" for v in VALUES],
    "Fortran": [f"{v:.4e}".replace("e", "D") for v in VALUES],
    "words for nothing": ["n/a", "-", "", "null", "NaN", "None", "?", *(f"{v}" for v in VALUES)],
    "infinite": ["inf", "-inf", "Infinity", *(f"{v}" for v in VALUES)],
    "signs": [f"+{v}" if v > 0 else f"{v}" for v in VALUES],
}  # fmt: skip
GIVEN: tuple[dict[str, Any], ...] = ({"country": "comma"}, {"country": "dot"}, {"country": "dates"}, {"country": "semicolon"}, {"decimal": ","}, {"decimal": "."}, {"thousands": "."}, {"thousands": ","}, {"thousands": " "}, {"decimal": ",", "thousands": "."}, {"words": frozenset({"x", "12.25x"})})  # fmt: skip
MISWRITTEN: dict[str, Callable[[Cells], Cells]] = {
    "one with x behind": lambda cells: [*cells[:1], f"{cells[1]}x", *cells[2:]],
    "one with x before": lambda cells: [*cells[:1], f"x{cells[1]}", *cells[2:]],
    "one with a mark twice": lambda cells: [*cells[:1], f"{cells[1]},,5", *cells[2:]],
    "three of words": lambda cells: ["x", "y", "z", *cells[3:]],
    "one missing": lambda cells: [*cells[:1], None, *cells[2:]],
    "four alone": lambda cells: cells[:4],
}


def _numbers(cells: Cells, **given: Any) -> str:
    try:
        found = read_numbers(pa.array(cells, pa.string()), "v", **given)
    except (Undecided, UserError) as error:
        return f"refused: {error}"
    marks_ = found.marks and f"{found.marks.decimal}{found.marks.thousands}|{found.marks.before}|{found.marks.after}"
    wrong = f", {found.wrong} wrong, {found.example!r}" if found.wrong else ""
    return f"{numbers(found.values)}; {marks_}{wrong} {' '.join(found.notes)}".rstrip()


def cells_of_numbers(folder: Path) -> str:
    """Every form of a number, as the rest of a file or a person says, and spoilt; only what differs from it alone."""
    parts: list[str] = []
    for form, cells in NUMBERS.items():
        before = _numbers(cells)
        told = {" ".join(f"{k} {v!r}" for k, v in given.items()): _numbers(cells, **given) for given in GIVEN}
        told |= {what: _numbers(spoil(cells)) for what, spoil in MISWRITTEN.items()}
        parts += [f"## {form}", before, *_alike(told, (before,))]
    return "\n".join(parts) + "\n"


def _alike(told: dict[str, str], known: tuple[str, ...]) -> list[str]:
    """Each text once, behind all that gives it; none that is known."""
    by: dict[str, list[str]] = {}
    for what, text in told.items():
        if text not in known:
            by.setdefault(text, []).append(what)
    return [f"{', '.join(what)}: {text}" for text, what in by.items()]


SHEETS: dict[str, list[tuple[Any, ...]]] = {
    "names above": [("t", "v"), (1, 2.5), (2, 3.0), (3, None)],
    "no names": [(1, 2.5), (2, 3.0)],
    "a title and units": [("Station 7", None, None), ("t", "v", "w"), (None, "kW", "°C"), (1, 2.5, 7), (2, 3.5, 8)],
    "an empty column": [("t", "spare", "v"), (1, None, 2.5), (2, "", 3.0)],
    "an empty column without a name": [("t", None, "v"), (1, None, 2.5), (2, None, 3.0)],
    "names twice": [("v", "v", "w"), (1, 2, 3), (4, 5, 6)],
    "rows of unequal width": [("t", "v"), (1, 2.5, "late"), (2,), (3, 4.5)],
    "days": [("day", "v"), (datetime(2024, 1, 31), 1.0), (datetime(2024, 2, 1), 2.0)],
    "times": [("at", "v"), (datetime(2024, 1, 31), 1.0), (datetime(2024, 2, 1, 6, 30), 1e15)],
    "words alone": [("a", "b"), ("x", "y"), ("z", "w")],
    "one row of numbers": [("t", "v"), (1, 2.5)],
    "a lone number above": [("made", 7), ("t", "v", "w"), (1, 2.5, 3), (2, 3.5, 4)],
}  # fmt: skip


def cells_of_sheets(folder: Path) -> str:
    """Sheets of Excel, and columns that the file itself has typed."""
    parts: list[str] = []
    for title, rows_ in SHEETS.items():
        made = excel._table([*rows_], Path("mine.xlsx"), "s", [])
        found = {name: cells.to_pylist() for name, cells in made.columns.items()}
        parts += [f"{title}: {found} {made.form} {made.notes}"]
    for typed in (pa.array([True, False, None]), pa.array([1, 2, None]), pa.array([datetime(2024, 1, 1)] * 3)):
        read = read_numbers(typed, "v")
        parts += [f"{typed.type}: {numbers(read.values)}; {read.bad!r} {read.wrong} {read.example!r}"]
    return "\n".join(parts) + "\n"


SUBJECTS: dict[str, Subject] = {
    s.__name__: s
    for s in (cells_of_times, cells_of_days, cells_of_counts, cells_of_edges, cells_of_numbers, cells_of_sheets)
}
