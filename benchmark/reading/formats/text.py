"""Read text files with a separator as tables of strings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from benchmark.errors import UserError, counted
from benchmark.reading.formats.encoding import as_utf8
from benchmark.reading.formats.influx import is_annotated, join_tables
from benchmark.reading.formats.layout import BLANK, NAMES, Layout, find_layout, is_comment, plain, split
from benchmark.reading.options import LOST_AT_MOST, ReadOptions
from benchmark.reading.parsing import Table, as_mask, cell

UNUSED = "\x1f"  # a separator that occurs in no file, for files of one column
WHOLE = re.compile(rb'"[^",;\t|]*\d([-:/]|\.\d{1,2}\.)\d[^",;\t|]*[,;\t|][^"]*"')  # "2024-01-13 10:00,20.5"
SHOWN = 3
HEAD = 200  # lines by which the columns are compared


def read_text(raw: bytes, path: Path, options: ReadOptions) -> Table:
    """Read a CSV file, or a similar one, as a table of strings.

    Raises
    ------
    UserError
        If it has no rows, if more than 2 % of them have another number of cells than the header, or if a quote is
        not closed.
    """
    notes: list[str] = []
    text, encoding = as_utf8(raw, path, options.encoding, notes)
    text = double_quoted(text)
    if is_annotated(text[:65536]):
        text = join_tables(text, notes)
    separator = {"\\t": "\t", "tab": "\t", "blank": BLANK}.get(options.separator or "", options.separator)
    layout = find_layout(text, path, separator)
    text = _one_series(_one_row(_without_extra(text, layout), layout), layout)
    columns, broken, total = _parse(_plain(text, layout), layout, path)
    rows = np.delete(np.arange(total), [number for number, _ in broken])
    named = NAMES.get(layout.separator, repr(layout.separator))
    table = Table(columns, rows, total, f"text, {encoding}, separated by {named}", layout.separator)
    table.notes = [*notes, *layout.notes]
    if b'"' in text:
        _refuse_open_quote(table, broken, path)
    table = _without_headers(_without_comments(table, broken, layout, path))
    return _without_trailing_blanks(_without_empty_columns(table), layout)


def _refuse_open_quote(table: Table, broken: list[tuple[int, str]], path: Path) -> None:
    """Raise an error if an open quote makes the following rows part of its cell."""
    usual = [cell.kind(str(cells[0])) for cells in table.columns.values()] if len(table) else []
    for cells in table.columns.values():
        long = np.flatnonzero(as_mask(pc.match_substring(cells, "\n")))
        broken = [*broken, *((int(table.rows[row]), str(cells[int(row)])) for row in long)]
    for row, text in broken:
        behind = text.split("\n")[1:]
        if any([cell.kind(part) for part in split(line, table.separator)] == usual for line in behind):
            raise UserError(
                f"{path}: a quote in data row {row} is not closed and takes in {counted(len(behind), 'line')} of data: "
                "close it, or write it twice"
            )


def double_quoted(text: bytes) -> bytes:
    """Write quotes around cells as CSV does: those of lines as a whole, ``="..."`` for Excel, and single ones."""
    if b'="' in text[:65536]:
        text = re.sub(rb'(?m)(^|[,;\t|])="', rb'\1"', text)
    lines = text[:65536].splitlines()[1:-1]
    if lines and all(map(WHOLE.fullmatch, lines)):
        text = re.sub(rb'(?m)^"([^"\n]*)"(?=\r?$)', rb"\1", text)
    if not re.match(rb"'[^'\n]*'\s*[,;\t|]", text) or b'"' in text[:65536]:
        return text
    return re.sub(rb"(?m)(?:^|(?<=[,;\t|]))'|'(?=[,;\t|\r]|$)", b'"', text)


def _without_extra(text: bytes, layout: Layout) -> bytes:
    """Cut a last cell off the first line of data, if no other line has it."""
    if not layout.extra:
        return text
    *above, body = text.split(b"\n", layout.skipped)
    row, end, others = body.partition(b"\n")
    return b"\n".join([*above, row[: row.rindex(layout.separator.encode() or b" ")] + end + others])


def _one_row(text: bytes, layout: Layout) -> bytes:
    """Convert a single line of many numbers to one column."""
    wide = len(layout.names) >= 20 and layout.skipped == 0 and text.strip().count(b"\n") == 0
    if not wide:
        return text
    cut = rb"\s+" if layout.separator == BLANK else re.escape(layout.separator.encode())
    layout.separator, layout.names = "", ["value"]
    layout.notes[:] = ["The file is one line of numbers; they are read as one column."]
    return re.sub(cut, b"\n", text.strip())


def _one_series(text: bytes, layout: Layout) -> bytes:
    """Convert the lines of a series that is printed several numbers to a line, as in seismology, to one column.

    The last line is shorter, or the number of values stands above the data, and the columns are no different series.
    """
    width = len(layout.names)
    if layout.separator != BLANK or width < 2 or layout.names[0] != "column 1":
        return text
    *above, body = text.split(b"\n", layout.skipped)
    lines = body.rstrip().count(b"\n")
    last = len(body.rstrip().rpartition(b"\n")[2].split())
    count = lines * width + last
    told = str(count).encode() in re.findall(rb"\d+", b" ".join(above))
    if lines < 3 or not (told or 0 < last < width) or not _flow_on(body.split(b"\n", HEAD)[:HEAD][:lines], width):
        return text
    layout.notes[:] = [note for note in layout.notes if "no header" not in note]
    layout.notes.append(
        f"Each line holds {width} values of one series ("
        + (f"the number of values, {count:,}, stands above the data" if told else "the last line is shorter")
        + "): they are read one after the other."
    )
    layout.separator, layout.names, layout.skipped = "", ["value"], 0
    return re.sub(rb"\s+", b"\n", body.strip())


def _flow_on(lines: list[bytes], width: int) -> bool:
    """Return True if numbers follow each other, also from line to line, like those of a series."""
    try:
        table = np.array([line.split() for line in lines], dtype=np.float64)
    except ValueError:
        return False
    steps = np.diff(table.ravel())
    usual = float(np.median(np.abs(steps)))
    drift = [abs(float(np.median(steps[k::width]))) for k in range(width)]
    return max(drift) <= 0.5 * usual and usual <= 1.5 * float(np.median(np.abs(np.diff(table, axis=0))))


def _plain(text: bytes, layout: Layout) -> bytes:
    if b"\r" in text[:65536] and b"\r\n" not in text[:65536]:
        text = text.replace(b"\r", b"\n")
    if layout.separator == BLANK:
        text = re.sub(rb"(?m)^[ \t]+|[ \t\r]+$", b"", text)
        text = re.sub(rb'("[^"\n]*")|[ \t]+', lambda found: found[1] or b"\t", text)
    return text


def cells_of(text: bytes, layout: Layout, path: Path) -> dict[str, Any]:
    """Return the columns of lines with a known layout, without comments.

    Raises
    ------
    UserError
        If a line has another number of cells.
    """
    columns, broken, total = _parse(_plain(double_quoted(text), layout), layout, path)
    if odd := [text for _, text in broken if not is_comment(text)]:
        raise UserError(f"{path}: {odd[0][:60]!r} has not the {len(layout.names)} cells of the header")
    rows = np.delete(np.arange(total), [number for number, _ in broken])
    return _without_comments(Table(columns, rows, total, "text", layout.separator), broken, layout, path).columns


def _parse(text: bytes, layout: Layout, path: Path) -> tuple[dict[str, Any], list[tuple[int, str]], int]:
    """Return columns, data row and text of each row with a wrong number of cells, and the number of data rows."""
    broken: list[tuple[int, str]] = []

    def note(row: Any) -> str:
        broken.append((int(row.number or 1) - 1 - layout.skipped, str(row.text)))
        return "skip"

    delimiter = {BLANK: "\t", "": UNUSED}.get(layout.separator, layout.separator)
    try:
        table = csv.read_csv(
            pa.BufferReader(text),
            csv.ReadOptions(use_threads=False, column_names=layout.names, skip_rows=layout.skipped, block_size=1 << 24),
            csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=len(layout.names) > 1,
                invalid_row_handler=note,
            ),
            csv.ConvertOptions(
                column_types={name: pa.string() for name in layout.names},
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid as error:
        raise UserError(f"{path} cannot be read as text separated by {delimiter!r}: {error}; try --sep") from error
    columns = {name: table[name].combine_chunks() for name in layout.names}
    return columns, broken, table.num_rows + len(broken)


def _without_comments(table: Table, broken: list[tuple[int, str]], layout: Layout, path: Path) -> Table:
    comments = sum(is_comment(text) for _, text in broken)
    first = table.columns[table.names[0]]
    hashes = as_mask(pc.starts_with(first, "#"))
    if hashes.any():
        hashes &= ~as_mask(pc.match_substring_regex(first, r"^#(N/A|\d+\s*$)"))
    if hashes.any():
        table, comments = table.keep(~hashes), comments + int(hashes.sum())
    if comments:
        table.notes.append(f"Comments among the data: {counted(comments, 'line')} beginning with #.")
    table.total -= comments
    ragged = [(row, text) for row, text in broken if not is_comment(text)]
    return _without_ragged(table, _around(table, ragged, layout), path)


def _around(table: Table, ragged: list[tuple[int, str]], layout: Layout) -> list[tuple[int, str]]:
    """Drop ragged rows that repeat lines above the data, or follow the data, with a note; return the others."""
    if not ragged or not len(table):
        return ragged
    first = str(table.columns[table.names[0]][0])
    usual, last = cell.kind(first), int(table.rows[-1])
    again = [row for row, text in ragged if plain(text) in layout.above]
    below = [
        (row, text)
        for row, text in ragged
        if row > last and row not in again and cell.kind(split(text, table.separator)[0]) != usual
    ]
    if again:
        table.notes.append(f"Left out: {counted(len(again), 'line')} that also stand above the data.")
    if below:
        row, text = below[0]
        said = f"Left out: {counted(len(below), 'line')} below the data (first: data row {row}, {text[:60]!r})."
        table.notes.append(said)
    others = {*again, *(row for row, _ in below)}
    table.total -= len(others)
    return [(row, text) for row, text in ragged if row not in others]


def _without_headers(table: Table) -> Table:
    """Drop rows that repeat the header, as in printed pages and concatenated files."""
    again = np.ones(len(table), dtype=bool)
    for name, cells in table.columns.items():
        again &= as_mask(pc.equal(pc.utf8_trim_whitespace(cells), name)) if again.any() else False
    if not again.any():
        return table
    kept = table.keep(~again)
    kept.total -= int(again.sum())
    kept.notes.append(f"Left out: {counted(int(again.sum()), 'row')} equal to the header.")
    return kept


def _without_ragged(table: Table, ragged: list[tuple[int, str]], path: Path) -> Table:
    if not ragged:
        return table
    row, text = ragged[0]
    what = (
        f"{counted(len(ragged), 'row')} of {table.total:,} without the {len(table.names)} cells "
        f"of the header (first: data row {row}, {text[:60]!r})"
    )
    if len(ragged) > LOST_AT_MOST * table.total:
        cure = "name the separator with --sep, quote cells that hold it, or delete these rows"
        raise UserError(f"{path}: {what}: {cure}")
    table.notes.append(f"Dropped: {what}.")
    return table


def _without_empty_columns(table: Table) -> Table:
    empty = [name for name, cells in table.columns.items() if cells.null_count == len(cells)]
    if empty and len(empty) < len(table.names) and len(table):
        named = [name for name in empty if not name.startswith("column ")]
        for name in empty:
            del table.columns[name]
        if named:
            table.notes.append(f"{counted(len(named), 'column')} without a single entry: {', '.join(named[:SHOWN])}.")
    return table


def _without_trailing_blanks(table: Table, layout: Layout) -> Table:
    """Drop empty lines at the end of a file of one column; they are no missing values."""
    if len(layout.names) > 1 or not len(table):
        return table
    known = np.flatnonzero(as_mask(table.columns[layout.names[0]].is_valid()))
    last = int(known[-1]) + 1 if len(known) else 0
    if last == len(table):
        return table
    cut = table.keep(np.arange(len(table)) < last)
    cut.total = table.total - (len(table) - last)
    return cut
