"""The multiverse: its universes, the figure of each by a separate fit, and the report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from benchmark.catalogue import registry
from benchmark.cli import main
from benchmark.errors import UserError
from benchmark.execution import execute, scores_by
from benchmark.grid import Cell, Selection, plan, rows
from benchmark.report.plots.specification_curve import specification_figure
from benchmark.store import Store
from benchmark.studies import multiverse, multiverse_tables
from datasets import Series
from tests.support.toys import tunable


@pytest.fixture
def toy(tmp_path: Path) -> str:
    file = tmp_path / "toy.py"
    file.write_text(tunable())
    return str(file)


def made(name: str, seed: int) -> Series:
    rng = np.random.default_rng(seed)
    labels = np.zeros(300, np.uint8)
    labels[200:220] = 1
    return Series("Genesis", name, rng.normal(size=300) + 1.5 * labels, labels, "local")


SERIES = [made("a", 0), made("b", 1)]


def measured(toy: str, file: Path, vary: tuple[str, ...] = ()) -> tuple[multiverse.Multiverse, int]:
    """The toy's multiverse on two series, and how many fits it took."""
    selection = Selection(detectors=(toy,), protocols=("normal-only",))
    many = multiverse.multiverse(selection, vary)
    known = set(multiverse.read(file)["key"])
    todo = list(multiverse.jobs(many, plan(selection, [many.row], SERIES), known))
    list(multiverse.run(todo, file, workers=1))
    return many, len(todo)


def test_universes_are_the_product_of_the_choices_and_rules_share_a_fit(toy: str) -> None:
    many = multiverse.multiverse(Selection(detectors=(toy,)))
    assert (len(many.universes()), len(many.fits()), len(many.rules())) == (12, 6, 2)
    assert many.chosen == {"power": 1, "blur": 1, "sign": 1}
    assert many.params(many.chosen) == (), "the cell of `run`"
    assert many.params({"power": 2, "blur": 1, "sign": -1}) == (("power", 2), ("sign", -1))


def test_the_detectors_own_value_is_a_choice_whether_declared_or_not(toy: str) -> None:
    cls = registry.load(toy)
    with mock.patch.object(cls, "choices", {"power": (2, 3)}):
        many = multiverse.multiverse(Selection(detectors=(toy,)))
        assert many.universes() == [{"power": 1}, {"power": 2}, {"power": 3}]
    with mock.patch.object(cls, "choices", {"powr": (2, 3)}), pytest.raises(UserError, match="did you mean power"):
        multiverse.multiverse(Selection(detectors=(toy,)))


def test_each_figure_is_that_of_the_detector_fitted_alone(toy: str, tmp_path: Path) -> None:
    _, fits = measured(toy, tmp_path / "figures.csv")
    assert fits == 2 * 6
    frame = multiverse.read(tmp_path / "figures.csv")
    good = frame[frame["reason"] == ""]
    assert len(good) == 2 * 8
    for row in good.itertuples():
        series = next(s for s in SERIES if s.name == row.series)
        detector = registry.build(toy, json.loads(row.params))
        detector.fit([series.values[:200], series.values[220:]])
        assert row.auroc == pytest.approx(roc_auc_score(series.labels, detector.score(series.values)), abs=1e-12)


@pytest.mark.parametrize("protocol", ["normal-crossfit", "prefix:first_row=7"])
def test_scores_by_rule_are_those_of_a_run(toy: str, protocol: str) -> None:
    selection = Selection(detectors=(toy,), protocols=(protocol,), params={"Toy": {"sign": -1}})
    labels = np.zeros(3000, np.uint8)
    labels[[500, 1500, 2500]] = 1
    values = np.random.default_rng(3).normal(size=3000)
    ((task, one),) = plan(selection, rows(selection), [Series("Genesis", "long", values, labels, "local")])
    whole = execute(task, one)
    ((first, plain), (_, turned)) = scores_by(task, one, [{"sign": 1}, {"sign": -1}])
    assert first == whole.first_row
    assert whole.scores is not None
    np.testing.assert_array_equal(turned, whole.scores)
    np.testing.assert_array_equal(plain, -turned)


def test_a_failure_is_recorded_with_its_reason(toy: str, tmp_path: Path) -> None:
    many, _ = measured(toy, tmp_path / "figures.csv")
    frame = multiverse.read(tmp_path / "figures.csv")
    failed = frame[frame["auroc"].isna()]
    assert len(failed) == 2 * 4
    assert set(failed["reason"]) == {"ValueError: cannot blur backwards"}
    (one,) = multiverse_tables.outcomes(many, frame, "normal-only")
    assert one.complete == 8


def test_no_protocol_overrides_a_choice_that_is_varied(toy: str) -> None:
    selection = Selection(detectors=(toy,), params={"Toy": {"sign": -1}})
    many = multiverse.multiverse(selection)
    todo = list(multiverse.jobs(many, plan(selection, [many.row], SERIES), set()))
    assert {frozenset(job.task.explicit) for job in todo} == {frozenset({"power", "blur", "sign"})}


def test_what_is_in_the_file_is_not_run_again(toy: str, tmp_path: Path) -> None:
    file = tmp_path / "figures.csv"
    measured(toy, file)
    assert measured(toy, file)[1] == 0
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:-1]) + "\n")
    assert measured(toy, file)[1] == 1
    assert sorted(file.read_text().splitlines()) == sorted(lines)


def test_only_some_choices_can_be_varied_and_a_wrong_one_is_named(toy: str) -> None:
    many = multiverse.multiverse(Selection(detectors=(toy,)), ["sign"])
    assert many.universes() == [{"sign": 1}, {"sign": -1}]
    assert many.fits() == [{}]
    with pytest.raises(UserError, match="did you mean sign"):
        multiverse.multiverse(Selection(detectors=(toy,)), ["sing"])
    with pytest.raises(UserError, match="give its class `choices`"):
        multiverse.multiverse(Selection(detectors=("HBOS",)))


def test_what_the_user_set_is_not_varied(toy: str) -> None:
    many = multiverse.multiverse(Selection(detectors=(toy,), params={"Toy": {"blur": 9}}))
    assert "blur" not in many.choices
    assert many.params({"power": 2, "sign": 1}) == (("blur", 9), ("power", 2))


def outcome(values: list[float], published: float | None = 0.9) -> multiverse_tables.Outcome:
    universes = [{"stem": a, "rule": b} for a in ("x", "y") for b in (1, 2)]
    return multiverse_tables.Outcome(universes, np.array(values), published, 1, "Genesis", 2, 1)


def test_reaching_print_means_its_printed_digits() -> None:
    assert outcome([0.894, 0.895, 0.9, np.nan]).reached == 2
    assert outcome([0.894, 0.895, 0.9, np.nan]).complete == 3
    assert outcome([0.1] * 4, published=None).reached is None


def test_effects_are_medians_and_the_choice_that_moves_most_comes_first() -> None:
    effects = outcome([0.5, 0.6, 0.8, np.nan]).effects()
    assert list(effects) == ["stem", "rule"]
    assert effects["stem"] == pytest.approx({"x": 0.55, "y": 0.8})
    assert effects["rule"] == pytest.approx({1: 0.65, 2: 0.6})


def test_the_text_warns_and_gives_share_place_and_best(toy: str) -> None:
    many = multiverse.multiverse(Selection(detectors=(toy,)))
    text = multiverse_tables.to_markdown(many, {"normal-only": [outcome([0.5, 0.6, 0.8, 0.91])]})
    assert text.index("No result") < text.index("Genesis")
    assert "| Genesis | 2, 1 | .90 | 1 of 4 | .600 | 3 of 4 | .700 | .910 | stem (.305) |" in text


def test_the_picture_has_a_dot_and_a_column_of_marks_for_each_universe_and_the_line_of_print() -> None:
    one = outcome([0.5, 0.6, np.nan, 0.8])
    figure = specification_figure(one, "title")
    above, below = figure.axes
    np.testing.assert_array_equal(above.lines[0].get_ydata(), [0.5, 0.6, 0.8])
    assert above.lines[1].get_xdata() == [1]
    assert list(above.lines[2].get_ydata()) == [0.9, 0.9]
    *lines, chosen = below.lines
    assert chosen.get_xdata() == [1, 1]
    rows = zip(below.get_yticklabels(), lines, strict=True)
    marks = {label.get_text(): list(line.get_xdata()) for label, line in rows}
    assert marks == {"stem x": [0, 1], "stem y": [2], "rule 1": [0], "rule 2": [1, 2]}
    assert "no result" in below.get_xlabel()


def test_the_command_writes_text_figures_and_pictures(
    toy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["multiverse", toy, "--quick", "--data", "simulated", "--dataset", "Genesis", "--series", "*@1.*"]
    paths = ["--figures", str(tmp_path / "f.csv"), "--out", str(tmp_path), "--jobs", "1"]
    assert main([*command, "--vary", "sign", *paths]) == 0
    out = capsys.readouterr().out
    assert "SIMULATED series" in out
    assert "QUICK settings" in out
    assert "The multiverse of Toy: 2 universes" in out
    assert {path.name for path in (tmp_path / "multiverse").iterdir()} == {
        "Toy.md",
        "Toy Genesis normal-only.png",
        "Toy Genesis normal-only.svg",
    }


def test_the_report_draws_the_figures_that_lie_beside_its_store(tmp_path: Path) -> None:
    selection = Selection(("Proposed",), params={"Proposed": {"members": 1}})
    many, page = multiverse.multiverse(selection, ["quantity", "whiten"]), tmp_path / "out" / "index.html"
    Store(tmp_path / "results.sqlite", write=True).close()
    command = ["report", "--store", str(tmp_path / "results.sqlite"), "--out", str(tmp_path / "out"), "--jobs", "1"]
    assert main(command) == 0
    assert "Multiverse" not in page.read_text()
    cell = Cell("Genesis", "a", "Proposed", "normal-only", version=many.row.version, source="local")
    for k, universe in enumerate(many.universes()):
        mine = replace(cell, params=many.params(universe))
        place = (mine.dataset, mine.series, mine.source, mine.detector, mine.version, mine.protocol, mine.seed)
        figure = multiverse.Figure(mine.key, *place, False, json.dumps(dict(mine.params)), 0.5 + k / 10, "")
        multiverse.append(tmp_path / "multiverse.csv", [figure])
    assert main(command) == 0
    text = page.read_text()
    assert "How much depends on what a source leaves open" in text
    assert "Proposed on Genesis (normal-only, members=1): 6 universes, 1 seed, 1 reach the published figure" in text
    assert [path.suffix for path in sorted((tmp_path / "out" / "multiverse").iterdir())] == [".png", ".svg"]


@pytest.mark.parametrize("name", registry.detectors())
def test_declared_choices_hold_the_default_and_can_be_built(name: str) -> None:
    cls = registry.detectors()[name]
    assert cls.rescored <= set(cls.choices) or not cls.choices
    for choice, values in cls.choices.items():
        assert cls.param_defaults()[choice] in values
        for value in values:
            cls(**{choice: value}).check_params()


def test_a_fitted_choice_changes_the_seedless_part_of_the_cell_alone(toy: str) -> None:
    selection = Selection(detectors=(toy,), protocols=("normal-only",))
    many = multiverse.multiverse(selection)
    ((task, series),) = plan(selection, [many.row], SERIES[:1])
    cells = [cell for job in multiverse.jobs(many, [(task, series)], set()) for cell, _ in job.universes]
    assert len({cell.key for cell in cells}) == 12
    assert {cell.random_state for cell in cells} == {task.cell.random_state}
    assert replace(task.cell, params=()).key in {cell.key for cell in cells}


def test_a_figure_is_measured_on_the_rows_that_the_protocol_scores(toy: str) -> None:
    selection = Selection(detectors=(toy,), protocols=("prefix:first_row=7",))
    many = multiverse.multiverse(selection, ["sign"])
    labels = (np.arange(3000) % 500 < 3).astype(np.uint8)
    values = np.random.default_rng(3).normal(size=3000) + labels
    ((task, one),) = plan(selection, [many.row], [Series("Genesis", "long", values, labels, "local")])
    (job,) = multiverse.jobs(many, [(task, one)], set())
    whole = execute(task, one)
    assert whole.first_row > 0
    expected = roc_auc_score(labels[whole.first_row :], whole.scores)
    assert [figure.auroc for figure in job.run()] == pytest.approx([expected, 1 - expected])


def lines_of(
    many: multiverse.Multiverse, values: dict[tuple[str, int, int], list[float]], **more: object
) -> pd.DataFrame:
    """Figures of the universes in order, of series, seed and turn."""
    rows = [
        {"key": f"{universe}{place}", "dataset": "Genesis", "series": place[0], "seed": place[1], "auroc": value}
        | {"detector": "Toy", "version": many.row.version, "protocol": "normal-only", "quick": False, "source": "local"}
        | {"params": json.dumps(dict(many.params(universe)), sort_keys=True), "reason": ""}
        | more
        for place, of in values.items()
        for universe, value in zip(many.universes(), of, strict=True)
    ]
    return pd.DataFrame(rows)


def test_a_universe_has_the_mean_over_series_of_the_means_over_seeds_or_none(toy: str) -> None:
    many = multiverse.multiverse(Selection(detectors=(toy,)), ["power"])
    figures = {("a", 0, 0): [0.5, 0.4], ("a", 1, 0): [0.7, 0.6], ("b", 0, 0): [0.9, np.nan]}
    cells = lines_of(many, figures)
    others = [lines_of(many, {("c", 0, 1): [0.1, 0.1]}, **{name: value}) for name, value in (
        ("protocol", "prefix"), ("version", "0"), ("detector", "Other"))]  # fmt: skip
    (one,) = multiverse_tables.outcomes(many, pd.concat([cells, *others]), "normal-only")
    np.testing.assert_allclose(one.values, [(0.6 + 0.9) / 2, np.nan])
    assert (one.series, one.seeds, one.complete, one.chosen) == (2, 2, 1, 0)
    again = pd.concat([cells, cells.assign(auroc=0.25)])
    (later,) = multiverse_tables.outcomes(many, again, "normal-only")
    assert later.values.tolist() == [0.25, 0.25], "of two lines of one cell the later counts"


def test_a_report_draws_no_quick_or_simulated_universe(tmp_path: Path) -> None:
    many = multiverse.multiverse(Selection(("Proposed",)), ["quantity"])
    cell = Cell("Genesis", "a", "Proposed", "normal-only", version=many.row.version, source="local")
    for k, (quick, source) in enumerate([(True, "local"), (False, "simulated"), (False, "local")]):
        for universe in many.universes():
            mine = replace(cell, params=many.params(universe), source=source, seed=k)
            place = (mine.dataset, mine.series, mine.source, mine.detector, mine.version, mine.protocol, mine.seed)
            figure = multiverse.Figure(mine.key, *place, quick, json.dumps(dict(mine.params)), 0.5, "")
            multiverse.append(tmp_path / f"{k}.csv", [figure])
    assert [len(multiverse_tables.curves(tmp_path / f"{k}.csv")) for k in range(3)] == [0, 0, 1]
