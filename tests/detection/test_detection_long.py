"""Long series: fitted on a sample, scored in parts, within the time budget."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmark.detection import Options, detect, report, scoring
from benchmark.detection.conventions import TRIVIAL, build, choose_window, seconds
from benchmark.detection.ranking import excerpt
from benchmark.reading import Recording


def wave(n: int) -> np.ndarray:
    return np.sin(np.arange(n) * 2 * np.pi / 50) + np.random.default_rng(0).normal(0, 0.05, n)


def recording(values: np.ndarray) -> Recording:
    return Recording("mine", "value", values, np.zeros(len(values), dtype=bool))


@pytest.mark.parametrize("name", ["HBOS", "PCA", "NormA", "AbsDeviation", "MovingStd"])
def test_parts_are_scored_like_the_whole(name: str) -> None:
    x = wave(4000)
    x[3000:3010] += 3
    detector = build(name, 50).fit(x[:2000])
    parts = [slice(0, 1500), slice(1500, 1600), slice(1600, 4000)]
    whole = detector.score(x)
    assert np.allclose(scoring.score_parts(detector, x, parts, 50, float(np.median(x))), whole, rtol=1e-6, atol=1e-9)


def test_the_sample_is_spread_over_a_long_series() -> None:
    x = np.arange(1_000_000, dtype=np.float64)
    pieces = scoring.sample(x)
    assert sum(map(len, pieces)) == scoring.LONG
    assert (pieces[0][0], pieces[-1][-1]) == (0, 999_999)
    assert len(scoring.sample(x[: scoring.LONG])) == 1


def test_the_first_and_last_rows_do_not_scatter() -> None:
    detector = build("MovingStd", 80)
    x = wave(1000)
    raw = detector.fit(x).score(x)
    level = scoring.fit_score(detector, x, 80)
    assert np.array_equal(level[20:-20], raw[20:-20])
    assert set(level[:20]) == {raw[20]}
    assert set(level[-20:]) == {raw[-21]}


def test_a_window_fits_into_a_piece_of_a_long_series() -> None:
    x = np.sin(np.arange(300_000) * 2 * np.pi / 8640) + np.random.default_rng(0).normal(0, 0.1, 300_000)
    assert choose_window(x) == len(scoring.sample(x)[0]) // 2
    assert abs(choose_window(x[:100_000]) - 8640) < 900


def test_costs_grow_with_rows_and_window() -> None:
    for name in ("PCA", "HBOS", "IForest", "LOF"):
        costs = [seconds(name, n, w) for n, w in ((1000, 50), (20_000, 50), (20_000, 400))]
        assert costs == sorted(costs)
    assert excerpt(50) == 3000
    assert excerpt(1000) == 12_000


def test_a_million_rows_are_scored_within_the_budget_and_the_event_is_found() -> None:
    x = np.tile(wave(10_000), 100) + np.random.default_rng(1).normal(0, 0.05, 1_000_000)
    x[700_000:700_040] += 2
    finding = detect(recording(x), Options(budget=5.0))
    best = finding.alerts[0]
    assert best.flagged
    assert 699_990 <= best.start < best.stop <= 700_050
    assert sum(seconds(name, len(x), finding.window) for name in finding.detectors if name not in TRIVIAL) <= 3.0
    notes = " ".join(finding.notes)
    assert "fitted to 100,000 rows in 20 pieces" in notes
    assert "Left out" in notes


@pytest.mark.parametrize(
    ("times", "first", "last"),
    [
        (pd.date_range("2026-01-01", periods=3, freq="h"), "2026-01-01 00:00:00", "2026-01-01 02:00:00"),
        (pd.date_range("2026-01-01", periods=3, freq="250ms"), "2026-01-01 00:00:00.000", "2026-01-01 00:00:00.500"),
        (
            pd.date_range("2026-01-01", periods=3, freq="D", tz="+02:00"),
            "2026-01-01 00:00:00+02:00",
            "2026-01-03 00:00:00+02:00",
        ),
    ],
)
def test_times_of_the_scores_are_text(times: pd.DatetimeIndex, first: str, last: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    found = Recording("mine", "value", np.ones(3), np.zeros(3, dtype=bool), times=pd.Series(times))
    finding = detect(found)
    report.write(finding, tmp_path)
    frame = pd.read_csv(tmp_path / "scores.csv", dtype=str)
    assert (frame["time"].iloc[0], frame["time"].iloc[-1]) == (first, last)


def test_parts_of_a_series_are_scored_as_in_the_whole() -> None:
    x = np.sin(np.arange(900) / 7) + 0.1 * np.random.default_rng(0).normal(size=900)
    detector = build("MovingStd", 20).fit(x)
    parts = [slice(100, 180), slice(300, 420), slice(880, 900)]
    expected = np.concatenate([detector.score(x)[part] for part in parts])
    np.testing.assert_allclose(scoring.score_parts(detector, x, parts, 20, 0.0), expected, rtol=1e-12)
