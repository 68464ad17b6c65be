"""A table whose columns are read as numbers or times on demand, each once and as a whole."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmark.errors import UserError
from benchmark.reading.options import WITHOUT, ReadOptions
from benchmark.reading.parsing import cell
from benchmark.reading.parsing.calendars import OtherCalendar
from benchmark.reading.parsing.codes import split
from benchmark.reading.parsing.fields import Ambiguous
from benchmark.reading.parsing.marks import Country, Undecided
from benchmark.reading.parsing.numbers import DURATION, NAMED, Numbers, mostly, read_durations, read_numbers, sample
from benchmark.reading.parsing.stamps import Stamps, read_stamps
from benchmark.reading.parsing.states import MOST, STATES, count_words, read_states
from benchmark.reading.parsing.table import Cells, Table
from benchmark.reading.parsing.zone_names import UnknownZone

FEW = 60


class Sheet:
    """The columns of a table as numbers and as times.

    Parameters
    ----------
    table : Table
    options : ReadOptions
    path : Path
        For messages.
    """

    def __init__(self, table: Table, options: ReadOptions, path: Path) -> None:
        self.table = table
        self.options = options
        self.path = path
        _, self._missing, _ = split(options.missing)
        self._numbers: dict[str, Numbers] = {}
        self._stamps: dict[str, Stamps | None] = {}

    @property
    def names(self) -> list[str]:
        return self.table.names

    def cells(self, name: str) -> Cells:
        return self.table.columns[name]

    def is_text(self, name: str) -> bool:
        """Return True if most of a sample of the column is neither numbers nor times."""
        if not pa.types.is_string(self.cells(name).type):
            return False
        kinds = [cell.kind(c) for c in sample(self.cells(name), 200)]
        known = [k for k in kinds if k != "nothing"]
        return bool(known) and sum(k == "text" for k in known) > 0.5 * len(known)

    def has_words(self, name: str) -> bool:
        """Return True if a sample of the column contains only few different words without digits."""
        if not pa.types.is_string(self.cells(name).type):
            return False
        known = {c.lower() for c in sample(self.cells(name), 2000)}
        words = {c for c in known if c not in cell.NOTHING or c in STATES}
        return 1 <= len(words) <= MOST and not any(re.search(r"\d", c) for c in words)

    def words(self, name: str) -> dict[str, int]:
        """Count the different words of the column, without words for a missing value."""
        return count_words(self.cells(name), self._missing)

    def looks_numeric(self, name: str) -> bool:
        """Return True if at least half of a sample are numbers."""
        kind = self.cells(name).type
        if not pa.types.is_string(kind):
            return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
        kinds = [cell.kind(c) for c in sample(self.cells(name), 400)]
        known = [k for k in kinds if k != "nothing"]
        return bool(known) and sum(k == "number" for k in known) >= 0.5 * len(known)

    def wraps_numbers(self, name: str) -> bool:
        """Return True if a sample of the column are durations such as ``5:20``, or one word and numbers: ``t=20.5``."""
        known = sample(self.cells(name), 400) if pa.types.is_string(self.cells(name).type) else []
        named = {match and match[1] for match in map(NAMED.fullmatch, known)}
        return mostly(known, re.compile(DURATION).match) or (len(named) == 1 and None not in named)

    def numbers(self, name: str) -> Numbers:
        """Read the column as numbers.

        Raises
        ------
        UserError
            If ``1,234`` may be 1.234 or 1234.
        """
        if name not in self._numbers:
            given = self.options
            known = given.states if name == given.value else None
            if known or (known is None and self.has_words(name)):
                words = read_states(self.cells(name), name, str(self.path), self._missing, tuple(known or ()))
                self._numbers[name] = words
                return self._numbers[name]
            marks = given.decimal, given.thousands, self.country
            try:
                found = read_durations(self.cells(name), name)
                found = found or read_numbers(self.cells(name), name, *marks, self._missing)
            except Undecided as reason:
                shown = next((c for c in sample(self.cells(name)) if re.search(r"[.,]", c)), "")
                mark = "," if "," in shown else "."
                raise UserError(
                    f"{self.path}: {shown[:60]!r} in {name!r} can be read in two ways, for {reason}: "
                    f"say --decimal '{mark}' or --thousands '{mark}'"
                ) from reason
            self._numbers[name] = found
        return self._numbers[name]

    def stamps(self, name: str) -> Stamps | None:
        """Read the column as times; None if it contains none.

        Raises
        ------
        UserError
            If day first and month first both fit, or a time zone or the calendar is unknown.
        """
        if name not in self._stamps:
            try:
                self._stamps[name] = read_stamps(self.cells(name), self.options.day_first, name)
            except Ambiguous as reason:
                shown = next(iter(sample(self.cells(name), 3)), "")
                raise UserError(
                    f"{self.path}: {shown!r} in {name!r} can be read in two ways, for {reason}: "
                    "say --dayfirst or --monthfirst"
                ) from reason
            except OtherCalendar as reason:
                raise UserError(
                    f"{self.path}: the years of {name!r} are those of another calendar, e.g. {reason}; "
                    f"or number the rows with --time {WITHOUT}"
                ) from reason
            except UnknownZone as reason:
                raise UserError(
                    f"{self.path}: the offset of the time zone {str(reason)!r} in {name!r} is not known: write offsets "
                    "such as +03:00, or cut the zones off and name one with --tz"
                ) from reason
        return self._stamps[name]

    def varies(self, name: str) -> bool:
        """Return True if a sample of the column has more different entries than states can have."""
        return len({c.lower() for c in sample(self.cells(name), 2000)}) > MOST

    def few_words(self, name: str) -> bool:
        """Return True if a sample of the column consists of few different entries that repeat."""
        known = sample(self.cells(name), 2000)
        different = len(set(known))
        return 2 <= different <= max(FEW, len(known) // 20) and different <= len(known) / 2

    @cached_property
    def country(self) -> Country:
        """How the whole file writes numbers, from unambiguous cells, its separator and its dates."""
        cells = [c for name in self.names for c in sample(self.cells(name), 200)]
        if any(re.fullmatch(r"[+-]?(\d+,(\d{1,2}|\d{4,})|0,\d+|[\d.]+\.\d{3},\d+)", c) for c in cells):
            return "comma"
        if any(re.fullmatch(r"[+-]?(\d+\.(\d{1,2}|\d{4,})|0\.\d+|[\d,]+,\d{3}\.\d+)", c) for c in cells):
            return "dot"
        if self.table.separator == ",":
            return "unknown"
        if any(re.match(r"\d{1,2}\.\d{1,2}\.\d{2,4}\b", c) for c in cells):
            return "dates"
        return "semicolon" if self.table.separator == ";" else "unknown"


def is_counter(values: NDArray[np.float64]) -> bool:
    """Return True for equal nonzero steps, as of row numbers or a clock."""
    if len(values) < 3 or not np.isfinite(values).all():
        return False
    steps = np.diff(values)
    return bool(steps[0] != 0 and np.all(np.abs(steps - steps[0]) <= 1e-6 * abs(steps[0])))


def is_constant(values: NDArray[np.float64]) -> bool:
    """Return True if all finite values are equal, or there are none."""
    known = values[np.isfinite(values)]
    return len(known) == 0 or bool(known.min() == known.max())


def is_whole(values: NDArray[np.float64]) -> bool:
    """Return True if all finite values are whole numbers."""
    known = values[np.isfinite(values)]
    return bool(np.all(known == np.floor(known)))
