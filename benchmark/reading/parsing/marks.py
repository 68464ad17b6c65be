"""Decide the decimal mark and the thousands separator of a column from all of its cells."""

from __future__ import annotations

import re
from typing import Literal

import pyarrow.compute as pc

from benchmark.reading.parsing.table import Cells, count_true

Country = Literal["comma", "dot", "dates", "semicolon", "unknown"]
SPACES = " \u00a0\u202f\u2009"
QUOTES = "'’"


class Undecided(Exception):
    """Raised if the cells can be read in two ways and nothing in the file decides."""


def _count(text: Cells, pattern: str) -> int:
    return count_true(pc.match_substring_regex(text, pattern))


def decide(text: Cells, decimal: str | None, thousands: str | None, country: Country) -> tuple[str, str]:
    """Return the decimal mark and the thousands separator, which may be empty."""
    commas, dots = count_cells_with(text, ","), count_cells_with(text, ".")
    other = _other_groups(text)
    if decimal is not None or thousands is not None:
        decimal = decimal or ("," if thousands == "." else ".")
        rest = "." if decimal == "," else ","
        grouped = commas if rest == "," else dots
        return decimal, thousands if thousands is not None else (other or (rest if grouped else ""))
    if not commas and not dots:
        return ".", other
    if commas and dots:
        return _decide_both(text, commas, dots)
    mark = "," if commas else "."
    return _decide_single(text, mark, commas or dots, country, other)


def grouped(mark: str) -> str:
    """Return a pattern for digits in groups of three, or Indian groups of two before the last three digits."""
    return rf"(?:\d{{1,3}}(?:{mark}\d{{3}})+|\d{{1,2}}(?:{mark}\d{{2}})+{mark}\d{{3}})"


def count_cells_with(text: Cells, mark: str) -> int:
    """Count the cells that contain the mark."""
    return count_true(pc.match_substring(text, mark))


def _other_groups(text: Cells) -> str:
    for group in (QUOTES, SPACES):
        if any(count_cells_with(text, mark) for mark in group) and _count(
            text, rf"^[+-]?\d{{1,3}}([{group}]\d{{3}})+([.,]\d*)?$"
        ):
            return group
    return ""


def _decide_both(text: Cells, commas: int, dots: int) -> tuple[str, str]:
    """Decide a column with commas and dots: the last mark of a cell, or the one that never groups, is decimal."""
    comma_last, dot_last = _count(text, r"\..*,"), _count(text, r",.*\.")
    if comma_last == dot_last:  # never in one cell
        comma_groups = _count(text, r"^[+-]?[1-9]\d{0,2}(,\d{3})+$")
        dot_groups = _count(text, r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$")
        comma_last, dot_last = int(dot_groups == dots), int(comma_groups == commas)
        if comma_last == dot_last:
            raise Undecided("some cells have a comma and others a dot")
    return (",", ".") if comma_last > dot_last else (".", ",")


def _decide_single(text: Cells, mark: str, marked: int, country: Country, other: str) -> tuple[str, str]:
    """Decide whether the only mark of a column, commas or dots, is decimal or separates thousands."""
    at = re.escape(mark)
    as_decimal, as_thousands = (mark, other), ("," if mark == "." else ".", mark)
    groups = _count(text, rf"^[+-]?[1-9]\d{{0,2}}({at}\d{{3}})+$")
    if _count(text, rf"^[+-]?\d{{1,2}}(?:{at}\d{{2}})+{at}\d{{3}}$"):
        return as_thousands  # India's groups
    if other or groups < 0.98 * marked:
        several = _count(text, rf"{at}\d*{at}")
        return as_thousands if several > 0.98 * marked else as_decimal
    if _count(text, rf"{at}\d{{3}}{at}"):
        return as_thousands
    short = _count(text, r"^[+-]?\d{1,3}$")
    if _count(text, r"^[+-]?\d{4,}$"):
        return as_decimal
    if mark == ".":
        if country == "comma":
            return as_thousands
        if country == "dot" or (country == "unknown" and min(short, groups) < 5):
            return as_decimal
        raise Undecided("every dot has three digits behind it")
    if country == "comma" or (country == "dates" and not short):
        return as_decimal
    if country == "dot" or (short and country in ("unknown", "semicolon")):
        return as_thousands
    raise Undecided("every comma has three digits behind it")
