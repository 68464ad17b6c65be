"""HBOS against numpy's histograms, PyOD, and published figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyod.models.hbos import HBOS as PyodHBOS
from sklearn.metrics import roc_auc_score

from detectors.core.windows import Windows
from detectors.hbos import HBOS
from tests.support import naive
from tests.support.golden import GENESIS1, P10, auroc_as_published, real_series


def window_scores(detector, x):
    return detector._score_windows(Windows([x], detector.window_))


@settings(deadline=None, max_examples=30)
@given(
    window=st.integers(1, 12),
    levels=st.sampled_from([1, 2, 3, 11, 1000]),
    low=st.sampled_from([-1.0, 0.0, 0.1, 1e6]),
    seed=st.integers(0, 99),
)
def test_scores_are_the_slow_oracles(window, levels, low, seed):
    x = low + np.random.default_rng(seed).integers(0, levels, 80) / max(levels - 1, 1)
    np.testing.assert_allclose(window_scores(HBOS(window).fit(x), x), naive.hbos(x, window), atol=1e-8)


def test_other_series_score_as_with_pyod():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=600), 2 * rng.normal(size=400)  # y reaches far outside of what was fitted
    theirs = PyodHBOS(n_bins=10, alpha=0.1, tol=0.5).fit(naive.windows(x, 9))
    ours = window_scores(HBOS(9).fit(x), y)
    np.testing.assert_allclose(ours, theirs.decision_function(naive.windows(y, 9)), atol=1e-8)


def test_pieces_add_up_to_one_histogram():
    x = np.random.default_rng(1).normal(size=300)
    rows = np.concatenate([naive.windows(x[:90], 7), naive.windows(x[100:], 7)])
    detector = HBOS(7).fit([x[:90], x[100:]])
    for j in range(7):
        density, edges = np.histogram(rows[:, j], bins=10, density=True)
        np.testing.assert_allclose(detector.edges_[j], edges)
        np.testing.assert_allclose(detector.log_density_[j], np.log2(density + 0.1))


def test_equal_windows_tie():
    x = np.tile([0.0, 1.0, 2.0, 1.0], 50)
    assert len(np.unique(window_scores(HBOS(4).fit(x), x))) <= 4


@pytest.mark.parametrize("level", [1.0, -1.0, 1e16, 1e149, 1e-300, 0.0])
def test_a_range_of_a_few_roundings_is_widened_like_an_empty_one(level):
    step = max(np.spacing(abs(level)), 5e-324)
    x = level + np.random.default_rng(0).integers(0, 3, 200) * step
    assert np.ptp(window_scores(HBOS(8).fit(x), x)) < 1e-6
    assert np.isfinite(HBOS(8).fit(np.full(50, level)).score(x)).all()


@pytest.mark.real
@pytest.mark.parametrize(("name", "window", "figure"), [(P10, 100, 0.969393), (GENESIS1, 100, 0.672235)])
def test_figures_of_the_package(name, window, figure):
    x, labels = real_series(name)
    assert roc_auc_score(labels, HBOS(window).fit(x).score(x)) == pytest.approx(figure, abs=0.002)


@pytest.mark.real
def test_figure_of_the_authors():
    x, labels = real_series(GENESIS1, first_row=1)
    assert auroc_as_published(labels, HBOS(125).fit(x).score(x)) == pytest.approx(0.566721, abs=0.0005)
