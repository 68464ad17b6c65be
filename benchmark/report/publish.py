"""Replace the files of a report together, so that either all new or all previous files are there."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmark.errors import UserError
from benchmark.system.processes import delay_interrupt


def publish(out: Path, files: Mapping[str, bytes], earlier: Mapping[str, str]) -> dict[str, str]:
    """Replace the files of a report; equal files are not touched.

    Everything is first written to a temporary folder, so that an interruption leaves the previous report complete. The
    renaming that follows takes milliseconds, during which Ctrl-C is delayed.

    Parameters
    ----------
    out : Path
        Folder of the report; created if missing.
    files : mapping
        Path below ``out``, with ``/`` -> content.
    earlier : mapping
        Path -> hash of the files of the previous report. Those that are obsolete are removed, unless they were changed
        by somebody else.

    Returns
    -------
    dict
        Path -> hash of the written files.

    Raises
    ------
    UserError
        If the folder cannot be written.
    """
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    try:
        out.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=out))
        try:
            changed = [name for name in files if hash_of(out / name) != hashes[name]]
            for name in changed:
                for folder in (fresh, out):
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (fresh / name).write_bytes(files[name])
            stale = [name for name in earlier if name not in files and hash_of(out / name) == earlier[name]]
            with delay_interrupt():
                for name in changed:
                    os.replace(fresh / name, out / name)
                for name in stale:
                    (out / name).unlink()
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise UserError(
            f"cannot write {error.filename or out}: {error.strerror}; name another folder with --out"
        ) from error
    return hashes


def write_text(path: Path, text: str) -> None:
    """Replace a file atomically."""
    publish(path.parent, {path.name: text.encode("utf-8", "backslashreplace")}, {})


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file, or an empty string if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
