"""Settings from environment variables; the only module that reads ``os.environ``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def data_dir() -> Path | None:
    """Return the folder with the real series, from ``BENCHMARK_DATA``; None if unset or empty."""
    value = os.environ.get("BENCHMARK_DATA", "")
    return Path(value).expanduser() if value else None


def cache_dir() -> Path | None:
    """Return the folder for downloads, from ``BENCHMARK_CACHE``; None (the user's cache folder) if unset or empty."""
    value = os.environ.get("BENCHMARK_CACHE", "")
    return Path(value).expanduser() if value else None


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


NUMBA = "NUMBA_NUM_THREADS"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", NUMBA)


def threads() -> int:
    """Return the limit of numerical threads of this process; the number of cores if there is none."""
    value = os.environ.get(THREAD_VARIABLES[0], "")
    return int(value) if value.isdigit() and int(value) else cores()


@contextmanager
def restore_threads() -> Iterator[None]:
    """Restore the limits of threads at the end of the block, as the caller's process must not be changed."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    try:
        yield
    finally:
        for name, value in before.items():
            _set_threads(name, value)


def cap_threads(threads: int) -> None:
    """Limit the threads of numerical libraries that are loaded later in this process and its children."""
    for name in THREAD_VARIABLES:
        _set_threads(name, str(threads))


def _set_threads(name: str, value: str | None) -> None:
    """Set or remove a limit; numba's stays once numba is loaded, as numba refuses to compile when it changes."""
    if name == NUMBA and "numba" in sys.modules:
        return
    os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value
