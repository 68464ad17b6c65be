"""Tasks and outcomes on their way: none is lost, each is counted, seeds and devices are passed on."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmark.catalogue import CheckFailed
from benchmark.catalogue.invariances import parameter_ranges
from benchmark.errors import UserError
from benchmark.execution import backends, worker
from benchmark.execution.backends import Board, processes
from benchmark.execution.dask import keep_copies, require_same_versions
from benchmark.execution.display import Display, _clock
from benchmark.execution.execute import make_detector
from benchmark.execution.runner import RETRIED, Summary
from benchmark.grid import Cell, Outcome, params_text, protocols
from benchmark.system.environments import Environment
from benchmark.system.provenance import package_versions
from tests.support.cases import planned, toy
from tests.support.toys import Echo, rows, task

SEED = 823_068_872

# -- cells ---------------------------------------------------------------------------------------


def test_the_seed_of_a_cell_is_that_of_all_stored_results() -> None:
    """Another number would change every random figure without a word."""
    assert Cell("MGAB", "1.test.out", "IForest", "tsb-uad", 0).random_state == SEED
    assert Cell("MGAB", "1.test.out", "IForest", "tsb-uad", 1).random_state != SEED


def test_options_within_a_parameter_are_stored_in_one_order() -> None:
    given = ({"b": 1, "a": 2}, {"a": 2, "b": 1})
    assert len({params_text((("options", one),)) for one in given}) == 1
    assert len({Cell("d", "s", "D", "p", params=(("options", one),)).key for one in given}) == 1


def test_a_protocol_that_is_named_twice_is_run_once() -> None:
    work = planned(["HBOS"], [toy()], protocols=("tsb-uad", "prefix", "tsb-uad"))
    assert [task.cell.protocol for task, _ in work] == ["tsb-uad", "prefix"]


@pytest.mark.parametrize(("protocol", "plain"), [("tsb-uad", False), ("tsb-ad", True)])
def test_a_detector_gets_the_seed_that_its_protocol_says(protocol: str, plain: bool) -> None:
    (one, series), *_ = planned(["IForest"], [toy()], seeds=(3,), protocols=(protocol,))
    detector: Any = make_detector(one, protocols.get(protocol), series)
    assert detector.random_state == (3 if plain else one.cell.random_state)


def test_the_device_of_a_run_yields_to_that_of_the_user() -> None:
    ((one, series),) = planned(["AE"], [toy()], protocols=("normal-only",))
    on = replace(one, device="cpu:0")
    detector: Any = make_detector(on, protocols.get("normal-only"), series)
    assert detector.device == "cpu:0"
    explicit: Any = make_detector(replace(on, explicit=frozenset({"device"})), protocols.get("normal-only"), series)
    assert explicit.device != "cpu:0"


# -- outcomes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", RETRIED)
def test_a_run_with_any_cell_that_ended_badly_is_not_clean(status: str) -> None:
    summary = Summary()
    summary.statuses["ok"] += 1
    summary.statuses["skipped"] += 1
    assert summary.clean
    summary.statuses[status] += 1
    assert not summary.clean


def test_all_that_end_at_once_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    class Idle:
        closed = 0

        def close(self) -> None:
            Idle.closed += 1

    rounds = iter([["one", "two"], ["three"]])
    monkeypatch.setattr(worker, "Worker", Idle)
    monkeypatch.setattr(backends, "_collect", lambda busy, board: next(rounds))
    busy = iter([["a", "b"], ["a"], []])
    monkeypatch.setattr(backends, "_refill", lambda workers, waiting: next(busy))
    assert list(processes([], 2, Board())) == ["one", "two", "three"]
    assert Idle.closed == 2


def test_a_worker_with_other_libraries_is_refused_by_its_address() -> None:
    class Client:
        def __init__(self, **other: str) -> None:
            self.there = package_versions() | other

        def run(self, function: Any) -> dict[str, dict[str, str]]:
            return {"tcp://a": package_versions(), "tcp://b": self.there}

    require_same_versions(Client())
    with pytest.raises(UserError, match=r"the Dask worker tcp://b has numpy 0\.1 \(here [\d.]+\): install the same"):
        require_same_versions(Client(numpy="0.1"))


def test_memory_counts_from_the_level_before_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = iter([100.0, 130.0, 150.0, 148.0])
    monkeypatch.setattr(worker.processes, "family_mb", lambda pid, exact=False: next(levels))
    monkeypatch.setattr(worker.processes, "descendants", lambda pid: ["a child"])
    one = worker.Worker()
    try:
        one._restart_clock()
        one._peak = 40.0
        assert one._above_level() == 30.0
        assert one._above_level() == 48.0, "a new peak is measured exactly"
    finally:
        one._log.close()


def test_an_environment_that_another_process_has_made_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = iter([False, True])
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path))
    monkeypatch.setattr(Environment, "made", property(lambda self: next(seen)))
    monkeypatch.setattr(Environment, "_make", lambda *_: pytest.fail("it is made already"))
    made = Environment("toys", "python3.11", (), (), "1 MB")
    assert made.interpreter(lambda line: None) == made.folder / "bin" / "python"


def test_a_parameter_that_is_refused_without_its_name_breaks_the_contract() -> None:
    class Odd(Echo):
        said = "no"

        def check_params(self) -> None:
            if not isinstance(self.window, int) or self.window < 1:
                raise ValueError(self.said)

    with pytest.raises(CheckFailed, match="window=-1 is refused without its name: no"):
        parameter_ranges(Odd)
    Odd.said = "window must be at least 1"
    parameter_ranges(Odd)


# -- what is shown -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quiet", "lines"),
    [
        (False, ["[1/3] Echo on Toy/rows (tsb-uad, seed 0): ok 2.0 s", "skipped: no", "failed: why"]),
        (True, ["[3/3] Echo on Toy/rows (tsb-uad, seed 0): failed: why"]),
    ],
)
def test_quiet_shows_what_went_wrong_alone(
    quiet: bool, lines: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = task("Echo", "tsb-uad", rows())
    outcomes = [Outcome("ok", fit_seconds=1.5, score_seconds=0.5), Outcome("skipped", "no"), Outcome("failed", "why")]
    with Display(Board(), [one] * 3, 1, quiet) as display:
        for outcome in outcomes:
            display.done(one, outcome)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == len(lines)
    assert all(line.endswith(end) for line, end in zip(said, lines, strict=True))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Display(Board(), [one], 1, quiet=True) as display:
        assert display._live is None


@pytest.mark.parametrize(("seconds", "shown"), [(9.7, "0:09"), (90, "1:30"), (3661, "1:01:01"), (90_000, "25:00:00")])
def test_a_clock_counts_minutes_and_hours(seconds: float, shown: str) -> None:
    assert _clock(seconds) == shown


def test_a_tasks_restart_clock_again_when_its_libraries_have_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker.processes, "family_mb", lambda pid: 70.0)
    one = worker.Worker()
    one._since, one._level = 0.0, 5.0
    one._receive("epoch 3")
    assert (one.line, one._since, one._level) == ("epoch 3", 0.0, 5.0)
    one._receive(None)
    assert (one.line, one._level) == ("epoch 3", 70.0)
    assert one._since > 0
    one.close()


@pytest.mark.parametrize(
    ("managed", "status", "asked"),
    [(True, "running", ["stop", "start"]), (False, "running", []), (True, "closed", ["stop"])],
)
def test_dasks_memory_manager_is_left_as_it_was(managed: bool, status: str, asked: list[str]) -> None:
    seen: list[str] = []
    manager = SimpleNamespace(
        running=lambda: managed, stop=lambda: seen.append("stop"), start=lambda: seen.append("start")
    )
    with keep_copies(SimpleNamespace(amm=manager, status=status)):
        assert seen == asked[:1]
    assert seen == asked
