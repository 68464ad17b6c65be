"""Any file that may hold a series as a table; the form is recognised by the content."""

from __future__ import annotations

import gzip
import io
import re
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.reading.influx import mark_series
from benchmark.reading.json_file import read_json
from benchmark.reading.options import ReadOptions
from benchmark.reading.table import Table, from_columns, unique_names
from benchmark.reading.text import read_text


def read_table(path: Path, options: ReadOptions) -> Table:
    """Read text, JSON, Excel or Parquet, compressed with gzip or not.

    Raises
    ------
    UserError
        If there is no such file, or it is none of these.
    """
    if not path.is_file():
        raise UserError(f"no file {path}")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    if raw.startswith(b"\x1f\x8b"):
        raw = gzip.decompress(raw)
    table = _read(raw, path, options)
    if not len(table):
        raise UserError(f"{path} has no rows")
    return table


def _read(raw: bytes, path: Path, options: ReadOptions) -> Table:
    if raw.startswith(b"PAR1"):
        return _parquet(raw, path)
    if raw.startswith(b"PK\x03\x04"):
        return _excel(raw, path)
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise UserError(f"{path} is in Excel's old form (.xls): save it as .xlsx or CSV")
    if path.suffix.lower() in (".parquet", ".pq"):
        raise UserError(f"{path} is not a readable Parquet file: it does not begin with PAR1")
    if re.match(rb"(\xef\xbb\xbf)?\s*[\[{]\s*[\[{\"\d\]}-]", raw[:200]):
        return read_json(raw, path, options.encoding)
    return mark_series(read_text(raw, path, options))


def _parquet(raw: bytes, path: Path) -> Table:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        arrow = parquet.read_table(pa.BufferReader(raw))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(f"{path} is not a readable Parquet file: {error}") from error
    columns = {_index_name(name): _plain(arrow[name].combine_chunks()) for name in arrow.column_names}
    return from_columns(columns, "Parquet")


def _index_name(name: str) -> str:
    return re.sub(r"^__index_level_(\d+)__$", "index", name)


def _plain(cells: Any) -> Any:
    """Strings as one type, whatever way the file packs them."""
    import pyarrow as pa

    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_large_string(cells.type) or pa.types.is_string_view(cells.type):
        cells = cells.cast(pa.string())
    if pa.types.is_decimal(cells.type):
        cells = cells.cast(pa.float64())
    return cells


def _excel(raw: bytes, path: Path) -> Table:
    """The first sheet with rows; dates and numbers as the sheet has them."""
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise UserError("Excel files need openpyxl: pip install 'tsad-benchmark[excel]', or save as CSV") from error
    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    except (KeyError, ValueError, OSError) as error:
        raise UserError(f"{path} is not a readable Excel file: {error}") from error
    for sheet in book.worksheets:
        rows = [row for row in sheet.iter_rows(values_only=True) if any(c is not None for c in row)]
        if len(rows) > 1:
            return _sheet(rows, sheet.title, [s.title for s in book.worksheets], path, notes=[])
    raise UserError(f"{path} has no sheet with rows")


def _sheet(rows: list[tuple[Any, ...]], title: str, titles: list[str], path: Path, notes: list[str]) -> Table:
    if len(titles) > 1:
        notes.append(f"The sheet {title!r} was read, the first with rows of {len(titles)} sheets.")
    widest = max(sum(c is not None for c in row) for row in rows)
    first = next((i for i, row in enumerate(rows) if any(_is_entry(c) for c in row) and _filled(row) > widest / 2), 0)
    above = [i for i in range(first) if _filled(rows[i]) > widest / 2]
    width = max(len(row) for row in rows)
    if above:
        names = [str(c) if c is not None else "" for c in rows[above[0] if len(above) > 1 else above[-1]]]
    else:
        names = [f"column {k + 1}" for k in range(width)]
        notes.append(f"The sheet has no header; its columns are called {', '.join(names)}.")
    others = [i for i in range(first) if i not in above]
    if others:
        notes.append(f"{len(others)} rows before the header are no data.")
    padded = [[*row, *[None] * (width - len(row))] for row in rows[first:]]
    named = unique_names([*names, *[""] * (width - len(names))], notes)
    columns = {name: _excel_cells(list(cells)) for name, cells in zip(named, zip(*padded, strict=True), strict=True)}
    kept = {name: cells for name, cells in columns.items() if cells.null_count < len(cells)}
    return from_columns(kept, f"Excel, sheet {title!r}", notes)


def _filled(row: tuple[Any, ...]) -> int:
    return sum(c is not None for c in row)


def _is_entry(value: Any) -> bool:
    return value is not None and not isinstance(value, str)


def _excel_cells(cells: list[Any]) -> Any:
    """Text of each cell; whole numbers without ``.0``, dates as ISO 8601."""
    import pyarrow as pa

    def text(value: Any) -> str | None:
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return str(value)

    return pa.array([text(c) for c in cells], pa.string())
