"""Cells that are trained together give the results of cells trained alone, also beside failing ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.cli import main
from benchmark.errors import UserError
from benchmark.execution.backends import Backend, Board
from benchmark.execution.execute import execute, execute_together
from benchmark.execution.groups import Group, groups
from benchmark.grid import Task
from benchmark.grid.plan import Selection, plan, rows
from benchmark.store import Store
from datasets import Series
from detectors import Diverged, Proposed
from detectors.flows.resnet import FeatureFlow
from tests.support.cases import planned, plugin, toy
from tests.support.series import sine

QUICK = Proposed.quick | {"max_windows": 64, "members": 2}
SIDE_BY_SIDE = "    side_by_side = True\n\n    def __init__(self, random_state=0):"


def cells(
    series: list[Series], protocol: str = "normal-crossfit", seeds: tuple[int, ...] = (0, 1)
) -> list[tuple[Task, Series]]:
    selection = Selection(("Proposed",), (protocol,), seeds, {"Proposed": QUICK}, device="cpu")
    return list(plan(selection, rows(selection), series))


def near(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal but for rounding, which a few training steps have amplified."""
    return bool(np.abs(a - b).max() < 1e-3 * np.ptp(b))


# -- models ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stem", ["strided", "full"])
def test_joined_networks_compute_what_each_does_and_come_back(stem):
    torch.manual_seed(0)
    models = [FeatureFlow(count, 4, 3, stem, rotate=True) for count in (2, 1, 3)]
    together, x = FeatureFlow.join(models), torch.randn(6, 1, 8, 32)
    for model, mine in zip(models, torch.split(x, [2, 1, 3]), strict=True):
        model.fit_scales(model.maps(mine))
    together.fit_scales(together.maps(x))
    joint = together.loss(together.maps(x))
    joint.sum().backward()
    for k, (model, mine) in enumerate(zip(models, torch.split(x, [2, 1, 3]), strict=True)):
        alone = model.loss(model.maps(mine))
        alone.sum().backward()
        torch.testing.assert_close(torch.split(joint, [2, 1, 3])[k], alone)
        for (name, p), q in zip(model.flows.named_parameters(), together.flows.parameters(), strict=True):
            theirs = torch.split(q.grad, [p.shape[0] // model.shape[0] * m.shape[0] for m in models])[k]
            torch.testing.assert_close(theirs, p.grad, msg=name)
    kept = [{name: value.clone() for name, value in model.state_dict().items()} for model in models]
    together.split_into(models)
    for model, before in zip(models, kept, strict=True):
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items() if value.ndim)


def test_detectors_learn_side_by_side_what_each_learns_alone():
    data = [sine(700, seed=k) * (k + 1) for k in range(3)] + [sine(520), sine(100)]
    together = [Proposed(**QUICK, random_state=k) for k in range(5)]
    errors = Proposed.fit_together(together, data)
    assert errors[:4] == [None] * 4
    assert "needs at least 256 consecutive points" in str(errors[4])
    for k, (detector, x) in enumerate(zip(together[:4], data[:4], strict=True)):
        alone = Proposed(**QUICK, random_state=k).fit(x)
        assert near(detector.score(x), alone.score(x))
        np.testing.assert_array_equal(detector.fitted_pieces_[0], x)
        for stage, losses in alone.history_.items():
            np.testing.assert_allclose(detector.history_[stage], losses, rtol=1e-4)


def test_one_that_diverges_does_not_harm_its_neighbours(monkeypatch):
    from detectors.flows.learning import Learner

    data, sound = [sine(700, seed=k) for k in range(3)], Learner.batch

    def batch(self, index):
        return sound(self, index) * (float("nan") if self.rng is broken[0] else 1.0)

    broken = [None]
    prepare = Proposed._learner

    def learner(self, pieces):
        made = prepare(self, pieces)
        if self.random_state == 1:
            broken[0] = made.rng
        return made

    monkeypatch.setattr(Learner, "batch", batch)
    monkeypatch.setattr(Proposed, "_learner", learner)
    together = [Proposed(**QUICK, random_state=k) for k in range(3)]
    errors = Proposed.fit_together(together, data)
    assert [type(error) for error in errors] == [type(None), Diverged, type(None)]
    assert near(together[2].score(data[2]), Proposed(**QUICK, random_state=2).fit(data[2]).score(data[2]))
    with pytest.raises(Diverged, match="after epoch 1"):
        Proposed(**QUICK, random_state=1).fit(data[1])


def test_any_detector_can_be_fitted_with_others():
    from detectors import PCA

    good, bad = PCA(window=10), PCA(window=0)
    errors = PCA.fit_together([good, bad], [sine(200), sine(200)])
    assert errors[0] is None
    assert "window" in str(errors[1])
    np.testing.assert_array_equal(good.score(sine(200)), PCA(window=10).fit(sine(200)).score(sine(200)))


# -- cells -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["normal-crossfit", "prefix"])
def test_cells_side_by_side_are_the_cells_alone(protocol):
    work = cells([toy("a", 3000), toy("b", 2700, seed=1), toy("short", 90)], protocol)
    together = execute_together(*map(list, zip(*work, strict=True)))
    for (task, series), mine in zip(work, together, strict=True):
        alone = execute(task, series)
        facts = ("status", "reason", "n", "n_fit", "first_row", "window", "n_anomalous")
        assert [getattr(mine, fact) for fact in facts] == [getattr(alone, fact) for fact in facts]
        assert (mine.scores is None) == (series.name == "short")
        assert mine.scores is None or near(mine.scores, alone.scores)
        assert mine.extra.keys() == alone.extra.keys()
        assert mine.status != "ok" or min(mine.fit_seconds, mine.score_seconds) > 0


def test_cells_whose_joint_fit_fails_are_fitted_one_by_one(monkeypatch):
    work = cells([toy("a", 2700), toy("b", 2700, seed=1)], "prefix", (0,))
    alone = [execute(task, series) for task, series in work]
    learn = Proposed._learn

    def full(self, learners):
        if len(learners) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        learn(self, learners)

    monkeypatch.setattr(Proposed, "_learn", full)
    for mine, other in zip(execute_together(*map(list, zip(*work, strict=True))), alone, strict=True):
        assert mine.status == "ok", mine.reason
        np.testing.assert_array_equal(mine.scores, other.scores)


def test_what_can_learn_together_is_grouped_by_detector_and_protocol(tmp_path):
    other = planned([plugin(tmp_path, "Fine")], [toy()])
    mixed = cells([toy("a"), toy("b")]) + other + cells([toy("a")], "prefix", (0,))
    found = list(groups(mixed, 3))
    assert found[1] == other[0]
    assert [len(task.tasks) if isinstance(task, Group) else 1 for task, _ in found] == [3, 1, 1, 1]
    assert sorted(t.cell.key for task, _ in found for t in getattr(task, "tasks", (task,))) == sorted(
        task.cell.key for task, _ in mixed
    )


def test_cells_of_other_parameters_form_a_group_of_their_own():
    one, other = cells([toy()])[0], cells([toy()])[1]
    task = replace(other[0], cell=replace(other[0].cell, params=(("epochs", 9),)))
    assert [task for task, _ in groups([one, (task, other[1])], 2)] == [one[0], task]


@pytest.mark.parametrize(("limits", "together"), [((10.0, 20.0), 30.0), ((0.0, 20.0), 0.0)])
def test_the_limits_of_a_group_are_those_of_its_cells_together(limits, together):
    tasks = [replace(cells([toy()])[0][0], timeout=limit, memory=limit) for limit in limits]
    assert (Group(tuple(tasks)).timeout, Group(tuple(tasks)).memory) == (together, together)


def sided(folder: Path, body: str) -> str:
    """A plug-in that says it learns side by side, and does ``body`` before it scores."""
    spec = plugin(folder, "Sided", body)
    text = Path(spec).read_text()
    Path(spec).write_text(text.replace("    def __init__(self, random_state=0):", SIDE_BY_SIDE))
    return spec


@pytest.mark.parametrize(
    ("body", "limits", "status"),
    [
        ("len(x) == 301 and os._exit(3)", {}, "crashed"),
        pytest.param("len(x) == 301 and time.sleep(600)", {"timeout": 6.0}, "timeout", marks=pytest.mark.slow),
        ("len(x) == 301 and 1 / 0", {}, "failed"),
    ],
)
def test_of_a_group_that_ends_badly_only_the_culprit_fails(tmp_path, body, limits, status):
    work = planned([sided(tmp_path, body)], [toy("a"), toy("bad", 301), toy("c", 302)], **limits)
    found = dict(Backend("processes", device="cpu").map(work, Board()))
    assert {task.cell.series: outcome.status for task, outcome in found.items()} == {
        "a": "ok",
        "bad": status,
        "c": "ok",
    }
    for task, series in work:
        outcome = found[task]
        assert outcome.scores is None or np.array_equal(outcome.scores, execute(task, series).scores)


# -- the command -----------------------------------------------------------------------------------


def test_a_run_on_a_device_stores_the_cells_of_a_run_without(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "own"
    folder.mkdir()
    for k in range(2):
        one = toy(f"s{k}", 1000, seed=k)
        np.savetxt(
            folder / f"s{k}.csv",
            np.c_[one.values, one.labels],
            delimiter=",",
            fmt="%.17g",
            header="value,label",
            comments="",
        )
    settings = [f"--set=Proposed.{name}={value}" for name, value in QUICK.items()]
    command = ["run", "--detector", "Proposed", "--dataset", str(folder), "--protocol", "normal-only", "--no-report"]
    command += ["--jobs", "1"]
    assert main([*command, *settings, "--device", "cpu", "--seeds", "2", "--store", "together.sqlite"]) == 0
    assert main([*command, *settings, "--backend", "serial", "--store", "alone.sqlite"]) == 0
    assert main([*command, *settings, "--seeds", "2", "--store", "together.sqlite"]) == 0
    assert "4 stored, 0 to run" in capsys.readouterr().err
    with Store(tmp_path / "together.sqlite") as together, Store(tmp_path / "alone.sqlite") as alone:
        for key in alone.frame()["key"]:
            assert near(together.scores(key)[1], alone.scores(key)[1])


def test_a_device_that_nobody_has_or_uses_is_refused_before_the_work(capsys):
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match="finds no CUDA device here"):
            Backend(device="cuda")
    for name, words in (("cpu", "none of LOF is a network"), ("gpu", "device must be")):
        assert (
            main(["run", "--detector", "Proposed" if name == "gpu" else "LOF", "--dataset", "MGAB", "--device", name])
            == 2
        )
        assert words in capsys.readouterr().err
