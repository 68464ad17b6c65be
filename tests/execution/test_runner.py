"""Runs execute only missing cells, keep every result, and can be interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from benchmark.errors import UserError
from benchmark.execution import runner
from benchmark.execution.backends import Backend, Board
from benchmark.execution.runner import Summary, keep, pending, run
from benchmark.grid import Task
from benchmark.grid.cells import Outcome, Status
from benchmark.metrics import METRICS
from benchmark.store.store import Store
from benchmark.system import settings
from benchmark.system.processes import delay_interrupt
from tests.support.cases import planned, plugin, toy

SERIAL = Backend("serial")
ROOT = Path(__file__).parents[2]


def go(
    path: Path,
    work: list[object],
    retry: bool = False,
    on_done: Callable[[Task, Outcome], None] = lambda *_: None,
    backend: Backend = SERIAL,
) -> Summary:
    with Store(path, write=True) as store:
        todo, summary = pending(work, store, retry)  # type: ignore[arg-type]
        store.begin_run("test", {})
        return run(todo, summary, backend, store, Board(), on_done)


def test_only_missing_cells_run_and_failed_ones_on_request(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    work = planned([plugin(tmp_path, "Fine"), plugin(tmp_path, "Raises")], [toy("a"), toy("b", seed=1)])
    first = go(path, work)
    assert (first.planned, first.cached, dict(first.statuses)) == (4, 0, {"ok": 2, "failed": 2})
    assert not first.clean
    ran: list[str] = []
    note = lambda task, _: ran.append(task.cell.detector)  # noqa: E731
    assert go(path, work, on_done=note).cached == 4
    assert ran == []
    go(path, work, retry=True, on_done=note)
    assert ran == ["Raises", "Raises"]
    more = go(path, [*work, *planned([plugin(tmp_path, "Fine", "x = x + 1")], [toy("a")])], on_done=note)
    assert (more.cached, ran[2:]) == (4, ["Fine"])  # a changed text is another detector


def test_a_cell_is_stored_with_its_scores_and_first_figures(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    work = planned([plugin(tmp_path, "Fine")], [toy()])
    go(path, work)
    with Store(path) as store:
        row = store.frame().iloc[0]
        scores = store.scores(row["key"])[1]
    assert row["auroc"] == METRICS["auroc"](toy().labels, scores)
    assert (row["n"], row["n_anomalous"], row["group"], row["protocol"]) == (300, 5, "plug-in", "tsb-uad")


def test_a_killed_cell_still_says_how_long_its_series_is(tmp_path: Path) -> None:
    ((task, one),) = planned([plugin(tmp_path, "Fine")], [toy()])
    with Store(tmp_path / "s.sqlite", write=True) as store:
        store.put_series(one)
        keep(store, task, Outcome("timeout", "too slow", fit_seconds=3.0))
        row = store.frame().iloc[0]
    assert (row["n"], row["n_anomalous"], row["fit_seconds"]) == (300, 5, 3.0)
    assert np.isnan(row["auroc"])


def test_planning_reads_only_when_the_store_is_read_only(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    Store(path, write=True).close()
    with Store(path) as store:
        todo, _ = pending(planned([plugin(tmp_path, "Fine")], [toy()]), store, False)
        assert len(todo) == 1
        assert store.database.rows("SELECT * FROM series") == []


@pytest.mark.parametrize("backend", [SERIAL, Backend("processes", 2)])
def test_ctrl_c_keeps_what_arrived_and_the_rest_runs_later(tmp_path: Path, backend: Backend) -> None:
    path = tmp_path / "s.sqlite"
    work = planned([plugin(tmp_path, "Fine")], [toy(str(k), seed=k) for k in range(8)])
    arrived: list[str] = []

    def third(task: Task, _: Outcome) -> None:
        arrived.append(task.cell.series)
        if len(arrived) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    summary = go(path, work, on_done=third, backend=backend)
    assert summary.interrupted
    with Store(path) as store:
        assert sorted(store.frame()["series"]) == sorted(arrived)
    assert go(path, work, backend=backend).cached == len(arrived)
    with Store(path) as store:
        assert len(store.frame()) == 8


def test_an_interrupt_waits_for_the_commit() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), delay_interrupt():  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        done.append("committed")
    assert done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_while_a_cell_is_stored_waits_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disturbed(*given: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        keep(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "keep", disturbed)
    work = planned([plugin(tmp_path, "Fine")], [toy("a"), toy("b", seed=1)])
    assert go(tmp_path / "s.sqlite", work).interrupted
    with Store(tmp_path / "s.sqlite") as store:
        assert len(store.frame()) == 1


def test_a_store_that_cannot_be_written_ends_the_run_with_a_message(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    work = planned([plugin(tmp_path, "Fine")], [toy("a"), toy("b", seed=1)])
    with Store(path, write=True) as store:
        todo, summary = pending(work, store, False)
        store.database.connection.execute("PRAGMA query_only = ON")
        with pytest.raises(UserError, match="What was computed before is kept"):
            run(todo, summary, SERIAL, store, Board())


def command(tmp_path: Path, *more: str) -> list[str]:
    options = ["--dataset", str(tmp_path / "data"), "--store", str(tmp_path / "s.sqlite"), "--no-report", "--jobs", "2"]
    return [sys.executable, "-m", "benchmark", "run", *options, *more]


def folder_of_series(tmp_path: Path, count: int) -> None:
    (tmp_path / "data").mkdir()
    for k in range(count):
        one = toy(seed=k)
        rows = "".join(f"{v!r},{int(label)}\n" for v, label in zip(one.values.tolist(), one.labels, strict=True))
        (tmp_path / "data" / f"series{k}.out").write_text(rows)


@pytest.mark.slow
def test_two_runs_at_once_and_two_interrupts_through_the_command_line(tmp_path: Path) -> None:
    folder_of_series(tmp_path, 2)
    line = command(tmp_path, "--detector", plugin(tmp_path, "Hangs"), "--detector", plugin(tmp_path, "Fine"))
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, start_new_session=True) as first:
        assert first.stderr is not None
        while "Fine" not in first.stderr.readline():
            assert first.poll() is None
        second = subprocess.run(line, capture_output=True, text=True)
        assert second.returncode == 2
        assert "another run is writing" in second.stderr
        first.send_signal(signal.SIGINT)
        first.send_signal(signal.SIGINT)
        assert first.wait(20) == 130
    third = subprocess.run([*line, "--timeout", "4"], capture_output=True, text=True)
    assert third.returncode == 1
    with Store(tmp_path / "s.sqlite") as store:
        assert sorted(store.statuses().values()) == ["ok", "ok", "timeout", "timeout"]


@pytest.mark.parametrize("status", get_args(Status))
def test_what_did_not_end_well_runs_again_only_when_asked_for(tmp_path: Path, status: Status) -> None:
    work = planned([plugin(tmp_path, "Fine")], [toy()])
    with Store(tmp_path / "s.sqlite", write=True) as store:
        store.put(work[0][0].cell, Outcome(status))
        todo, summary = pending(work, store, False)
        assert (len(todo), summary.cached, summary.planned, summary.statuses[status]) == (0, 1, 1, 1)
        again, summary = pending(work, store, True)
        wanted = status not in ("ok", "skipped")
        assert (len(again), summary.cached) == (int(wanted), int(not wanted))


def test_caps_on_threads_end_with_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, *_ = settings.THREAD_VARIABLES
    monkeypatch.setenv(first, "5")
    monkeypatch.delenv(second, raising=False)
    with settings.restore_threads():
        settings.cap_threads(2)
        assert os.environ[first] == os.environ[second] == "2"
    assert os.environ[first] == "5"
    assert second not in os.environ


LIMITED_THEN_COMPILED = """
import os, numba
from benchmark.system import settings
{before}
with settings.restore_threads():
    settings.cap_threads(1)
    {within}
    compiled = numba.njit(lambda x: x + 1)(1)
print(compiled, numba.njit(lambda x: x + 2)(1), os.environ["OMP_NUM_THREADS"])
"""
LAUNCH = "numba.njit(lambda x: x, parallel=True)(1); numba.set_num_threads(1)"


@pytest.mark.parametrize(
    ("before", "within"), [(LAUNCH, ""), ("", LAUNCH)], ids=["launched before the limit", "launched within"]
)
def test_numba_compiles_whenever_its_threads_were_launched(before: str, within: str) -> None:
    code = LIMITED_THEN_COMPILED.format(before=before, within=within)
    limits = {"NUMBA_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **limits}, capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout == "2 3 2\n", done.stderr
