"""Execute one cell: a pure function of the cell and its series, run in a worker."""

from __future__ import annotations

import contextlib
import getpass
import os
import random
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark import protocols, registry
from benchmark.cells import Cell, Outcome
from benchmark.protocols import CannotPlay, Protocol, Round
from datasets._base import Series
from detectors._base import Detector, Diverged

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """A cell with what it takes to execute it elsewhere.

    ``spec`` names the detector's class (:func:`benchmark.registry.load`), ``plugin`` is the text of the file
    when it comes from one, so that no other machine needs that file; ``explicit`` are the parameters
    that the user set, which no protocol overrides; ``group`` and ``quick`` are kept with the result;
    ``timeout`` (seconds) and ``memory`` (MiB above the worker's level) bound it, 0 = no bound;
    ``n`` is the length of the series.
    """

    cell: Cell
    spec: str
    group: str = ""
    quick: bool = False
    explicit: frozenset[str] = frozenset()
    timeout: float = 0.0
    memory: float = 0.0
    n: int = 0
    plugin: str = ""

    @property
    def detector_class(self) -> type[Detector]:
        return registry.load(self.spec, self.plugin)


def execute(task: Task, series: Series, progress: Callable[[str], None] | None = None) -> Outcome:
    """Fit and score; whatever goes wrong becomes an Outcome with its reason, never an exception.

    Parameters
    ----------
    task : Task
    series : Series
        The cell's series; its labels go no further than the protocol.
    progress : callable, optional
        Receives a line now and then from long fits.
    """
    series = replace(series)  # arrays that came through a pipe are writable: making it anew closes them
    outcome = Outcome("ok", n=len(series), n_anomalous=series.n_anomalous)
    try:
        with no_forks_come_back():
            _fill(outcome, task, series, progress)
    except CannotPlay as reason:
        outcome.status, outcome.reason = "skipped", str(reason)
    except Diverged as reason:
        outcome.status, outcome.reason = "diverged", str(reason)
        outcome.traceback = tail(traceback.format_exc())
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a detector may raise anything; it is recorded
        outcome.status, outcome.reason = "failed", describe(error)
        if isinstance(error, MemoryError) or "can't allocate memory" in outcome.reason:  # the latter is torch's
            outcome.status, outcome.reason = "oom", f"the process could not get more memory: {outcome.reason}"
        outcome.traceback = tail(traceback.format_exc())
    return outcome


@contextlib.contextmanager
def no_forks_come_back() -> Iterator[None]:
    """A detector that forks returns twice: end the copy before it acts as a second worker."""
    mine = os.getpid()
    try:
        yield
    finally:
        if os.getpid() != mine:
            os._exit(0)


def describe(error: BaseException) -> str:
    """``ValueError: what it says``, at most 2000 characters, whatever its ``__str__`` does."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001
        text = "(its message cannot be shown)"
    return f"{type(error).__name__}: {text}"[:2000].encode("utf-8", "backslashreplace").decode()


def _fill(outcome: Outcome, task: Task, series: Series, progress: Callable[[str], None] | None) -> None:
    cell = task.cell
    protocol = protocols.get(cell.protocol)
    detector = prepared(task, protocol, series)
    rounds = protocol.rounds(series, detector, protocol.first_row)
    outcome.n_fit, outcome.n_fit_anomalous = protocols.labelled_in_fit(series, rounds)
    warm_up(task)
    seed_global_generators(cell.random_state)
    detector.on_progress = progress
    scores = np.full(len(series), np.nan)
    with PeakMemory() as memory:
        for number, rnd in enumerate(rounds):
            fit_seconds, score_seconds = _play(detector, series, rnd, scores, outcome, first=number == 0)
            outcome.fit_seconds += fit_seconds
            outcome.score_seconds += score_seconds
    outcome.peak_mb = memory.megabytes
    outcome.first_row = protocol.first_row
    kept = scores[protocol.first_row :]
    if not np.isfinite(kept).all():
        raise FloatingPointError(f"{cell.detector} left {int((~np.isfinite(kept)).sum())} rows without a finite score")
    if cell.data_hash and fingerprint(series) != cell.data_hash:
        raise RuntimeError(f"{cell.detector} changed the series that it was given: its scores mean nothing")
    outcome.scores = kept


def fingerprint(series: Series) -> str:
    """The series' SHA-256 as its arrays are now."""
    return replace(series).sha256


def seed_global_generators(seed: int) -> None:
    """For detectors that draw from them without asking, so that order and place of cells do not matter."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002


def _play(
    detector: Detector, series: Series, rnd: Round, scores: Array, outcome: Outcome, first: bool
) -> tuple[float, float]:
    pieces = protocols.fitted_parts(series, rnd)
    shorten_window(detector, pieces, outcome)
    started = time.perf_counter()
    detector.fit(pieces[0] if len(pieces) == 1 else pieces)
    fitted = time.perf_counter()
    (a, b), (c, d) = rnd.score, rnd.keep
    given = np.asarray(detector.score(series.values[a:b]), dtype=np.float64)
    if given.shape != (b - a,):
        raise RuntimeError(f"{type(detector).__name__} gave {given.shape} scores for {b - a} points")
    scores[c:d] = given[c - a : d - a]
    done = time.perf_counter()
    if first:
        outcome.window = int(getattr(detector, "window_", 0))
        history = getattr(detector, "history_", None)
        if history:
            outcome.extra["history"] = {k: [float(v) for v in values] for k, values in history.items()}
    return fitted - started, done - fitted


def prepared(task: Task, protocol: Protocol, series: Series) -> Detector:
    """The cell's detector with the protocol's window and parameters, and the cell's seed."""
    cls = task.detector_class
    if protocol.published_rows_only and cls.__name__ not in registry.published_order()[:-1]:
        raise CannotPlay(f"{protocol.name} repeats the authors' twelve baselines, {cls.__name__} is none of them")
    detector = cls(**dict(task.cell.params))
    protocol.configure(detector, series, task.explicit)
    if "random_state" in detector.param_defaults() and "random_state" not in task.explicit:
        detector.set_params(random_state=task.cell.random_state)
    return detector


def shorten_window(detector: Detector, pieces: list[Array], outcome: Outcome) -> None:
    """Halve a window that the fitted part cannot hold, and say so with the cell."""
    window = getattr(detector, "window", None)
    longest = max(map(len, pieces))
    if isinstance(window, int) and longest < detector.min_length() and window > 1:
        shorter = max(1, longest // 2)
        outcome.extra["note"] = f"window {window} cut to {shorter}: the longest fitted piece has {longest} points"
        detector.set_params(window=shorter)


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
    different types at once can both call their code number 1, and a third would load the wrong one.
    """
    from filelock import FileLock

    lock = FileLock(Path(tempfile.gettempdir()) / f"tsad-benchmark-kernels-{getpass.getuser()}.lock")
    try:
        lock.acquire()
    except (OSError, NotImplementedError):  # a file system without locks: as good as alone
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _tiny_call(task: Task) -> None:
    cls = task.detector_class
    params = {**dict(task.cell.params), **getattr(cls, "quick", {})}
    x = np.sin(np.arange(400) * (2 * np.pi / 40)) + np.arange(400) * 1e-3
    detector = cls(**params)
    if detector.param_defaults().get("window") == "auto":
        detector.set_params(window=20)
    detector.fit(x).score(x + 1e-3)


class PeakMemory:
    """Peak resident memory of this process inside a ``with`` block, over its level at entry, in MiB.

    On Linux the kernel's high-water mark is reset at entry; elsewhere it can only be read, so that a
    block after a larger one reports zero.
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
    """The last lines of a traceback."""
    return "\n".join(text.strip().splitlines()[-lines:])
