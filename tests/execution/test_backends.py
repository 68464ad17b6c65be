"""All backends give equal figures, and a failing cell does not affect others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from benchmark.errors import UserError
from benchmark.execution.backends import Backend, Board, Work
from benchmark.execution.worker import describe_exit
from benchmark.grid.cells import Outcome
from tests.support.cases import HOSTILE, planned, plugin, toy


def outcomes(backend: Backend, work: list[Work]) -> dict[str, Outcome]:
    return {str(task.cell): outcome for task, outcome in backend.map(work, Board())}


def test_each_misbehaviour_costs_its_own_cell(tmp_path: Path) -> None:
    """Also: figures of what a killed cell had used, and the last words of a crashed one."""
    work = planned([plugin(tmp_path, name) for name in HOSTILE], [toy()], timeout=4, memory=60)
    found = {task.cell.detector: outcome for task, outcome in Backend("processes", 2).map(work, Board())}
    assert {name: outcome.status for name, outcome in found.items()} == {n: s for n, (_, s) in HOSTILE.items()}
    assert found["Hangs"].fit_seconds >= 4
    assert "limit of 4 s" in found["Hangs"].reason
    assert found["Hoards"].peak_mb > 60
    assert "SIGSEGV" in found["Segfaults"].reason
    assert "Fatal Python error" in found["Segfaults"].traceback
    assert "ZeroDivisionError" in found["Raises"].traceback


def test_local_backends_agree_bit_for_bit(tmp_path: Path) -> None:
    specs = ["IForest", "HBOS", "PCA", plugin(tmp_path, "Fine"), plugin(tmp_path, "UsesGlobalNoise")]
    work = planned(specs, [toy("a", 400), toy("b", 500, seed=1)], seeds=(0, 1))
    expected = outcomes(Backend("serial"), work)
    assert len(expected) == len(work)
    for backend in (Backend("processes", 2), Backend("joblib", 2), Backend("serial")):
        found = outcomes(backend, work[::-1])
        for name, outcome in expected.items():
            assert outcome.status == found[name].status == "ok", (name, outcome.reason, found[name].reason)
            np.testing.assert_array_equal(outcome.scores, found[name].scores, err_msg=f"{backend.name}: {name}")


def test_few_tasks_are_drawn_ahead(tmp_path: Path) -> None:
    drawn = []

    def work() -> Iterator[Work]:
        for item in planned([plugin(tmp_path, "Fine")], [toy(str(k)) for k in range(12)]):
            drawn.append(item)
            yield item

    results = Backend("processes", 2).map(work(), Board())
    next(results)
    assert len(drawn) <= 5
    results.close()  # type: ignore[attr-defined]


def children() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children():
        with suppress(psutil.ZombieProcess):  # a dead process that an earlier test has not waited for
            found += [process] * ("benchmark.execution.worker" in " ".join(process.cmdline()))
    return found


def test_closing_kills_hanging_workers_at_once(tmp_path: Path) -> None:
    work = planned([plugin(tmp_path, "Fine"), plugin(tmp_path, "Hangs")], [toy("a"), toy("b")], timeout=0)
    results = Backend("processes", 2).map(work, Board())
    assert next(results)[1].status == "ok"
    assert children()
    results.close()  # type: ignore[attr-defined]
    assert not children()


OWNER = """
import sys
from contextlib import suppress
from pathlib import Path
from benchmark.execution.backends import Backend, Board
from tests.support.cases import planned, plugin, toy
busy = plugin(Path(sys.argv[1]), "Busy", "while not warming_up: pass")
list(Backend("processes", 1).map(planned([busy], [toy()], timeout=0), Board()))
"""


def test_a_computing_worker_dies_with_its_owner(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)]) as owner:
        found: list[psutil.Process] = []
        while not found or found[0].cpu_times().user < 1:  # past the start of its libraries
            assert owner.poll() is None
            found = psutil.Process(owner.pid).children()
            time.sleep(0.05)
        owner.kill()
    _, alive = psutil.wait_procs(found, timeout=5)
    for process in alive:
        process.kill()
    assert not alive


def test_a_worker_killed_from_outside_costs_one_cell(tmp_path: Path) -> None:
    work = planned([plugin(tmp_path, "Slow")], [toy(str(k)) for k in range(6)])

    def kill_one() -> None:
        while not children():
            time.sleep(0.02)
        time.sleep(0.1)
        os.kill(children()[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    found = [outcome for _, outcome in Backend("processes", 1).map(work, Board())]
    killer.join()
    statuses = [outcome.status for outcome in found]
    assert len(statuses) == 6
    assert statuses.count("ok") >= 5
    assert all("SIGKILL" in outcome.reason for outcome in found if outcome.status == "crashed")


def test_the_board_shows_what_runs(tmp_path: Path) -> None:
    body = "warming_up or (self.on_progress('epoch 1'), time.sleep(0.5))"
    board = Board()
    work = planned([plugin(tmp_path, "Talks", body)], [toy()])
    seen: list[tuple[str, float, str]] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            seen.extend(board.running())

    watch = threading.Thread(target=look)
    watch.start()
    try:
        assert [outcome.status for _, outcome in Backend("processes", 1).map(work, board)] == ["ok"]
    finally:
        over.set()
        watch.join()
    assert any(key == work[0][0].cell.key and line == "epoch 1" for key, _, line in seen)
    assert board.running() == []


def test_wrong_backends_are_refused() -> None:
    with pytest.raises(UserError, match="did you mean processes"):
        Backend("process")
    with pytest.raises(UserError, match="needs --scheduler"):
        Backend("dask")


@pytest.mark.parametrize(
    ("code", "text"), [(0, "exit code 0"), (-11, "died of SIGSEGV"), (-9, "lack of memory"), (-99, "died of signal 99")]
)
def test_manner_of_death(code: int, text: str) -> None:
    assert text in describe_exit(code)
