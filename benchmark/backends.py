"""One unordered map of tasks to outcomes, in this process, in local processes, or on a cluster."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark import settings
from benchmark.cells import Outcome
from benchmark.errors import UserError, unknown
from benchmark.execute import Task, execute
from datasets._base import Series

Work = tuple[Task, Series]
Finished = tuple[Task, Outcome]
BACKENDS = ("processes", "joblib", "serial", "dask")


@dataclass
class Backend:
    """Where tasks run.

    Parameters
    ----------
    name : {"processes", "joblib", "serial", "dask"}
        ``processes`` kills and replaces a worker whose task is over its time or memory, or that dies;
        ``joblib`` maps through loky without limits; ``serial`` runs in this process.
    jobs : int
        Workers.
    threads : int
        Numerical threads of each worker.
    scheduler : str
        Address of a Dask scheduler, for ``dask``.
    """

    name: str = "processes"
    jobs: int = 1
    threads: int = 1
    scheduler: str = ""

    def __post_init__(self) -> None:
        if self.name not in BACKENDS:
            raise unknown("backend", self.name, BACKENDS)
        if self.name == "dask" and not self.scheduler:
            raise UserError("--backend dask needs --scheduler, e.g. tcp://127.0.0.1:8786")

    def map(self, work: Iterable[Work], board: Board) -> Iterator[Finished]:
        """Execute all work; pairs come back as they end, in any order."""
        settings.cap_threads(self.threads)
        if self.name == "serial":
            return serial(work, board)
        if self.name == "joblib":
            return loky(work, self.jobs)
        if self.name == "dask":
            from benchmark.dask_backend import dask_map

            found: Iterator[Finished] = dask_map(work, self.scheduler)
            return found
        return processes(work, self.jobs, board)


class Board:
    """Where workers write what they are doing and how far they are: one small file each.

    Files need no channel that a killed worker could break. The parent reads them for the display
    and to know which process runs which task.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tsad-benchmark-")
        self.path = Path(self._folder.name)

    def running(self) -> dict[int, tuple[str, float, str]]:
        """Process id -> (cell, seconds since its start, last progress line)."""
        found: dict[int, tuple[str, float, str]] = {}
        for file in self.path.glob("*.now"):
            try:
                name, started, line = file.read_text().split("\t", 2)
                found[int(file.stem)] = (name, time.time() - float(started), line)
            except (OSError, ValueError):
                continue  # just being replaced
        return found

    def clear(self, pid: int) -> None:
        """Forget a worker that ended."""
        (self.path / f"{pid}.now").unlink(missing_ok=True)

    def close(self) -> None:
        self._folder.cleanup()


def run_on_board(task: Task, series: Series, folder: str) -> Outcome:
    """Execute a task, keeping this process' file on the board up to date."""
    file = Path(folder) / f"{os.getpid()}.now"
    started = time.time()
    last = [0.0]

    def write(line: str) -> None:
        if time.time() - last[0] < 0.3:
            return
        last[0] = time.time()
        try:
            fresh = file.with_suffix(".new")
            fresh.write_text(f"{task.cell.key}\t{started}\t{line}")
            fresh.replace(file)
        except OSError:
            pass  # a display that cannot be written must not cost a result

    write("")
    try:
        return execute(task, series, write)
    finally:
        file.unlink(missing_ok=True)


def serial(work: Iterable[Work], board: Board) -> Iterator[Finished]:
    """One after the other in this process; limits do not apply."""
    for task, series in work:
        yield task, run_on_board(task, series, str(board.path))


def loky(work: Iterable[Work], jobs: int) -> Iterator[Finished]:
    """Through joblib's loky workers; limits do not apply."""
    from joblib import Parallel, delayed

    calls = (delayed(_pair)(task, series) for task, series in work)
    results: Iterator[Finished] = Parallel(n_jobs=jobs, return_as="generator_unordered")(calls)
    return results


def _pair(task: Task, series: Series) -> Finished:
    return task, execute(task, series)


def processes(work: Iterable[Work], jobs: int, board: Board) -> Iterator[Finished]:
    """Local processes; only ``2 * jobs`` tasks are in flight, so the parent holds few arrays.

    A task over its time limit, a worker over its task's memory limit or one that dies costs that task alone:
    the process is killed, native code included, and replaced.
    """
    import multiprocessing
    import queue

    from pebble import ProcessPool

    done: queue.SimpleQueue[tuple[Task, Any]] = queue.SimpleQueue()
    waiting = iter(work)
    guard = MemoryGuard(board)
    context = multiprocessing.get_context("spawn")
    pool: Any = ProcessPool(max_workers=jobs, context=context, initializer=_quiet_interrupts)
    in_flight = 0
    finished = False
    try:
        guard.start()
        while True:
            while in_flight < 2 * jobs and (item := next(waiting, None)) is not None:
                _submit(pool, item, board, done, guard)
                in_flight += 1
            if not in_flight:
                finished = True
                return
            task, future = done.get()
            in_flight -= 1
            yield task, _outcome(task, future, guard)
    finally:
        guard.stop()
        if finished:
            pool.close()
        else:
            pool.stop()
        pool.join()


def _submit(pool: Any, item: Work, board: Board, done: Any, guard: MemoryGuard) -> None:
    task, series = item
    guard.limits[task.cell.key] = task.memory
    future = pool.schedule(run_on_board, args=(task, series, str(board.path)), timeout=task.timeout or None)
    future.add_done_callback(lambda f, t=task: done.put((t, f)))


def _outcome(task: Task, future: Any, guard: MemoryGuard) -> Outcome:
    from concurrent.futures import CancelledError
    from concurrent.futures import TimeoutError as OverTime

    from pebble import ProcessExpired

    over = guard.killed.pop(task.cell.key, None)
    guard.limits.pop(task.cell.key, None)
    try:
        outcome: Outcome = future.result()
        return outcome
    except OverTime:
        return Outcome("timeout", f"stopped after its limit of {task.timeout:g} s (--timeout)")
    except ProcessExpired as error:
        if over is not None:
            reason = f"stopped at {over:.0f} MiB, its limit is {task.memory:.0f} MiB (--memory)"
            return Outcome("oom", reason, peak_mb=over)
        return Outcome("crashed", f"the worker process died (exit code {error.exitcode})")
    except CancelledError:
        return Outcome("failed", "cancelled")
    except Exception as error:  # noqa: BLE001 - an outcome that cannot travel back is a failed cell, not a failed run
        return Outcome("failed", f"{type(error).__name__}: {error}")


def _quiet_interrupts() -> None:
    """Ctrl-C is the parent's to handle: it stops the workers."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


class MemoryGuard(threading.Thread):
    """Kills a worker whose resident memory grows past its task's limit over its level at the task's start."""

    def __init__(self, board: Board, every: float = 0.1) -> None:
        super().__init__(daemon=True)
        self.board = board
        self.every = every
        self.limits: dict[str, float] = {}
        self.killed: dict[str, float] = {}
        self._levels: dict[tuple[int, str], float] = {}
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(self.every):
            for pid, (key, _, _) in self.board.running().items():
                self._check(pid, key)

    def _check(self, pid: int, key: str) -> None:
        import psutil

        try:
            process = psutil.Process(pid)
            used = process.memory_info().rss / 2**20
            used -= self._levels.setdefault((pid, key), used)
            limit = self.limits.get(key, 0.0)
            if limit and used > limit:
                self.killed[key] = used
                process.kill()
        except psutil.Error:
            self.board.clear(pid)

    def stop(self) -> None:
        self._stopped.set()
