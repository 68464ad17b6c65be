"""KNN and LOF with ``scaling="z-summed"``, where constant windows depend on rounding, against all pairs of windows."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import KNN, LOF
from detectors.core.contract import Array
from detectors.kernels.normal_neighbours import nearest_normalised
from tests.support import naive_neighbours as naive

W = 25
LEVELS = (0.25, 1.1, 0.0, -1.1, 0.5, 3.3, -0.75)  # of stuck stretches; 25 times 1.1 or 3.3 is no exact sum


def stuck(n: int, seed: int, level: float = 0.0) -> Array:
    """Noisy cycles that get stuck for 35 of every 60 rows, at a level after the other."""
    x = np.sin(np.arange(n) / 3) + 0.3 * np.random.default_rng(seed).standard_normal(n)
    for k, start in enumerate(range(20, n - 35, 60)):
        x[start : start + 35] = LEVELS[(k + seed) % len(LEVELS)]
    return x + level


def signs(x: Array) -> list[int]:
    """How many windows are constant and negative, zero or positive."""
    rows = naive.z_summed(x, W)[np.ptp(naive.windows(x, W), axis=1) == 0]
    return [int((np.sign(rows[:, 0]) == sign).sum()) for sign in (-1, 0, 1)]


def test_each_pair_of_windows_has_its_distance() -> None:
    x, pieces = stuck(480, 0), [stuck(300, 1), stuck(W - 1, 2), stuck(W, 2), stuck(200, 4)]
    assert min(signs(x)) > 10
    assert min(np.add(signs(pieces[0]), signs(pieces[3]))) > 10
    others = np.concatenate([naive.z_summed(piece, W) for piece in pieces if len(piece) >= W])
    every = naive.distances(naive.z_summed(x, W), others)
    distances, index = nearest_normalised(x, pieces, W, len(others), exact=False)
    np.testing.assert_allclose(distances, np.sort(every, axis=1), atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(every, index.astype(int), axis=1), distances, atol=1e-6)


@pytest.mark.parametrize("k", [3, 200])
def test_the_nearest_are_found_among_many_constant_windows(k: int) -> None:
    x, reference = stuck(2300, 1), stuck(900, 2)  # more rows than one block has
    every = naive.distances(naive.z_summed(x, W), naive.z_summed(reference, W))
    distances, _ = nearest_normalised(x, [reference], W, k, exact=False)
    np.testing.assert_allclose(distances, np.sort(every, axis=1)[:, :k], atol=1e-6)


def middle(scores: Array) -> Array:
    return scores[W // 2 : len(scores) - (W - 1) // 2]


def test_knn_and_lof_score_as_all_pairs_do() -> None:
    x, other, k = stuck(700, 0), stuck(400, 5), 40  # zeros are more, the constant windows of each sign fewer
    fitted, scored = naive.z_summed(x, W), naive.z_summed(other, W)
    knn = KNN(window=W, n_neighbors=k, scaling="z-summed").fit(x)
    own = np.sort(naive.distances(fitted, fitted), axis=1)[:, k]  # without itself
    np.testing.assert_allclose(middle(knn.score(x)), own, atol=1e-6)
    apart = np.sort(naive.distances(scored, fitted), axis=1)[:, k - 1]
    np.testing.assert_allclose(middle(knn.score(other)), apart, atol=1e-6)
    lof = LOF(window=W, n_neighbors=k, scaling="z-summed").fit(x)
    np.testing.assert_allclose(middle(lof.score(x)), naive.lof(fitted, fitted, k, True), rtol=1e-5)
    np.testing.assert_allclose(middle(lof.score(other)), naive.lof(fitted, scored, k, False), rtol=1e-5)


def test_without_rounding_constant_windows_are_zeros() -> None:
    x = stuck(700, 0)
    x = np.round(x * 64) / 64  # sums of these are exact
    assert signs(x)[0] == signs(x)[2] == 0 < signs(x)[1]
    for cls in (KNN, LOF):
        summed, exact = (cls(window=W, scaling=scaling).fit(x).score(x) for scaling in ("z-summed", "z"))
        np.testing.assert_array_equal(summed, exact)
