"""Conversion of cells, scores and series to rows of the store, and back."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import UserError, encodable, one_line
from datasets import Series, Source

INVENTORY = """
    SELECT data_hash, dataset, name, source, n, coalesce(ok, 0), coalesce(cells, 0) FROM series LEFT JOIN
    (SELECT data_hash, sum(status = 'ok') AS ok, count(*) AS cells FROM current GROUP BY data_hash) USING (data_hash)
    ORDER BY dataset, name
"""
PLACES = """
    SELECT DISTINCT current.protocol, quick, current.dataset, series, current.source, data_hash, length
    FROM current JOIN (SELECT data_hash, n AS length FROM series) USING (data_hash)
"""


class Stored(NamedTuple):
    """A stored series, and how many of its cells have status ok."""

    data_hash: str
    dataset: str
    series: str
    source: str
    n: int
    ok: int
    cells: int


def insert(db: sqlite3.Connection, table: str, row: dict[str, Any], otherwise: str = "REPLACE") -> int:
    """Insert a row within a transaction; return its id. ``otherwise``: SQLite's action if the key exists."""
    columns, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" for _ in row)
    values = [storable(value) for value in row.values()]
    return int(db.execute(f"INSERT OR {otherwise} INTO {table} ({columns}) VALUES ({marks})", values).lastrowid or 0)


def insert_cell(db: sqlite3.Connection, row: dict[str, Any]) -> None:
    """Insert a cell within a transaction; scores and metrics of an earlier outcome are deleted."""
    insert(db, "cells", row)
    for table in ("metrics", "scores"):
        db.execute(f"DELETE FROM {table} WHERE key = ?", (row["key"],))


def insert_scores(db: sqlite3.Connection, key: str, blob: bytes) -> None:
    """Insert scores with their hash within a transaction."""
    insert(db, "scores", {"key": key, "sha256": hashlib.sha256(blob).hexdigest(), "scores": blob})


def storable(value: Any) -> Any:
    """Escape lone surrogates, which SQLite refuses, and make NumPy numbers plain; return other values unchanged."""
    if isinstance(value, str):
        return encodable(value)
    return value.item() if isinstance(value, np.generic) else value


def pack(array: NDArray[Any], kind: str) -> bytes:
    return zlib.compress(np.ascontiguousarray(array, kind).tobytes(), 1)


def _unpack(blob: bytes, kind: str, n: int) -> NDArray[Any]:
    if not isinstance(blob, bytes) or not isinstance(n, int) or n < 0:
        raise UserError("a stored series is damaged: it is not an array of bytes and its length")
    size = n * np.dtype(kind).itemsize
    raw = zlib.decompressobj().decompress(blob, size + 1)  # limited, as a store may come from elsewhere
    if len(raw) != size:
        raise UserError("a stored series is damaged: its length is not the one in its row")
    return np.frombuffer(raw, kind)


def unpack_series(row: sqlite3.Row) -> Series:
    """Return the series in a row of the table ``series``; the caller must check its hash."""
    try:
        train = _unpack(row["train"], "<f8", row["n_train"]) if row["n_train"] else None
        values, labels = _unpack(row["values"], "<f8", row["n"]), _unpack(row["labels"], "u1", row["n"])
    except (zlib.error, OverflowError, MemoryError) as error:
        name = one_line(f"{row['dataset']}/{row['name']}")
        raise UserError(f"the stored series {name} is damaged: {error}") from error
    return Series(row["dataset"], row["name"], values, labels, cast(Source, row["source"]), train)
