"""The Dask backend with a real scheduler and workers on 127.0.0.1, which the tests kill."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmark.errors import UserError
from benchmark.execution import dask
from benchmark.execution.backends import Backend, Board
from benchmark.execution.runner import pending, run
from benchmark.store.store import Store
from tests.support.cases import HOSTILE, planned, plugin, toy
from tests.support.cluster import Cluster

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with ExitStack() as stack:
        made = Cluster(tmp_path_factory.mktemp("cluster"))
        stack.callback(made.close)
        made.add_worker()
        made.add_worker()
        client = made.client()
        client.wait_for_workers(2, timeout=60)
        client.close()
        yield made


def test_figures_equal_local_ones_bit_for_bit_and_series_travel_once(cluster: Cluster, tmp_path: Path) -> None:
    specs = ["IForest", "HBOS", plugin(tmp_path, "Fine"), plugin(tmp_path, "UsesGlobalNoise")]
    work = planned(specs, [toy("a", 400), toy("b", 500, seed=1)], seeds=(0, 1))
    expected = {str(task.cell): outcome.scores for task, outcome in Backend("serial").map(work, Board())}
    for file in tmp_path.glob("*.py"):
        file.unlink()  # plug-ins travel as text
    found = {str(t.cell): o for t, o in Backend("dask", scheduler=cluster.address).map(work, Board())}
    assert found.keys() == expected.keys()
    for name, scores in expected.items():
        assert found[name].status == "ok", found[name].reason
        np.testing.assert_array_equal(scores, found[name].scores, err_msg=name)
    client = cluster.client()
    moved = client.run(lambda dask_worker: [list(log["keys"]) for log in dask_worker.transfer_incoming_log])
    client.close()
    for keys in moved.values():
        fetched = [str(key) for batch in keys for key in batch if str(key).startswith("series-")]
        assert len(fetched) == len(set(fetched)) <= 2


def test_limits_and_crashes_are_recorded_and_cost_no_dask_worker(cluster: Cluster, tmp_path: Path) -> None:
    names = ["Fine", "Raises", "Hangs", "Segfaults", "Hoards", "Forks", "Prints"]
    work = planned([plugin(tmp_path, name) for name in names], [toy()], timeout=4, memory=60)
    found = {t.cell.detector: o for t, o in Backend("dask", scheduler=cluster.address).map(work, Board())}
    assert {name: o.status for name, o in found.items()} == {name: HOSTILE[name][1] for name in names}
    assert all(worker.poll() is None for worker in cluster.workers)


def test_a_dying_worker_loses_nothing_and_an_interrupted_client_resumes(cluster: Cluster, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    work = planned([plugin(tmp_path, "Slow")], [toy(str(k), seed=k) for k in range(12)])
    victim = cluster.add_worker()
    arrived: list[str] = []

    def mischief(task: Any, _: object) -> None:
        arrived.append(task.cell.series)
        if len(arrived) == 3:
            os.killpg(victim.pid, signal.SIGKILL)
        if len(arrived) == 8:
            os.kill(os.getpid(), signal.SIGINT)

    backend = Backend("dask", scheduler=cluster.address)
    client = cluster.client()
    client.wait_for_workers(3, timeout=60)
    client.close()
    for attempt in (1, 2):
        with Store(path, write=True) as store:
            todo, summary = pending(work, store, False)
            store.begin_run("test", {})
            run(todo, summary, backend, store, Board(), mischief)
            assert summary.interrupted == (attempt == 1)
    with Store(path) as store:
        assert sorted(store.frame()["status"]) == ["ok"] * 12
    assert len(arrived) == len(set(arrived)) == 12


@pytest.mark.parametrize(
    ("status", "error", "first", "second"),
    [
        ("cancelled", None, "again", "crashed"),
        ("lost", None, "again", "crashed"),
        ("error", type("KilledWorker", (Exception,), {})("gone"), "again", "crashed"),
        ("error", ImportError("no module x"), "failed", "failed"),
    ],
)
def test_what_the_cluster_loses_is_tried_once_more(
    status: str, error: Exception | None, first: str, second: str
) -> None:
    future = SimpleNamespace(status=status, exception=lambda: error)
    for tries, expected in ((1, first), (2, second)):
        outcome = dask.outcome_of(future, tries)
        assert (outcome.status if outcome else "again") == expected


def test_a_worker_with_other_versions_is_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    here = dask.package_versions()
    monkeypatch.setattr(dask, "package_versions", lambda: here | {"numpy": "1.0"})
    client = cluster.client()
    client.run = lambda _: {"tcp://there": here}
    try:
        with pytest.raises(UserError, match="tcp://there has numpy"):
            dask.require_same_versions(client)
    finally:
        client.close()


def test_a_scheduler_that_goes_ends_the_run_with_what_arrived_kept(tmp_path: Path) -> None:
    work = planned([plugin(tmp_path, "Slow")], [toy(str(k), seed=k) for k in range(9)])
    with ExitStack() as stack:
        mine = Cluster(tmp_path)
        stack.callback(mine.close)
        mine.add_worker()
        results = Backend("dask", scheduler=mine.address).map(work, Board())
        assert next(results)[1].status == "ok"
        os.killpg(mine.scheduler.pid, signal.SIGKILL)
        with pytest.raises(UserError, match="scheduler has gone"):
            list(results)


def test_no_scheduler_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "PATIENCE", "1s")
    with pytest.raises(UserError, match="no Dask scheduler answers at tcp://127"):
        list(Backend("dask", scheduler="tcp://127.0.0.1:9").map([], Board()))
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match=r"tsad-benchmark\[dask\]"):
        list(Backend("dask", scheduler="tcp://127.0.0.1:9").map([], Board()))
