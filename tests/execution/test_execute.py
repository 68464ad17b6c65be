"""Execution of one cell in this process."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import filelock
import numpy as np
import pytest

from benchmark.execution import execute, warm_up
from benchmark.execution.execute import shorten_window
from benchmark.execution.isolation import describe, tail
from benchmark.grid import Outcome, Task
from datasets.core.base import Series
from detectors import HBOS
from tests.support import toys
from tests.support.cases import HOSTILE, planned, plugin, toy

IN_PROCESS = ("Fine", "UsesGlobalNoise", "Raises", "Exits", "GivesNaN", "GivesTooFew", "GivesTooMany", "GivesWords")


def only(folder: Path, name: str, body: str = "", series: Series | None = None) -> tuple[Task, Series]:
    ((task, one),) = planned([plugin(folder, name, body)], [series or toy()])
    return task, one


@pytest.mark.parametrize("name", [*IN_PROCESS, "WritesIntoInput", "AsksTooMuch", "SpeaksSurrogates"])
def test_whatever_a_detector_does_is_an_outcome(tmp_path: Path, name: str) -> None:
    outcome = execute(*only(tmp_path, name))
    assert outcome.status == HOSTILE[name][1], outcome.reason
    assert (outcome.scores is None) == (outcome.status != "ok")
    assert bool(outcome.reason and outcome.traceback) == (outcome.status != "ok")
    outcome.reason.encode()


OVERRIDES = """
class Loose(Detector):
    group = "plug-in"
    def __init__(self): pass
    def _fit(self, pieces): pass
    def _score(self, x): pass
    def fit(self, x): return self
    def score(self, x):
        if len(x) == 400: return np.zeros(400)
        {body}
"""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return np.zeros(len(x) + 1)", "gave (301,) scores for 300 points"),
        ("return 0.0", "gave () scores for 300 points"),
        ("return np.zeros((len(x), 1))", "gave (300, 1) scores"),
        ("return np.full(len(x), np.inf)", "300 rows without a finite score"),
        ("x.base.flags.writeable = True; x.base[:] = 0; return np.zeros(len(x))", "changed the series"),
    ],
)
def test_a_detector_that_overrides_the_checks_is_checked_all_the_same(tmp_path: Path, body: str, message: str) -> None:
    file = tmp_path / "loose.py"
    file.write_text("import numpy as np\nfrom detectors.core.contract import Detector\n" + OVERRIDES.format(body=body))
    ((task, one),) = planned([str(file)], [toy()])
    outcome = execute(task, one)
    assert outcome.status == "failed"
    assert message in outcome.reason


def test_a_detector_that_changes_the_working_directory_disturbs_no_other_cell(tmp_path: Path) -> None:
    file = tmp_path / "loose.py"
    body = f"os.chdir({str(tmp_path)!r}); return x"
    file.write_text("import os\nfrom detectors.core.contract import Detector\n" + OVERRIDES.format(body=body))
    ((task, one),) = planned([str(file)], [toy()])
    before = Path.cwd()
    assert execute(task, one).status == "ok"
    assert Path.cwd() == before


def test_arrays_that_came_writable_are_closed_before_a_detector_sees_them(tmp_path: Path) -> None:
    file = tmp_path / "loose.py"
    body = "x[0] = 5.0; return x"
    file.write_text("import numpy as np\nfrom detectors.core.contract import Detector\n" + OVERRIDES.format(body=body))
    ((task, one),) = planned([str(file)], [toy()])
    open_again = one.values.copy()
    object.__setattr__(one, "values", open_again)  # as they are after a pipe
    assert "read-only" in execute(task, one).reason
    assert open_again[0] != 5.0


def test_a_detector_that_draws_from_the_global_generator_is_repeatable(tmp_path: Path) -> None:
    task, one = only(tmp_path, "UsesGlobalNoise")
    first = execute(task, one).scores
    np.random.standard_normal(7)  # noqa: NPY002
    second = execute(task, one).scores
    other = execute(replace(task, cell=replace(task.cell, seed=1)), one).scores
    assert first is not None
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_a_fork_does_not_come_back_as_a_second_worker(tmp_path: Path) -> None:
    mark = tmp_path / "returned"
    execute(*only(tmp_path, "Forks"))
    with mark.open("a") as file:
        file.write(f"{os.getpid()}\n")
    assert mark.read_text().split() == [str(os.getpid())]


def test_the_text_of_a_plug_in_is_enough(tmp_path: Path) -> None:
    task, one = only(tmp_path, "Fine")
    Path(task.spec).unlink()
    assert execute(task, one).status == "ok"
    assert execute(replace(task, plugin=""), one).reason.startswith("UserError: no file")


def test_figures_and_progress_of_a_real_detector() -> None:
    ((task, one),) = planned(["HBOS"], [toy(n=600)])
    outcome = execute(task, one)
    assert (outcome.status, outcome.n, outcome.n_anomalous, outcome.n_fit) == ("ok", 600, 5, 600)
    assert outcome.window > 1
    assert outcome.peak_mb >= 0


def test_what_fit_says_of_the_data_is_kept_with_the_cell() -> None:
    stuck = toy(n=600)
    values = stuck.values.copy()
    values[400:480] = values[400]
    ((task, one),) = planned(["LOF"], [replace(stuck, values=values)])
    note = execute(task, one).extra["note"]
    assert "equal 20 others or more" in note
    assert note.count("LOF:") == 1


def test_what_several_fits_say_alike_is_kept_once(tmp_path: Path) -> None:
    body = "self.notes_ = ('it said so',)"
    ((task, one),) = planned([plugin(tmp_path, "Notes", body)], [toy()], protocols=("normal-crossfit",))
    assert execute(task, one).extra["note"] == "it said so"


ALONE = """
import sys, time
from benchmark.execution.warm_up import compile_lock
with compile_lock(), open(sys.argv[1], "a", buffering=1) as file:
    file.write("in\\n")
    time.sleep(0.3)
    file.write("out\\n")
"""


def test_processes_compile_one_after_the_other(tmp_path: Path) -> None:
    file = tmp_path / "order"
    both = [subprocess.Popen([sys.executable, "-c", ALONE, str(file)]) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert file.read_text().split() == ["in", "out"] * 2


@pytest.mark.parametrize("error", [OSError, NotImplementedError])
def test_without_locks_of_files_kernels_are_compiled_all_the_same(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    monkeypatch.setattr(filelock.FileLock, "acquire", Mock(side_effect=error))
    entered = False
    with warm_up.compile_lock():
        entered = True
    assert entered


def test_only_packaged_detectors_are_warmed_up_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entered = []
    monkeypatch.setattr(warm_up, "compile_lock", lambda: contextlib.nullcontext(entered.append(1)))
    monkeypatch.setattr(warm_up, "_warm", set())
    warm_up.warm_up(only(tmp_path, "Fine")[0])
    assert not entered
    warm_up.warm_up(planned(["HBOS"], [toy()])[0][0])
    assert entered


def test_describe_and_tail() -> None:
    assert describe(ValueError("x" * 9999)) == ("ValueError: " + "x" * 9999)[:2000]
    assert tail("a\nb\nc\n", 2) == "b\nc"


def test_the_seconds_of_a_cell_are_those_of_all_its_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five rounds by a clock that goes on by a second at each look."""
    looks = itertools.count()
    clock = SimpleNamespace(perf_counter=lambda: float(next(looks)))
    monkeypatch.setattr(sys.modules["benchmark.execution.execute"], "time", clock)
    outcome = execute(toys.task("Windowless", "normal-crossfit", toys.rows()), toys.rows())
    assert outcome.status == "ok", outcome.reason
    assert (outcome.fit_seconds, outcome.score_seconds) == (5.0, 5.0)


def test_a_window_is_cut_only_where_no_fitted_piece_holds_it() -> None:
    detector, outcome = HBOS(window=40), Outcome("ok")
    shorten_window(detector, [np.zeros(10), np.zeros(60)], outcome)
    assert (detector.window, outcome.extra) == (40, {})
    shorten_window(detector, [np.zeros(10), np.zeros(30)], outcome)
    assert detector.window == 15
    assert outcome.extra["note"] == "window 40 cut to 15: the longest fitted piece has 30 points"
