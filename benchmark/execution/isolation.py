"""Isolation of cells from each other: forks are ended, seeds set, memory measured, messages shortened."""

from __future__ import annotations

import contextlib
import os
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark.errors import encodable
from datasets import Series


@contextlib.contextmanager
def end_forks() -> Iterator[None]:
    """End a process that a detector has forked, before the copy acts as a second worker."""
    mine = os.getpid()
    try:
        yield
    finally:
        if os.getpid() != mine:
            os._exit(0)


def describe(error: BaseException) -> str:
    """Format an error as ``ValueError: message``, at most 2000 characters, even if its ``__str__`` fails."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001
        text = "(its message cannot be shown)"
    return encodable(f"{type(error).__name__}: {text}"[:2000])


def fingerprint(series: Series) -> str:
    """Compute the SHA-256 of the series from its arrays, which may have been changed."""
    return replace(series).sha256


def seed_global_generators(seed: int) -> None:
    """Seed the global generators, as a detector may use them; so scores do not depend on the order of cells."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if "torch" in sys.modules:  # a detector that uses it has loaded it during the warm-up
        sys.modules["torch"].manual_seed(seed)


class PeakMemory:
    """Peak resident memory of this process inside a ``with`` block minus the memory at entry, in MiB.

    On Linux the kernel's high-water mark is reset at entry. On other systems it cannot be reset, so a block after a
    larger one reports zero.
    """

    megabytes = 0.0

    def __enter__(self) -> PeakMemory:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
        self._before = _status_mb("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        self.megabytes = round(max(0.0, _status_mb("VmHWM") - self._before), 1)


def _status_mb(field: str) -> float:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def tail(text: str, lines: int = 20) -> str:
    """Return the last lines of a text, such as a traceback."""
    return "\n".join(text.strip().splitlines()[-lines:])
