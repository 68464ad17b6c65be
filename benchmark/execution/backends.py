"""Backends that execute tasks in any order: in this process, in local processes, or on a cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.errors import UserError, unknown
from benchmark.execution import groups
from benchmark.execution.execute import execute
from benchmark.grid import Outcome, Task
from benchmark.system import settings
from datasets import Series

if TYPE_CHECKING:
    from benchmark.execution.worker import Worker

Work = tuple[Task, Series]
Finished = tuple[Task, Outcome]
BACKENDS = ("processes", "joblib", "serial", "dask")
TICK = 0.05


class Board:
    """The running cells, for the display: their seconds so far and their last progress line."""

    def __init__(self) -> None:
        self._now: dict[str, tuple[float, str]] = {}

    def note(self, key: str, seconds: float, line: str) -> None:
        """Record a running cell, its seconds so far and its last progress line."""
        self._now[key] = (time.monotonic() - seconds, line)

    def clear(self, key: str) -> None:
        """Remove a cell that has ended."""
        self._now.pop(key, None)

    def running(self) -> list[tuple[str, float, str]]:
        """Return (cell key, seconds, last line) of each running cell."""
        now = time.monotonic()
        return [(key, now - since, line) for key, (since, line) in self._now.copy().items()]


@dataclass
class Backend:
    """Where tasks run.

    Raises
    ------
    UserError
        For an unknown name, ``dask`` without an address, or a CUDA device that does not exist.
    """

    # ``processes`` replaces a worker that dies, or that it kills because its task exceeds a limit of time or memory.
    # ``dask`` does the same on a cluster. ``joblib`` uses loky and ``serial`` this process, both without limits.
    name: str = "processes"
    jobs: int = 1  # local workers
    threads: int = 1  # numerical threads of each worker
    scheduler: str = ""  # address of a Dask scheduler, for ``dask``
    # torch's name of the device for networks. With it, ``processes`` gives cells that can be fitted together to a
    # worker in groups.
    device: str = ""

    def __post_init__(self) -> None:
        if self.name not in BACKENDS:
            raise unknown("backend", self.name, BACKENDS)
        if self.name == "dask" and not self.scheduler:
            raise UserError("--backend dask needs --scheduler, e.g. tcp://127.0.0.1:8786")
        if self.device.startswith("cuda"):
            import torch

            if not torch.cuda.is_available():
                raise UserError(f"--device {self.device}: torch {torch.__version__} finds no CUDA device here")

    def map(self, work: Iterable[Work], board: Board) -> Iterator[Finished]:
        """Execute all work; yield (task, outcome) pairs as they end, in any order.

        ``work`` is consumed only as fast as it is executed. Closing the iterator stops the workers.
        """
        settings.cap_threads(self.threads)
        if self.name == "serial":
            return serial(work, board, self.threads)
        if self.name == "joblib":
            return loky(work, self.jobs, self.threads)
        if self.name == "dask":
            from benchmark.execution.dask import on_cluster

            return on_cluster(work, self.scheduler, self.threads)
        if self.device:
            size = groups.ON_GPU if self.device.startswith("cuda") else groups.ON_CPU
            return in_groups(work, self.jobs, board, size)
        return processes(work, self.jobs, board)


def serial(work: Iterable[Work], board: Board, threads: int = 1) -> Iterator[Finished]:
    """Execute tasks one after the other in this process, without limits."""
    for task, series in work:
        key, started = task.cell.key, time.monotonic()

        def progress(line: str, key: str = key, started: float = started) -> None:
            board.note(key, time.monotonic() - started, line)

        progress("")
        outcome = execute_capped(task, series, threads, progress)
        board.clear(key)
        yield task, outcome


def execute_capped(task: Task, series: Series, threads: int, progress: Callable[[str], None] | None = None) -> Outcome:
    """Execute a task in a process whose libraries were loaded before their threads could be limited."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads):
        return execute(task, series, progress)


def loky(work: Iterable[Work], jobs: int, threads: int = 1) -> Iterator[Finished]:
    """Execute tasks in joblib's loky workers, without limits."""
    from joblib import Parallel, delayed

    calls = (delayed(_execute_pair)(task, series, threads) for task, series in work)
    yield from Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)(calls)


def _execute_pair(task: Task, series: Series, threads: int) -> Finished:
    settings.cap_threads(threads)
    return task, execute_capped(task, series, threads)


def in_groups(work: Iterable[Work], jobs: int, board: Board, size: int) -> Iterator[Finished]:
    """Execute as :func:`processes`, in groups where possible. The cells of a group that fails are run one by one."""
    series: dict[str, Series] = {}

    def seen() -> Iterator[Work]:
        for task, one in work:
            series[task.cell.key] = one
            yield task, one

    alone: list[Work] = []
    for task, outcome in groups.ungroup(processes(groups.groups(seen(), size), jobs, board)):
        mine = series.pop(task.cell.key)
        if outcome is None:
            alone.append((task, mine))
        else:
            yield task, outcome
    yield from processes(alone, jobs, board)


def processes(work: Iterable[Any], jobs: int, board: Board) -> Iterator[Any]:
    """Execute tasks, or groups of tasks, in local processes, one at a time in each.

    If a task exceeds its limit of time or memory, or its worker dies, only that task is lost. The process is killed,
    even if it runs native code, and replaced.
    """
    from benchmark.execution.worker import Worker

    waiting = iter(work)
    workers = [Worker() for _ in range(jobs)]
    try:
        busy = _refill(workers, waiting)
        while busy:
            ended = _collect(busy, board)
            busy = _refill(workers, waiting)
            yield from ended
    finally:
        for worker in workers:
            worker.close()


def _refill(workers: list[Worker], waiting: Iterator[Any]) -> list[Worker]:
    """Give work to idle workers; return the busy ones."""
    given = list(zip([worker for worker in workers if worker.task is None], waiting, strict=False))
    for worker, _ in given:
        worker.wake()  # start all of them first, as ``give`` waits until its process reads
    for worker, (task, series) in given:
        worker.give(task, series)
    return [worker for worker in workers if worker.task is not None]


def _collect(busy: list[Worker], board: Board) -> list[Any]:
    """Wait for messages for at most one tick; return the tasks that have ended, with their outcomes."""
    from multiprocessing.connection import wait

    wait([worker.link for worker in busy], TICK)
    ended: list[Any] = []
    for worker in busy:
        task = worker.task
        assert task is not None
        outcome = worker.look()
        if outcome is None:
            board.note(task.cell.key, worker.seconds, worker.line)
        else:
            board.clear(task.cell.key)
            ended.append((task, outcome))
    return ended
