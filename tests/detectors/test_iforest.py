"""IForest: path lengths equal scikit-learn's on the same trees, and its trees have the same distribution."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from detectors.core.windows import Windows
from detectors.iforest import IForest
from detectors.iforest1 import IForest1
from detectors.kernels.forest import Forest, _draw_split, _expected_depth
from tests.support import naive
from tests.support.golden import P10, real_series
from tests.support.series import rhythm


def heap_from_sklearn(forest, levels):
    """The trees of a fitted IsolationForest in heap order; thresholds are float64 there too."""
    nodes = 2**levels - 1
    shape = (len(forest.estimators_), nodes)
    feature, threshold = np.zeros(shape, np.uint32), np.full(shape, np.inf)
    depth = np.zeros((shape[0], nodes + 1))
    for t, estimator in enumerate(forest.estimators_):
        tree = estimator.tree_
        todo = [(0, 0, 0)]  # node there, node here, cuts passed
        while todo:
            there, here, cuts = todo.pop()
            if tree.children_left[there] < 0:
                while here < nodes:
                    here = 2 * here + 1
                depth[t, here - nodes] = cuts + _expected_depth(int(tree.n_node_samples[there]))
                continue
            feature[t, here], threshold[t, here] = tree.feature[there], tree.threshold[there]
            todo += [(tree.children_left[there], 2 * here + 1, cuts + 1)]
            todo += [(tree.children_right[there], 2 * here + 2, cuts + 1)]
    return Forest(feature, threshold, depth, float(_expected_depth(forest.max_samples_)))


@pytest.mark.parametrize(("window", "samples"), [(1, 256), (12, 256), (12, 37)])
def test_the_walk_gives_scikit_learns_scores_of_the_same_forest(window, samples):
    x = np.round(rhythm(3000), 1)
    rows = naive.windows(x, window)
    theirs = IsolationForest(n_estimators=20, max_samples=samples, random_state=1).fit(rows)
    ours = heap_from_sklearn(theirs, int(np.ceil(np.log2(samples))))
    seen = x.astype(np.float32).astype(np.float64)  # what scikit-learn sees of the values
    np.testing.assert_allclose(ours.score(seen, window), -theirs.score_samples(rows), rtol=0, atol=1e-12)


@pytest.mark.parametrize("x", [rhythm(2000), np.round(rhythm(2000)), np.cumsum(rhythm(2000))])
def test_grown_trees_follow_scikit_learns_law(x):
    rows = naive.windows(x, 8)
    ours = IForest(8, n_estimators=600, random_state=3).fit(x).forest_.score(x, 8)
    first, second = (-IsolationForest(n_estimators=600, random_state=s).fit(rows).score_samples(rows) for s in (1, 2))
    chance = np.sqrt(np.mean((first - second) ** 2))  # what two runs of theirs differ by
    assert np.sqrt(np.mean((ours - first) ** 2)) < 1.4 * chance
    assert abs(ours.mean() - first.mean()) < 0.004
    assert abs(ours.std() / first.std() - 1) < 0.1


def test_trees_stay_within_their_levels():
    forest = Forest.grow(Windows([rhythm(500)], 5), 10, 64, 0)
    assert forest.threshold.shape == (10, 63)
    assert forest.depth.max() <= 6 + _expected_depth(64)
    assert np.isfinite(forest.threshold[:, 0]).all()


def test_a_value_on_the_cut_goes_left():
    forest = Forest(np.zeros((1, 1), np.uint32), np.full((1, 1), 0.5), np.array([[1.0, 2.0]]), 1.0)
    np.testing.assert_array_equal(forest.score(np.array([0.4, 0.5, 0.6]), 1), [0.5, 0.5, 0.25])


def test_expected_depth_is_the_papers():
    assert [_expected_depth(n) for n in (0, 1, 2)] == [0, 0, 1]
    assert _expected_depth(256) == pytest.approx(10.244770920119)


def test_a_constant_series_scores_alike():
    scores = IForest(4).fit(np.full(100, 2.0)).score(np.full(100, 2.0))
    assert np.ptp(scores) == 0


@pytest.mark.parametrize("unit", [2.0**-40, 2.0**40])
@pytest.mark.parametrize("level", [0.0, 2.0**29])
def test_unit_and_level_change_no_score(unit, level):
    x = np.round(rhythm(600) * 2**10) / 2**10
    np.testing.assert_array_equal(
        IForest(8).fit((x + level) * unit).score((x + level) * unit), IForest(8).fit(x).score(x)
    )


def test_a_huge_value_hides_nothing():
    x = rhythm(600)
    x[100], x[400] = 1e20, 4.0
    scores = IForest(1).fit(x).score(x)
    assert np.argsort(scores)[-2:].tolist() == [400, 100]
    assert len(np.unique(scores)) > 300


def test_seeds_differ():
    x = rhythm(400)
    assert not np.array_equal(IForest(8, random_state=0).fit(x).score(x), IForest(8, random_state=1).fit(x).score(x))


@pytest.mark.real
def test_published_figure_lies_in_the_range_of_seeds():
    x, labels = real_series(P10)
    figures = [roc_auc_score(labels, IForest(100, random_state=s).fit(x).score(x)) for s in range(5)]
    assert min(figures) - 0.002 <= 0.9973 <= max(figures) + 0.002


def test_the_windows_of_a_tree_are_drawn_without_replacement(monkeypatch):
    """A tree of all windows holds each once: drawn with replacement, some would be missing."""
    seen = []
    monkeypatch.setattr(Windows, "take", lambda self, index: seen.append(sorted(index)) or np.zeros((len(index), 4)))
    IForest(window=4, n_estimators=3).fit(np.sin(np.arange(50)))
    assert seen == [list(range(47))] * 3


@pytest.mark.parametrize("cls", [IForest, IForest1])
def test_another_seed_grows_another_forest_and_other_samples(cls):
    x = np.sin(np.arange(900) / 5) + 0.1 * np.random.default_rng(0).normal(size=900)
    same = [cls(n_estimators=5, random_state=1).fit(x).score(x) for _ in range(2)]
    np.testing.assert_array_equal(*same)
    for more in ({}, {"max_samples": 900}):  # with samples, and by the cuts alone
        one, other = (cls(n_estimators=5, random_state=seed, **more).fit(x).score(x) for seed in (1, 2))
        assert not np.array_equal(one, other)


def test_a_cut_is_found_in_the_one_position_that_differs():
    """Positions are tried in a random order, each once: tried twice, one would stand in for another."""
    rows, positions = np.ones((8, 40)), np.arange(40).astype(np.uint32)
    assert _draw_split(rows, np.arange(8), positions.copy(), np.random.default_rng(0))[0] == -1
    rows[3:, 17] = 2.0
    for seed in range(30):
        test, cut = _draw_split(rows, np.arange(8), positions.copy(), np.random.default_rng(seed))
        assert test == 17
        assert 1.0 <= cut < 2.0
