"""A series read from a file, its values and times as the file shows them, and the roles of the columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.errors import counted
from benchmark.reading.clocks import Clock, Order, TimeText, wall_at
from benchmark.reading.options import ReadOptions
from benchmark.reading.parsing import MINUTE, Sheet, is_whole
from benchmark.reading.series import Split

LISTED = 8


@dataclass
class Recording:
    """A series read from a file, on a regular grid if its time stamps form one.

    Attributes
    ----------
    name : str
        Name of the file, and of the series if the file contains several.
    column : str
        Name of the column of the values.
    values : (n,) float64 array, finite
        Missing values are interpolated.
    filled : (n,) bool array
        True for interpolated values.
    times : pandas Series of time stamps (or numbers), or None
        Local times as written, or with their offset to UTC.
    labels : (n,) uint8 array or None
    notes : list of str
        All decisions, dropped rows and repairs, one sentence each.
    rows : (n,) int64 array or None
        Data row of the file, counted from 0; -1 for inserted points. None = 0, 1, 2, ...
    value_text : callable, or None
        Maps a row of the recording to its value as the file shows it.
    time_text : callable, or None
        Maps a row of the recording to its time as the file shows it; None = from ``times``.
    lineup : list of str
        Summary: roles of the columns, first and last time, step, and rows kept.
    reading : ReadOptions or None
        All decisions as options, to read similar files in the same way.
    step : float or None
        Nanoseconds (or counts) between points on a regular grid; None without such a grid.
    """

    name: str
    column: str
    values: NDArray[np.float64]
    filled: NDArray[np.bool_]
    times: Any = None
    labels: NDArray[np.uint8] | None = None
    notes: list[str] = field(default_factory=list)
    rows: NDArray[np.int64] | None = None
    value_text: Any = None
    time_text: Any = None
    lineup: list[str] = field(default_factory=list)
    reading: ReadOptions | None = None
    step: float | None = None

    def __len__(self) -> int:
        return len(self.values)

    def show_value(self, row: int) -> str:
        """Return the value of a row as the file shows it, or ``missing``."""
        if self.filled[row]:
            return "missing"
        if self.value_text is None:
            return np.format_float_positional(self.values[row], trim="-")
        return str(self.value_text(row))

    def mark(self, number: str) -> str:
        """Format a number with the file's decimal mark."""
        return number if self.reading is None else self.reading.mark(number)

    def show_time(self, row: int) -> str:
        """Return the time of a row in ISO 8601 with the file's offset; empty without times."""
        if self.time_text is not None:
            return str(self.time_text(row))
        return "" if self.times is None else str(self.times.iloc[row])


@dataclass
class ValueText:
    """Maps points of a recording to their values as the file shows them."""

    cells: Any
    rows: NDArray[np.int64]

    def __call__(self, point: int) -> str:
        value = self.cells[int(self.rows[point])].as_py()
        return str(value).strip()


def set_times(found: Recording, clock: Clock | None, order: Order) -> tuple[Any, Any]:
    """Set the times of the recording; return its ticks and offsets, (n,) each, to match events."""
    if clock is None:
        return None, None
    if clock.stamps is None:
        assert clock.numbers is not None
        numbers = clock.numbers[order.before] + order.ahead
        whole = is_whole(numbers) and bool(np.all(np.abs(numbers) < 2**53))
        found.times = pd.Series(numbers.astype(np.int64) if whole else numbers)
        return numbers, None
    wall = wall_at(clock.stamps, order)
    offset = None if clock.stamps.offset is None else clock.stamps.offset[order.before]
    found.times = _pandas(wall, offset)
    found.time_text = TimeText(wall, offset, clock.stamps.dates_only)
    return wall, offset


def _pandas(wall: NDArray[np.int64], offset: Any) -> Any:
    """Build pandas time stamps: with the offset if it is constant, in UTC if it changes, else without time zone."""
    if offset is None:
        return pd.Series(wall.view("M8[ns]"))
    shifted = wall - offset.astype(np.int64) * MINUTE
    times = pd.Series(shifted.view("M8[ns]")).dt.tz_localize("UTC")
    same = len(offset) and bool((offset == offset[0]).all())
    zone = timezone(timedelta(minutes=int(offset[0]))) if same and offset[0] else "UTC"
    return times.dt.tz_convert(zone)


# -- the summary: roles of the columns, first and last time, step, rows kept --


def lineup(
    found: Recording, sheet: Sheet, clock: Clock | None, label: str | None, split: Split | None, series: str, step: str
) -> list[str]:
    """Return the summary of how a file was read, one line for each fact."""
    facts = [("file", f"{sheet.path.name} ({sheet.table.form})")]
    if split is not None and len(split.names) > 1:
        facts.append(("series", f"{series!r} of {len(split.names)} in {' and '.join(map(repr, split.columns))}"))
    facts.append(("time", clock.name if clock else "none; rows are numbered from 0"))
    known = int((~found.filled).argmax())
    facts.append(("values", f"{found.column!r}, first value {found.show_value(known)}"))
    facts.append(("labels", _labels_line(found, sheet, label)))
    used = {found.column, label, *(clock.columns if clock else ()), *(split.columns if split else ())}
    unused = [name for name in sheet.names if name not in used]
    if unused:
        facts.append(
            ("unused", ", ".join(unused[:LISTED]) + (f", ... ({len(unused)})" if len(unused) > LISTED else ""))
        )
    if clock is not None:
        facts += [("first", found.show_time(0)), ("last", found.show_time(len(found) - 1))]
    if step:
        facts.append(("step", step))
    facts.append(("rows", _rows_line(found, sheet, split, series)))
    return [f"{name:<7} {fact}" for name, fact in facts]


def _labels_line(found: Recording, sheet: Sheet, label: str | None) -> str:
    if found.labels is None:
        return "none"
    where = f"{label!r}" if label else str(sheet.options.labels)
    return f"{where}, {int(found.labels.sum()):,} of {counted(len(found), 'point')} anomalous"


def _rows_line(found: Recording, sheet: Sheet, split: Split | None, series: str) -> str:
    assert found.rows is not None
    several = split is not None and len(split.names) > 1
    total = int(split.counts[split.names.index(series)]) if split is not None and several else sheet.table.total
    kept = int((found.rows >= 0).sum())
    text = f"{kept:,} of {total:,} kept"
    missing = int((found.rows < 0).sum())
    empty = int(found.filled.sum()) - missing
    parts = [text]
    if missing:
        parts.append(f"{counted(missing, 'point')} put into gaps")
    if empty:
        parts.append(f"{counted(empty, 'value')} missing")
    return ", ".join(parts)
