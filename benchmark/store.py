"""Results in one SQLite file: a row and its scores, committed the moment a cell ends."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from benchmark.cells import Cell, Outcome
from benchmark.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

MIGRATIONS = [
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY, started REAL NOT NULL, command TEXT NOT NULL, provenance TEXT NOT NULL
    );
    CREATE TABLE series (
        data_hash TEXT PRIMARY KEY, dataset TEXT NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL,
        n INTEGER NOT NULL, "values" BLOB NOT NULL, labels BLOB NOT NULL
    );
    CREATE TABLE cells (
        key TEXT PRIMARY KEY, run_id INTEGER REFERENCES runs(id), finished REAL NOT NULL,
        dataset TEXT NOT NULL, series TEXT NOT NULL, detector TEXT NOT NULL, "group" TEXT NOT NULL,
        params TEXT NOT NULL, protocol TEXT NOT NULL, seed INTEGER NOT NULL, version TEXT NOT NULL,
        data_hash TEXT NOT NULL, source TEXT NOT NULL, quick INTEGER NOT NULL,
        status TEXT NOT NULL, reason TEXT NOT NULL, traceback TEXT NOT NULL,
        first_row INTEGER NOT NULL, n INTEGER NOT NULL, n_anomalous INTEGER NOT NULL,
        n_fit INTEGER NOT NULL, n_fit_anomalous INTEGER NOT NULL, window INTEGER NOT NULL,
        fit_seconds REAL NOT NULL, score_seconds REAL NOT NULL, peak_mb REAL NOT NULL, extra TEXT NOT NULL
    );
    CREATE TABLE scores (key TEXT PRIMARY KEY REFERENCES cells(key), sha256 TEXT NOT NULL, scores BLOB NOT NULL);
    CREATE TABLE metrics (
        key TEXT NOT NULL REFERENCES cells(key), metric TEXT NOT NULL, value REAL, reason TEXT NOT NULL,
        PRIMARY KEY (key, metric)
    );
    CREATE INDEX cells_by_series ON cells (dataset, series);
    """,
]
OUTCOME_COLUMNS = (
    *("status", "reason", "traceback", "first_row", "n", "n_anomalous", "n_fit", "n_fit_anomalous", "window"),
    *("fit_seconds", "score_seconds", "peak_mb"),
)


class StoreLocked(UserError):
    """Another run is writing to the same store."""


class Store:
    """One writer, any number of readers.

    Parameters
    ----------
    path : Path
        The SQLite file; created, with its folder, when ``write`` is true.
    write : bool
        Take the writer's lock; a second writer is refused with :class:`StoreLocked`.

    Raises
    ------
    UserError
        If the file is from a newer version, is damaged (it is then set aside), or cannot be opened.
    """

    def __init__(self, path: Path, write: bool = False) -> None:
        self.path = path
        self._lock: Any = None
        self.run_id: int | None = None
        if write:
            self._make_folder()
            self._take_lock()
        elif not path.is_file():
            raise UserError(f"no results at {path}: run the benchmark first, or name the store with --store")
        try:
            self._db = self._open(write)
        except BaseException:
            self._release()
            raise

    def _make_folder(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot create {self.path.parent}: {error.strerror}; name another with --store") from error

    def _take_lock(self) -> None:
        from filelock import FileLock, Timeout

        self._lock = FileLock(f"{self.path}.lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise StoreLocked(
                f"another run is writing to {self.path}: wait for it, or give this one its own --store"
            ) from error
        except OSError as error:
            raise UserError(f"cannot write beside {self.path}: {error.strerror}; name another with --store") from error

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _open(self, write: bool) -> sqlite3.Connection:
        try:
            uri = f"{self.path.absolute().as_uri()}?mode={'rwc' if write else 'rw'}"
            db = sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)
            db.row_factory = sqlite3.Row
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > len(MIGRATIONS):
                raise UserError(
                    f"{self.path} was written by a newer version of the benchmark "
                    f"(schema {version}, this one knows {len(MIGRATIONS)}): update, or name another --store"
                )
            if write:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = NORMAL")
            trouble = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if trouble != "ok":
                db.close()
                raise self._set_aside(trouble)
            for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
                db.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise UserError(f"cannot open the store {self.path}: {error}") from error
            raise self._set_aside(str(error)) from error
        return db

    def _set_aside(self, trouble: str) -> UserError:
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        for suffix in ("", "-wal", "-shm"):
            part = Path(f"{self.path}{suffix}")
            if part.exists():
                part.rename(f"{aside}{suffix}")
        return UserError(
            f"the store {self.path} is damaged ({trouble}) and was set aside as {aside.name}; "
            "nothing was rebuilt: run again to start a new one, or try `sqlite3 FILE .recover` on it"
        )

    def close(self) -> None:
        """Close the file and give the lock back."""
        self._db.close()
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield self._db
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise UserError(
                f"cannot write to {self.path}: {error}. What was computed before is kept; "
                "free some space or repair the permissions, then give the same command again"
            ) from error
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    # -- writing -------------------------------------------------------------------------------

    def begin_run(self, command: str, provenance: dict[str, Any]) -> int:
        """Record a run; cells put from now on belong to it."""
        with self._transaction() as db:
            row = db.execute(
                "INSERT INTO runs (started, command, provenance) VALUES (?, ?, ?)",
                (time.time(), command, json.dumps(provenance, sort_keys=True)),
            )
            self.run_id = row.lastrowid
        return int(self.run_id or 0)

    def put_series(
        self,
        data_hash: str,
        dataset: str,
        name: str,
        source: str,
        values: NDArray[np.float64],
        labels: NDArray[np.uint8],
    ) -> None:
        """Keep values and labels, so that metrics and pictures need nothing but the store."""
        if self._db.execute("SELECT 1 FROM series WHERE data_hash = ?", (data_hash,)).fetchone():
            return
        with self._transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO series VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    data_hash,
                    dataset,
                    name,
                    source,
                    len(values),
                    zlib.compress(np.ascontiguousarray(values, "<f8").tobytes(), 1),
                    zlib.compress(np.ascontiguousarray(labels, np.uint8).tobytes(), 1),
                ),
            )

    def put(self, cell: Cell, outcome: Outcome, group: str = "", quick: bool = False) -> None:
        """Commit a finished cell with its scores, in one transaction; an earlier failure is replaced."""
        self.put_many([(cell, outcome, group, quick)])

    def put_many(self, finished: Iterable[tuple[Cell, Outcome, str, bool]]) -> None:
        """Commit several finished cells in one transaction."""
        with self._transaction() as db:
            for cell, outcome, group, quick in finished:
                self._put(db, cell, outcome, group, quick)

    def _put(self, db: sqlite3.Connection, cell: Cell, outcome: Outcome, group: str, quick: bool) -> None:
        row: dict[str, Any] = asdict(cell) | {k: getattr(outcome, k) for k in OUTCOME_COLUMNS}
        row |= {"key": cell.key, "params": json.dumps(dict(cell.params), sort_keys=True)}
        row |= {"run_id": self.run_id, "finished": time.time(), "group": group, "quick": int(quick)}
        row["extra"] = json.dumps(outcome.extra, sort_keys=True)
        columns = ", ".join(f'"{c}"' for c in row)
        marks = ", ".join("?" for _ in row)
        db.execute(f"INSERT OR REPLACE INTO cells ({columns}) VALUES ({marks})", list(row.values()))
        db.execute("DELETE FROM metrics WHERE key = ?", (cell.key,))
        db.execute("DELETE FROM scores WHERE key = ?", (cell.key,))
        if outcome.scores is not None:
            blob = np.ascontiguousarray(outcome.scores, "<f8").tobytes()
            digest = hashlib.sha256(blob).hexdigest()
            db.execute("INSERT INTO scores VALUES (?, ?, ?)", (cell.key, digest, blob))

    def put_metrics(self, rows: Iterable[tuple[str, str, float | None, str]]) -> None:
        """Keep metric values: (cell key, metric, value or None, reason when undefined)."""
        with self._transaction() as db:
            db.executemany("INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)", list(rows))

    # -- reading -------------------------------------------------------------------------------

    def statuses(self) -> dict[str, str]:
        """Status by cell key."""
        return {r["key"]: r["status"] for r in self._db.execute("SELECT key, status FROM cells")}

    def scores(self, key: str) -> tuple[int, NDArray[np.float64]]:
        """First scored row and the (m,) scores of a cell; KeyError when it has none."""
        row = self._db.execute(
            "SELECT first_row, sha256, scores FROM scores JOIN cells USING (key) WHERE key = ?", (key,)
        ).fetchone()
        if row is None:
            raise KeyError(key)
        if hashlib.sha256(row["scores"]).hexdigest() != row["sha256"]:
            raise UserError(f"{self.path}: the scores of cell {key} are damaged; run with --retry-failed to redo it")
        return row["first_row"], np.frombuffer(row["scores"], "<f8")

    def series(self, data_hash: str) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
        """(n,) values and (n,) labels of a stored series; KeyError when absent."""
        row = self._db.execute('SELECT "values", labels FROM series WHERE data_hash = ?', (data_hash,)).fetchone()
        if row is None:
            raise KeyError(data_hash)
        values = np.frombuffer(zlib.decompress(row["values"]), "<f8")
        return values, np.frombuffer(zlib.decompress(row["labels"]), np.uint8)

    def extra(self, key: str) -> dict[str, Any]:
        """What a cell recorded besides: training losses, notes."""
        row = self._db.execute("SELECT extra FROM cells WHERE key = ?", (key,)).fetchone()
        return dict(json.loads(row["extra"])) if row else {}

    def traceback(self, key: str) -> str:
        """Tail of the traceback of a failed cell."""
        row = self._db.execute("SELECT traceback FROM cells WHERE key = ?", (key,)).fetchone()
        return str(row["traceback"]) if row else ""

    def missing_metrics(self, names: Iterable[str]) -> Iterator[tuple[sqlite3.Row, list[str]]]:
        """Cells with scores that lack some of these metrics, with the names of those."""
        wanted = list(names)
        have: dict[str, set[str]] = {}
        for row in self._db.execute("SELECT key, metric FROM metrics"):
            have.setdefault(row["key"], set()).add(row["metric"])
        for row in self._db.execute("SELECT * FROM cells WHERE status = 'ok'").fetchall():
            lacking = [name for name in wanted if name not in have.get(row["key"], set())]
            if lacking:
                yield row, lacking

    def runs(self) -> list[dict[str, Any]]:
        """Every run: id, started (seconds since 1970), command, provenance."""
        rows = self._db.execute("SELECT * FROM runs ORDER BY id").fetchall()
        return [dict(r) | {"provenance": json.loads(r["provenance"])} for r in rows]

    def frame(self) -> pd.DataFrame:
        """All cells as a tidy table, one column per stored metric (NaN where undefined)."""
        import pandas as pd

        cells = pd.read_sql_query("SELECT * FROM cells ORDER BY dataset, series, detector, protocol, seed", self._db)
        values = pd.read_sql_query("SELECT key, metric, value FROM metrics", self._db)
        wide = values.astype({"value": float}).pivot(index="key", columns="metric", values="value")
        frame = cells.merge(wide, how="left", left_on="key", right_index=True)
        for name in ("auroc", "auprc"):
            if name not in frame:
                frame[name] = np.nan
        frame["quick"] = frame["quick"].astype(bool)
        return frame
