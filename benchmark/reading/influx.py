"""InfluxDB's annotated CSV: annotations begin with #, and each table of the answer has its own header."""

from __future__ import annotations

import re

from benchmark.reading.table import Table

BOOKKEEPING = ("result", "table", "_start", "_stop")


def is_annotated(head: bytes) -> bool:
    """Whether one of the first lines is an annotation."""
    return bool(re.search(rb"(?m)^#(group|datatype|default),", head))


def flat(text: bytes, notes: list[str]) -> bytes:
    """One header, then rows; tables of the same columns follow each other."""
    lines = [line for line in text.replace(b"\r\n", b"\n").split(b"\n") if line and not line.startswith(b"#")]
    if not lines:
        return b""
    header = lines[0]
    kept = [line for line in lines if line != header]
    notes.append("InfluxDB's annotated CSV: lines that begin with # describe the columns.")
    return b"\n".join([header, *kept]) + b"\n"


def mark_series(table: Table) -> Table:
    """Leave out the answer's own bookkeeping; what remains of text names the series of a row."""
    if "_time" not in table.names or "_value" not in table.names:
        return table
    import pyarrow as pa

    for name in (*BOOKKEEPING, "column 1"):
        if name in table.columns and (name != "column 1" or table.columns[name].null_count == len(table)):
            del table.columns[name]
    words = [
        name
        for name, cells in table.columns.items()
        if name not in ("_time", "_value") and pa.types.is_string(cells.type)
    ]
    varying = [name for name in words if len(table.columns[name].slice(0, 200_000).unique()) > 1]
    varying = varying or [name for name in words if len(table.columns[name].unique()) > 1]
    table.series_columns = tuple(varying)
    return table
