"""The engineer's door: planted anomalies, ranking, flags, and what is left behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.cli import main
from benchmark.detection.detect import detect, runners_up, stretches
from benchmark.detection.planted import KINDS, plant
from benchmark.detection.report import peaks
from benchmark.reading import Recording
from tests.support.series import sine

FEW = ("IForest", "PCA", "MovingStd", "AbsDeviation")


def recording(values: np.ndarray, labels: np.ndarray | None = None) -> Recording:
    return Recording("mine", "value", values, np.zeros(len(values), dtype=bool), labels=labels)


@pytest.mark.parametrize("kind", KINDS)
def test_planting_changes_exactly_what_it_labels(kind: str) -> None:
    x = sine(1500)
    planted = plant(x, kind, length=40, count=4, seed=3)
    changed = planted.values != x
    assert planted.labels.any()
    assert not changed[planted.labels == 0].any()
    assert changed.any()
    again = plant(x, kind, length=40, count=4, seed=3)
    assert np.array_equal(planted.values, again.values)


def test_nothing_is_labelled_where_nothing_changes() -> None:
    assert not plant(np.ones(1000), "flat line", 40, 4, 0).labels.any()


def test_a_planted_anomaly_of_ones_own_is_found() -> None:
    x = sine(1500)
    x[700:720] += 3
    finding = detect(recording(x), FEW)
    best = finding.stretches[0]
    assert best.flagged
    assert best.start < 720 + 25
    assert best.stop > 700 - 25
    assert finding.ranking.order[0] == finding.detector
    assert not finding.ranking.reason


def test_labels_in_the_file_decide_the_ranking() -> None:
    x = sine(1500)
    labels = np.zeros(len(x), dtype=np.uint8)
    x[700:720] += 3
    labels[700:720] = 1
    finding = detect(recording(x, labels), FEW)
    assert finding.ranking.basis == "the file's labels"


def test_a_constant_series_has_nothing_to_find() -> None:
    finding = detect(recording(np.full(300, 4.0)))
    assert not finding.flags.any()
    assert "constant" in " ".join(finding.notes)


def test_ten_rows_get_an_answer_without_a_ranking() -> None:
    x = np.arange(10.0)
    x[4] = 50
    finding = detect(recording(x), contamination=0.1)
    assert finding.stretches[0].peak == 4
    assert "too few" in finding.ranking.reason
    assert "No ranking is supported" in " ".join(finding.notes)


def test_noise_supports_no_ranking_when_only_blind_detectors_are_asked() -> None:
    finding = detect(recording(sine(1500)), ("RandomScore", "TimeIndex"))
    assert "hardly better than chance" in finding.ranking.reason


def test_filled_rows_are_never_flagged() -> None:
    x = sine(1500)
    filled = np.zeros(len(x), dtype=bool)
    filled[700:720] = True
    x[700:720] += 9
    finding = detect(Recording("mine", "value", x, filled), ("AbsDeviation",))
    assert not finding.flags[filled].any()


def test_stretches_join_close_rows_and_rank_by_peak() -> None:
    scores = np.zeros(100)
    scores[[10, 13, 60]] = [2, 3, 5]
    found = stretches(scores, scores > 1, window=10)
    assert [(s.start, s.stop, s.peak) for s in found] == [(60, 61, 60), (10, 14, 13)]


def test_runners_up_keep_a_window_apart_from_what_is_taken() -> None:
    scores = np.zeros(200)
    scores[[50, 55, 120]] = [9, 8, 7]
    taken = np.zeros(200, dtype=bool)
    taken[50] = True
    assert [s.peak for s in runners_up(scores, taken, window=10)] == [120]


def test_decimation_keeps_every_extreme() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=10_000)
    y[4321], y[1234] = 99, -99
    kept = peaks(y, 100)
    assert {4321, 1234} <= set(kept.tolist())
    assert len(kept) <= 200
    assert np.array_equal(peaks(y[:50], 100), np.arange(50))


def test_the_command_leaves_page_picture_and_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = sine(1500)
    x[700:720] += 3
    file = tmp_path / "a|b <i>.csv"
    pd.DataFrame({"time": pd.date_range("2026-01-01", periods=len(x), freq="h"), "v$_1": x}).to_csv(file, index=False)
    assert main(["detect", str(file), "--detector", "PCA"]) == 0
    folder = tmp_path / "a|b <i>-anomalies"
    assert {p.name for p in folder.iterdir()} == {"report.md", "picture.png", "anomalies.csv", "scores.csv"}
    scores = pd.read_csv(folder / "scores.csv")
    assert list(scores.columns) == ["row", "time", "value", "score", "anomalous"]
    assert len(scores) == len(x)
    page = (folder / "report.md").read_text()
    assert "<i>" not in page
    assert page in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.csv"], "no file nowhere.csv"),
        (["nowhere.csv", "--contamination", "2"], "between 0 and 0.5"),
        (["nowhere.csv", "--detector", "LOFF"], "did you mean LOF"),
        (["nowhere.csv", "--detectr", "LOF"], "did you mean --detector"),
    ],
)
def test_wrong_use_is_one_message_and_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", *arguments]) == 2
    assert message in capsys.readouterr().err
