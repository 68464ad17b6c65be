"""Windows as views, conversion of window scores to points, window estimates, against slow oracles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import MovingStd
from detectors.core import (
    Windows,
    autocorrelation,
    estimate_window,
    moving_sum,
    window_moments,
    windows_to_points,
    z_normalised,
)
from detectors.core.periods import period
from tests.support import naive
from tests.support.golden import GENESIS1, M1, P10, T8, real_series

ALIGNMENTS = ["centre", "start", "end", "mean", "max"]


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 60), window=st.integers(1, 90), align=st.sampled_from(ALIGNMENTS), seed=st.integers(0, 99))
def test_window_scores_reach_points_as_in_the_slow_oracle(n, window, align, seed):
    scores = np.random.default_rng(seed).normal(size=n)
    points = windows_to_points(scores, window, align)
    assert points.shape == (n + window - 1,)
    np.testing.assert_allclose(points, naive.to_points(scores, window, align), atol=1e-12)


@pytest.mark.parametrize("window", [5, 100])
@pytest.mark.parametrize("align", ALIGNMENTS)
def test_one_huge_score_changes_no_point_outside_of_its_window(window, align):
    scores = np.random.default_rng(0).normal(size=1000)
    before = windows_to_points(scores, window, align)
    scores[300] = 1e20
    np.testing.assert_array_equal(windows_to_points(scores, window, align)[300 + window :], before[300 + window :])


def test_the_score_of_a_window_stands_at_its_centre():
    scores = np.zeros(11)
    scores[5] = 1.0  # window of 5 points: rows 5 to 9
    assert np.argmax(windows_to_points(scores, 5)) == 7


def test_an_unknown_alignment_lists_the_known_ones():
    with pytest.raises(ValueError, match="centre, centre-low, start, end, mean, max"):
        windows_to_points(np.zeros(3), 2, "middle")


@settings(deadline=None, max_examples=40)
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=4), window=st.integers(1, 20), rows=st.integers(1, 9))
def test_blocks_and_picks_are_the_windows_of_each_piece(lengths, window, rows):
    rng = np.random.default_rng(0)
    pieces = [rng.normal(size=n) for n in lengths]
    windows = Windows(pieces, window)
    expected = [naive.windows(p, window) for p in pieces if len(p) >= window]
    stacked = np.concatenate(expected) if expected else np.zeros((0, window))
    assert windows.shape == stacked.shape
    seen = np.zeros(len(windows), dtype=int)
    for where, block in windows.chunks(rows):
        np.testing.assert_array_equal(block, stacked[where])
        seen[where] += 1
    assert (seen == 1).all()
    picked = rng.integers(0, max(len(windows), 1), 7 if len(windows) else 0)
    np.testing.assert_array_equal(windows.take(picked), stacked[picked])


def test_windows_are_views():
    x = np.arange(100.0)
    windows = Windows([x], 10)
    assert all(np.shares_memory(block, x) for _, block in windows.chunks())


@settings(deadline=None, max_examples=40)
@given(period=st.floats(2, 500), n=st.integers(8, 1200), noise=st.floats(0.01, 2), seed=st.integers(0, 99))
def test_estimate_is_the_slow_oracles(period, n, noise, seed):
    x = np.sin(2 * np.pi * np.arange(n) / period) + noise * np.random.default_rng(seed).normal(size=n)
    assert estimate_window(x) == naive.find_length(x, 125)


def test_estimate_finds_a_period():
    assert estimate_window(np.sin(2 * np.pi * np.arange(3000) / 40)) in (40, 80, 120, 160, 200, 240, 280)
    assert abs(estimate_window(np.sin(2 * np.pi * np.arange(3000) / 40) * np.exp(-np.arange(3000) / 500)) - 40) <= 1


@pytest.mark.parametrize("x", [np.full(500, 2.0), np.arange(500.0), np.array([1.0, 2.0, 1.0])])
def test_no_period_gives_the_fall_back(x):
    assert estimate_window(x, fallback=100) == 100


def test_only_the_first_points_count():
    x = np.sin(2 * np.pi * np.arange(21_000) / 50)
    changed = x.copy()
    changed[20_000:] = 1e6
    assert estimate_window(x) == estimate_window(changed)


def test_autocorrelation_of_a_constant_is_zero_behind_lag_0():
    np.testing.assert_array_equal(autocorrelation(np.full(20, 3.0), 5), [1, 0, 0, 0, 0, 0])


@pytest.mark.real
@pytest.mark.parametrize(("name", "window"), [(P10, 100), (T8, 100), (M1, 45), (GENESIS1, 100)])
def test_windows_of_the_package_on_real_series(name, window):
    assert estimate_window(real_series(name)[0], fallback=100) == window


def test_moving_sums_are_those_of_each_stretch() -> None:
    x = np.array([0.0, 1, 2, 3, 4])
    np.testing.assert_array_equal(moving_sum(x, 1), x)
    np.testing.assert_array_equal(moving_sum(x, 2), [1, 3, 5, 7])
    np.testing.assert_array_equal(moving_sum(x, 5), [10])


@pytest.mark.parametrize(("period", "window"), [(299, 299), (303, 303), (304, 125)])
def test_the_longest_period_is_303(period: int, window: int) -> None:
    """Index 300 behind lag 3 is the last that counts."""
    x = np.sin(2 * np.pi * np.arange(20_000) / period)
    assert estimate_window(x) == window == naive.find_length(x, 125)


def test_a_sample_has_each_window_once_in_order() -> None:
    drawn = Windows([np.arange(100.0)], 3).sample(60, seed=0)
    assert (np.diff(drawn[:, 0]) > 0).all()
    assert len(drawn) == 60


def test_the_second_period_is_a_longer_one() -> None:
    t = np.arange(500)
    x = np.sin(2 * np.pi * t / 50) + 0.3 * np.sin(2 * np.pi * t / 100)
    heights = autocorrelation(x, 400)
    assert heights[100] > heights[50] > heights[200]
    assert [estimate_window(x, rank=rank) for rank in (1, 2)] == pytest.approx([100, 200], abs=1)


def test_a_period_of_nearly_a_third_of_the_series_outweighs_its_parts() -> None:
    t = np.arange(240)
    assert period(np.sin(2 * np.pi * t / 10) + 0.8 * np.sin(2 * np.pi * t / 70)) == pytest.approx(70, abs=1)


@pytest.mark.parametrize("window", [1, 3, 8])
def test_fewer_points_than_two_windows_hold_are_refused(window: int) -> None:
    detector, x = MovingStd(window), np.arange(window + 1.0) ** 2
    assert len(detector.fit(x).score(x)) == window + 1
    with pytest.raises(ValueError, match=f"at least {window + 1} "):
        MovingStd(window).fit(x[:-1])
    with pytest.raises(ValueError, match="at least 8 "):
        MovingStd().fit(np.arange(7.0))


@pytest.mark.parametrize("value", [0.05, 0.1, 1 / 3, 1e9 + 0.1])
def test_a_window_of_one_value_has_no_deviation_whatever_its_mean_rounds_to(value: float) -> None:
    rows = np.full((3, 53), value)
    assert not z_normalised(rows).any()
    mean, deviation = window_moments(Windows([np.full(60, value)], 53))
    assert (mean == value).all()
    assert (deviation == 1).all()


def test_fitted_again_the_window_is_that_of_the_new_series() -> None:
    short, long = np.sin(np.arange(900) / 4), np.sin(np.arange(900) / 9)
    detector = MovingStd().fit(short)
    before = detector.window_
    assert detector.fit(long).window_ == MovingStd().fit(long).window_ != before
