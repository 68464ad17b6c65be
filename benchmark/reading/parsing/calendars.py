"""Rewrite dates of the Thai calendar and of Japanese eras as those of ours; other calendars are refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from benchmark.reading.parsing.fields import Fields
from benchmark.reading.parsing.numbers import mostly, sample
from benchmark.reading.parsing.table import Cells

BUDDHIST = 543  # years by which Thai years are ahead
ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
ERAS |= dict(zip("MTSHR", ERAS.values(), strict=True))
THAI = re.compile("[\u0e00-\u0e7f]")
JAPANESE = re.compile("[\u3040-\u30ff年月日]|date|datum", re.I)
MONTHS = (  # long and short names, for RE2
    r"มกราคม|ม\.?ค\.?",
    r"กุมภาพันธ์|ก\.?พ\.?",
    r"มีนาคม|มี\.?ค\.?",
    r"เมษายน|เม\.?ย\.?",
    r"พฤษภาคม|พ\.?ค\.?",
    r"มิถุนายน|มิ\.?ย\.?",
    r"กรกฎาคม|ก\.?ค\.?",
    r"สิงหาคม|ส\.?ค\.?",
    r"กันยายน|ก\.?ย\.?",
    r"ตุลาคม|ต\.?ค\.?",
    r"พฤศจิกายน|พ\.?ย\.?",
    r"ธันวาคม|ธ\.?ค\.?",
)
ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONG = r"^(?P<before>(?:.*\D)?)(?P<part>2[45]\d\d)(?P<behind>(?:\D.*)?)$"
_SHORT = r"^(?P<before>\D*(?:\d{1,2}\D+)?)(?P<part>\d\d)(?P<behind>(?:\D.*)?)$"
_ERA = r"^(?P<before>)(?P<part>(?:明治|大正|昭和|平成|令和) ?(?:\d{1,2}|元))(?P<behind>(?:年.*)?)$"
_LETTER = r"^(?P<before>)(?P<part>[MTSHR]\d{1,2})(?P<behind>[./-]\d{1,2}[./-]\d{1,2}(?:\D.*)?)$"


class OtherCalendar(Exception):
    """Raised for years that cannot be ours, without a word that names their calendar."""


def gregorian(cells: Cells, name: str) -> tuple[Cells, list[str]]:
    """Rewrite the years of a column of text, if a month, an era or the column's name tells their calendar.

    Returns the cells, unchanged in our calendar, and a note.
    """
    known = sample(cells, 50)
    thai = bool(THAI.search("".join(known)))
    if thai:
        for pattern, month in (*zip(MONTHS, ENGLISH, strict=True), (r"พ\.?ศ\.? ?", ""), (r" ?น\.?$", "")):
            cells = pc.replace_substring_regex(cells, pattern, month)
        known = sample(cells, 50)
    named = any(month in known[0] for month in ENGLISH) if thai and known else False
    rules: list[tuple[bool, str, Callable[[str], int]]] = [
        (thai or bool(THAI.search(name)), _LONG, lambda part: int(part) - BUDDHIST),
        (named, _SHORT, lambda part: 2500 + int(part) - BUDDHIST),
        (True, _ERA, _year_of_era),
        (bool(JAPANESE.search(name)), _LETTER, _year_of_era),
    ]
    for told, pattern, year in rules:
        if told and mostly(known, re.compile(pattern).match):
            return _rewrite(cells, pattern, year)
    return cells, []


def _year_of_era(part: str) -> int:
    sign = part.rstrip("0123456789元")
    return ERAS[sign.strip()] + int(part.removeprefix(sign).replace("元", "1"))


def _rewrite(cells: Cells, pattern: str, year: Callable[[str], int]) -> tuple[Cells, list[str]]:
    """Replace a part of each cell by its year; the year is computed once for each different part."""
    found = pc.extract_regex(pc.utf8_trim_whitespace(cells), pattern)
    coded = pc.dictionary_encode(pc.struct_field(found, "part"))
    parts = [str(part) for part in coded.dictionary.to_pylist()]
    years = pa.array([str(year(part)) for part in parts], pa.string()).take(coded.indices)
    joined = pc.binary_join_element_wise(pc.struct_field(found, "before"), years, pc.struct_field(found, "behind"), "")
    note = f"Years are those of another calendar: {parts[0]!r} is read as {year(parts[0])}."
    return pc.if_else(found.is_valid(), joined, cells), [note]


def refuse_other_calendars(found: Fields, cells: Cells) -> None:
    """Raise an error for dates whose years, such as 2567 or 1403, are all those of another calendar.

    Raises
    ------
    OtherCalendar
        With an example, and how its years are converted.
    """
    years = found.number("year")[found.good & (found.length("year") == 4)]
    if not len(years) or not (is_buddhist(years.min(), years.max()) or 1300 <= years.min() <= years.max() < 1500):
        return
    ours = f"write {years[0]} as {years[0] - BUDDHIST}, if these are Thai years"
    persian = "convert them, e.g. with jdatetime or hijridate (pip install)"
    raise OtherCalendar(f"{sample(cells, 1)[0]!r}: {ours if years[0] >= 2400 else persian}")


def is_buddhist(first: float, last: float) -> bool:
    """Return True for years that are none of our calendar, but may be of the Thai one."""
    return 2400 <= first <= last < 2600


def years_of_eras(cells: Cells) -> Cells | None:
    """Return the years of cells such as ``令和6年``, in a column of their own; None for other cells."""
    found, notes = gregorian(cells, "")
    return pc.replace_substring_regex(found, r"\D", "") if notes else None
