"""PCA against a full decomposition with explicit distances, and against published figures."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from detectors.core.windows import Windows
from detectors.pca import PCA, column_moments, running_moments
from tests.support import naive
from tests.support.golden import GENESIS1, P10, auroc_as_published, real_series
from tests.support.series import rhythm


@pytest.mark.parametrize("window", [1, 2, 13, 40])
def test_scores_are_the_slow_oracles(window):
    x = rhythm(700)
    ours = PCA(window).fit(x)._score_windows(Windows([x], window))
    np.testing.assert_allclose(ours, naive.pca(x, window), rtol=1e-8, atol=1e-11)


def test_small_shares_keep_their_digits():
    """A smooth series: shares near 1e-14, of which a product of windows alone would keep two digits."""
    x = rhythm(3000, noise=3e-7) + np.sin(np.arange(3000) / 2.7)
    rows = naive.windows(x, 20)
    singular = np.linalg.svd((rows - rows.mean(0)) / rows.std(0), compute_uv=False)
    expected = singular**2 / (singular**2).sum()
    assert expected[-1] < 1e-13
    np.testing.assert_allclose(PCA(20).fit(x).shares_, expected, rtol=1e-4)


def test_blocks_and_pieces_add_up():
    x = rhythm(900)
    pieces = [x[:400], x[400:410], x[410:]]
    rows = np.concatenate([naive.windows(p, 20) for p in (pieces[0], pieces[2])])
    mean, scale = column_moments(Windows(pieces, 20))
    np.testing.assert_allclose(mean, rows.mean(axis=0))
    np.testing.assert_allclose(scale, rows.std(axis=0))


def test_no_share_of_variance_gives_the_largest_finite_score():
    x = np.concatenate([np.full(100, 1.0), rhythm(60)])
    detector = PCA(10).fit(x)
    detector.shares_ = np.where(np.arange(10) == 9, 0.0, detector.shares_)
    assert np.isfinite(detector.score(x)).all()


def test_the_sign_of_an_eigenvector_does_not_depend_on_the_data_order():
    x = rhythm(500)
    components = PCA(12).fit(x).components_
    assert (components.max(axis=1) > (1 - 1e-6) * -components.min(axis=1)).all()
    np.testing.assert_allclose(components @ components.T, np.eye(12), atol=1e-12)


@pytest.mark.parametrize("lengths", [(300,), (120, 33, 20, 19)])
@pytest.mark.parametrize("level", [0.0, 1e4])
def test_running_moments_are_those_of_the_window_matrix(lengths, level):
    pieces = [rhythm(n) + level + 0.001 * n for n in lengths]
    rows = np.concatenate([np.lib.stride_tricks.sliding_window_view(p, 20) for p in pieces if len(p) >= 20])
    mean, scale, gram = running_moments(Windows(pieces, 20))
    z = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(scale, rows.std(axis=0), rtol=1e-10)
    np.testing.assert_allclose(gram, z.T @ z, atol=1e-8)


@pytest.mark.parametrize("at", [0, 3, -1])
def test_running_moments_give_up_where_rounding_would_show(at):
    x = rhythm(200)
    x[at] = 1e9
    assert running_moments(Windows([x], 20)) is None
    assert running_moments(Windows([np.full(100, 0.7)], 20)) is None
    assert np.isfinite(PCA(20).fit(x).score(x)).all()


def test_rounding_does_not_choose_the_sign_of_an_odd_eigenvector():
    for n in range(300, 320):  # with two positions the eigenvectors are (1, 1) and (1, -1), but for rounding
        assert (PCA(2).fit(rhythm(n)).components_[:, 0] > 0).all()


@pytest.mark.real
@pytest.mark.parametrize(("name", "window", "figure"), [(P10, 100, 0.771255), (GENESIS1, 100, 0.995483)])
def test_figures_of_the_package(name, window, figure):
    x, labels = real_series(name)
    assert roc_auc_score(labels, PCA(window).fit(x).score(x)) == pytest.approx(figure, abs=0.002)


@pytest.mark.real
def test_figure_of_the_authors():
    x, labels = real_series(GENESIS1, first_row=1)
    assert auroc_as_published(labels, PCA(125).fit(x).score(x)) == pytest.approx(0.99375, abs=0.0005)


@pytest.mark.parametrize(("level", "digits"), [(0.0, 1e-12), (1e6, 1e-9), (1e9, 1e-7)])
def test_a_high_level_costs_no_digits(level, digits):
    x = np.round((np.sin(np.arange(400) / 4) + 0.1 * np.random.default_rng(0).normal(size=400)) * 2**12) / 2**12
    np.testing.assert_allclose(PCA(10).fit(x + level).score(x + level), PCA(10).fit(x).score(x), rtol=digits)


@pytest.mark.parametrize("loud", [0, 49])
def test_moments_that_rounding_would_spoil_are_left_to_the_slow_way(loud):
    """The first or the last window position varies a million times as much as the one at the other end."""
    x = np.random.default_rng(0).normal(size=50)
    x[loud], x[abs(loud - 1)] = 1e7, -1e7
    assert running_moments(Windows([x], 20)) is None
    x[loud], x[abs(loud - 1)] = 3.0, -3.0
    _, scale, _ = running_moments(Windows([x], 20))
    np.testing.assert_allclose(scale, naive.windows(x, 20).std(axis=0))
