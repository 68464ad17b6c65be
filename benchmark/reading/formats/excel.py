"""Read sheets of Excel files (.xlsx) as tables of text."""

from __future__ import annotations

import csv
import io
import zlib
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from benchmark.errors import UserError, unknown
from benchmark.reading.formats.text import read_text
from benchmark.reading.options import ReadOptions
from benchmark.reading.parsing import Table

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
    return _table(sheets[title], path, title, notes if others else [])


def _rows(sheet: Any) -> list[Row]:
    return [row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row)]


def _table(rows: list[Row], path: Path, title: str, notes: list[str]) -> Table:
    """Read the rows of a sheet like lines of text, so that header, units and lines around the data are found alike."""
    width = max(len(row) for row in rows)
    columns = [_cells([*cells]) for cells in zip(*([*row, *[None] * (width - len(row))] for row in rows), strict=True)]
    texts = [*zip(*columns, strict=True)]
    filled = [sum(map(bool, row)) for row in texts]
    top = next(k for k, count in enumerate(filled) if count > max(filled) / 2)  # titles above have cells of their own
    titles = [[cell for cell in row if cell] for row in texts[:top]]
    lines = io.StringIO()
    csv.writer(lines, delimiter="\t", quoting=csv.QUOTE_ALL).writerows([*titles, *texts[top:]])
    table = read_text(lines.getvalue().encode("utf-8"), path, ReadOptions(separator="\t"))
    notes += [note.replace('"', "").replace(r"\t", " ") for note in table.notes]  # lines are shown without quotes
    return replace(table, form=f"Excel, sheet {title!r}", separator="", notes=notes)


def _cells(cells: list[Any]) -> list[str]:
    """Convert cells to text; whole numbers without ``.0``, dates as ISO 8601."""
    midnights = all(not isinstance(c, datetime) or c.time() == time() for c in cells)

    def text(value: Any) -> str:
        if value is None:
            return ""
        if midnights and isinstance(value, datetime):
            return str(value.date())
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return str(value)

    return [text(c) for c in cells]
