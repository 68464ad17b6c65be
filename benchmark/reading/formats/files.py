"""Read any file that may contain a series as a table; the format is recognized by the content."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmark.errors import UserError, counted, no_file
from benchmark.reading.formats.encoding import decompress
from benchmark.reading.formats.excel import read_excel
from benchmark.reading.formats.influx import mark_series
from benchmark.reading.formats.json_file import read_json
from benchmark.reading.formats.started import with_times
from benchmark.reading.formats.text import read_text
from benchmark.reading.formats.wide import as_long
from benchmark.reading.options import ReadOptions
from benchmark.reading.parsing import Table, as_mask, from_columns
from benchmark.system.packaged import read_csv

OTHERS = read_csv(__package__, "others.csv")
LAST = 12  # rows at the end that are searched for totals
_WORD = (
    "total|totals|totale|totaux|sum|summe|somme|suma|soma|gesamt|insgesamt|average|avg|mean|mittelwert|mittel"
    "|durchschnitt|moyenne|media|promedio|median|min|max|minimum|maximum|count|anzahl|stdev|std"
)
SUMS_UP = rf"(?i)^((grand|sub)[ -]?)?({_WORD})[:.]?( +[\d.,+-]+)?$"


def read_table(path: Path, options: ReadOptions) -> Table:
    """Read text, JSON, Excel, Parquet or Feather, compressed or not.

    Raises
    ------
    UserError
        If there is no such file, or it has another format.
    """
    if not path.is_file():
        raise no_file(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    table = _read(decompress(raw, path), path, options)
    if not len(table):
        raise UserError(f"{path} has no rows")
    if options.sheet and not table.form.startswith("Excel"):
        table.notes.append(f"--sheet {options.sheet} has no effect: the file is none of Excel.")
    return tidy(table, options)


def tidy(table: Table, options: ReadOptions) -> Table:
    """Remove totals at the end of a table, and reshape it to one row for each time."""
    return as_long(_without_totals(_without_states(table)), options.value)


def _read(raw: bytes, path: Path, options: ReadOptions) -> Table:
    if raw.startswith(b"PAR1"):
        return _arrow(raw, path, "Parquet")
    if raw.startswith(b"ARROW1"):
        return _arrow(raw, path, "Feather")
    if raw.startswith(b"PK\x03\x04"):
        return read_excel(raw, path, options.sheet)
    for other in OTHERS:
        if re.match(other["begins"].encode(), raw):
            raise UserError(f"{path} is {other['what'].format(name=repr(path.name))}")
    if path.suffix.lower() in (".parquet", ".pq"):
        raise UserError(f"{path} is not a readable Parquet file: it does not begin with PAR1")
    bracketed = re.match(rb"\[[^\[\]\n]*\][ \t]*[^\s,\]]", raw[:200])  # a time in brackets, as servers write it
    if re.match(rb"(\xef\xbb\xbf)?\s*[\[{]\s*[\[{\"\d\]}-]", raw[:200]) and not bracketed:
        return read_json(raw, path, options.encoding)
    return with_times(mark_series(read_text(raw, path, options)), path)


def _arrow(raw: bytes, path: Path, form: str) -> Table:
    from pyarrow import feather, parquet

    read = parquet.read_table if form == "Parquet" else feather.read_table
    try:
        arrow = read(pa.BufferReader(raw))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(f"{path} is not a readable {form} file: {error}") from error
    return from_arrow(arrow, form)


def from_arrow(arrow: pa.Table, form: str) -> Table:
    """Convert a pyarrow table, including the index that pandas stored in it."""
    names = {name: re.sub(r"^__index_level_\d+__$", "index", name) for name in arrow.column_names}
    columns = {clean: _plain(arrow[name].combine_chunks()) for name, clean in names.items()}
    return from_columns(columns, form)


def _plain(cells: Any) -> Any:
    """Convert a column to plain strings, numbers or times, however the file stores it."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_large_string(cells.type) or pa.types.is_string_view(cells.type):
        cells = cells.cast(pa.string())
    if pa.types.is_boolean(cells.type):
        cells = cells.cast(pa.string())  # states or labels, as in text
    if pa.types.is_decimal(cells.type):
        cells = cells.cast(pa.float64())
    return cells


def _without_states(table: Table) -> Table:
    """Remove the rows in which WinCC logs its own state, ``$RT_OFF$`` and ``$RT_COUNT$``, with a note."""
    names = table.columns.get("VarName")
    own = as_mask(pc.starts_with(names, "$RT_")) if names is not None and pa.types.is_string(names.type) else None
    if own is None or not own.any() or own.all():
        return table
    kept = table.keep(~own)
    kept.total -= int(own.sum())
    kept.notes.append(f"Left out: {counted(int(own.sum()), 'row')} on the state of WinCC, such as $RT_OFF$.")
    return kept


def _without_totals(table: Table) -> Table:
    """Remove rows such as ``Total`` and ``Average`` at the end of a table, with a note."""
    size = min(LAST, len(table) // 2)
    found, word = np.zeros(size, dtype=bool), ""
    for cells in table.columns.values():
        if not pa.types.is_string(cells.type):
            continue
        tail = [bool(cell) and bool(re.match(SUMS_UP, cell.strip())) for cell in cells[len(table) - size :].to_pylist()]
        if any(tail) and not _sums_up_earlier(cells[: len(table) - size]):
            found |= np.array(tail)
            word = word or str(cells[len(table) - size + tail.index(True)])
    if not found.any():
        return table
    kept = table.keep(np.concatenate([np.ones(len(table) - size, dtype=bool), ~found]))
    kept.total -= int(found.sum())
    kept.notes.append(f"Left out: {counted(int(found.sum()), 'row')} at the end, the sum of others ({word!r}).")
    return kept


def _sums_up_earlier(cells: object) -> bool:
    return bool(pc.any(pc.match_substring_regex(pc.utf8_trim_whitespace(cells), SUMS_UP)).as_py())
