"""Selections are expanded to tasks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.catalogue import registry
from benchmark.errors import UserError
from benchmark.grid import protocols
from benchmark.grid.cells import Cell
from benchmark.grid.costs import OVERHEAD, UNKNOWN, Cost, costs, expected_seconds
from benchmark.grid.plan import QUICK_POINTS, Selection, longest_first, plan, quick_cut, rows
from datasets.core.base import Series
from tests.support.cases import plugin

PLUGIN = '''
import numpy as np
from detectors import Detector

class Mine(Detector):
    """The value itself."""

    def _fit(self, pieces):
        pass

    def _score(self, x):
        return x.copy()
'''


def series(n: int = 500, name: str = "toy") -> Series:
    labels = np.zeros(n, dtype=np.uint8)
    labels[n // 2] = 1
    return Series("Toy", name, np.arange(n, dtype=float), labels)


def test_the_papers_game_gives_normal_data_to_the_flow_alone() -> None:
    selection = Selection(detectors=("IForest", "Proposed", "TimeIndex"))
    chosen = {t.cell.detector: t.cell.protocol for t, _ in plan(selection, rows(selection), [series()])}
    assert chosen == {"IForest": "tsb-uad", "Proposed": "normal-only", "TimeIndex": "tsb-uad"}


def test_a_deterministic_detector_runs_once_whatever_the_seeds() -> None:
    selection = Selection(detectors=("HBOS", "IForest"), seeds=(0, 1, 2))
    tasks = [t.cell for t, _ in plan(selection, rows(selection), [series()])]
    assert [c.detector for c in tasks].count("HBOS") == 1
    assert [c.seed for c in tasks if c.detector == "IForest"] == [0, 1, 2]


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (Selection(detectors=("IForst",)), "did you mean IForest"),
        (Selection(detectors=("IForest",), params={"IForest": {"n_estimator": 3}}), "did you mean n_estimators"),
        (Selection(detectors=("IForest",), params={"LOF": {"n_neighbors": 3}}), "unknown detector in --set 'LOF'"),
        (Selection(detectors=("IForest",), protocols=("tsbuad",)), "did you mean tsb-uad"),
        (
            Selection(detectors=("ScaleFlow",), params={"ScaleFlow": {"components": ("size",)}}),
            "components must be some of",
        ),
        (Selection(detectors=("AE",), params={"AE": {"epochs": -1}}), "epochs must be a whole number"),
        (Selection(detectors=("nowhere.py",)), "no file nowhere.py"),
        (Selection(detectors=("json:JSONDecoder",)), "is not a detector"),
    ],
)
def test_wrong_selections_are_refused_with_the_cure(selection: Selection, message: str) -> None:
    with pytest.raises(UserError, match=message):
        rows(selection)


def test_a_plugin_file_is_a_row_whose_text_is_its_version(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN)
    selection = Selection(detectors=(str(file),))
    ((task, _),) = list(plan(selection, rows(selection), [series()]))
    assert task.cell.detector == "Mine"
    file.write_text(PLUGIN + "# changed\n")
    ((changed, _),) = list(plan(selection, rows(selection), [series()]))
    assert changed.cell.key != task.cell.key


def test_a_file_that_imports_a_detector_is_its_own_class(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN.replace("from detectors import Detector", "from detectors import HBOS, Detector"))
    (row,) = rows(Selection(detectors=(str(file),)))
    assert row.name == "Mine"


def test_a_plugin_of_equal_length_is_another_version(tmp_path: Path) -> None:
    keys = []
    for body in ("x.copy()", "abs(x)+1"):
        (tmp_path / "mine.py").write_text(PLUGIN.replace("x.copy()", body))
        selection = Selection(detectors=(str(tmp_path / "mine.py"),))
        keys += [task.cell.key for task, _ in plan(selection, rows(selection), [series()])]
    assert len(set(keys)) == 2


def test_parameters_may_be_given_by_the_name_and_by_the_file(tmp_path: Path) -> None:
    spec = plugin(tmp_path, "Fine")
    for name in ("Fine", spec):
        (row,) = rows(Selection(detectors=(spec,), params={name: {"random_state": 5}}))
        assert (row.params, row.explicit) == ((("random_state", 5),), {"random_state"})


def test_a_plugin_may_not_take_the_name_of_a_row(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN.replace("Mine", "HBOS"))
    with pytest.raises(UserError, match="is the name of a detector of the package"):
        rows(Selection(detectors=(str(file),)))


def test_keys_change_with_all_that_changes_scores_and_with_nothing_else() -> None:
    base = Cell("d", "s", "LOF", "tsb-uad", 0, (("window", 5),), "1", "hash", "local")
    same = Cell("d", "s", "LOF", "tsb-uad", 0, (("window", 5),), "1", "hash", "cache")
    assert base.key == same.key
    others = [
        Cell("d2", "s", "LOF", "tsb-uad", 0, (("window", 5),), "1", "hash"),
        Cell("d", "s2", "LOF", "tsb-uad", 0, (("window", 5),), "1", "hash"),
        Cell("d", "s", "MP", "tsb-uad", 0, (("window", 5),), "1", "hash"),
        Cell("d", "s", "LOF", "prefix", 0, (("window", 5),), "1", "hash"),
        Cell("d", "s", "LOF", "tsb-uad", 1, (("window", 5),), "1", "hash"),
        Cell("d", "s", "LOF", "tsb-uad", 0, (("window", 6),), "1", "hash"),
        Cell("d", "s", "LOF", "tsb-uad", 0, (("window", 5),), "2", "hash"),
        Cell("d", "s", "LOF", "tsb-uad", 0, (("window", 5),), "1", "hash2"),
    ]
    assert len({c.key for c in [base, *others]}) == 9


def test_quick_cut_keeps_an_anomaly_and_is_another_series() -> None:
    for n, at in ((50_000, 0), (50_000, 49_999), (50_000, 20_000), (100, 3)):
        labels = np.zeros(n, dtype=np.uint8)
        labels[at] = 1
        whole = Series("Toy", "toy", np.arange(n, dtype=float), labels)
        cut = quick_cut(whole)
        assert len(cut) == min(n, QUICK_POINTS)
        assert cut.n_anomalous == 1
        assert (cut.sha256 == whole.sha256) == (n <= QUICK_POINTS)


def test_long_cells_go_first() -> None:
    selection = Selection(detectors=("HBOS",))
    work = list(plan(selection, rows(selection), [series(100, "a"), series(9000, "b"), series(500, "c")]))
    assert [task.cell.series for task in longest_first(task for task, _ in work)] == ["b", "c", "a"]


def test_an_installed_package_registers_a_detector_by_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs.py").write_text(PLUGIN)
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    points = "Mine = theirs:Mine\nBad = theirs:Absent\nLOF = theirs:Mine\n"
    (info / "entry_points.txt").write_text(f"[{registry.ENTRY_POINTS}]\n{points}")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry._discover.cache_clear()
    try:
        assert registry.detectors()["Mine"].__module__ == "theirs"
        assert registry.detectors()["LOF"].__module__ == "detectors.lof"
        assert {name: "another detector" in cause for name, cause in registry.broken().items()} == {
            "Bad": False,
            "LOF": True,
        }
    finally:
        registry._discover.cache_clear()


def test_cells_carry_versions_of_detector_and_protocol() -> None:
    selection = Selection(detectors=("LOF",), protocols=("tsb-uad", "tsb-uad-package", "authors-csv"))
    versions = {t.cell.protocol: t.cell.version for t, _ in plan(selection, rows(selection), [series()])}
    own = str(registry.load("LOF").version)
    assert versions == {"tsb-uad": own, "tsb-uad-package": f"{own}-p2", "authors-csv": f"{own}-p3"}
    selection = Selection(detectors=("LOF", "KNN", "MP"), protocols=("tsb-ad",))
    versions = {t.cell.detector: t.cell.version for t, _ in plan(selection, rows(selection), [series()])}
    assert {name: version.partition("-")[2] for name, version in versions.items()} == {
        "LOF": "p2",
        "KNN": "p2",
        "MP": "",
    }


def test_all_the_models_that_learn_normal_data_get_them_under_paper() -> None:
    selection = Selection(detectors=("ScaleFlow", "UntrainedProposed", "UntrainedAE", "AE"))
    chosen = {t.cell.detector: t.cell.protocol for t, _ in plan(selection, rows(selection), [series()])}
    flows = {"ScaleFlow": "normal-only", "UntrainedProposed": "normal-only"}
    assert chosen == flows | {"UntrainedAE": "tsb-uad", "AE": "tsb-uad"}


@pytest.mark.parametrize("dataset", sorted(protocols.TSB_AD_SETS))
def test_series_of_tsb_ad_have_its_protocol_under_paper(dataset: str) -> None:
    selection = Selection(detectors=("HBOS", "Proposed", "TimeIndex"))
    one = replace(series(), dataset=dataset)
    assert {t.cell.protocol for t, _ in plan(selection, rows(selection), [one])} == {"tsb-ad"}


def test_untrained_networks_run_when_they_are_asked_for() -> None:
    names = {row.name for row in rows(Selection())}
    everything = {row.name for row in rows(Selection(include_untrained=True))}
    assert everything - names == {n for n, cls in registry.detectors().items() if cls.group == "untrained"} != set()


def test_a_task_knows_what_the_user_set_and_what_bounds_it() -> None:
    one = series(20_000)
    params = {"Proposed": {"epochs": 3}}
    quick = Selection(detectors=("Proposed",), params=params, quick=True)
    ((task, _),) = plan(quick, rows(quick), [one])
    assert (task.explicit, task.quick, task.group, task.n) == (frozenset({"epochs"}), True, "neural", 20_000)
    assert dict(task.cell.params) == registry.load("Proposed").quick | {"epochs": 3}
    assert task.cell.params == tuple(sorted(task.cell.params))
    assert task.cell.data_hash == one.sha256
    assert (task.timeout, task.memory) == (600 + 20_000 / 20, 3072 + 20_000 / 100)
    bounded = Selection(detectors=("AE",), timeout=0.0, memory=5.0)
    ((task, _),) = plan(bounded, rows(bounded), [one])
    assert (task.timeout, task.memory) == (0.0, 5.0)


def test_a_quick_cut_has_three_quarters_of_its_rows_before_the_anomaly() -> None:
    labels = np.zeros(50_000, dtype=np.uint8)
    labels[20_000:20_010] = 1
    train = np.arange(7.0)
    cut = quick_cut(Series("Toy", "toy", np.arange(50_000, dtype=float), labels, "local", train))
    assert (cut.values[0], cut.values[-1]) == (11_000.0, 22_999.0)
    assert (cut.source, cut.train is train) == ("local", True)
    assert np.flatnonzero(cut.labels).tolist() == list(range(9_000, 9_010))


def test_expected_costs_by_hand() -> None:
    """A detector of seconds per fitted and scored point, of linear growth; five rounds on four fifths in crossfit."""
    unknown = UNKNOWN.fit
    assert unknown == UNKNOWN.score
    expected = {
        "tsb-uad": unknown * (1000 + 1000),
        "normal-crossfit": unknown * (5 * 800 + 1000),
        "prefix": unknown * (100 + 1000),
    }
    for protocol, seconds in expected.items():
        assert expected_seconds(Cell("d", "s", "Mine", protocol), 1000) == pytest.approx(OVERHEAD + seconds)
    square = Cost(fit=1e-3, score=0.0, growth=2.0, share=1.0, cap=5_000)
    assert square.seconds(10_000, 10_000) == pytest.approx(1e-3 * 5_000 * 0.5)


def test_a_cost_counts_what_the_protocol_lets_a_detector_fit() -> None:
    for name, cost in costs().items():
        if "@" not in name:
            cell = Cell("d", "s", name, "tsb-uad")
            assert expected_seconds(cell, 1000) == pytest.approx(OVERHEAD + cost.seconds(cost.share * 1000, 1000, 1))
    assert {cost.share for cost in costs().values()} == {0.1, 1.0}


def test_the_first_seed_is_that_of_a_detector_without_randomness() -> None:
    selection = Selection(detectors=("HBOS",), seeds=(4, 2))
    assert [t.cell.seed for t, _ in plan(selection, rows(selection), [series()])] == [4]


def test_what_a_quick_run_sets_is_not_the_users() -> None:
    (row,) = rows(Selection(detectors=("LSTM",), quick=True, params={"LSTM": {"batch_size": 32}}))
    assert dict(row.params).keys() == {"batch_size", "epochs", "max_windows"}
    assert row.explicit == {"batch_size"}


def test_a_cells_random_numbers_depend_on_its_seed_series_and_detector_alone() -> None:
    one = Cell("Toy", "a", "IForest", "tsb-uad", 0)
    same = [replace(one, protocol="prefix"), replace(one, params=(("window", 9),)), replace(one, version="2")]
    others = [replace(one, **{name: value}) for name, value in (("dataset", "T"), ("series", "b"), ("detector", "AE"))]
    assert {cell.random_state for cell in same} == {one.random_state}
    assert len({cell.random_state for cell in (one, replace(one, seed=1), *others)}) == 5
