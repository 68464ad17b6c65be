"""Read InfluxDB's annotated CSV: annotations begin with #, and each table has its own header."""

from __future__ import annotations

import csv
import io
import re

import pyarrow as pa

from benchmark.errors import UserError
from benchmark.reading.parsing import Table

BOOKKEEPING = ("result", "table", "_start", "_stop")


def is_annotated(head: bytes) -> bool:
    """Return True if one of the first lines is an annotation."""
    return bool(re.search(rb"(?m)^#(group|datatype|default),", head))


def join_tables(text: bytes, notes: list[str]) -> bytes:
    """Join all tables of the text under one header."""
    tables = [_lines(part) for part in re.split(rb"\n\s*\n|\n(?=#datatype|#group)", text.replace(b"\r\n", b"\n"))]
    tables = [table for table in tables if table]
    if not tables:
        return b""
    notes.append("InfluxDB's annotated CSV: lines that begin with # describe the columns.")
    header = tables[0][0]
    if header.strip(b",").startswith(b"error") and len(tables[0]) > 1:
        raise UserError(f"the file holds InfluxDB's error in place of a series: {tables[0][1].decode().strip(',')}")
    if all(table[0] == header or b"_time" not in table[0] for table in tables):
        return b"\n".join([header, *(line for table in tables for line in table if line != header)]) + b"\n"
    return _concatenate(tables)


def _lines(part: bytes) -> list[bytes]:
    return [line for line in part.split(b"\n") if line.strip() and not line.startswith(b"#")]


def _concatenate(tables: list[list[bytes]]) -> bytes:
    """Concatenate tables with different columns by the columns' names."""
    parts = [[*csv.reader(line.decode("utf-8") for line in table)] for table in tables]
    names = list(dict.fromkeys(name for part in parts for name in part[0]))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="", lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for header, *rows in parts:
        writer.writerows(dict(zip(header, row, strict=False)) for row in rows if row != header)
    return out.getvalue().encode("utf-8")


def mark_series(table: Table) -> Table:
    """Drop InfluxDB's technical columns; the text columns that vary name the series of a row."""
    if "_time" not in table.names or "_value" not in table.names:
        return table
    for name in BOOKKEEPING:
        table.columns.pop(name, None)
    words = [
        name
        for name, cells in table.columns.items()
        if name not in ("_time", "_value") and pa.types.is_string(cells.type)
    ]
    varying = [name for name in words if len(table.columns[name].slice(0, 200_000).unique()) > 1]
    varying = varying or [name for name in words if len(table.columns[name].unique()) > 1]
    table.series_columns = tuple(varying)
    return table
