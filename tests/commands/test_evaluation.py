"""`benchmark.evaluate` gives the cells and figures of `run`, from names, objects and arrays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import benchmark
from benchmark import evaluation
from benchmark.catalogue import trivial_baselines
from benchmark.cli import main
from benchmark.errors import UserError, foreign, foreign_origin
from benchmark.grid import Selection, protocols
from benchmark.report import frames
from benchmark.report.tables.model import Entry, Row
from datasets import DataError, load_folder
from detectors import CNN, HBOS, LOF, ScaleFlow
from tests.support.cases import plugin, toy


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files of value,label rows."""
    path = tmp_path_factory.mktemp("data") / "Mine"
    path.mkdir()
    for k in range(2):
        one = toy(n=400, seed=k)
        np.savetxt(path / f"s{k}.out", np.column_stack([one.values, one.labels]), delimiter=",", fmt=["%.17g", "%d"])
    return path


def arrays(seed: int = 0) -> tuple[list[float], list[int]]:
    one = toy(seed=seed)
    return one.values.tolist(), one.labels.tolist()


def test_cells_and_figures_are_those_of_run(folder: Path, tmp_path: Path) -> None:
    options = (
        "--detector IForest --detector HBOS --set HBOS.n_bins=7 --protocol tsb-uad --protocol prefix --seed 0 --seed 1"
    )
    where = f"--dataset {folder} --store {tmp_path / 'run.sqlite'} --jobs 1 --no-report"
    assert main(["run", *options.split(), *where.split()]) == 0
    theirs = benchmark.load(tmp_path / "run.sqlite").set_index("key")
    ours = benchmark.evaluate(
        ["IForest", HBOS(n_bins=7)], folder, ["tsb-uad", "prefix"], [0, 1], store=tmp_path / "ours.sqlite"
    ).set_index("key")
    assert len(ours) == 12
    assert set(ours.index) == set(theirs.index)
    for column in ("status", "params", "version", "auroc", "auprc"):
        assert ours[column].to_dict() == theirs[column].to_dict()
    again = benchmark.evaluate("IForest", str(folder), "prefix", seeds=[1], store=tmp_path / "run.sqlite")
    assert set(again["run_id"]) == {1}  # nothing ran a second time


def test_the_figure_is_scikit_learns_of_the_detectors_own_scores() -> None:
    values, labels = arrays()
    cells = benchmark.evaluate(HBOS(window=20), (values, labels))
    scores = HBOS(window=20).fit(values).score(values)
    expected = roc_auc_score(labels, protocols.get("tsb-uad").scores_for_metric(scores))
    assert cells["auroc"].tolist() == [pytest.approx(expected, abs=1e-12)]


def test_classes_instances_and_many_kinds_of_data_keep_their_order(folder: Path) -> None:
    data = [(np.array(arrays(5)[0]), np.array(arrays(5)[1])), toy("mine"), load_folder(folder)]
    cells = benchmark.evaluate([HBOS, HBOS(window=9), "AbsDeviation"], data, metrics=["pate"])
    assert cells["detector"].tolist() == ["HBOS", "HBOS", "AbsDeviation"] * 4
    assert cells["params"].tolist() == ["{}", '{"window": 9}', "{}"] * 4
    equal = benchmark.evaluate(HBOS(tol=float("0.5"), alpha=float("0.1")), toy("mine"))
    assert equal["key"].tolist() == [cells["key"][3]], "a value equal to the default changes nothing"
    assert cells["dataset"].tolist() == ["arrays"] * 3 + ["Toy"] * 3 + ["Mine"] * 6
    assert cells["pate"].between(0, 1).all()
    assert cells["vus_roc"].between(0, 1).all()  # the default ones, too


def test_a_list_is_the_tuple_that_set_would_give() -> None:
    (chosen,) = evaluation._rows(ScaleFlow(components=["shape"]), Selection())  # type: ignore[arg-type]
    assert chosen.params == (("components", ("shape",)),)
    (whole,) = evaluation._rows(ScaleFlow(components=list(ScaleFlow().components)), Selection())  # type: ignore[arg-type]
    assert whole.params == (), "the default, as a list"


def test_the_trivial_baselines_run_on_every_data_set() -> None:
    series = [replace(toy("same", seed=k), dataset=name) for k, name in enumerate(("A", "B"))]
    cells = benchmark.evaluate("AbsDeviation", series)
    beside = cells.attrs[frames.TRIVIAL]
    assert {(row["dataset"], row["detector"]) for row in beside} == {(d, t) for d in "AB" for t in trivial_baselines()}


def test_the_trivial_baselines_have_the_measures_that_were_asked_for() -> None:
    cells = benchmark.evaluate("AbsDeviation", toy(), metrics=("auroc", "best_f1_oracle"))
    alike = [row for row in cells.attrs[frames.TRIVIAL] if row["detector"] == "AbsDeviation"]
    assert [row["best_f1_oracle"] for row in alike] == cells["best_f1_oracle"].tolist()
    assert cells["best_f1_oracle"].notna().all()


def test_one_series_has_one_name_wherever_it_stands() -> None:
    first = benchmark.evaluate("AbsDeviation", [arrays(1), arrays(2)])
    second = benchmark.evaluate("AbsDeviation", [arrays(2), arrays(1)])
    assert first["key"].tolist() == second["key"].tolist()[::-1]


def test_a_failed_cell_stays_with_its_reason(tmp_path: Path) -> None:
    specs = [plugin(tmp_path, name) for name in ("Fine", "Raises", "Hangs", "Exits")]
    cells = benchmark.evaluate(specs, toy(), metrics=["pate"], timeout=4.0).set_index("detector")
    assert cells["status"].to_dict() == {"Fine": "ok", "Raises": "failed", "Hangs": "timeout", "Exits": "failed"}
    assert "ZeroDivisionError" in cells.loc["Raises", "reason"]
    assert cells["pate"].notna().to_dict() == {"Fine": True, "Raises": False, "Hangs": False, "Exits": False}


class Homeless(HBOS):
    """Of a class that stands nowhere on disk."""


Homeless.__module__ = "__main__"
GOOD = arrays()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"detectors": "LOFF"}, "did you mean LOF"),
        ({"detectors": 3}, "a detector is a name"),
        ({"detectors": Homeless}, "put the class into a file"),
        ({"detectors": CNN(epochs=-1)}, "does not take these parameters"),
        ({"detectors": []}, "nothing to evaluate"),
        ({"data": []}, "nothing to evaluate"),
        ({"data": 3.0}, "data are"),
        ({"data": "Genesiss"}, "did you mean Genesis"),
        ({"data": "no/such"}, "no/such is no folder"),
        ({"data": ([1.0, 2.0], [0, 1, 0])}, "of equal length"),
        ({"data": ([1.0, np.nan], [0, 1])}, "row 1 of the values is nan"),
        ({"data": ([1.0, 2.0], [0, 2])}, "expected 0"),
        ({"data": ([1.0, 2.0], [0, 0])}, "no anomaly"),
        ({"data": ([1.0, 2j], [0, 1])}, "real numbers: they are complex"),
        ({"data": (["a", "b"], [0, 1])}, "real numbers: could not convert string"),
        ({"data": ([[1.0], [1.0, 2.0]], [0, 1])}, "real numbers: setting an array element"),
        ({"data": np.arange(1000.0)}, "got an object of type ndarray"),
        ({"detectors": {"LOF": np.arange(1000)}}, "got an object of type dict"),
        ({"protocol": 3}, "protocols are a name or a list of names, got 3"),
        ({"metrics": 3}, "metrics are a name or a list of names, got 3"),
        ({"protocol": "tsbuad"}, "did you mean tsb-uad"),
        ({"protocol": []}, "at least one protocol"),
        ({"seeds": [-1]}, "from 0 to 4294967295"),
        ({"seeds": 5}, r"seeds=range\(5\) are five seeds"),
        ({"metrics": ["auc"]}, "unknown metric 'auc': did you mean auroc"),
        ({"jobs": 0}, "at least 1"),
    ],
)
def test_wrong_input_is_refused_before_work_starts(
    given: dict[str, object], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.evaluation.run", lambda *_: pytest.fail("work has started"))
    arguments: dict[str, object] = {"detectors": "HBOS", "data": GOOD} | given
    with pytest.raises((UserError, DataError), match=message):
        benchmark.evaluate(**arguments)  # type: ignore[arg-type]


def test_seeds_may_be_numpys() -> None:
    from benchmark.evaluation import selection_of

    seeds = selection_of("prefix", np.arange(2)).seeds
    assert seeds == (0, 1)
    assert {type(seed) for seed in seeds} == {int}


def test_the_table_has_means_over_seeds_and_series(folder: Path) -> None:
    cells = benchmark.evaluate(["IForest", "AbsDeviation"], folder, seeds=(0, 1))
    table = benchmark.table(cells)
    mine = cells[cells["detector"] == "IForest"]["auroc"]
    assert table.index.tolist()[0] == ("tsb-uad", "IForest")
    assert set(table.index) == {("tsb-uad", name) for name in ("IForest", *trivial_baselines())}
    assert table.loc[("tsb-uad", "IForest"), "Mine"] == pytest.approx(mine.mean())
    failed = cells.assign(status=["failed", *cells["status"][1:]], auroc=[np.nan, *cells["auroc"][1:]])
    row = ("tsb-uad", "IForest")
    assert benchmark.table(failed).loc[row].notna().all()  # the other seed stands for the series
    assert benchmark.table(failed[failed["seed"] != 1]).loc[row].isna().all()
    with pytest.raises(UserError, match="no column 'pate'"):
        benchmark.table(cells, "pate")


def test_simulated_series_are_told_of_in_a_warning_and_in_the_cells() -> None:
    simulated = replace(toy(), dataset="MGAB", source="simulated")
    with pytest.warns(UserWarning, match="SIMULATED series stand in for MGAB"):
        cells = benchmark.evaluate("AbsDeviation", simulated)
    assert cells["source"].tolist() == ["simulated"]
    assert set(benchmark.table(cells).index) == {("tsb-uad SIMULATED", name) for name in trivial_baselines()}


def test_published_figures_stand_beside_the_paper_s_data_sets() -> None:
    cells = benchmark.evaluate(["HBOS", HBOS(n_bins=5)], replace(toy(), dataset="MGAB"))
    table = benchmark.table(cells)
    assert table.loc[("tsb-uad", "HBOS"), "MGAB, published"] == pytest.approx(0.55, abs=0.05)
    assert np.isnan(table.loc[("tsb-uad", "HBOS (n_bins=5)"), "MGAB, published"])


def test_baselines_beside_a_quick_run_are_quick() -> None:
    cells = benchmark.evaluate("AbsDeviation", toy(), quick=True)
    assert {row["quick"] for row in cells.attrs[frames.TRIVIAL]} == {True}


def test_a_figure_on_a_part_of_the_series_is_not_shown() -> None:
    whole, part = Entry(value=0.7, n_series=2, size=2), Entry(value=0.9, n_series=1, size=2)
    figures = frames._figures(Row("Mine", "Mine", "plug-in", "prefix", {"A": whole, "B": part}), "auroc")
    assert figures["A"] == 0.7
    assert np.isnan(figures["B"])


def test_the_mode_decides_where_series_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object, mode: str, **__: object) -> None:
        raise RuntimeError(f"read as {mode}")

    monkeypatch.setattr(evaluation.datasets, "iter_series", read)
    with pytest.raises(RuntimeError, match="read as real"):
        benchmark.evaluate("AbsDeviation", "MGAB", mode="real")


def test_a_parameter_of_numpy_is_the_plain_one() -> None:
    found = [evaluation._rows(LOF(n_neighbors=number), Selection())[0] for number in (np.int64(5), 5)]  # type: ignore[arg-type]
    assert found[0].params == found[1].params == (("n_neighbors", 5),)
    assert {type(row.params[0][1]) for row in found} == {int}


def test_a_message_for_people_is_nobodys_fault() -> None:
    for error, name in ((ValueError("no"), "theirs"), (UserError("no"), "")):
        with pytest.raises(type(error)) as raised, foreign("theirs"):
            raise error
        assert foreign_origin(raised.value) == name


def test_two_folders_of_one_name_are_known_by_their_paths(tmp_path: Path) -> None:
    folders: dict[str, str] = {}
    for place in ("a", "b"):
        (tmp_path / place / "mine").mkdir(parents=True)
        rows = "\n".join(f"{k % 7},{int(k == 150)}" for k in range(300))
        (tmp_path / place / "mine" / "one.csv").write_text(f"value,label\n{rows}\n")
    names = [evaluation.load_data_set(str(tmp_path / place / "mine"), folders).name for place in ("a", "b", "a", "b")]
    paths = [str((tmp_path / place / "mine").resolve()) for place in ("a", "b")]
    assert names == ["mine", paths[1], "mine", paths[1]]
    assert folders == {"mine": paths[0], paths[1]: paths[1]}
