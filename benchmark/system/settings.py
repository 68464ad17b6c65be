"""What the environment says; the only place that reads ``os.environ``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def data_dir() -> Path | None:
    """Folder with the real series, from ``BENCHMARK_DATA``; none when unset or empty."""
    value = os.environ.get("BENCHMARK_DATA", "")
    return Path(value).expanduser() if value else None


def cache_dir() -> Path | None:
    """Folder for downloads, from ``BENCHMARK_CACHE``; none when unset or empty: the user's cache folder."""
    value = os.environ.get("BENCHMARK_CACHE", "")
    return Path(value).expanduser() if value else None


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def threads() -> int:
    """Numerical threads that this process is capped to; all cores if it is not."""
    value = os.environ.get(THREAD_VARIABLES[0], "")
    return int(value) if value.isdigit() and int(value) else cores()


@contextmanager
def threads_kept() -> Iterator[None]:
    """What the block caps is lifted at its end: the process belongs to somebody else."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def cap_threads(threads: int) -> None:
    """Bound the threads of numerical libraries that are loaded later in this process and its children."""
    for name in THREAD_VARIABLES:
        os.environ[name] = str(threads)
