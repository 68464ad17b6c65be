"""Classify single cells as time, number or text, to find headers; columns are read elsewhere, as a whole."""

from __future__ import annotations

import re

from benchmark.reading.parsing.names import ANY, LETTERS

NOTHING = frozenset(
    [
        *("", "no data", "nodata", "missing", "undefined", "unavailable", "unknown", "offline", "null", "none", "nil"),
        *("na", "n/a", "#n/a", "nan", "-nan", "<na>", "-", "--", "---", "?", ".", "\\n"),
        *("#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "#n/v", "#nv"),
    ]
)

DASHES = "−–‒－"  # minus signs other than ASCII's
_CLOCK = r"\d{1,2}[:.h]\d{2}([:.]\d{2}([.,]\d{1,9})?)?( ?[ap](\.? ?m)?\.?)?"
_NAMED = rf"({ANY})[{LETTERS}]*\.?"
_DOTTED = r"\d{1,4}\. \d{1,2}\. \d{1,4}"
_DATE = (
    rf"(\d{{1,4}}[-/.年]\d{{1,2}}[-/.月]\d{{2,4}}|\d{{4}}[-/]\d{{1,2}}[-/]\d|{_DOTTED}"
    rf"|(\w{{3,9}},? +)?(\d{{1,2}}[- /.]+(de )?{_NAMED}|{_NAMED}[ \-]+(\d{{1,2}}\b|(19|20)\d\d$)))"
)
_TIME = re.compile(
    rf"({_DATE}.*|\d{{4}}-\d{{2}}|\d{{8}}[t:]\d{{4,6}}z?|\d{{1,2}}:\d{{2}}(:\d{{2}}([.,]\d+)?)?( ?[ap]m)?)", re.I
)
_NUMBER = re.compile(
    r"(?:[A-Z]{1,2}(?=\$)|(?:[A-Z]{3}|kr\.?|rs\.?)(?=\s))?"  # R$ 5, CHF 5, kr 5
    rf"[^\w\s+\-{DASHES}.#]{{0,3}}\s?(?:[+\-{DASHES}]\s?)?[.,]?\d[\d.,'’ \u00a0\u202f\u2009]*(e[+-]?\d+|d[+-]\d+)?\s?"
    r"([^\d\s]{0,8}( [^\d\s]{1,8})?|[^\d\s]{0,6}m[23](/\w{1,3})?)",
    re.I,
)
_PAIR = re.compile(r"[+-]?\d+\.\d+[,;] ?[+-]?\d+\.\d+")  # "47.3769,8.5417", a place
_UNIT = re.compile(
    r"[\[(].*[\])]|[-=+_*:]{3,}|\d+[sdnft]|°?[cfk]|%|[mkg]?(w|v|a|hz|pa|j|s|m|g|b|l)(h|/s|/h|³|2|3)?|m?bar|psi|rpm|utc|gmt"
    r"|(yyyy|dd|mm|hh)[-/.:\w ]*|units?|datetime|timestamp|string|double|float|int(eger)?|smp|avg|min|max"
    r"|deg ?[cfk]?|degrees?( [cfk])?|met(er|re)s?(/s(ec(ond)?)?)?|ts|rn|volts?|seconds?|minutes?|hours?|days?",
    re.I,
)


def kind(cell: str) -> str:
    """Return the kind of a cell: ``nothing``, ``time``, ``number`` or ``text``."""
    text = cell.strip()
    if text.lower() in NOTHING:
        return "nothing"
    if _TIME.fullmatch(text):
        return "time"
    return "number" if _NUMBER.fullmatch(text) and not _PAIR.fullmatch(text) else "text"


def words(cell: str) -> str:
    """Return a cell without digits, signs and decimal marks; in a number that is its unit."""
    return re.sub(rf"[\d.,'’+\-{DASHES}\s]|(?<=\d)[eE](?=[+-]?\d)", "", cell)


def is_unit(cell: str) -> bool:
    """Return True for a unit or type below a header, e.g. ``°C``, ``[bar]`` or ``15s``, or a line of dashes."""
    return bool(_UNIT.fullmatch(cell.strip()))


def is_clock(cell: str) -> bool:
    """Return True for a time of day without a date."""
    return bool(re.fullmatch(_CLOCK, cell.strip(), re.I)) and ":" in cell


def is_date(cell: str) -> bool:
    """Return True for a date without a time of day."""
    return kind(cell) == "time" and ":" not in cell
