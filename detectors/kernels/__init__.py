"""The compiled loops of the detectors, and their parallel execution; most modules import numba."""

from __future__ import annotations

import contextlib
import getpass
import os
import tempfile
from pathlib import Path

__all__ = [
    "autoencoder",
    "flow",
    "forest",
    "histograms",
    "lstm",
    "matrix_profile",
    "nearest",
    "neighbours",
    "normal_neighbours",
    "shapes",
    "threads",
]


def _set_cache_folder() -> None:
    """Set a folder for numba's cache if numba would find none, as in a read-only installation without a home folder.

    Only this user may have access to the folder, because the code in it is executed.
    """
    import platformdirs

    places = [Path(__file__).parent, Path(platformdirs.user_cache_dir("numba", False))]
    if "NUMBA_CACHE_DIR" in os.environ or any(map(_can_be_written, places)):
        return
    with contextlib.suppress(OSError, KeyError):
        folder = Path(tempfile.gettempdir()) / f"tsad-benchmark-numba-{getpass.getuser()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if not hasattr(os, "getuid") or (folder.stat().st_uid, folder.stat().st_mode & 0o077) == (os.getuid(), 0):
            os.environ["NUMBA_CACHE_DIR"] = str(folder)


def _can_be_written(folder: Path) -> bool:
    """Return whether a folder is writable, or can be created."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return os.access(there, os.W_OK)


_set_cache_folder()
