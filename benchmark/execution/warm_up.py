"""Warm-up of detectors, so that the time of a cell does not include compilers and the start of libraries."""

from __future__ import annotations

import contextlib
import getpass
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmark.catalogue import build, registry
from benchmark.execution.isolation import end_forks
from benchmark.grid import Task

_warm: set[tuple[str, str]] = set()


def warm_up(task: Task) -> None:
    """Fit and score a tiny series once per detector, before the time of a cell is measured."""
    mark = (task.spec, task.cell.version)
    if mark in _warm:
        return
    _warm.add(mark)
    try:
        with end_forks(), compile_lock() if task.spec in registry.detectors() else contextlib.nullcontext():
            _tiny_call(task)
    except (Exception, SystemExit):  # noqa: BLE001 - the real call that follows reports the error
        return


@contextlib.contextmanager
def compile_lock() -> Iterator[None]:
    """Allow one process at a time: the first compiles the packaged kernels, the others then load them.

    numba reads, changes and writes the index of a function's cache in separate steps. Two processes that compile a
    function for different types at the same time can use the same file name. A third would load the wrong code.
    """
    from filelock import FileLock

    lock = FileLock(Path(tempfile.gettempdir()) / f"tsad-benchmark-kernels-{getpass.getuser()}.lock")
    with contextlib.suppress(OSError, NotImplementedError):  # the file system has no locks
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _tiny_call(task: Task) -> None:
    cls = task.detector_class
    params = {**dict(task.cell.params), **cls.quick}
    if cls.param_defaults().get("window") == "auto":
        params["window"] = 20
    x = np.sin(np.arange(400) * (2 * np.pi / 40)) + np.arange(400) * 1e-3
    build(cls, params).fit(x).score(x + 1e-3)
