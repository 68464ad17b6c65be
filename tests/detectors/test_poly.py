"""POLY against one least-squares fit per block, and against published figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from detectors.poly import POLY
from tests.support import naive
from tests.support.golden import GENESIS1, M1, P10, auroc_as_published, real_series


@settings(deadline=None, max_examples=30)
@given(n=st.integers(60, 1500), window=st.integers(2, 30), stretch=st.booleans(), seed=st.integers(0, 99))
def test_scores_are_the_slow_oracles(n, window, stretch, seed):
    x = np.cumsum(np.random.default_rng(seed).normal(size=n))
    ours = POLY(window, stretch=stretch).fit(x).score(x)
    np.testing.assert_allclose(ours, naive.poly(x, window, stretch=stretch), atol=1e-7)


def test_a_cubic_leaves_nothing():
    t = np.linspace(-1, 1, 3000)
    x = 1e6 + 3 * t**3 - t
    assert np.abs(POLY(20).fit(x).score(x)).max() < 1e-7


def test_the_scores_do_not_depend_on_where_the_series_begins():
    """Rank-deficient fits at absolute rows would: blocks far from the origin equal blocks near it."""
    part = np.random.default_rng(0).normal(size=1000)
    long = POLY(20).fit(part).score(np.tile(part, 60))
    np.testing.assert_allclose(long[2000:3000], long[50_000:51_000], atol=1e-12)


def test_the_first_points_score_nothing():
    x = np.random.default_rng(0).normal(size=6000)
    assert not POLY(30).fit(x).score(x)[:510].any()
    assert POLY(30).fit(x).score(x)[510] > 0


@pytest.mark.real
@pytest.mark.parametrize(("name", "window", "figure"), [(P10, 100, 0.98725), (GENESIS1, 100, 0.990291)])
def test_figures_of_the_package(name, window, figure):
    x, labels = real_series(name)
    assert roc_auc_score(labels, POLY(window).fit(x).score(x)) == pytest.approx(figure, abs=0.002)


@pytest.mark.real
@pytest.mark.parametrize(("name", "figure"), [(P10, 0.999706), (GENESIS1, 0.91665), (M1, 0.270445)])
def test_figures_of_the_authors(name, figure):
    x, labels = real_series(name, first_row=1)
    scores = POLY(20, stretch=True).fit(x).score(x)
    assert auroc_as_published(labels, scores) == pytest.approx(figure, abs=0.0005)
