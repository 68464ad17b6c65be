"""Find the columns of the values and of the labels."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import UserError, counted
from benchmark.reading.clocks import CLOCK_NAME, Clock, from_epoch
from benchmark.reading.options import WITHOUT
from benchmark.reading.parsing import (
    DAY,
    HOUR,
    PARTS,
    Sheet,
    is_constant,
    is_counter,
    is_short_part,
    is_whole,
    labels,
    sample,
)
from benchmark.reading.series import Split

VALUE_NAMES = ("_value", "value", "values", "data", "y", "x")
IDENTIFIER = re.compile(
    r"(.*[ _-])?(id|ids|no|nr|uuid|serial|index|idx|code|row|seq|sequence|counter)|unnamed: ?\d+|column 1|#"
    r"|hour (number|ending)|hr|doy"
    r"|second|weekday|day_?of_?week|week|quarter|is_.*|.*flag|quality|status|wochentag|woche|kw|quartal|semaine"
    rf"|semana|settimana|{'|'.join(name for part in PARTS for name in part)}",
    re.I,
)
PREDICTED = re.compile(r".*(predict|pred[ _-]|[ _-]pred|detected|estimated|score).*", re.I)
SHOWN, SIDEWAYS = 8, 20
RARE = 0.2
UNUSED = "was not used as labels"
CONSTANT = 5  # rank of a column that never changes


def find_label(sheet: Sheet, taken: tuple[str | None, ...], notes: list[str]) -> str | None:
    """Return the column of labels: the one that the user named, or one recognized by its name and entries.

    Of several, one of 0 and 1 is taken before others; a note names the others. Predictions are no labels.

    Raises
    ------
    UserError
        If the named column cannot be read as labels.
    """
    wanted = sheet.options.label
    if wanted == WITHOUT or sheet.options.labels is not None:
        return None
    if wanted is not None:
        decoded, why = labels.decode(sheet.cells(wanted))
        if decoded is None:
            raise UserError(
                f"{sheet.path}: the column {wanted!r} cannot be read as labels: {why} (--label {WITHOUT} ignores it)"
            )
        return wanted
    usable: dict[str, str] = {}
    for name in sheet.names:
        if name in taken or not (labels.is_label_name(name) or labels.holds_labels(sheet.cells(name))):
            continue
        decoded, why = labels.decode(sheet.cells(name))
        if PREDICTED.fullmatch(name) and decoded is not None:
            decoded, why = None, "its name says that these are predictions (--label takes them)"
        if decoded is None:
            notes.append(f"The column {name!r} {UNUSED}: {why}.")
        else:
            usable[name] = why
    chosen = min(usable, key=lambda name: bool(usable[name]), default=None)
    if len(usable) > 1:
        others = ", ".join(name for name in usable if name != chosen)
        notes.append(f"The labels are taken from the column {chosen!r}; --label chooses another ({others}).")
    return chosen


def find_value(sheet: Sheet, clock: Clock | None, label: str | None, split: Split | None, notes: list[str]) -> str:
    """Return the column of values: the one that the user named, or the most likely one.

    Times, counters, identifiers and constants are chosen only if there is nothing else.

    Raises
    ------
    UserError
        If no column is numeric.
    """
    if sheet.options.value is not None:
        return sheet.options.value
    taken = {label, *(split.columns if split else ()), *(clock.columns if clock else ())}
    numeric = [name for name in sheet.names if name not in taken and sheet.looks_numeric(name)]
    if all(is_constant(sheet.numbers(name).values) for name in numeric):
        numeric += [name for name in sheet.names if name not in taken and sheet.wraps_numbers(name)]
    if not numeric:
        numeric = _states(sheet, [name for name in sheet.names if name not in taken])
    if not numeric and clock is not None and clock.stamps is None and not _unread(sheet, taken):
        numeric = [name for name in clock.columns if name in sheet.names]
    if not numeric:
        _refuse_words(sheet, [name for name in sheet.names if name not in taken])
    if len(numeric) > max(len(sheet.table), SIDEWAYS):
        raise UserError(
            f"{sheet.path}: {len(numeric)} columns of numbers and {counted(len(sheet.table), 'row')}: each row seems "
            "to be a series; write a row for each time, or name one column with --value"
        )
    ranks = {name: _rank(sheet, name, clock, split) for name in numeric}
    best = min(ranks.values())
    if best == CONSTANT and _unread(sheet, {*taken, *numeric}):
        raise UserError(_nothing_numeric(sheet))
    likely = [name for name in numeric if ranks[name] == best]
    lower = {name.lower(): name for name in reversed(likely)}
    chosen = next((lower[name] for name in VALUE_NAMES if name in lower), likely[0])
    others = [name for name in numeric if name != chosen]
    if others:
        shown = ", ".join(others[:SHOWN]) + (", ..." if len(others) > SHOWN else "")
        notes.append(f"The values are taken from the column {chosen!r}; --value chooses another ({shown}).")
    flags = [name for name in others if label is None and _may_label(sheet, name)]
    if flags and sheet.options.label is None and sheet.options.labels is None:
        notes.append(f"Columns of two values, one of them rare, may be labels: {', '.join(flags[:SHOWN])} (--label).")
    notes += [said for name in sheet.names if name not in {*taken, *numeric} and (said := _odd_words(sheet, name))]
    return chosen


def _odd_words(sheet: Sheet, name: str) -> str:
    """Return a note on a column with nearly always the same word; others may be labels or rows of another series."""
    usual, *others = sheet.words(name) if sheet.is_text(name) and not sheet.varies(name) else [""]
    count = len(sheet.table) - sheet.words(name)[usual] if others else 0
    if not 0 < count < RARE * len(sheet.table):
        return ""
    odd = f"{counted(count, 'row')} of {name!r} without the usual {usual!r}, e.g. {others[0]!r}"
    return f"{odd}: their values count all the same (--label, --series-column)."


def _may_label(sheet: Sheet, name: str) -> bool:
    """Return True for a column of 0 and rare 1, or of 1 and rare -1."""
    values = sheet.numbers(name).values
    odd = values != (0 if 0 in values else 1)
    return bool(np.isin(values, (0, 1) if 0 in values else (-1, 1)).all()) and 0 < float(odd.mean()) < RARE


def _unread(sheet: Sheet, taken: set[str | None]) -> bool:
    """Return True if another column may contain numbers in an unknown format."""
    free = [name for name in sheet.names if name not in taken and sheet.varies(name)]
    return any(all(re.search(r"\d", c) for c in sample(sheet.cells(name), 100)) for name in free)


def _states(sheet: Sheet, names: list[str]) -> list[str]:
    """Return the columns with two words that both occur repeatedly."""
    worded = [name for name in names if sheet.has_words(name)]
    return [name for name in worded if len(words := sheet.words(name)) == 2 and min(words.values()) > 1]


def _refuse_words(sheet: Sheet, names: list[str]) -> None:
    """Raise the error for a file without a numeric column."""
    for name in names:
        if sheet.has_words(name) and 2 < len(sheet.words(name)) < len(sheet.table) / 2:
            sheet.numbers(name)  # raises an error with the number of words
    raise UserError(_nothing_numeric(sheet))


def _nothing_numeric(sheet: Sheet) -> str:
    shown = ", ".join(f"{name} ({next(iter(sample(sheet.cells(name), 5)), '')[:20]!r})" for name in sheet.names[:SHOWN])
    cure = "write one plain number in each cell, or name a column of labels or of two words with --value"
    if len(sheet.names) == 1:
        cure = "its lines are read as one column; name the separator with --sep, or write a row of cells for each time"
    return f"{sheet.path} has no numeric column (columns and a cell of each: {shown}): {cure}"


def _rank(sheet: Sheet, name: str, clock: Clock | None, split: Split | None) -> int:
    """Return 0 for a column that varies like a measurement, and a higher rank for others."""
    values = sheet.numbers(name).values
    if sheet.numbers(name).wrong > 0.5 * len(values):
        return 6
    if is_constant(values) or (split is not None and _is_settled(values, split)):
        return CONSTANT
    if np.isfinite(values).mean() < RARE:
        return 2
    if is_counter(values) or _is_clock(sheet, name, values) or (clock is not None and _is_hour(values, clock)):
        return 4
    if is_whole(values) and _identifies(sheet, name, values):
        return 3
    if labels.is_label_name(name):
        return 2
    steps = np.diff(values[np.isfinite(values)])
    only_up = len(steps) > 2 and bool(np.all(steps >= 0))
    two = len(np.unique(values[np.isfinite(values)][:10_000])) <= 2
    return 1 if only_up or two else 0


def _is_settled(values: NDArray[np.float64], split: Split) -> bool:
    """Return True if a column is constant in each series, such as the latitude of a station."""
    known = np.isfinite(values)
    first = np.full(len(split.names), np.nan)
    first[split.codes[known][::-1]] = values[known][::-1]
    return bool(np.all(values[known] == first[split.codes[known]]))


def _is_hour(values: NDArray[np.float64], clock: Clock) -> bool:
    """Return True if a column is the hour of the day, with fractions, or that of the middle or the end of each step."""
    if clock.stamps is None or clock.stamps.dates_only or not (values.min() >= 0 and values.max() <= 24):
        return False
    ahead = (values - clock.stamps.wall % DAY / HOUR) % 24
    return bool(np.all(np.abs(ahead - ahead[0]) < 0.01))


def _identifies(sheet: Sheet, name: str, values: NDArray[np.float64]) -> bool:
    """Return True for identifiers and parts of a date by their names, and for codes with a leading zero."""
    if IDENTIFIER.fullmatch(name) or is_short_part(name, np.nanmin(values), np.nanmax(values)):
        return True
    return any(re.fullmatch(r"0\d+", c) for c in sample(sheet.cells(name), 100))


def _is_clock(sheet: Sheet, name: str, values: NDArray[np.float64]) -> bool:
    known = values[np.isfinite(values)]
    rising = len(known) > 2 and float((np.diff(known) >= 0).mean()) > 0.95
    named = bool(CLOCK_NAME.fullmatch(name))
    return ((named or rising) and (from_epoch(values, name) is not None or (named and rising))) or (
        sheet.stamps(name) is not None and rising
    )
