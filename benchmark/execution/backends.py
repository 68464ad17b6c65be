"""One unordered map of tasks to outcomes: in this process, in local processes, or on a cluster."""

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
    """What is running right now, for the display: cell key -> seconds so far and last progress line."""

    def __init__(self) -> None:
        self._now: dict[str, tuple[float, str]] = {}

    def note(self, key: str, seconds: float, line: str) -> None:
        """A cell runs, for so long, and last said this."""
        self._now[key] = (time.monotonic() - seconds, line)

    def clear(self, key: str) -> None:
        """A cell has ended."""
        self._now.pop(key, None)

    def running(self) -> list[tuple[str, float, str]]:
        """(cell key, seconds, last line) of what runs."""
        now = time.monotonic()
        return [(key, now - since, line) for key, (since, line) in self._now.copy().items()]


@dataclass
class Backend:
    """Where tasks run.

    Raises
    ------
    UserError
        For an unknown name, a Dask without address, a CUDA device that is not there.
    """

    # ``processes`` kills and replaces a worker that dies, or whose task is over its time or memory. ``dask`` does the
    # same on the machines of a cluster. ``joblib`` maps through loky and ``serial`` runs in this process, both without
    # limits.
    name: str = "processes"
    jobs: int = 1  # local workers
    threads: int = 1  # numerical threads of each worker
    scheduler: str = ""  # address of a Dask scheduler, for ``dask``
    # torch's name of where networks run. With it ``processes`` gives cells that can learn side by side to a worker in
    # groups.
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
        """Execute all work; pairs come back as they end, in any order.

        ``work`` is drawn from only as fast as it is executed. Closing the iterator stops the workers.
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
    """One after the other in this process; limits do not apply."""
    for task, series in work:
        key, started = task.cell.key, time.monotonic()

        def progress(line: str, key: str = key, started: float = started) -> None:
            board.note(key, time.monotonic() - started, line)

        progress("")
        outcome = execute_capped(task, series, threads, progress)
        board.clear(key)
        yield task, outcome


def execute_capped(task: Task, series: Series, threads: int, progress: Callable[[str], None] | None = None) -> Outcome:
    """Execute in a process whose libraries were loaded before their threads could be capped."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads):
        return execute(task, series, progress)


def loky(work: Iterable[Work], jobs: int, threads: int = 1) -> Iterator[Finished]:
    """Through joblib's loky workers; limits do not apply."""
    from joblib import Parallel, delayed

    calls = (delayed(_pair)(task, series, threads) for task, series in work)
    yield from Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)(calls)


def _pair(task: Task, series: Series, threads: int) -> Finished:
    return task, execute_capped(task, series, threads)


def in_groups(work: Iterable[Work], jobs: int, board: Board, size: int) -> Iterator[Finished]:
    """As :func:`processes`, what can learn side by side in groups. A group that ends as a whole runs cell by cell."""
    series: dict[str, Series] = {}

    def seen() -> Iterator[Work]:
        for task, one in work:
            series[task.cell.key] = one
            yield task, one

    alone: list[Work] = []
    for task, outcome in groups.taken_apart(processes(groups.groups(seen(), size), jobs, board)):
        mine = series.pop(task.cell.key)
        if outcome is None:
            alone.append((task, mine))
        else:
            yield task, outcome
    yield from processes(alone, jobs, board)


def processes(work: Iterable[Any], jobs: int, board: Board) -> Iterator[Any]:
    """Local processes, each with one task, or one group of them, at a time.

    A task over its time or memory limit, or a worker that dies, costs that task alone. The process is killed, native
    code included, and replaced.
    """
    from benchmark.execution.worker import Worker

    waiting = iter(work)
    workers = [Worker() for _ in range(jobs)]
    try:
        busy = _refill(workers, waiting)
        while busy:
            ended = _ended(busy, board)
            busy = _refill(workers, waiting)
            yield from ended
    finally:
        for worker in workers:
            worker.close()


def _refill(workers: list[Worker], waiting: Iterator[Any]) -> list[Worker]:
    """Give the idle ones work; returns those that are busy."""
    given = list(zip([worker for worker in workers if worker.task is None], waiting, strict=False))
    for worker, _ in given:
        worker.wake()  # all before the first hand-over, which waits until its process reads
    for worker, (task, series) in given:
        worker.give(task, series)
    return [worker for worker in workers if worker.task is not None]


def _ended(busy: list[Worker], board: Board) -> list[Any]:
    """Wait for news until the next tick; returns what has ended."""
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
