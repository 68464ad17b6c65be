"""Read anomalies from a second file: ``start,end``, single times, or NAB's windows in JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmark.errors import UserError, counted, no_file
from benchmark.reading.clocks import from_epoch
from benchmark.reading.formats import read_table
from benchmark.reading.options import ReadOptions
from benchmark.reading.parsing import (
    DAY,
    HOUR,
    MINUTE,
    NOT_A_TIME,
    SECOND,
    Sheet,
    Table,
    cell,
    from_columns,
    labels,
    sample,
)

_OF_TIME = r"([ _]?(time|date|timestamp|row|index|ts|at|utc|epoch|ms))?"
START = re.compile(rf"(t?_?start|begin|beginn|from|first|onset|anfang|von){_OF_TIME}", re.I)
END = re.compile(rf"(t?_?end|stop|to|until|till|last|offset|finish|ende|bis){_OF_TIME}", re.I)
DURATION = re.compile(
    r"(duration|length|dauer|durée)[ _(\[]*(s|secs?|seconds?|min|minutes?|h|hours?|d|days?)?[)\]]?", re.I
)
OWNER = re.compile(r"(file|series|chan|channel|signal|data_?set)([ _]?(name|id))?", re.I)
Ticks = NDArray[Any]


def labels_from(
    path: Path, data: Path, ticks: Ticks | None, offset: NDArray[np.int32] | None, options: ReadOptions, rows: Ticks
) -> tuple[NDArray[np.uint8], list[str]]:
    """Label the points of a series by the events of a second file; return (n,) labels and notes.

    Parameters
    ----------
    path : Path
        The file of events.
    data : Path
        The file of the series; NAB's windows are found by its name.
    ticks : (n,) array or None
        The time of each point in nanoseconds, or its counter; None = rows counted from 0.
    offset : (n,) array or None
        Minutes by which the clock is ahead of UTC.
    rows : (n,) array
        Row of the file for each point, -1 for inserted points; events may be given by rows, too.

    Raises
    ------
    UserError
        If the events cannot be read, or none of them is within the series.
    """
    said: list[str] = []
    table = _table(path, data, options, said)
    if len(table.names) == 1 and (each := _row_labels(table, rows, data, path)) is not None:
        return each, [f"{path.name} has a label for each row."]
    starts, ends = _windows(path, table, offset, options, said)
    clock = rows if ticks is None else ticks
    if ticks is not None and _is_stamps(ticks) and not _is_stamps(starts):
        clock = rows
        said.append(f"The events of {path.name} are given by rows, counted from 0.")
    elif _is_stamps(starts) and not _is_stamps(clock):
        raise UserError(f"{path} and {data} do not count time alike: one has dates, the other numbers")
    found = np.zeros(len(rows), dtype=np.uint8)
    outside = 0
    for start, end in zip(starts, ends, strict=True):
        inside = (clock >= start) & (clock <= end)
        outside += not inside.any()
        found[inside] = 1
    if outside == len(starts):
        raise UserError(f"none of the {counted(len(starts), 'event')} of {path} lies within the times of {data}")
    said.append(f"Labels: {counted(int(found.sum()), 'point')} by {counted(len(starts), 'event')} of {path.name}.")
    if outside:
        said.append(f"Outside the series: {counted(outside, 'event')} of {path.name}.")
    return found, said


def _is_stamps(ticks: Ticks) -> bool:
    return bool(len(ticks)) and ticks.dtype == np.int64 and abs(int(ticks[0])) > 10**15


def _table(path: Path, data: Path, options: ReadOptions, said: list[str]) -> Table:
    """Read the table of this series' events."""
    if not path.is_file():
        raise no_file(path, " (--labels)")
    if path.suffix.lower() == ".json":
        pairs = _pairs(path, data)
        return from_columns({"start": _strings(p[0] for p in pairs), "end": _strings(p[1] for p in pairs)}, "JSON")
    table = read_table(path, ReadOptions(separator=options.separator, day_first=options.day_first))
    said += [f"{path.name}: {note}" for note in table.notes]
    return _select_own(table, data, options.series, path, said)


def _select_own(table: Table, data: Path, series: str | None, path: Path, said: list[str]) -> Table:
    """Select the rows of this file or series if a column names several.

    Raises
    ------
    UserError
        If a column of names does not contain it.
    """
    mine = {data.name, data.stem, data.as_posix()} | ({series} if series else set())
    for name in table.names:
        cells = [str(one).strip() for one in table.columns[name].to_pylist()]
        ours = np.array([one in mine or one.endswith(f"/{data.name}") for one in cells])
        if ours.all():
            continue
        if ours.any():
            said.append(f"Events of other series in {path.name}: {counted(int((~ours).sum()), 'row')}, by {name!r}.")
            return table.keep(ours)
        if OWNER.fullmatch(name) and len(set(cells)) > 1:
            raise UserError(f"{path}: no cell of {name!r} names {data.name}, e.g. {cells[0]!r}: correct it, or cut it")
    return table


def _row_labels(table: Table, rows: Ticks, data: Path, path: Path) -> NDArray[np.uint8] | None:
    """Read one label for each row of the data; None if the cells are times or row numbers.

    Raises
    ------
    UserError
        If there are more or fewer labels than rows.
    """
    cells = table.columns[table.names[0]]
    decoded, _ = labels.decode(cells) if len(cells.unique()) < min(3, len(cells)) else (None, "")
    if decoded is None:
        return None
    if len(decoded) != rows.max() + 1:
        raise UserError(f"{path} has {counted(len(decoded), 'label')}, {data} {counted(int(rows.max()) + 1, 'row')}")
    return np.where(rows < 0, 0, decoded[rows]).astype(np.uint8)


def _windows(
    path: Path, table: Table, offset: NDArray[np.int32] | None, options: ReadOptions, said: list[str]
) -> tuple[Ticks, Ticks]:
    sheet = Sheet(_anomalous(table), ReadOptions(day_first=options.day_first), path)
    start = next((n for n in sheet.names if START.fullmatch(n)), sheet.names[0])
    others = [n for n in sheet.names if n != start]
    end = next((n for n in others if END.fullmatch(n)), None)
    length = next((found for n in others if end is None and (found := DURATION.fullmatch(n))), None)
    if length is not None:
        starts = _times(sheet, start, offset)
        return starts, starts + _duration(sheet, length.string, length[2], _is_stamps(starts))
    if end is None and len(others) == 1 and (sheet.stamps(others[0]) is not None or sheet.looks_numeric(others[0])):
        end = others[0]
    starts, ends = _times(sheet, start, offset), _times(sheet, end or start, offset)
    stamps = sheet.stamps(end or start)
    if stamps is not None and stamps.dates_only:
        said.append(f"Days of {path.name} count whole.")
        ends = ends + (DAY - 1)
    return starts, ends


def _duration(sheet: Sheet, name: str, unit: str | None, of_stamps: bool) -> Ticks:
    """Read how far the last time or row of each event lies behind its first, in nanoseconds or in rows.

    An event of five rows ends four rows after its first.

    Raises
    ------
    UserError
        If the column's name does not contain its unit.
    """
    found = sheet.numbers(name).values
    if not of_stamps:
        return np.maximum(found - 1, 0)
    if not unit:
        raise UserError(
            f"{sheet.path}: {name!r} does not say its unit: call it {name}_s, {name}_min or {name}_h, or give ends"
        )
    size = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}[unit[0].lower()]
    return np.asarray((found * size).astype(np.int64))


def _anomalous(table: Table) -> Table:
    """Select the anomalous rows of a file with a label for each time."""
    for name in table.names:
        decoded, _ = labels.decode(table.columns[name]) if labels.is_label_name(name) else (None, "")
        if decoded is not None and len(table.names) > 1:
            kept = table.keep(decoded == 1)
            del kept.columns[name]
            return kept
    return table


def _strings(cells: Any) -> Any:
    return pa.array([str(c) for c in cells], pa.string())


def _times(sheet: Sheet, name: str, offset: NDArray[np.int32] | None) -> Ticks:
    """Read a column as times on the clock of the series, or as row numbers."""
    stamps = sheet.stamps(name)
    if stamps is None:
        found = sheet.numbers(name)
        if sheet.has_words(name) or found.wrong or not np.isfinite(found.values).all():
            shown = next((c for c in sample(sheet.cells(name)) if cell.kind(c) == "text"), found.example)
            raise UserError(f"{sheet.path}: the cells of {name!r} are neither times nor row numbers, e.g. {shown!r}")
        epoch = from_epoch(found.values)
        if epoch is None:
            return found.values
        stamps = epoch
    if (wrong := stamps.wall == NOT_A_TIME).any():
        shown = str(sheet.cells(name)[int(wrong.argmax())].as_py() or "")
        raise UserError(f"{sheet.path}: a cell of {name!r} is no time, e.g. {shown!r}")
    if stamps.offset is None or offset is None or not len(offset):
        return stamps.wall
    return stamps.instants + int(offset[0]) * MINUTE


def _pairs(path: Path, data: Path) -> list[tuple[Any, Any]]:
    """Read NAB's windows of this file: those whose key ends with the file's name."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not readable JSON: {error}") from error
    if isinstance(found, dict):
        found = {key.replace("\\", "/"): windows for key, windows in found.items()}
        keys = [key for key in found if key == data.name or key.endswith("/" + data.name)]
        longer = [key for key in keys if data.as_posix().endswith(key)]
        if not keys:
            raise UserError(
                f"{path} has no windows of {data.name}: its keys end otherwise, e.g. {next(iter(found), '')!r}"
            )
        found = found[(longer or keys)[0]]
    if not isinstance(found, list) or not found:
        raise UserError(f"{path} has no windows for {data.name}")
    return [_pair(entry, path) for entry in found]


def _pair(entry: Any, path: Path) -> tuple[Any, Any]:
    if isinstance(entry, list) and len(entry) == 2:
        return entry[0], entry[1]
    if isinstance(entry, dict):
        starts, ends = ([v for k, v in entry.items() if form.fullmatch(k)] for form in (START, END))
        if starts and ends:
            return starts[0], ends[0]
    if isinstance(entry, str | int | float):
        return entry, entry
    raise UserError(f"{path}: {str(entry)[:60]} is no window; expected [start, end]")
