"""Read a file as recordings: find the columns, select the series, sort the rows, and note what was done."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import UserError, counted, unknown
from benchmark.reading.clocks import Clock, Order, arrange, file_order, find_clock, in_zone, unread_times
from benchmark.reading.columns import find_label, find_value
from benchmark.reading.events import labels_from
from benchmark.reading.formats import read_table
from benchmark.reading.options import LOST_AT_MOST, MISSING_AT_MOST, WITHOUT, ReadOptions
from benchmark.reading.parsing import LIMITS, Numbers, Sheet, Table, labels, without_codes
from benchmark.reading.recording import Recording, ValueText, lineup, set_times
from benchmark.reading.series import ALL, SEPARATOR, Split, find_split, list_series, parse_keys, select_series

FEWEST = 10  # rows of a column that was joined with others
JOINED_BELOW = 0.7  # a column with values in a smaller share of rows may have times of its own


def read_recording(path: Path, options: ReadOptions | None = None) -> Recording:
    """Read the only series of a file, or the one that ``options.series`` names.

    Raises
    ------
    UserError
        If the file is ambiguous; the message names the option that decides.
    """
    found = read_recordings(path, options)
    if len(found) > 1:
        raise UserError(f"{path} holds {len(found)} series: choose one with --series NAME")
    return found[0]


def series_in(path: Path, options: ReadOptions) -> list[str]:
    """Return the names of the series of a file; one empty name if there is only one."""
    sheet, clock = _open(read_table(path, options), path, options)
    split = _split(sheet, clock, options.label)
    return split.names if split else [""]


def read_recordings(path: Path, options: ReadOptions | None = None) -> list[Recording]:
    """Read all selected series of a file; errors as in :func:`read_recording`."""
    options = options or ReadOptions()
    return recordings_of(read_table(path, options), path, options)


def recordings_of(table: Table, path: Path, options: ReadOptions) -> list[Recording]:
    """Read all selected series of a table; see :func:`read_recordings`."""
    sheet, clock = _open(table, path, options)
    notes = list(table.notes)
    label = find_label(sheet, (options.value, *(clock.columns if clock else ())), notes)
    split = _split(sheet, clock, label)
    if split is None and options.series not in (None, ALL):
        raise UserError(
            f"{path} shows one series, so that --series {options.series} chooses none: name their column with "
            "--series-column, or leave it out"
        )
    names = select_series(split, sheet) if split else [""]
    key = split.columns if split else ()
    value = find_value(sheet, clock, label, split, notes)
    notes += unread_times(sheet, clock, (value, label, *key))
    if split and len(split.names) > 1:
        notes.append(f"The file holds {len(split.names)} series ({list_series(split)}).")
    job = _Job(sheet, clock, value, label, split, notes)
    return [job.recording(name) for name in names]


def _open(table: Table, path: Path, options: ReadOptions) -> tuple[Sheet, Clock | None]:
    sheet = Sheet(table, options, path)
    _check_columns(sheet)
    return sheet, find_clock(sheet, (options.value, options.label, options.series_column))


def _split(sheet: Sheet, clock: Clock | None, label: str | None) -> Split | None:
    return find_split(sheet, clock, (sheet.options.value, label, *filter(labels.is_label_name, sheet.names)))


def _check_columns(sheet: Sheet) -> None:
    given = sheet.options
    keys = parse_keys(given.series_column, sheet.names)
    for name in (given.value, given.time, given.label, *keys):
        if name is not None and name not in sheet.names and not (name == WITHOUT and name in (given.time, given.label)):
            raise unknown(f"column of {sheet.path.name}", name, sheet.names)


@dataclass
class _Job:
    """A file with its columns of values, times and labels found."""

    sheet: Sheet
    clock: Clock | None
    value: str
    label: str | None
    split: Split | None
    notes: list[str] = field(default_factory=list)
    codes: list[float] = field(default_factory=list)

    def recording(self, series: str) -> Recording:
        """Read one series."""
        sheet, clock, notes = self.sheet, self.clock, list(self.notes)
        rows = np.arange(len(sheet.table))
        if self.split is not None and len(self.split.names) > 1:
            mask = self.split.mask(series)
            rows, clock = rows[mask], clock.keep(mask) if clock else None
        if clock is not None and clock.stamps is not None:
            clock.stamps, said = in_zone(clock.stamps, sheet.options.tz, sheet.path)
            notes += clock.notes + said
        elif clock is not None:
            notes += clock.notes
        if sheet.options.tz and (clock is None or clock.stamps is None):
            notes.append(f"--tz {sheet.options.tz} has no effect: the rows have no dates.")
        if sheet.options.since and (clock is None or clock.stamps is None or not clock.stamps.epoch):
            notes.append(f"--since {sheet.options.since} has no effect: no column of counts is the time.")
        numbers = self._numbers(rows)
        notes += numbers.notes
        rows, clock = self._own_rows(rows, clock, numbers, notes)
        order = arrange(clock, sheet.path, sheet.options.tz, sheet.table.rows[rows]) if clock else file_order(len(rows))
        notes += order.notes
        values, filled = self._filled(numbers, order, notes)
        found = Recording(self._name(series), self.value, values, filled)
        found.rows = np.where(order.rows < 0, -1, sheet.table.rows[rows[order.rows]])
        found.value_text = ValueText(sheet.cells(self.value), np.where(order.rows < 0, -1, rows[order.rows]))
        ticks, offset = set_times(found, clock, order)
        found.labels = self._labels(series, rows, order, ticks, offset, notes)
        found.notes = list(dict.fromkeys(notes))
        found.reading, found.step = self._decided(series), order.usual
        found.lineup = lineup(found, sheet, clock, self.label, self.split, series, order.step)
        return found

    def _decided(self, series: str) -> ReadOptions:
        """Return the decisions as options, to read later files in the same way."""
        numbers, clock, split = self.sheet.numbers(self.value), self.clock, self.split
        marks = numbers.marks
        several = split is not None and (len(split.names) > 1 or self.sheet.options.series_column is not None)
        return replace(
            self.sheet.options,
            value=self.value,
            series=series if several else None,
            series_column=SEPARATOR.join(split.columns) if split is not None and several else None,
            time=clock.columns[0] if clock else WITHOUT,
            labels=None,
            label=self.label,
            decimal=marks.decimal if marks else self.sheet.options.decimal,
            thousands=marks.thousands if marks else self.sheet.options.thousands,
            missing=(*(self.sheet.options.missing or ()), *(f"{code!r}" for code in self.codes)) or None,
            day_first=clock.stamps.day_first if clock and clock.stamps else self.sheet.options.day_first,
            states=numbers.states,
        )

    def _name(self, series: str) -> str:
        stem = self.sheet.path.name.split(".")[0] or self.sheet.path.stem
        return f"{stem} {series}".strip()

    def _numbers(self, rows: NDArray[np.int64]) -> Numbers:
        """Read the values of these rows.

        Raises
        ------
        UserError
            If more than 2 % of the cells are neither numbers nor a word for a missing value.
        """
        whole = self.sheet.numbers(self.value)
        bad = None if whole.bad is None else whole.bad[rows]
        mine = Numbers(whole.values[rows], bad, notes=list(whole.notes))
        if bad is not None and bad.any():
            mine.example = str(self.sheet.cells(self.value)[int(rows[np.argmax(bad)])])
            if mine.wrong > LOST_AT_MOST * len(rows):
                raise refusal(mine, self.value, str(self.sheet.path))
            mine.notes.append(
                f"Missing values of {self.value!r}: {counted(mine.wrong, 'cell')} without a number "
                f"(first: {mine.example!r})."
            )
        mine.values, self.codes, said = without_codes(mine.values, self.value, self.sheet.options.missing)
        mine.notes += said
        return mine

    def _own_rows(
        self, rows: NDArray[np.int64], clock: Clock | None, numbers: Numbers, notes: list[str]
    ) -> tuple[NDArray[np.int64], Clock | None]:
        """Drop the rows of other columns if the file joins several columns that have times of their own."""
        known = np.isfinite(numbers.values)
        if clock is None or known.mean() > JOINED_BELOW or known.sum() < FEWEST:
            return rows, clock
        mine = clock.keep(known)
        if not _is_even(mine.ticks):
            return rows, clock
        notes.append(
            f"Left out: {counted(int((~known).sum()), 'row')} without a value of {self.value!r}, which come evenly."
        )
        numbers.values = numbers.values[known]
        return rows[known], mine

    def _filled(
        self, numbers: Numbers, order: Order, notes: list[str]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        values = np.where(order.rows < 0, np.nan, numbers.values[order.rows])
        missing = ~np.isfinite(values)
        if missing.mean() > MISSING_AT_MOST:
            raise UserError(
                f"{self.sheet.path}: {missing.mean():.0%} of the column {self.value!r} is missing; at most half "
                "may be: choose another with --value"
            )
        own = int((missing & (order.rows >= 0)).sum())
        if own:
            notes.append(f"Interpolated: {counted(own, 'missing value')}; those rows are never flagged.")
        places = np.arange(len(values))
        if missing.any():
            values[missing] = np.interp(places[missing], places[~missing], values[~missing])
        return values, missing

    def _labels(
        self, series: str, rows: NDArray[np.int64], order: Order, ticks: Any, offset: Any, notes: list[str]
    ) -> NDArray[np.uint8] | None:
        events = self.sheet.options.labels
        if events is not None:
            where = np.where(order.rows < 0, -1, self.sheet.table.rows[rows[order.rows]])
            given = replace(self.sheet.options, series=series)
            found, said = labels_from(events, self.sheet.path, ticks, offset, given, where)
            notes += said
            return found
        if self.label is None:
            return None
        whole, why = labels.decode(self.sheet.cells(self.label))
        assert whole is not None
        if why:
            notes.append(why)
        before = whole[rows][order.before]
        after = whole[rows][order.before[np.append(np.arange(1, len(order.before)), -1)]]
        return np.where(order.rows < 0, np.minimum(before, after), before).astype(np.uint8)


def _is_even(ticks: Any) -> bool:
    """Return True if nine in ten steps are equal within 10 %."""
    steps = np.abs(np.diff(ticks.astype(np.float64)))
    usual = float(np.median(steps))
    return usual > 0 and float((np.abs(steps - usual) <= 0.1 * usual).mean()) >= 0.9


def refusal(found: Numbers, name: str, path: str) -> UserError:
    """Build the error for a column with too many cells that are not numbers."""
    total, unit = len(found.values), re.fullmatch(r"[+-]?[\d.,]+\s*([^\d\s]+)", found.example)
    cure = "say how numbers are written with --decimal or --thousands, name another --value, or --missing WORD"
    if found.example[:1] in LIMITS:
        cure = f"--missing '{found.example[0]}' takes all such limits as missing values, or write a number for them"
    elif unit:
        cure = f"its unit {unit[1]!r} is not that of the others; write one unit, or none"
    return UserError(
        f"{path}: {found.wrong:,} of {total:,} cells of {name!r} ({found.wrong / max(1, total):.1%}) are not numbers, "
        f"e.g. {found.example!r}: {cure}"
    )
