"""NormA: distances against a slow oracle, the parts of its normal model, and its detections."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from scipy.spatial.distance import pdist
from sklearn.metrics import roc_auc_score

from detectors.core.windows import Windows
from detectors.norma import (
    NormA,
    align_to_first,
    centre_weights,
    cluster_by_shape,
    shape_windows,
    smallest_distance,
    znormalised,
)
from tests.support import naive
from tests.support.golden import real_series
from tests.support.series import rhythm


def test_distances_are_the_slow_oracles():
    x, centre = rhythm(200), rhythm(36, seed=1)
    x[50:80] = 2.0
    z = znormalised(np.lib.stride_tricks.sliding_window_view(x, 12)).astype(np.float32)
    ours = smallest_distance(z, *shape_windows(centre, 12))
    np.testing.assert_allclose(ours, naive.nearest_in(centre, x, 12), atol=2e-3)  # products in float32


def test_two_shapes_make_two_clusters():
    t = np.arange(60)
    noise = 0.05 * np.random.default_rng(0).normal(size=(10, 60))
    stretches = np.array([np.sin(t / 5)] * 6 + [np.sign(np.sin(t / 11))] * 4) + noise
    clusters = cluster_by_shape(stretches, 0.5)
    assert len(set(clusters)) == 2
    assert len(set(clusters[:6])) == len(set(clusters[6:])) == 1


def test_no_cluster_is_wider_than_the_cut():
    # Phases in small steps: single linkage would chain them into one cluster.
    stretches = np.array([np.sin(np.arange(40) / 6 + phase) for phase in np.linspace(0, 3, 25)])
    clusters = cluster_by_shape(stretches, 0.4)
    widest = pdist(znormalised(stretches)).max()
    for c in set(clusters):
        inside = znormalised(stretches[clusters == c])
        assert len(inside) == 1 or pdist(inside).max() <= 0.4 * widest + 1e-9


def test_weights_follow_frequency_coverage_and_closeness():
    centres = np.array([rhythm(30), rhythm(30, seed=1), np.arange(30.0)])
    frequency, coverage = np.array([4.0, 2.0, 2.0]), np.array([100.0, 100.0, 100.0])
    apart = [sum(naive.znormalised_distance(a, b) for b in centres) for a in centres]
    expected = frequency**2 * coverage / apart
    np.testing.assert_allclose(centre_weights(centres, frequency, coverage), expected / expected.sum())
    np.testing.assert_allclose(centre_weights(centres, frequency, 0 * coverage), [0.5, 0.25, 0.25])


def test_stretches_are_moved_onto_the_first():
    x = np.sin(2 * np.pi * np.arange(2000) / 50)
    moved, at = align_to_first(Windows([x], 100), np.array([200, 513, 1287]))
    assert at[0] == 200
    assert all(abs((a - 200 + 25) % 50 - 25) <= 2 for a in at)
    assert np.corrcoef(moved).min() > 0.95


@pytest.mark.parametrize(("level", "unit"), [(2.0**29, 1.0), (2.0**29, 2.0**-10), (0.0, 2.0**-40)])
def test_level_and_unit_change_no_score(level, unit):
    x = np.round(rhythm(800) * 2**10) / 2**10
    expected = NormA(38).fit(x).score(x)
    np.testing.assert_allclose(NormA(38).fit(level + unit * x).score(level + unit * x), expected, rtol=1e-3)


def test_stretches_lie_in_one_piece_each_and_do_not_overlap():
    detector = NormA(10, share=1.0)
    shapes = Windows([rhythm(100), rhythm(20), rhythm(75)], 30)
    np.testing.assert_array_equal(detector._sample(shapes), [0, 30, 60, 71, 101])


def test_a_foreign_shape_stands_out_of_a_rhythm():
    x = rhythm(3000)
    x[1500:1540] = np.linspace(-1, 1, 40)
    scores = NormA(38).fit(x).score(x)
    assert 1480 < np.argmax(scores) < 1560


def test_a_piece_shorter_than_a_shape_is_enough():
    assert NormA(20).fit(rhythm(45)).score(rhythm(100)).shape == (100,)


@pytest.mark.real
@pytest.mark.slow
def test_published_mean_of_dodgers():
    x, labels = real_series("Dodgers/101-freeway-traffic.test.out")
    assert roc_auc_score(labels, NormA(288).fit(x).score(x)) == pytest.approx(0.79, abs=0.05)


@pytest.mark.parametrize("window", [8, 9])
def test_smoothed_scores_stand_in_the_middle_of_their_mean(window):
    x = np.sin(np.arange(300) / 3)
    model = NormA(window, align="start").fit(x)
    given = model.score(x)[: 300 - window + 1]
    z = znormalised(sliding_window_view(x, window)).astype(np.float32)
    used = model.weights_ > 0
    plain = sum(
        weight * smallest_distance(z, *shape_windows(centre, window))
        for centre, weight in zip(model.centres_[used], model.weights_[used], strict=True)
    )
    middle = [plain[i - window // 2 : i - window // 2 + window].mean() for i in range(window, 300 - 2 * window)]
    np.testing.assert_allclose(given[window : 300 - 2 * window], middle, atol=1e-5)
    assert (given[: window // 2] == given[window // 2]).all()


def test_a_stretch_moved_to_the_end_of_its_piece_is_kept_and_beyond_it_is_not():
    """The first stretch of a bump; the same bump late in the other pieces asks for a move to the right."""
    bump = np.exp(-((np.arange(20) - 10.0) ** 2) / 4)
    first = np.concatenate([bump, np.zeros(20)])
    for late, kept in ((0, True), (1, False)):
        other = np.zeros(20 + 5 - late)
        other[5:] = bump[: 20 - late]
        shapes = Windows([first, other], 20)
        chosen = np.array([0, int(shapes.starts[1])])
        _, at = align_to_first(shapes, chosen)
        assert (len(at) == 2) == kept, (late, at)
        if kept:
            assert at[1] == shapes.starts[1] + 5


def test_no_more_stretches_are_taken_than_allowed():
    shapes = Windows([rhythm(3000)], 30)
    assert len(NormA(10, share=1.0, max_stretches=7)._sample(shapes)) == 7
    assert len(NormA(10, share=0.255)._sample(shapes)) == 25
