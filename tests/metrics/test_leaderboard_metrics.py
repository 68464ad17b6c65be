"""The leaderboard's nine metrics equal those of its authors' code, by recorded figures and the package."""

from __future__ import annotations

import csv
import math
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmark import metrics
from benchmark.adapters.tsb_ad import TSB_AD
from benchmark.leaderboard import METRICS
from tests.support import leaderboard_cases
from tests.support.leaderboard_cases import Case, cases

CASES = {case.name: case for case in cases()}
RECORD = Path(__file__).parents[1] / "support" / "leaderboard_metrics.csv"  # TSB-AD 1.5, scikit-learn 1.5.2


def recorded() -> dict[str, list[float]]:
    with RECORD.open() as file:
        return {row.pop("case"): [float(value) for value in row.values()] for row in csv.DictReader(file)}


def assert_equal_to(case: Case, theirs: list[float]) -> None:
    found = metrics.evaluate(case.labels, case.scores, case.window, METRICS.values())
    for (title, name), value in zip(METRICS.items(), theirs, strict=True):
        assert found[name].value == pytest.approx(value, abs=1e-6, nan_ok=True), (case.name, title)
        assert bool(found[name].reason) == math.isnan(value)


def by_their_code(folder: Path, given: list[Case]) -> list[list[float]]:
    """Figures of the authors' package, in its own environment."""
    arrays = {f"{key}{k}": getattr(case, key) for k, case in enumerate(given) for key in ("labels", "scores", "window")}
    np.savez(folder / "cases.npz", **arrays)
    line = [
        str(TSB_AD.environment.folder / "bin" / "python"),
        "-W",
        "ignore",
        leaderboard_cases.__file__,
        str(folder / "cases.npz"),
    ]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    return [[float(value) for value in text.split()[1:]] for text in done.stdout.splitlines()]


def test_the_record_has_every_case_and_no_two_alike() -> None:
    assert list(recorded()) == list(CASES)
    assert len(CASES) == 50
    assert len({tuple(map(str, figures)) for figures in recorded().values()}) > 45  # constant scores share some


def test_the_lowest_step_is_a_threshold_too() -> None:
    """Scores below the second of 100 steps: only the first parts them from the least one."""
    labels, scores = np.array([0, 0, 1, 0, 1, 1]), np.array([0.0, 0.0, 0.005, 0.0, 0.005, 1.0])
    for name in ("tsb_ad_pa_f1", "tsb_ad_event_f1", "tsb_ad_range_f1", "tsb_ad_affiliation_f"):
        assert metrics.METRICS[name](labels, scores) == pytest.approx(1.0), name


def test_an_event_at_the_end_lacks_its_last_row_as_in_their_code() -> None:
    labels = np.array([0, 1, 0, 0, 0, 1])
    found = metrics.METRICS["tsb_ad_event_f1"](labels, np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0]))
    assert found == 0.0  # flagged, and not found
    found = metrics.METRICS["tsb_ad_event_f1"](labels, np.array([0.0, 1.0, 0.0, 0.0, 0.0, 1.0]))
    assert found == pytest.approx(2 * 0.5 / 1.5)  # one of two events, every flagged row right


@pytest.mark.parametrize("name", CASES)
def test_each_metric_is_that_on_record(name: str) -> None:
    assert_equal_to(CASES[name], recorded()[name])


@pytest.mark.parametrize("metric", METRICS.values())
def test_without_an_anomaly_none_has_a_value(metric: str) -> None:
    found = metrics.evaluate(np.zeros(9), np.arange(9.0), 3, [metric])[metric]  # scikit-learn refuses theirs
    assert math.isnan(found.value)
    assert "all 9 labels are 0" in found.reason


@pytest.mark.slow
@pytest.mark.skipif(not TSB_AD.environment.made, reason="needs python -m benchmark environment tsb-ad")
def test_each_metric_is_that_of_the_authors_code_now(tmp_path: Path) -> None:
    fresh = [case._replace(scores=np.roll(case.scores, 3)) for case in CASES.values()]
    for case, theirs in zip(fresh, by_their_code(tmp_path, fresh), strict=True):
        assert_equal_to(case, theirs)


@pytest.mark.slow
@pytest.mark.skipif(not TSB_AD.environment.made, reason="needs python -m benchmark environment tsb-ad")
def test_each_metric_is_that_of_the_authors_code_on_scores_of_real_series(
    tmp_path: Path, real_scores: list[Case]
) -> None:
    for case, theirs in zip(real_scores, by_their_code(tmp_path, real_scores), strict=True):
        assert_equal_to(case, theirs)


@pytest.fixture
def real_scores() -> list[Case]:
    """Moving standard deviation and SR on two short series of the leaderboard."""
    from benchmark.catalogue import build
    from benchmark.system.settings import data_dir
    from datasets import iter_series

    folder = data_dir()
    if folder is None or not (folder / "TSB-AD-U").is_dir():
        pytest.skip("needs files of TSB-AD-U in BENCHMARK_DATA")
    found = []
    for series in iter_series("TSB-AD-U", data_dir=folder, announce=str):
        if len(series) < 2500:
            for detector in ("MovingStd", "SR"):
                scores = build(detector, {}).fit(series.values).score(series.values)
                scaled = (scores - scores.min()) / np.ptp(scores)
                found.append(Case(f"{detector} {series.name}", series.labels.astype(np.int64), scaled, 20))
    return found[:6]
