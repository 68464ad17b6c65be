"""What is at the path of a store: nothing, an empty file, or something that cannot be a store."""

from __future__ import annotations

from pathlib import Path

from benchmark.errors import UserError, similar_file


def refuse_absent(path: Path) -> None:
    """Raise UserError if there is no store, before a command opens it for writing and creates an empty one."""
    if is_absent(path):
        hint = " (the file is empty)" if path.exists() else similar_file(path)
        raise UserError(f"no results at {path}{hint}: run the benchmark first, or name the store with --store")


def is_absent(path: Path) -> bool:
    """Return True if there is no file, or one of no bytes and no log beside it, as ``touch`` and ``mktemp`` make it."""
    if not path.exists():
        return True
    return path.is_file() and not path.stat().st_size and not Path(f"{path.resolve()}-wal").exists()


def resolve(path: Path) -> Path:
    """Return the resolved path of a store, which need not exist."""
    try:
        place = path.resolve()
    except (OSError, RuntimeError) as error:
        raise UserError(f"{path} is a symbolic link that leads back to itself; name another with --store") from error
    if place.exists() and not place.is_file():
        kind = "a folder" if place.is_dir() else "not an ordinary file"
        raise UserError(f"{path} is {kind}, not a store of results; name another with --store")
    return place
