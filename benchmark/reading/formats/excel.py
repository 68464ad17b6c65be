"""Read sheets of Excel files (.xlsx) as tables of text."""

from __future__ import annotations

import io
import zlib
from datetime import datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

import pyarrow as pa

from benchmark.errors import UserError, counted, unknown
from benchmark.reading.formats.layout import are_units
from benchmark.reading.parsing import Table, from_columns, unique_names

Row = tuple[Any, ...]


def read_excel(raw: bytes, path: Path, wanted: str | None) -> Table:
    """Read the sheet that the user named, or the one with the most rows.

    Raises
    ------
    UserError
        If there is no such sheet, or none with rows.
    """
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise UserError("Excel files need openpyxl: pip install 'tsad-benchmark[excel]', or save as CSV") from error
    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        sheets = {sheet.title: _rows(sheet) for sheet in book.worksheets if wanted in (None, sheet.title)}
    except (KeyError, ValueError, OSError, ParseError, BadZipFile, zlib.error) as error:
        raise UserError(f"{path} is not a readable Excel file: {error}") from error
    if not sheets:
        raise unknown(f"sheet of {path.name}", str(wanted), [sheet.title for sheet in book.worksheets])
    title = max(sheets, key=lambda name: len(sheets[name]))
    if len(sheets[title]) < 2:
        raise UserError(f"{path} has no sheet with rows")
    others = [name for name in sheets if name != title]
    notes = [f"The sheet {title!r} was read, the longest; --sheet chooses another ({', '.join(others)})."]
    return _table(sheets[title], title, notes if others else [])


def _rows(sheet: Any) -> list[Row]:
    return [row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row)]


def _table(rows: list[Row], title: str, notes: list[str]) -> Table:
    widest = max(_filled(row) for row in rows)
    data = [any(c is not None and not isinstance(c, str) for c in row) and _filled(row) > widest / 2 for row in rows]
    first = next((i for i in range(len(rows) - 1) if data[i] and data[i + 1]), data.index(True) if any(data) else 0)
    width = max(len(row) for row in rows)
    header = _header(rows, first, widest, notes)
    if header is None:
        names = [f"column {k + 1}" for k in range(width)]
        notes.append(f"The sheet has no header; its columns are called {', '.join(names)}.")
    else:
        names = [str(c) if c is not None else "" for c in rows[header]]
        others = [row for row in rows[:header] if _filled(row)]
        if others:
            notes.append(f"{counted(len(others), 'row')} before the header, no data.")
    padded = [[*row, *[None] * (width - len(row))] for row in rows[first:]]
    named = unique_names([*names, *[""] * (width - len(names))], notes)
    columns = {name: _cells(list(cells)) for name, cells in zip(named, zip(*padded, strict=True), strict=True)}
    kept = {name: cells for name, cells in columns.items() if cells.null_count < len(cells)}
    return from_columns(kept, f"Excel, sheet {title!r}", notes)


def _header(rows: list[Row], first: int, widest: int, notes: list[str]) -> int | None:
    """Find the header: the last wide row above the data, not counting a row of units below it."""
    above = [i for i in range(first) if _filled(rows[i]) > widest / 2 or _is_below(rows, i, first)]
    if not above:
        return None
    texts = [str(cell) for cell in rows[above[-1]] if cell is not None]
    if len(above) > 1 and are_units(texts):
        notes.append(f"The row below the header holds units or types and is no data: {', '.join(texts)[:60]!r}")
        return above[-2]
    return above[-1]


def _is_below(rows: list[Row], i: int, first: int) -> bool:
    """Return True for a row of units directly above the data; some of its cells may be empty."""
    return i == first - 1 and are_units([str(cell) for cell in rows[i] if cell is not None])


def _filled(row: Row) -> int:
    return sum(cell is not None and cell != "" for cell in row)


def _cells(cells: list[Any]) -> Any:
    """Convert cells to text; whole numbers without ``.0``, dates as ISO 8601."""
    midnights = all(not isinstance(c, datetime) or c.time() == time() for c in cells)

    def text(value: Any) -> str | None:
        if value is None or value == "":
            return None
        if midnights and isinstance(value, datetime):
            return str(value.date())
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return str(value)

    return pa.array([text(c) for c in cells], pa.string())
