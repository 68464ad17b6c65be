"""The SQLite file of a store: lock for one writer, checks when it is opened, migrations, clear errors."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.store.place import is_absent, refuse_absent, resolve
from benchmark.store.schema import MIGRATIONS, apply_migrations, schema_changes

MAGIC = b"SQLite format 3\x00"
OWN_SUFFIXES = (".sqlite", ".sqlite3", ".db")
GZIP = b"\x1f\x8b"
MAX_FULL_CHECK = 512 * 2**20  # bytes; of larger files only the small tables are checked
# errors of SQLite if it cannot write its log beside the file
LOG_ERRORS = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)
SMALL_TABLES = ("cells", "metrics", "runs")


class StoreLocked(UserError):
    """Another run is writing to the same store."""


class Database:
    """A connection to the file of a store. There may be one writer and any number of readers.

    Parameters
    ----------
    path : Path
        The SQLite file; created, with its folder, if ``write`` is true.
    write : bool
        Take the writer's lock. The operating system releases it even after ``kill -9``.

    Raises
    ------
    StoreLocked
        If there is a writer already.
    UserError
        If the file is from a newer version, is damaged (then a writer renames it), or cannot be opened.
    """

    def __init__(self, path: Path, write: bool = False) -> None:
        self.path = resolve(path)
        self.writable = write
        self._lock: Any = None
        if write:
            self._make_folder()
            self._take_lock()
        else:
            refuse_absent(path)
        try:
            self.connection = self._open()
        except sqlite3.OperationalError as error:
            self._release()
            raise UserError(self._cannot_open(error)) from error
        except BaseException:
            self._release()
            raise

    def close(self) -> None:
        """Close the file and release the lock."""
        self.connection.close()
        self._release()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one transaction; an error of SQLite becomes a UserError that says what is kept."""
        db = self.connection
        try:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            locked = "locked" in str(error)
            cure = "wait for the program that uses it" if locked else "free some space or repair the permissions"
            raise UserError(
                f"cannot write to {self.path}: {error}. What was computed before is kept; "
                f"{cure}, then give the same command again"
            ) from error
        except BaseException:
            self._roll_back()
            raise

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Return the rows of a query; an error of SQLite becomes a UserError."""
        return self.table(sql, *values)[0]

    def table(self, sql: str, *values: Any) -> tuple[list[sqlite3.Row], list[str]]:
        """Return the rows of a query, and the names of its columns."""
        try:
            found = self.connection.execute(sql, values)
            return found.fetchall(), [name for name, *_ in found.description]
        except sqlite3.DatabaseError as error:
            raise UserError(f"cannot read {self.path}: {error}; run again to have it checked") from error

    def _roll_back(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    # -- opening -------------------------------------------------------------------------------

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
            if not Path(f"{self.path}.lock").exists():  # the file system has no file of this name, e.g. /proc
                raise UserError(f"cannot write beside {self.path}; name another with --store") from error
            raise StoreLocked(
                f"another run is writing to {self.path}: wait for it, or give this one its own --store"
            ) from error
        except OSError as error:
            raise UserError(f"cannot write beside {self.path}: {error.strerror}; name another with --store") from error

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _open(self) -> sqlite3.Connection:
        if self.writable and is_absent(self.path):
            self._create()
        self._check_header()
        try:
            return self._prepare(self._connect("mode=rw"))
        except sqlite3.OperationalError as error:
            if self.writable or self._has_pending_log() or error.sqlite_errorcode & 0xFF not in LOG_ERRORS:
                raise
        return self._prepare(self._connect("mode=ro&immutable=1"))

    def _prepare(self, db: sqlite3.Connection) -> sqlite3.Connection:
        try:
            self._check_integrity(db)
            self._migrate(db)
            self._refuse_altered(db)
        except BaseException:
            db.close()
            raise
        return db

    def _create(self) -> None:
        """Create the file under another name, then rename it, so that the file at ``path`` is always complete."""
        if Path(f"{self.path}-wal").exists():
            self._set_aside("its write-ahead log was left without it")
        fresh = self.path.with_name(f".{self.path.name}.new")
        fresh.unlink(missing_ok=True)
        try:
            with closing(sqlite3.connect(fresh, isolation_level=None)) as db:
                apply_migrations(db)
            fresh.replace(self.path)
        finally:
            fresh.unlink(missing_ok=True)

    def _check_header(self) -> None:
        with self.path.open("rb") as file:
            head = file.read(len(MAGIC))
        if head == MAGIC:
            return
        if head.startswith(GZIP):
            raise UserError(f"{self.path} is compressed with gzip: unpack it, or name another with --store")
        if head and self.path.suffix not in OWN_SUFFIXES:
            raise UserError(f"{self.path} is not a store of results; name another with --store")
        raise self._damaged("it does not begin as an SQLite file does")

    def _has_pending_log(self) -> bool:
        """Return True if the write-ahead log has data that the file lacks."""
        log = Path(f"{self.path}-wal")
        return log.is_file() and log.stat().st_size > 0

    def _cannot_open(self, error: sqlite3.OperationalError) -> str:
        if not self.writable and self._has_pending_log():
            return (
                f"cannot read the newest results of {self.path}, which are in {self.path.name}-wal ({error}): "
                "copy both files to a folder that can be written, and name the copy with --store"
            )
        return f"cannot open {self.path}: {error}; repair it, or name another with --store"

    def _connect(self, mode: str) -> sqlite3.Connection:
        db = sqlite3.connect(
            f"{self.path.as_uri()}?{mode}", uri=True, timeout=30, isolation_level=None, check_same_thread=False
        )
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA trusted_schema = OFF")
        return db

    def _refuse_newer(self, db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version > len(MIGRATIONS):
            raise UserError(
                f"{self.path} was written by a newer version of the benchmark "
                f"(schema {version}, this one knows {len(MIGRATIONS)}): update, or name another --store"
            )
        if version < 0 or (version == 0 and tables):
            raise UserError(f"{self.path} is another program's database; name another with --store")

    def _check_integrity(self, db: sqlite3.Connection) -> None:
        """Raise an error if the file is of a newer version or damaged; SQLite may find damage in any statement."""
        try:
            self._refuse_newer(db)
            if self.writable:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = NORMAL")
            trouble = integrity(db, whole=self.path.stat().st_size <= MAX_FULL_CHECK)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            trouble = str(error)
        if trouble:
            db.close()
            raise self._damaged(trouble)

    def _migrate(self, db: sqlite3.Connection) -> None:
        if db.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS):
            return
        if self.writable:
            apply_migrations(db)
            return
        self._take_lock()
        try:
            apply_migrations(db)
        finally:
            self._release()

    def _refuse_altered(self, db: sqlite3.Connection) -> None:
        """Raise an error if a trigger or a changed view could alter what is written or read."""
        changed = schema_changes(db)
        if changed:
            raise UserError(
                f"{self.path} was altered by another program ({changed}), so its figures may not be what was computed: "
                "take a copy from before, or name another with --store"
            )

    def _damaged(self, trouble: str) -> UserError:
        if not self.writable:
            return UserError(f"the store {self.path} is damaged ({trouble}); `run` sets it aside and starts a new one")
        aside = self._set_aside(trouble)
        return UserError(
            f"the store {self.path} is damaged ({trouble}) and was set aside as {aside.name}; "
            "nothing was rebuilt: run again to start a new one, or try `sqlite3 FILE .recover` on it"
        )

    def _set_aside(self, trouble: str) -> Path:
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
        for suffix in ("", "-wal", "-shm"):
            part = Path(f"{self.path}{suffix}")
            if part.exists():
                part.rename(f"{aside}{suffix}")
        return aside


def integrity(db: sqlite3.Connection, whole: bool = True) -> str:
    """Return what is wrong with the file's structure, or an empty string.

    This takes half a second for 500 MB. When a larger file is opened, only its small tables are checked. Scores and
    series, the largest part, have hashes that are verified whenever they are read.
    """
    made = [] if whole else db.execute("SELECT name FROM sqlite_master").fetchall()
    for table in ["1"] if whole else [name for (name,) in made if name in SMALL_TABLES]:  # 1: the number of errors
        found = db.execute(f"PRAGMA quick_check({table})").fetchone()[0]
        if found != "ok":
            return str(found)
    return ""
