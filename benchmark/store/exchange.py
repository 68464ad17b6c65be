"""Stores that travel: export to one file, merge another machine's results, import someone's scores.

Everything that enters is checked first: the file's structure, the hash of each array, the key of each cell.
A merge is one transaction: all of it, or nothing.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.catalogue import registry
from benchmark.errors import UserError
from benchmark.grid import Cell, Outcome
from benchmark.store.database import integrity
from benchmark.store.evaluate import AT_ONCE, measure
from benchmark.store.store import Store, insert_cell, insert_scores, storable, unpack_series

SERIES_COLUMNS = ("data_hash", "dataset", "name", "source", "n", "values", "labels", "n_train", "train")


@dataclass
class Merged:
    """What a merge did, in cells; ``differing`` are ok in both stores with unequal scores, ours were kept."""

    added: int = 0
    replaced: int = 0
    known: int = 0
    differing: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.added} cells added, {self.replaced} failures replaced, {self.known} were here"
        return text + (f"; {len(self.differing)} have other scores there, ours were kept" if self.differing else "")


def export(store: Store, target: Path) -> str:
    """Write a store to one compact file, complete or not at all.

    Returns
    -------
    str
        SHA-256 of the file.

    Raises
    ------
    UserError
        If the target exists or cannot be written.
    """
    if target.exists():
        raise UserError(f"{target} exists: name another file, or remove it first")
    fresh = target.with_name(f".{target.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        store.database.connection.execute("VACUUM INTO ?", (str(fresh),))
        fresh.replace(target)
    except (OSError, sqlite3.Error) as error:
        fresh.unlink(missing_ok=True)
        raise UserError(f"cannot write {target}: {error}") from error
    with target.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def merge(store: Store, other: Path) -> Merged:
    """Join another store into this one; a failure gives way to a success, otherwise ours stays.

    Raises
    ------
    UserError
        If the other file is damaged, newer, or one of its hashes is wrong; nothing has been taken then.
    """
    if other.resolve() == store.database.path:
        raise UserError(f"{other} is the store itself")
    with Store(other) as source:
        if trouble := integrity(source.database.connection):
            raise UserError(f"{other} is damaged: {trouble}; nothing was taken from it")
        try:
            with store.database.transaction() as db:
                return _join(db, source, other)
        except (KeyError, ValueError, TypeError) as error:
            raise UserError(f"{other} holds a row that no benchmark wrote ({error}); nothing was taken") from error


def _join(db: sqlite3.Connection, source: Store, other: Path) -> Merged:
    for row in _each(source, "series", "data_hash"):
        series = unpack_series(row)
        if series.sha256 != row["data_hash"]:
            raise UserError(f"{other}: the series {series.dataset}/{series.name} has a wrong hash; nothing was taken")
        marks = ", ".join("?" for _ in SERIES_COLUMNS)
        columns = ", ".join(f'"{name}"' for name in SERIES_COLUMNS)
        values = [row[name] for name in SERIES_COLUMNS]
        db.execute(f"INSERT OR IGNORE INTO series ({columns}) VALUES ({marks})", values)
    runs = {run["id"]: _copy_run(db, run) for run in source.database.rows("SELECT * FROM runs")}
    merged = Merged()
    for row in _each(source, "cells", "key"):
        _take(db, source, dict(row), runs, merged)
    return merged


def _each(source: Store, table: str, key: str) -> Iterator[sqlite3.Row]:
    """Rows one by one: a store may be larger than memory."""
    for (value,) in source.database.rows(f"SELECT {key} FROM {table}"):
        yield source.database.rows(f"SELECT * FROM {table} WHERE {key} = ?", value)[0]


def _copy_run(db: sqlite3.Connection, run: sqlite3.Row) -> int:
    values = (run["started"], run["command"], run["provenance"])
    same = db.execute("SELECT id FROM runs WHERE started = ? AND command = ? AND provenance = ?", values).fetchone()
    if same:
        return int(same[0])
    row = db.execute("INSERT INTO runs (started, command, provenance) VALUES (?, ?, ?)", values)
    return int(row.lastrowid or 0)


def _take(db: sqlite3.Connection, source: Store, row: dict[str, Any], runs: dict[int, int], merged: Merged) -> None:
    key = row["key"]
    if cell_of(row).key != key:
        raise UserError(f"{source.path}: cell {key} is not what its key says; nothing was taken")
    scores = source.scores(key)[1].tobytes() if row["status"] == "ok" else None
    ours = db.execute("SELECT status, sha256 FROM cells LEFT JOIN scores USING (key) WHERE key = ?", (key,)).fetchone()
    if ours and (ours["status"] == "ok" or row["status"] != "ok"):
        merged.known += 1
        if scores is not None and hashlib.sha256(scores).hexdigest() != ours["sha256"]:
            merged.differing = (*merged.differing, str(cell_of(row)))
        return
    insert_cell(db, row | {"run_id": runs.get(row["run_id"])})
    if scores is not None:
        insert_scores(db, key, scores)
    for metric in source.database.rows("SELECT * FROM metrics WHERE key = ?", key):
        db.execute("INSERT INTO metrics VALUES (?, ?, ?, ?)", tuple(metric))
    if ours:
        merged.replaced += 1
    else:
        merged.added += 1


def cell_of(row: Any) -> Cell:
    """The cell that a row of the table ``cells`` stands for."""
    names = ("dataset", "series", "detector", "protocol", "seed", "version", "data_hash", "source")
    params = tuple(sorted(json.loads(row["params"]).items()))
    return Cell(**{name: row[name] for name in names}, params=params)


def verify(store: Store) -> list[str]:
    """Check every array against its hash; cells with damaged scores are dropped, so that a run makes them anew.

    Returns
    -------
    list of str
        The dropped cells.
    """
    dropped: list[str] = []
    for row in _each(store, "cells", "key"):
        try:
            if row["status"] == "ok":
                store.scores(row["key"])
        except (UserError, KeyError):
            dropped.append(str(cell_of(row)))
            with store.database.transaction() as db:
                for table in ("metrics", "scores", "cells"):
                    db.execute(f"DELETE FROM {table} WHERE key = ?", (row["key"],))
    for row in store.database.rows("SELECT data_hash FROM series"):
        store.load_series(row["data_hash"])
    return dropped


# -- scores from elsewhere ---------------------------------------------------------------------


def import_scores(store: Store, file: Path, detector: str, protocol: str = "tsb-uad") -> int:
    """Take scores that another program computed as a row of the tables.

    Parameters
    ----------
    file : Path
        CSV with the columns ``series`` (SHA-256 of a stored series, see ``results list``) and ``score``,
        one line for each point in order, higher = more anomalous; any number of series.
    detector : str
        Name of the row; not one of the package.
    protocol : str
        Whose table it joins: that the detector kept its rules is the importer's word, and noted.

    Returns
    -------
    int
        Number of series imported.

    Raises
    ------
    UserError
        If a line, a hash or a length is wrong; nothing has been taken then.
    """
    if detector in registry.detectors():
        raise UserError(f"{detector} is a detector of the package: give the imported row a name of its own")
    found = read_scores(file)
    version = "imported-" + hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    checked = [_fitting(store, file, data_hash, scores) for data_hash, scores in found.items()]
    for (data_hash, scores), (dataset, name, source) in zip(found.items(), checked, strict=True):
        cell = Cell(dataset, name, detector, protocol, 0, (), version, data_hash, source)
        labels = store.series(data_hash)[1]
        note = {"note": f"scores imported from {file.name}; what fit saw is not known"}
        outcome = Outcome("ok", scores=scores, n=len(labels), n_anomalous=int(labels.sum()), extra=note)
        store.put(cell, outcome, "plug-in", False, measure(cell.key, AT_ONCE, labels, scores, protocol, 0))
    return len(found)


def read_scores(file: Path) -> dict[str, NDArray[np.float64]]:
    """Series hash -> (n,) scores, from a CSV with the columns ``series`` and ``score``."""
    columns: dict[str, list[float]] = {}
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            reader = csv.DictReader(lines)
            if not {"series", "score"} <= set(reader.fieldnames or ()):
                raise UserError(f"{file} needs a first line with the columns 'series' and 'score'")
            for row in reader:
                columns.setdefault(row["series"], []).append(_number(row["score"], file, reader.line_num))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"cannot read {file}: {error}") from error
    return {data_hash: np.array(scores) for data_hash, scores in columns.items()}


def _number(text: str | None, file: Path, line: int) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise UserError(f"{file}, line {line}: expected a finite score, got {text!r}")
    return value


def _fitting(store: Store, file: Path, data_hash: str, scores: NDArray[np.float64]) -> tuple[str, str, str]:
    try:
        series = store.load_series(data_hash)
    except KeyError:
        raise UserError(
            f"{file}: no stored series has the hash {storable(data_hash)[:64]!r}; `results list` shows "
            "those there are, and a run of any detector on a series stores it"
        ) from None
    if len(series) != len(scores):
        raise UserError(
            f"{file}: {len(scores)} scores for {series.dataset}/{series.name}, which has {len(series)} points"
        )
    return series.dataset, series.name, series.source
