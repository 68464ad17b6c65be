"""Export of a store to one file, merge of another machine's results, verification of stored results.

A merge first checks the file's structure, the hash of each array and the key of each cell. It recomputes AUROC and
AUPRC from the scores and compares them. Other metrics are not merged: ``report`` computes them from the scores. A merge
is one transaction, so it is complete or has no effect.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.errors import UserError, counted, one_line
from benchmark.metrics import METRICS
from benchmark.store.consistency import faults, wrong_metrics
from benchmark.store.database import integrity
from benchmark.store.evaluate import AFTER_TRAIN, IMMEDIATE
from benchmark.store.rows import insert, insert_cell, insert_scores, unpack_series
from benchmark.store.store import Store
from benchmark.store.validity import cell_of, fault_of_run

SERIES_COLUMNS = ("data_hash", "dataset", "name", "source", "n", "values", "labels", "n_train", "train")


@dataclass
class Merged:
    """Counts of cells in a merge; ``differing`` are the cells with other scores in the other store: ours were kept."""

    added: int = 0
    replaced: int = 0
    known: int = 0
    differing: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = (
            f"{counted(self.added, 'cell')} added, {counted(self.replaced, 'failure')} replaced, {self.known} were here"
        )
        return text + (f"; {len(self.differing)} have other scores there, ours were kept" if self.differing else "")


def export(store: Store, target: Path) -> str:
    """Write a store to one compact file; return its SHA-256. On an error no file is left.

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
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise UserError(f"cannot write {target}: {error}") from error
    with target.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy(store: Store, target: Path) -> None:
    """Copy a store to another file, unchanged.

    Raises
    ------
    UserError
        If the file cannot be written.
    """
    try:
        with closing(sqlite3.connect(target)) as db:
            store.database.connection.backup(db)
    except sqlite3.Error as error:
        raise UserError(f"cannot copy {store.path} to {target}: {error}") from error


def merge(store: Store, other: Path) -> Merged:
    """Merge another store into this one. A successful cell replaces a failed one; otherwise ours is kept.

    Raises
    ------
    UserError
        If the other file is damaged, from a newer version, or one of its hashes is wrong; then nothing was merged.
    """
    if other.resolve() == store.database.path:
        raise UserError(f"{other} is the store itself")
    with Store(other) as source:
        if trouble := integrity(source.database.connection):
            raise UserError(f"{other} is damaged: {trouble}; nothing was taken from it")
        try:
            with store.database.transaction() as db:
                return _merge_rows(db, source, other)
        except (KeyError, ValueError, TypeError) as error:
            raise UserError(f"{other} holds a row that no benchmark wrote ({error}); nothing was taken") from error


def _merge_rows(db: sqlite3.Connection, source: Store, other: Path) -> Merged:
    for row in _iter_rows(source, "series", "data_hash"):
        try:
            series = unpack_series(row)
        except UserError as error:
            raise UserError(f"{other}: {error}; nothing was taken") from error
        if series.sha256 != row["data_hash"]:
            where = _series_name(series.dataset, series.name)
            raise UserError(f"{other}: the series {where} has a wrong hash; nothing was taken")
        insert(db, "series", {name: row[name] for name in SERIES_COLUMNS}, "IGNORE")
    runs = {run["id"]: _copy_run(db, run, other) for run in source.database.rows("SELECT * FROM runs")}
    merged = Merged()
    for row in _iter_rows(source, "cells", "key"):
        _merge_cell(db, source, dict(row), runs, merged)
    for fault, _ in _inconsistencies(source):
        raise UserError(f"{other}: {fault}; nothing was taken")
    return merged


def _iter_rows(source: Store, table: str, key: str) -> Iterator[sqlite3.Row]:
    """Yield rows one by one, as a store may exceed memory; they are ordered by series, so each is unpacked once."""
    for (value,) in source.database.rows(f"SELECT {key} FROM {table} ORDER BY data_hash, {key}"):
        yield source.database.rows(f"SELECT * FROM {table} WHERE {key} = ?", value)[0]


def _copy_run(db: sqlite3.Connection, run: sqlite3.Row, other: Path) -> int:
    if fault := fault_of_run(run):
        raise UserError(f"{other}: run {run['id']}: {fault}; nothing was taken")
    row = {name: run[name] for name in ("started", "command", "provenance")}
    alike = " AND ".join(f"{name} = ?" for name in row)
    same = db.execute(f"SELECT id FROM runs WHERE {alike}", tuple(row.values())).fetchone()
    return int(same[0]) if same else insert(db, "runs", row)


def _merge_cell(
    db: sqlite3.Connection, source: Store, row: dict[str, Any], runs: dict[int, int], merged: Merged
) -> None:
    key = row["key"]
    if wrong := faults(source, row):
        raise UserError(f"{source.path}: cell {one_line(str(key))}: {wrong[0]}; nothing was taken")
    scores = source.scores(key)[1].tobytes() if row["status"] == "ok" else None
    if wrong := wrong_metrics(source, row, IMMEDIATE):
        raise UserError(f"{source.path}: {cell_of(row)}: {wrong[0]}; nothing was taken")
    ours = db.execute("SELECT status, sha256 FROM cells LEFT JOIN scores USING (key) WHERE key = ?", (key,)).fetchone()
    if ours and (ours["status"] == "ok" or row["status"] != "ok"):
        merged.known += 1
        if scores is not None and hashlib.sha256(scores).hexdigest() != ours["sha256"]:
            merged.differing = (*merged.differing, str(cell_of(row)))
        return
    insert_cell(db, row | {"run_id": runs.get(row["run_id"])})
    if scores is not None:
        insert_scores(db, key, scores)
    for metric in IMMEDIATE:
        kept = source.database.rows("SELECT * FROM metrics WHERE key = ? AND metric = ?", key, metric)
        db.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?)", [tuple(row) for row in kept])
    if ours:
        merged.replaced += 1
    else:
        merged.added += 1


@dataclass
class Verified:
    """Result of :func:`verify`: damaged rows, and cells whose metrics differ from those of their scores.

    ``unknown`` are metrics of another version, which cannot be checked.
    """

    damaged: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    cells: int = 0


def verify(store: Store, repair: bool = False) -> Verified:
    """Compare every array with its hash, and every stored metric with the one computed from scores and labels.

    ``repair`` drops damaged cells, so that a run computes them again, and wrong metrics, so that ``report`` does.

    Raises
    ------
    UserError
        If a stored series is damaged.
    """
    stored = [name for (name,) in store.database.rows("SELECT DISTINCT metric FROM metrics ORDER BY metric")]
    found = Verified(unknown=[one_line(f"{name!s:.200}") for name in stored if name not in (*METRICS, AFTER_TRAIN)])
    _verify_series(store, repair, found)
    _verify_runs(store, repair, found)
    for row in _iter_rows(store, "cells", "key"):
        found.cells += 1
        _verify_cell(store, row, repair, found)
    for table in ("scores", "metrics"):
        for (key,) in store.database.rows(f"SELECT DISTINCT key FROM {table} WHERE key NOT IN (SELECT key FROM cells)"):
            found.damaged.append(f"{table} of the cell {one_line(str(key))}, which is not in the store")
            _drop(store, repair, "key", key, (table,))
    for fault, remedy in _inconsistencies(store):  # last, when only valid cells are left, as these decide
        found.damaged.append(fault)
        _execute(store, repair, *remedy)
    return found


def _verify_series(store: Store, repair: bool, found: Verified) -> None:
    for row in store.database.rows("SELECT data_hash, dataset, name FROM series"):
        try:
            store.load_series(row["data_hash"])
        except UserError as error:
            found.damaged.append(f"series {_series_name(row['dataset'], row['name'])}: {error}")
            _drop(store, repair, "data_hash", row["data_hash"], ("series",))


def _verify_runs(store: Store, repair: bool, found: Verified) -> None:
    for row in store.database.rows("SELECT * FROM runs"):
        if fault := fault_of_run(row):
            found.damaged.append(f"run {row['id']}: {fault}")
            _drop(store, repair, "id", row["id"], ("runs",))
            _execute(store, repair, CLEAR_RUN, row["id"])


CLEAR_RUN = "UPDATE cells SET run_id = NULL WHERE run_id = ?"

# A series is identified by its content, so cells may use several names for it. A name that no cell uses is wrong.
MISNAMED = """
    SELECT data_hash, series.dataset, name, min(cells.dataset) AS theirs, cells.series AS called
    FROM series JOIN cells USING (data_hash) GROUP BY data_hash
    HAVING NOT max(cells.dataset = series.dataset AND cells.series = name)
"""
MISSING_RUNS = """
    SELECT run_id, count(*) AS cells FROM cells WHERE run_id IS NOT NULL AND run_id NOT IN (SELECT id FROM runs)
    GROUP BY run_id
"""


def _inconsistencies(store: Store) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield inconsistencies between tables: a message, and the SQL statement (with values) that repairs it."""
    for row in store.database.rows(MISNAMED):
        here, theirs = (row["dataset"], row["name"]), (row["theirs"], row["called"])
        yield (
            f"series {_series_name(*here)}: its cells call it {_series_name(*theirs)}",
            ("UPDATE series SET dataset = ?, name = ? WHERE data_hash = ?", *theirs, row["data_hash"]),
        )
    for row in store.database.rows(MISSING_RUNS):
        yield (
            f"run {row['run_id']!s:.40}, the origin of {counted(row['cells'], 'cell')}, is not in the store",
            (CLEAR_RUN, row["run_id"]),
        )


def _series_name(dataset: Any, series: Any) -> str:
    return one_line(f"{dataset!s:.200}/{series!s:.200}")


def _verify_cell(store: Store, row: sqlite3.Row, repair: bool, found: Verified) -> None:
    try:
        wrong = faults(store, row)
    except UserError:
        wrong = ["its scores or its series are damaged"]
    if wrong:
        found.damaged.append(f"{_cell_name(row)}: {'; '.join(wrong)}")
        _drop(store, repair, "key", row["key"], ("metrics", "scores", "cells"))
        return
    if wrong := wrong_metrics(store, row):
        found.differing.append(f"{_cell_name(row)}: {'; '.join(wrong)}")
        _drop(store, repair, "key", row["key"], ("metrics",))


def _cell_name(row: sqlite3.Row) -> str:
    detector, protocol, seed = (f"{row[name]!s:.200}" for name in ("detector", "protocol", "seed"))
    return one_line(f"{detector} on {_series_name(row['dataset'], row['series'])} ({protocol}, seed {seed})")


def _drop(store: Store, repair: bool, column: str, value: Any, tables: Iterable[str]) -> None:
    for table in tables:
        _execute(store, repair, f"DELETE FROM {table} WHERE {column} = ?", value)


def _execute(store: Store, repair: bool, statement: str, *values: Any) -> None:
    if repair:
        with store.database.transaction() as db:
            db.execute(statement, values)
