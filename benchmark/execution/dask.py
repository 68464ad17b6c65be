"""Tasks on a Dask cluster, with the same limits, statuses and figures as local ones.

A cell runs in a separate process of the Dask worker (:mod:`benchmark.execution.worker`). So its limits are enforced,
and a crash does not affect the cluster. A series is the result of a small Dask task. It is sent to each worker once,
and Dask computes it again if the worker that held it dies.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any

from benchmark.errors import UserError
from benchmark.execution.isolation import describe
from benchmark.grid import Outcome, Task
from benchmark.system import settings
from benchmark.system.provenance import package_versions
from datasets import Series

SERIES_ON_CLUSTER = 64
TRIES = 2
TICK = 0.05
PATIENCE = "10s"


def on_cluster(work: Iterable[tuple[Task, Series]], scheduler: str, threads: int) -> Iterator[tuple[Task, Outcome]]:
    """Execute all work on the cluster; yield (task, outcome) pairs as they end.

    Raises
    ------
    UserError
        If no scheduler answers, its machines have other versions of libraries, or the connection is lost.
    """
    client = connect(scheduler)
    try:
        require_same_versions(client)
        with keep_copies(client):
            yield from _InFlight(client, iter(work), threads)
    finally:
        client.close()


@contextmanager
def keep_copies(client: Any) -> Iterator[None]:
    """Pause Dask's memory manager: it drops copies that are unused for two seconds, so series would be sent again."""
    managed = client.amm.running()
    if managed:
        client.amm.stop()
    try:
        yield
    finally:
        if managed and client.status == "running":
            client.amm.start()


def connect(scheduler: str) -> Any:
    """Return a client of the scheduler; raise UserError if that is not possible."""
    try:
        from distributed import Client
    except ImportError as error:
        raise UserError("--backend dask needs the extra: pip install 'tsad-benchmark[dask]'") from error
    try:
        return Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(f"no Dask scheduler answers at {scheduler}: {error}") from error


def require_same_versions(client: Any) -> None:
    """Raise UserError if a worker has other versions of libraries, as these may give other figures."""
    here = package_versions()
    for address, there in client.run(package_versions).items():
        other = [
            f"{name} {there.get(name)} (here {version})" for name, version in here.items() if there.get(name) != version
        ]
        if other:
            raise UserError(f"the Dask worker {address} has {', '.join(other)}: install the same versions there")


class _InFlight:
    """The submitted tasks. Iterating over it submits work when workers are free, and yields the outcomes."""

    def __init__(self, client: Any, waiting: Iterator[tuple[Task, Series]], threads: int) -> None:
        from distributed import as_completed

        self.client, self.waiting, self.threads = client, waiting, threads
        self.done = as_completed(loop=client.loop)
        self.flying: dict[Any, tuple[Task, Series, int]] = {}
        self.series: OrderedDict[str, Any] = OrderedDict()
        self._asked = 0.0
        self._room = 2

    def __iter__(self) -> Iterator[tuple[Task, Outcome]]:
        self._fill()
        while self.flying:
            future = self._next_done()
            task, series, tries = self.flying.pop(future)
            outcome = outcome_of(future, tries)
            if outcome is None:
                self._submit(task, series, tries + 1)
            self._fill()
            if outcome is not None:
                yield task, outcome

    def _next_done(self) -> Any:
        future = next(self.done)
        if self.client.status != "running":
            raise UserError(
                "the Dask scheduler has gone. What arrived is kept; start it again, then give the same command"
            )
        return future

    def _fill(self) -> None:
        while len(self.flying) < self._wanted() and (item := next(self.waiting, None)) is not None:
            self._submit(*item, tries=1)

    def _wanted(self) -> int:
        """Return the number of tasks to have submitted: two per thread of the cluster, whose size may change."""
        if time.monotonic() - self._asked > 1:
            self._room = max(2, 2 * sum(self.client.nthreads().values()))
            self._asked = time.monotonic()
        return self._room

    def _submit(self, task: Task, series: Series, tries: int) -> None:
        key = f"cell-{task.cell.key}-{tries}"
        data = self._on_cluster(task.cell.data_hash or series.sha256, series)
        future = self.client.submit(run_in_worker, task, data, self.threads, key=key, pure=False)
        self.flying[future] = (task, series, tries)
        self.done.add(future)

    def _on_cluster(self, data_hash: str, series: Series) -> Any:
        found = self.series.pop(data_hash, None)
        if found is None or found.status in ("cancelled", "lost", "error"):
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Sending large graph")
                found = self.client.submit(as_result, series, key=f"series-{data_hash}", pure=False)
        self.series[data_hash] = found
        if len(self.series) > SERIES_ON_CLUSTER:
            self.series.popitem(last=False)
        return found


def outcome_of(future: Any, tries: int) -> Outcome | None:
    """Return the outcome of a future; None if the cluster lost it and it should be tried once more."""
    if future.status == "finished":
        try:
            outcome: Outcome = future.result()
            return outcome
        except Exception:  # noqa: BLE001 - the worker with the result died before it was fetched
            pass
    if future.status == "error" and type(future.exception()).__name__ != "KilledWorker":
        return Outcome("failed", describe(future.exception()))
    if tries < TRIES:
        return None
    return Outcome("crashed", f"the Dask workers that ran it died or lost it, {TRIES} times")


# -- on the cluster ----------------------------------------------------------------------------


def as_result(series: Series) -> Series:
    """Return the series: as the result of a task, it is moved, kept and restored by Dask."""
    return series


_mine = threading.local()


def run_in_worker(task: Task, series: Series, threads: int) -> Outcome:
    """Execute a task in this thread's worker process, which is killed if the client cancels the task."""
    from distributed import get_worker

    from benchmark.execution.worker import Worker

    settings.cap_threads(threads)
    if not hasattr(_mine, "worker"):
        _mine.worker = Worker()
    worker, dask_worker = _mine.worker, get_worker()
    key = dask_worker.get_current_task()
    worker.give(task, series)
    while True:
        wait([worker.link], TICK)
        outcome = worker.look()
        if isinstance(outcome, Outcome):
            return outcome
        state = dask_worker.state.tasks.get(key)
        if state is None or state.state == "cancelled":
            worker.kill()
            return Outcome("failed", "cancelled")
