"""The tables of a store: the migrations that make them, and a check that a file still has them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache

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
    """
    ALTER TABLE series ADD COLUMN n_train INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE series ADD COLUMN train BLOB;
    CREATE VIEW current AS SELECT * FROM cells WHERE key IN (
        SELECT key FROM (
            SELECT key, row_number() OVER (
                PARTITION BY dataset, series, detector, params, protocol, seed, quick, source = 'simulated'
                ORDER BY finished DESC, rowid DESC
            ) AS age FROM cells
        ) WHERE age = 1
    );
    """,
]


def apply_migrations(db: sqlite3.Connection) -> None:
    """Migrate the schema to this version, one step at a time, each in a transaction."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        db.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")


def schema_changes(db: sqlite3.Connection) -> str:
    """Return what differs from the program's schema, or an empty string; additional tables are allowed."""
    found = _schema(db)
    triggers = [name for name in found if name.startswith("trigger ")]
    return ", ".join(triggers + [name for name, made in _ours().items() if found.get(name) != made])


@cache
def _ours() -> dict[str, str]:
    """Return the schema that the migrations make."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        apply_migrations(fresh)
        return _schema(fresh)


def _schema(db: sqlite3.Connection) -> dict[str, str]:
    """Return the SQL statement of each table, view, index and trigger."""
    made = db.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {f"{kind} {name}": " ".join(sql.split()) for kind, name, sql in made}
