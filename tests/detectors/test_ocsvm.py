"""OCSVM against scikit-learn's decision function on explicit windows, and against published figures."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.svm import OneClassSVM

from detectors.core.windows import Windows, min_max
from detectors.ocsvm import OCSVM
from tests.support import naive
from tests.support.golden import GENESIS1, P10, auroc_as_published, real_series
from tests.support.series import rhythm


def partly_flat(n, seed=0):
    x = rhythm(n, seed)
    x[100:140] = x[100]
    return x


@pytest.mark.parametrize("nu", [0.05, 0.5])
def test_scores_are_scikit_learns(nu):
    x, y = partly_flat(600), partly_flat(900, seed=1)
    rows, others = (np.array([naive.scaled(r) for r in naive.windows(s, 15)]) for s in (x, y))
    theirs = -OneClassSVM(nu=nu, gamma=1 / 15).fit(rows).decision_function(others)
    ours = OCSVM(15, nu=nu).fit(x)._score_windows(Windows([y], 15))
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_constant_windows_become_zeros():
    np.testing.assert_array_equal(min_max(np.array([[3.0, 3.0], [1.0, 5.0]])), [[0, 0], [0, 1]])


def test_a_sample_stands_for_too_many_windows():
    x = partly_flat(3000)
    capped = OCSVM(10, max_windows=300, random_state=1).fit(x)
    again = OCSVM(10, max_windows=300, random_state=1).fit(x)
    other = OCSVM(10, max_windows=300, random_state=2).fit(x)
    assert len(capped.vectors_) < 300
    np.testing.assert_array_equal(capped.score(x), again.score(x))
    assert not np.array_equal(capped.score(x), other.score(x))
    whole = OCSVM(10).fit(x).score(x)
    assert np.corrcoef(capped.score(x) / 300, whole / 3000)[0, 1] > 0.9


def test_the_fitted_part_may_hold_little_more_than_a_window():
    x = partly_flat(500)
    assert OCSVM(50).fit(x[:60]).score(x).shape == (500,)


@pytest.mark.real
@pytest.mark.parametrize(("name", "window", "figure"), [(P10, 100, 0.96418), (GENESIS1, 100, 0.992531)])
def test_figures_of_the_package(name, window, figure):
    x, labels = real_series(name)
    scores = OCSVM(window).fit(x[: len(x) // 10]).score(x)
    assert roc_auc_score(labels, scores) == pytest.approx(figure, abs=0.002)


@pytest.mark.real
def test_figure_of_the_authors():
    x, labels = real_series(GENESIS1, first_row=1)
    scores = OCSVM(125).fit(x[: len(x) // 10]).score(x)
    assert auroc_as_published(labels, scores) == pytest.approx(0.99158, abs=0.0005)
