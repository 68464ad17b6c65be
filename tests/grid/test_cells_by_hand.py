"""The rules of every protocol, on cells whose rows, scores and figures are computed by hand."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark import metrics
from benchmark.execution import execute, execute_together, warm_up
from benchmark.execution.runner import keep
from benchmark.grid import Cell, Outcome, protocols
from benchmark.grid.protocols import PROTOCOLS
from benchmark.store import Store, evaluate
from datasets.core.base import Series
from detectors import estimate_window
from tests.support import toys
from tests.support.toys import rows, spans, task

OPEN = [name for name, protocol in PROTOCOLS.items() if not protocol.published_rows_only]


class Everything(set[object]):
    """Holds whatever is asked for: every detector counts as warmed up, so that only the cell itself is seen."""

    def __contains__(self, _: object) -> bool:
        return True


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_up, "_warm", Everything())
    for seen in (toys.Echo.fitted, toys.Echo.scored, toys.Echo.configured, toys.Windowless.fitted):
        seen.clear()


# -- scores stand on their rows ------------------------------------------------------------------


@pytest.mark.parametrize("protocol", OPEN)
@pytest.mark.parametrize("name", ["Echo", "Normal"])
def test_each_point_keeps_its_own_score(protocol: str, name: str) -> None:
    one = rows(train=100)
    outcome = execute(task(name, protocol, one, window=20), one)
    assert outcome.status == "ok", outcome.reason
    np.testing.assert_array_equal(outcome.scores, np.arange(1000.0))
    assert (outcome.first_row, outcome.n, outcome.n_anomalous, outcome.window) == (0, 1000, 20, 20)


def test_the_first_row_that_a_protocol_drops_is_missing_in_front() -> None:
    outcome = execute(task("LOF", "authors-csv", rows(), window=20), rows())
    assert outcome.first_row == 1
    np.testing.assert_array_equal(outcome.scores, np.arange(1.0, 1000.0))
    assert spans(toys.Echo.fitted[0]) == spans([toys.Echo.scored[0]]) == [(1, 1000)]


def test_every_rule_of_one_fit_keeps_its_rows() -> None:
    from benchmark.execution import scores_by

    found = scores_by(task("Echo", "normal-crossfit", rows(), window=20), rows(), [{"align": "end"}, {"align": "max"}])
    assert [first for first, _ in found] == [0, 0]
    for _, scores in found:
        np.testing.assert_array_equal(scores, np.arange(1000.0))


# -- which rows fit sees -------------------------------------------------------------------------

NORMAL = [(0, 300), (310, 650), (660, 1000)]
FITTED = {
    ("tsb-uad", "Echo"): [[(0, 1000)]],
    ("tsb-uad", "Nothing"): [[(0, 1000)]],
    ("tsb-uad", "Normal"): [[(0, 100)]],
    ("tsb-uad-package", "Echo"): [[(0, 1000)]],
    ("tsb-uad-package", "Normal"): [[(0, 100)]],
    ("normal-only", "Echo"): [NORMAL],
    ("normal-only", "Normal"): [NORMAL],
    ("prefix", "Echo"): [[(0, 100)]],
    ("prefix", "Normal"): [[(0, 100)]],
    ("tsb-uad:first_row=100", "Normal"): [[(100, 190)]],
}
# Blocks of 200 points, a gap of one window of 20 on each side; anomalous rows left out.
CROSSFIT = [
    [(220, 300), (310, 650), (660, 1000)],
    [(0, 180), (420, 650), (660, 1000)],
    [(0, 300), (310, 380), (620, 650), (660, 1000)],
    [(0, 300), (310, 580), (820, 1000)],
    [(0, 300), (310, 650), (660, 780)],
]


@pytest.mark.parametrize(("protocol", "name"), FITTED)
def test_fit_sees_these_rows(protocol: str, name: str) -> None:
    outcome = execute(task(name, protocol, rows(), window=20), rows())
    seen = {row for part in FITTED[protocol, name] for span in part for row in range(*span)}
    assert [spans(pieces) for pieces in toys.Echo.fitted] == FITTED[protocol, name]
    anomalous = len(seen & {*range(300, 310), *range(650, 660)})
    assert (outcome.n_fit, outcome.n_fit_anomalous) == (len(seen), anomalous)


def test_crossfit_fits_five_times_and_scores_each_block_with_its_margins() -> None:
    outcome = execute(task("Normal", "normal-crossfit", rows(), window=20), rows())
    assert [spans(pieces) for pieces in toys.Echo.fitted] == CROSSFIT
    assert spans(toys.Echo.scored) == [(0, 220), (180, 420), (380, 620), (580, 820), (780, 1000)]
    assert outcome.n_fit == 980


@pytest.mark.parametrize("count", [1, 2])
def test_models_that_learn_side_by_side_score_the_block_that_they_have_not_seen(count: int) -> None:
    tasks, series = [task("Mean", "normal-crossfit", rows(), seed=k, window=20) for k in range(count)], [rows()] * count
    means = [np.mean([row for span in fitted for row in range(*span)]) for fitted in CROSSFIT]
    for outcome in execute_together(tasks, series):
        assert outcome.status == "ok", outcome.reason
        np.testing.assert_allclose(outcome.scores, np.repeat(means, 200))


def test_crossfit_of_a_dropped_row_begins_behind_it() -> None:
    execute(task("Normal", "normal-crossfit:first_row=100", rows(), window=10), rows())
    assert spans(toys.Echo.scored)[:2] == [(100, 290), (270, 470)]
    assert spans(toys.Echo.fitted[1])[0] == (100, 270)


def test_a_detector_without_a_window_gets_the_gap_of_the_protocols() -> None:
    """Row numbers have no period, so that the fall-back of the published rule, 125, is the gap."""
    execute(task("Windowless", "normal-crossfit", rows()), rows())
    assert spans(toys.Windowless.fitted[1])[:2] == [(0, 75), (525, 650)]


@pytest.mark.parametrize("protocol", OPEN)
def test_these_alone_fit_a_shipped_training_series(protocol: str) -> None:
    one = rows(train=50)
    outcome = execute(task("Normal", protocol, one, window=20), one)
    uses = spans(toys.Echo.fitted[0]) == [(-50, 0)]
    assert uses == (protocol in ("prefix", "tsb-ad"))
    assert not uses or (outcome.n_fit, outcome.n_fit_anomalous) == (50, 0)


# -- windows and parameters ----------------------------------------------------------------------


def waves(dataset: str = "Toy", name: str = "waves", n: int = 3000, periods: tuple[int, int] = (40, 40)) -> Series:
    """A sine, its first tenth of another period than the rest."""
    head = 0.2 * np.sin(2 * np.pi * np.arange(n // 10) / periods[0])
    values = np.concatenate([head, np.sin(2 * np.pi * np.arange(n - n // 10) / periods[1])])
    labels = np.zeros(n, dtype=np.uint8)
    labels[n // 2 : n // 2 + 5] = 1
    return Series(dataset, name, values, labels)


def configured(protocol: str, series: Series, name: str = "LOF", **params: object) -> dict[str, object]:
    execute(task(name, protocol, series, **params), series)
    return toys.Echo.configured[-1]


@pytest.mark.parametrize("protocol", ["tsb-uad", "tsb-uad-package", "normal-only", "authors-csv"])
def test_the_window_is_the_period_of_the_whole_series(protocol: str) -> None:
    assert configured(protocol, waves(periods=(70, 40)))["window"] == 40


def test_prefix_knows_the_period_of_its_first_tenth_only_at_most_a_quarter_of_it() -> None:
    assert configured("prefix", waves(periods=(70, 40)))["window"] == 70
    assert configured("prefix", waves(periods=(90, 40)))["window"] == 75
    trained = replace(waves(periods=(70, 40)), train=np.sin(2 * np.pi * np.arange(400) / 55))
    assert configured("prefix", trained)["window"] == 55


def test_without_a_period_the_fall_back_is_each_protocols_own() -> None:
    fall_backs = dict.fromkeys(("tsb-uad", "authors-csv", "normal-only", "normal-crossfit"), 125)
    fall_backs["tsb-uad-package"] = 100
    assert {name: configured(name, rows())["window"] for name in fall_backs} == fall_backs


def test_the_authors_windows() -> None:
    authors = "authors-csv"
    assert configured(authors, waves("MGAB"))["window"] == 48
    assert configured(authors, waves("Dodgers"))["window"] == 40
    assert configured(authors, waves("NASA-MSL", periods=(60, 60)))["window"] == 60
    assert configured(authors, waves("NASA-MSL"))["window"] == 125  # a period below 48 gives way
    assert configured(authors, waves("NASA-MSL", n=2001))["window"] == 100  # n / 20 of the rows behind the first
    own = {"D-14.test.out": 125, "S-2.test.out": 1, "T-5.test.out": 1}
    assert {name: configured(authors, waves("NASA-MSL", name, 1000))["window"] for name in own} == own
    spoilt = waves("Dodgers")
    values = spoilt.values.copy()
    values[0] = 1e6  # beside which no period is seen
    assert configured(authors, replace(spoilt, values=values))["window"] == 40


def test_parameters_of_the_published_runs() -> None:
    assert configured("authors-csv", waves("MGAB"))["n_neighbors"] == 15
    assert configured("authors-csv", waves("Dodgers"))["n_neighbors"] == 20
    assert configured("authors-csv", waves("MGAB"), n_neighbors=7)["n_neighbors"] == 7
    lookahead = {"scaling": "lookahead"}
    forecasters = dict.fromkeys(("CNN", "LSTM", "UntrainedCNN", "UntrainedLSTM"), lookahead)
    assert PROTOCOLS["tsb-uad"].overrides == forecasters
    package = {"MP": {"constants": "zero"}, "POLY": {"stretch": True}}
    assert PROTOCOLS["tsb-uad-package"].overrides == forecasters | package
    authors = {"POLY": {"window": 20, "stretch": True}, "LOF on MGAB": {"n_neighbors": 15}}
    assert PROTOCOLS["authors-csv"].overrides == forecasters | authors


def test_the_more_special_override_wins() -> None:
    special = replace(PROTOCOLS["tsb-uad"], overrides={"LOF on Toy": {"n_neighbors": 3}, "LOF": {"n_neighbors": 4}})
    detector = toys.LOF()
    special.configure(detector, waves())
    assert detector.n_neighbors == 3


def test_what_a_user_sets_no_protocol_overrides() -> None:
    assert configured("tsb-uad:align=end", waves(), window=33, align="start") == {
        "window": 33,
        "align": "start",
        "n_neighbors": 20,
    }
    assert configured("tsb-uad:align=end", waves())["align"] == "end"


def test_a_window_and_an_alignment_of_a_detectors_own_stay() -> None:
    class Own(toys.Echo):
        def __init__(self, window: int = 77, align: str = "max") -> None:
            super().__init__(window, align)

    for protocol in PROTOCOLS.values():
        detector = Own()
        protocol.configure(detector, waves())
        assert detector.get_params() == {"window": 77, "align": "max"}


def test_a_window_that_the_fitted_part_cannot_hold_is_halved_and_noted() -> None:
    class Long(toys.Echo):
        def min_length(self) -> int:
            return int(self.window)

    toys.Long = Long  # type: ignore[attr-defined]
    outcome = execute(task("Long", "prefix", rows(), window=300), rows())
    assert outcome.extra["note"] == "window 300 cut to 50: the longest fitted piece has 100 points"
    assert outcome.window == 50


def test_the_authors_files_hold_twelve_rows_and_not_the_proposed_one() -> None:
    from benchmark.catalogue import published_order

    *baselines, proposed = published_order()
    assert (len(baselines), proposed) == (12, "Proposed")
    for name in ("Echo", "Proposed"):
        mine = task(name, "authors-csv", rows(), window=20)
        if name == "Proposed":
            mine = replace(mine, spec="Proposed")
        outcome = execute(mine, rows())
        assert outcome.status == "skipped"
        assert "twelve baselines" in outcome.reason


def test_times_of_all_rounds_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that moves by one second whenever it is read: five fits and five scorings take one each."""
    ticks = iter(range(1000))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(ticks)))
    outcome = execute(task("Normal", "normal-crossfit", rows(), window=20), rows())
    assert (outcome.fit_seconds, outcome.score_seconds) == (5.0, 5.0)


# -- one source of randomness at a time ----------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_the_cells_seed_reaches_a_detectors_own(seed: int) -> None:
    mine = task("Seeded", "tsb-uad", rows(), seed)
    assert execute(mine, rows()).scores[0] == mine.cell.random_state  # type: ignore[index]


def test_a_seed_that_the_user_sets_stays() -> None:
    assert execute(task("Seeded", "tsb-uad", rows(), 3, random_state=7), rows()).scores[0] == 7  # type: ignore[index]


def numpys(seed: int) -> np.ndarray:
    return np.random.RandomState(seed).random_sample(1000)


def pythons(seed: int) -> np.ndarray:
    generator = random.Random(seed)
    return np.array([generator.random() for _ in range(1000)])


def torchs(seed: int) -> np.ndarray:
    import torch

    return torch.rand(1000, generator=torch.Generator().manual_seed(seed)).numpy().astype(float)


@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize(
    ("name", "draw"), [("GlobalNumpy", numpys), ("GlobalPython", pythons), ("GlobalTorch", torchs)]
)
def test_the_cells_seed_reaches_each_global_generator(name: str, draw: Callable[[int], np.ndarray], seed: int) -> None:
    import torch  # noqa: F401 - loaded, as it is after a detector of torch was warmed up

    mine = task(name, "tsb-uad", rows(), seed)
    np.testing.assert_array_equal(execute(mine, rows()).scores, draw(mine.cell.random_state))


def test_a_cells_seed_depends_on_its_series_detector_and_seed_alone() -> None:
    base = Cell("d", "s", "LOF", "tsb-uad", 0, (("window", 5),), "1", "hash", "local")
    alike = [
        replace(base, protocol="prefix"),
        replace(base, params=()),
        replace(base, version="2"),
        replace(base, data_hash="other"),
        replace(base, source="cache"),
    ]
    assert {cell.random_state for cell in alike} == {base.random_state}
    others = [replace(base, **{name: "x"}) for name in ("dataset", "series", "detector")] + [replace(base, seed=1)]
    assert len({cell.random_state for cell in [base, *others]}) == 5


# -- figures by hand -----------------------------------------------------------------------------


def by_pairs(labels: np.ndarray, scores: np.ndarray) -> float:
    gaps = scores[labels == 1][:, None] - scores[labels == 0][None, :]
    return float(((gaps > 0) + 0.5 * (gaps == 0)).mean())


@pytest.fixture
def measured(tmp_path: Path) -> Iterator[tuple[Store, Series, Cell]]:
    """A cell under ``authors-csv``: its first row dropped, its scores rounded to two decimals."""
    values = 0.5 + 0.004 * np.sin(2 * np.pi * np.arange(600) / 40)
    values[:2], labels = (0.0, 1.0), np.zeros(600, dtype=np.uint8)
    labels[[0, 77, 250, 251, 252, 599]] = 1
    one = Series("own", "hand", values, labels)
    mine = task("LOF", "authors-csv", one, window=20)
    with Store(tmp_path / "s.sqlite", write=True) as store:
        store.put_series(one)
        keep(store, mine, execute(mine, one))
        yield store, one, mine.cell


def test_a_cell_is_measured_on_its_own_rows_as_its_protocol_says(measured: tuple[Store, Series, Cell]) -> None:
    store, one, _ = measured
    labels, values = one.labels[1:], one.values[1:]
    taken = np.round((values - values.min()) / (values.max() - values.min()), 2)
    assert store.frame()["auroc"].item() == pytest.approx(by_pairs(labels, taken), abs=1e-12)
    assert by_pairs(labels, taken) != pytest.approx(by_pairs(labels, values), abs=1e-3), "rounding must matter here"
    evaluate.fill(store, ["vus_pr", "auprc"])
    period = estimate_window(one.values)
    assert period == 40
    frame = store.frame()
    for name in ("vus_pr", "auprc"):
        assert frame[name].item() == pytest.approx(metrics.METRICS[name](labels, taken, period), abs=1e-12)


def test_its_figures_are_borne_out_again(measured: tuple[Store, Series, Cell]) -> None:
    from benchmark.store.exchange import verify

    store, _, cell = measured
    evaluate.fill(store, ["vus_pr"])
    found = verify(store)
    assert (found.cells, found.damaged, found.differing) == (1, [], [])
    store.put_metrics([(cell.key, "vus_pr", store.frame()["vus_pr"].item() + 1e-6, "")])
    assert len(verify(store).differing) == 1


def test_what_is_kept_of_an_outcome(tmp_path: Path) -> None:
    one = rows()
    mine = replace(task("Echo", "tsb-uad", one), quick=True, group="neural")
    with Store(tmp_path / "s.sqlite", write=True) as store:
        store.put_series(one)
        store.begin_run("the command", {})
        keep(store, mine, Outcome("ok", scores=one.values, window=7, fit_seconds=2.0, score_seconds=3.0, peak_mb=4.0))
        row = store.frame().iloc[0]
        assert (row["quick"], row["group"], row["window"], row["run_id"]) == (True, "neural", 7, 1)
        assert (row["fit_seconds"], row["score_seconds"], row["peak_mb"]) == (2.0, 3.0, 4.0)
        assert store.extra(mine.cell.key)["spec"] == "tests.support.toys:Echo"


def test_every_protocols_version_is_in_its_cells() -> None:
    from benchmark.grid.plan import protocol_version

    versions = {name: protocol_version(name, "PCA") for name in PROTOCOLS}
    assert versions == {
        **dict.fromkeys(PROTOCOLS, ""),
        "tsb-uad-package": "-p2",
        "authors-csv": "-p3",
    }
    assert protocols.get("authors-csv:decimals=none").name == "authors-csv:decimals=none"
