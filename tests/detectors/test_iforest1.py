"""IForest1: a forest of window 1, whose score depends only on a point's value."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from detectors.iforest import IForest
from detectors.iforest1 import IForest1
from tests.support.golden import P10, real_series


def test_it_is_the_forest_of_window_1():
    x = np.random.default_rng(0).normal(size=600)
    np.testing.assert_array_equal(IForest1(random_state=5).fit(x).score(x), IForest(1, random_state=5).fit(x).score(x))


def test_it_has_no_window():
    assert IForest1.param_defaults() == {"n_estimators": 100, "max_samples": 256, "trees": "own", "random_state": 0}


def test_order_does_not_matter():
    x = np.random.default_rng(1).normal(size=500)
    order = np.random.default_rng(2).permutation(500)
    detector = IForest1().fit(x)
    np.testing.assert_array_equal(detector.score(x)[order], detector.score(x[order]))


@pytest.mark.real
def test_published_figure_lies_in_the_range_of_seeds():
    x, labels = real_series(P10)
    figures = [roc_auc_score(labels, IForest1(random_state=s).fit(x).score(x)) for s in range(5)]
    assert min(figures) - 0.005 <= 0.8619 <= max(figures) + 0.005
