"""Results in one SQLite file: each cell and its scores are committed as soon as the cell ends."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import UserError, one_line
from benchmark.grid import Cell, Outcome, Place, params_text
from benchmark.store.database import Database
from benchmark.store.rows import (
    INVENTORY,
    PLACES,
    Stored,
    insert,
    insert_cell,
    insert_scores,
    pack,
    unpack_series,
)
from benchmark.store.validity import MAX_TEXT, fault_of_cell, fault_of_metric, fault_of_run
from datasets import Series

if TYPE_CHECKING:
    import pandas as pd

CELL_COLUMNS = ("key", "dataset", "series", "detector", "protocol", "seed", "version", "data_hash", "source")
MetricRow = tuple[str, str, float | None, str]
OUTCOME_COLUMNS = (
    *("status", "reason", "traceback", "first_row", "n", "n_anomalous", "n_fit", "n_fit_anomalous", "window"),
    *("fit_seconds", "score_seconds", "peak_mb"),
)
SERIES_IN_MEMORY = 8
REMEDY = "`results verify` names such cells, `results verify --repair` drops them"
FINGERPRINT_COLUMNS = {
    "runs": "*",
    "cells": "*",
    "metrics": "*",
    "scores": "key, sha256",
    "series": "data_hash, dataset, name, source, n, n_train",
}


class Store:
    """Cells, scores, series and metrics in one file; parameters and errors are those of :class:`Database`."""

    def __init__(self, path: Path, write: bool = False) -> None:
        self.path = path
        self.run_id: int | None = None
        self.database = Database(path, write)
        self._recent = lru_cache(SERIES_IN_MEMORY)(self._unpacked)

    @property
    def writable(self) -> bool:
        """True if this store holds the write lock."""
        return self.database.writable

    def close(self) -> None:
        """Close the file and release the lock."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- writing -------------------------------------------------------------------------------

    def begin_run(self, command: str, provenance: dict[str, Any]) -> int:
        """Record a run and return its id; cells that are put from now on belong to it."""
        with self.database.transaction() as db:
            record = json.dumps(provenance, sort_keys=True, default=str)
            self.run_id = insert(db, "runs", {"started": time.time(), "command": command, "provenance": record})
        return self.run_id

    def put_series(self, series: Series) -> None:
        """Store the arrays of a series, so that workers, metrics and plots need only the store."""
        n_train = 0 if series.train is None else len(series.train)
        known = self.database.rows("SELECT n_train FROM series WHERE data_hash = ?", series.sha256)
        if known and known[0]["n_train"] == n_train:
            return
        row: dict[str, Any] = {"data_hash": series.sha256, "n": len(series), "n_train": n_train}
        row |= {"dataset": series.dataset, "name": series.name, "source": series.source}
        row |= {"values": pack(series.values, "<f8"), "labels": pack(series.labels, "u1")}
        row["train"] = b"" if series.train is None else pack(series.train, "<f8")
        with self.database.transaction() as db:
            insert(db, "series", row)

    def put(
        self, cell: Cell, outcome: Outcome, group: str = "", quick: bool = False, metrics: Iterable[MetricRow] = ()
    ) -> None:
        """Store a finished cell, its scores and metrics in one transaction; an earlier outcome is replaced."""
        row: dict[str, Any] = {k: getattr(cell, k) for k in CELL_COLUMNS}
        row |= {k: getattr(outcome, k) for k in OUTCOME_COLUMNS}
        row |= {"params": params_text(cell.params)}
        row |= {"run_id": self.run_id, "finished": time.time(), "group": group, "quick": int(quick)}
        row["extra"] = json.dumps(outcome.extra, sort_keys=True, default=str)
        for name in ("reason", "traceback"):
            row[name] = row[name] if len(row[name]) <= MAX_TEXT else f"{row[name][: MAX_TEXT // 2]}... (cut)"
        with self.database.transaction() as db:
            insert_cell(db, row)
            if outcome.scores is not None:
                insert_scores(db, cell.key, np.ascontiguousarray(outcome.scores, "<f8").tobytes())
            db.executemany("INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)", list(metrics))

    def put_metrics(self, rows: Iterable[MetricRow]) -> None:
        """Store metric values: (cell key, metric, value or None, reason if undefined)."""
        with self.database.transaction() as db:
            db.executemany("INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)", list(rows))

    # -- reading -------------------------------------------------------------------------------

    def statuses(self) -> dict[str, str]:
        """Return the status by cell key."""
        return {r["key"]: r["status"] for r in self.database.rows("SELECT key, status FROM cells")}

    def scores(self, key: str) -> tuple[int, NDArray[np.float64]]:
        """Return the first scored row and the (m,) scores of a cell; KeyError if it has none."""
        row = self._row("SELECT first_row, sha256, scores FROM scores JOIN cells USING (key) WHERE key = ?", key)
        blob = row["scores"]
        if not isinstance(blob, bytes) or len(blob) % 8 or hashlib.sha256(blob).hexdigest() != row["sha256"]:
            raise UserError(
                f"{self.path}: the scores of cell {key} are damaged; `results verify --repair` drops the cell"
            )
        return row["first_row"], np.frombuffer(blob, "<f8")

    def scored(self, key: str, labels: NDArray[np.uint8]) -> tuple[int, NDArray[np.uint8], NDArray[np.float64]]:
        """Return the first scored row, and the (m,) labels and scores of a cell, given the (n,) labels of its series.

        Raises
        ------
        KeyError
            When it has no scores.
        UserError
            If they do not fit the series: no benchmark wrote such a cell.
        """
        first, scores = self.scores(key)
        if not (0 <= first == len(labels) - len(scores) and np.isfinite(scores).all()):
            raise UserError(
                f"{self.path}: cell {key} has {len(scores)} scores from row {first} for a series of {len(labels)} "
                f"points, or some are not finite: {REMEDY}"
            )
        return first, labels[first:], scores

    def content(self, key: str) -> str:
        """Return the hash of a cell's scores with their first row; KeyError if it has none.

        It identifies the scores without reading them, for cached results that were derived from them.
        """
        row = self._row("SELECT scores.sha256, first_row FROM scores JOIN cells USING (key) WHERE key = ?", key)
        return f"{row['sha256']} {row['first_row']}"

    def _row(self, sql: str, key: str) -> sqlite3.Row:
        """Return the only row of a query; KeyError if there is none."""
        for row in self.database.rows(sql, key):
            return row
        raise KeyError(key)

    def fingerprint(self) -> str:
        """Return a hash of everything in the store; scores and series count by their own hashes."""
        found = hashlib.sha256()
        for table, columns in FINGERPRINT_COLUMNS.items():
            for row in self.database.rows(f"SELECT {columns} FROM {table} ORDER BY 1, 2"):
                found.update(repr(tuple(row)).encode("utf-8", "surrogatepass"))
        return found.hexdigest()

    def load_series(self, data_hash: str) -> Series:
        """Return a stored series after checking its hash; KeyError if absent. The last few are kept in memory."""
        return self._recent(data_hash)

    def _unpacked(self, data_hash: str) -> Series:
        row = self._row("SELECT * FROM series WHERE data_hash = ?", data_hash)
        remedy = "`results verify --repair` drops it with its cells"
        try:
            series = unpack_series(row)
        except UserError as error:
            raise UserError(f"{self.path}: {error}; {remedy}") from error
        if series.sha256 != data_hash:
            raise UserError(f"{self.path}: the stored series {series.dataset}/{series.name} is damaged; {remedy}")
        return series

    def series(self, data_hash: str) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
        """Return the (n,) values and (n,) labels of a stored series; KeyError if absent."""
        series = self.load_series(data_hash)
        return series.values, series.labels

    def extra(self, key: str) -> dict[str, Any]:
        """Return the other records of a cell: training losses and notes."""
        rows = self.database.rows("SELECT extra FROM cells WHERE key = ?", key)
        return dict(json.loads(rows[0]["extra"])) if rows else {}

    def missing_metrics(
        self, names: Iterable[str], keys: Collection[str] | None = None
    ) -> Iterator[tuple[sqlite3.Row, list[str]]]:
        """Yield the cells (current ones, or ``keys``) with scores that lack some metrics, with these metrics."""
        wanted = list(names)
        have: dict[str, set[str]] = {}
        for row in self.database.rows("SELECT key, metric FROM metrics"):
            have.setdefault(row["key"], set()).add(row["metric"])
        table = "current" if keys is None else "cells"
        for row in self.database.rows(f"SELECT * FROM {table} WHERE status = 'ok'"):
            if keys is not None and row["key"] not in keys:
                continue
            lacking = [name for name in wanted if name not in have.get(row["key"], set())]
            if lacking:
                yield row, lacking

    def inventory(self) -> list[Stored]:
        """Return the stored series, with the numbers of their cells."""
        return [Stored(*row) for row in self.database.rows(INVENTORY)]

    def places(self) -> dict[tuple[str, bool], list[Place]]:
        """Return the series with a current cell, by protocol and ``quick``."""
        found: dict[tuple[str, bool], list[Place]] = {}
        for protocol, quick, *place in self.database.rows(PLACES):
            found.setdefault((str(protocol), bool(quick)), []).append(Place(*place))
        return found

    def runs(self) -> list[dict[str, Any]]:
        """Return all runs: id, started (seconds since 1970), command, provenance."""
        rows = self.database.rows("SELECT * FROM runs ORDER BY id")
        for row in rows:
            self._refuse(f"run {row['id']}", fault_of_run(row))
        return [dict(r) | {"provenance": json.loads(r["provenance"])} for r in rows]

    def _refuse(self, what: str, fault: str) -> None:
        """Raise an error if a row has a fault."""
        if fault:
            raise UserError(
                f"{self.path}: {one_line(what)}: {fault}; no benchmark wrote that. `results verify` names all such "
                "rows, `results verify --repair` drops them"
            )

    def frame(self, keys: Collection[str] | None = None) -> pd.DataFrame:
        """Return cells as a tidy table, with one column per stored metric (NaN where undefined).

        ``keys`` selects cells; None for the current ones, without those of older detector versions or older data.
        """
        table = "current" if keys is None else "cells"
        order = "dataset, series, detector, protocol, seed, key"
        cells = self._table(f"SELECT * FROM {table} ORDER BY {order}", "cell {key}", fault_of_cell)
        cells = cells if keys is None else cells[cells["key"].isin(keys)]
        values = self._table("SELECT key, metric, value FROM metrics", "cell {key}", fault_of_metric)
        wide = values.astype({"value": float}).pivot(index="key", columns="metric", values="value")
        frame = cells.merge(wide, how="left", left_on="key", right_index=True)
        for name in ("auroc", "auprc"):
            if name not in frame:
                frame[name] = np.nan
        frame["quick"] = frame["quick"].astype(bool)
        return frame

    def _table(self, sql: str, named: str, fault: Callable[[sqlite3.Row], str]) -> pd.DataFrame:
        """Return the rows of a query as a table, after checking each."""
        import pandas as pd

        rows, columns = self.database.table(sql)
        for row in rows:
            self._refuse(named.format(**row), fault(row))
        return pd.DataFrame.from_records([tuple(row) for row in rows], columns=columns, coerce_float=True)
