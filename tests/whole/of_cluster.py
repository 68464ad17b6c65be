"""Messages to a Dask cluster and its answers, by a stand-in, since a real one is slow."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

from benchmark.errors import UserError
from benchmark.execution import dask
from benchmark.grid import Outcome, Task
from benchmark.system import settings
from datasets import Series
from tests.support.toys import rows, task
from tests.whole import Subject

VERSIONS = {"numpy": "2.0", "scipy": None, "torch": "3"}
ANSWERS = {  # of a cell's tries in turn
    "good": ("finished",),
    "moved": ("lost", "finished"),
    "cut": ("cancelled", "cancelled"),
    "gone": ("unfetched", "unfetched"),
    "killed": ("KilledWorker", "finished"),
    "dead": ("KilledWorker", "KilledWorker"),
    "broken": ("ImportError",),
}


class KilledWorker(Exception):
    """As Dask calls a task whose workers died."""


class Answer:
    """A future that has ended."""

    def __init__(self, key: str, ends: str) -> None:
        self.key, self.ends = key, ends
        self.status = ends if ends in ("cancelled", "lost") else "error" if "or" in ends else "finished"

    def exception(self) -> Exception:
        return KilledWorker("gone") if self.ends == "KilledWorker" else ImportError("no module x")

    def result(self) -> Outcome:
        if self.ends == "unfetched":
            raise OSError("the worker that held it died")
        return Outcome("ok", f"of {self.key}")


class Cluster:
    """Writes down what it is asked; its manager of memory runs or not."""

    def __init__(self, managed: bool = True, threads: int = 1, leaves_after: int = 99) -> None:
        self.heard: list[str] = []
        self.loop, self.status, self.threads, self.leaves_after = self, "running", threads, leaves_after
        self.amm = SimpleNamespace(
            running=lambda: managed, stop=lambda: self.heard.append("stop"), start=lambda: self.heard.append("start")
        )
        self.ended: deque[Answer] = deque()

    def __call__(self, address: str, **how: Any) -> Cluster:
        self.heard.append(f"connect {address} {how}")
        if address == "nowhere":
            raise OSError("refused")
        return self

    def submit(self, function: Any, *args: Any, key: str, pure: bool) -> Answer:
        said = [part.key if isinstance(part, Answer) else getattr(part, "name", str(part)) for part in args[-2:]]
        self.heard.append(f"{function.__name__} {said} as {key}, pure {pure}")
        if key.startswith("series-"):
            return Answer(key, "lost" if "moved" in key else "finished")
        tries = ANSWERS[key.split("-")[1].rstrip("0123456789")]
        return Answer(key, tries[int(key.split("-")[2]) - 1])

    def run(self, function: Any) -> dict[str, Any]:
        return {"tcp://a": VERSIONS, "tcp://b": function()}

    def nthreads(self) -> dict[str, int]:
        self.heard.append("threads?")
        return {"tcp://a": self.threads, "tcp://b": self.threads}

    def close(self) -> None:
        self.heard.append("close")

    def as_completed(self, loop: Any) -> Cluster:
        assert loop is self
        return self

    def add(self, future: Answer) -> None:
        self.ended.append(future)

    def __next__(self) -> Answer:
        self.leaves_after -= 1
        self.status = "running" if self.leaves_after > 0 else "closed"
        return self.ended.popleft()


@contextmanager
def _library(cluster: Cluster, worker: Any = None) -> Iterator[None]:
    """``distributed`` is the cluster; a second goes by with each look at the clock."""
    made = ModuleType("distributed")
    vars(made).update(Client=cluster, as_completed=cluster.as_completed, get_worker=lambda: worker)
    with (
        mock.patch.dict("sys.modules", {"distributed": made}),
        mock.patch.object(dask, "time", SimpleNamespace(monotonic=iter(range(2, 10**6)).__next__)),
        mock.patch.object(dask, "package_versions", return_value=VERSIONS),
        mock.patch.object(dask, "SERIES_ON_CLUSTER", 2),
    ):
        yield


def _work(*names: str, data: str = "") -> Iterator[tuple[Task, Series]]:
    for name in names:
        series = replace(rows(20, ((3, 5),)), name=name)
        made = task("Mean", "tsb-uad", series)
        yield replace(made, cell=mock.Mock(key=name, data_hash=f"{data or name}")), series


def _conversation(cluster: Cluster, work: Iterator[tuple[Task, Series]], address: str = "tcp://here") -> list[str]:
    try:
        for done, outcome in dask.on_cluster(work, address, 3):
            cluster.heard.append(f"  {done.cell.key}: {outcome.status} {outcome.reason}")
    except UserError as error:
        cluster.heard.append(f"  refused: {error}")
    return [*cluster.heard, ""]


def cluster_conversations(folder: Path) -> str:
    """A run with every kind of answer, series that are dropped and come back, and clusters that are none."""
    said: list[str] = []
    for cluster, work, address in (
        (Cluster(), _work(*ANSWERS), "tcp://here"),
        (Cluster(threads=0), _work("good1", "good2", "moved3", "good1", "good2"), "tcp://here"),
        (Cluster(managed=False, threads=2), _work(*(f"good{k}" for k in range(6)), data="one"), "tcp://here"),
        (Cluster(leaves_after=3), _work("good1", "good2", "good3", "good4"), "tcp://here"),
        (Cluster(), _work(), "tcp://here"),
        (Cluster(), _work("good"), "nowhere"),
    ):
        with _library(cluster):
            said += _conversation(cluster, work, address)
    other = Cluster()
    there = {"tcp://a": VERSIONS, "tcp://b": {"numpy": "1"}}
    with _library(other), mock.patch.object(other, "run", return_value=there):
        said += _conversation(other, _work("good"))
    return "\n".join(said)


class Beside:
    """A worker's process: looks in vain some times, then has ended."""

    looks = 0

    def __init__(self) -> None:
        self.heard, (self.link, self._end) = ["made"], Pipe()
        self._end.send("ready")

    def give(self, one: Task, series: Series) -> None:
        self.heard.append(f"given {one.cell.key} {series.name}")
        self.left = self.looks

    def look(self) -> Outcome | None:
        self.left -= 1
        self.heard.append("looked")
        return Outcome("ok", "as it should") if self.left < 0 else None

    def kill(self) -> None:
        self.heard.append("killed")


def cluster_workers(folder: Path) -> str:
    """A task beside a Dask worker that wants it, that wants it no longer, and that has forgotten it."""
    said: list[str] = []
    made: list[Beside] = []

    def begin() -> Beside:
        made.append(Beside())
        return made[-1]

    states = {"wanted": SimpleNamespace(state="executing"), "unwanted": SimpleNamespace(state="cancelled")}
    for key in ("wanted", "unwanted", "forgotten", "wanted"):
        worker = SimpleNamespace(get_current_task=lambda key=key: key, state=SimpleNamespace(tasks=states))
        ((one, series),) = _work(key)
        with (
            _library(Cluster(), worker),
            mock.patch("benchmark.execution.worker.Worker", begin),
            mock.patch.object(settings, "cap_threads") as capped,
            mock.patch.object(Beside, "looks", 3),
        ):
            outcome = dask.run_in_worker(one, series, 2)
        said += [f"{key}: {outcome.status} {outcome.reason}; {made[-1].heard} of {len(made)}; {capped.call_args.args}"]
        made[-1].heard.clear()
    del dask._mine.worker
    return "\n".join(said) + "\n"


SUBJECTS: dict[str, Subject] = {s.__name__: s for s in (cluster_conversations, cluster_workers)}
