"""One tiny untimed call of each detector, so that compilers and libraries have started before the clock does."""

from __future__ import annotations

import contextlib
import getpass
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmark.catalogue import build, registry
from benchmark.execution.isolation import no_forks_come_back
from benchmark.grid import Task

_warm: set[tuple[str, str]] = set()


def warm_up(task: Task) -> None:
    """One tiny untimed fit and score, so that compilers and libraries have started before the clock does."""
    mark = (task.spec, task.cell.version)
    if mark in _warm:
        return
    _warm.add(mark)
    try:
        with no_forks_come_back(), compiling_alone() if task.spec in registry.detectors() else contextlib.nullcontext():
            _tiny_call(task)
    except (Exception, SystemExit):  # noqa: BLE001 - the real call that follows reports what is wrong
        return


@contextlib.contextmanager
def compiling_alone() -> Iterator[None]:
    """One process at a time: the first compiles the packaged kernels, those that waited load them.

    numba reads, changes and writes the index of a function's cache in separate steps. Two processes that compile it for
    different types at once can both call their code number 1. A third would load the wrong one.
    """
    from filelock import FileLock

    lock = FileLock(Path(tempfile.gettempdir()) / f"tsad-benchmark-kernels-{getpass.getuser()}.lock")
    with contextlib.suppress(OSError, NotImplementedError):  # a file system without locks: as good as alone
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
