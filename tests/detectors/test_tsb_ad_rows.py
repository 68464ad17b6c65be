"""Published TSB-AD methods against the library that produced them, or a slow implementation."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from scipy.stats import zscore

from benchmark.grid import protocols
from benchmark.grid.tsb_ad import tsb_ad_rows
from detectors import HBOS, KNN, LOF, MP, OCSVM, PCA, POLY, SR, Detector, IForest, IForest1, estimate_window
from detectors.core import z_normalised
from detectors.core.contract import Array
from tests.support.naive_neighbours import matrix_profile

W = 25


def made_up(n: int = 700) -> Array:
    """A noisy sine with a stuck stretch: constant windows are part of what is compared."""
    x = np.sin(2 * np.pi * np.arange(n) / W) + 0.1 * np.random.default_rng(3).standard_normal(n)
    x[400:440] = 0.25
    return np.round(x, 4)


def windows(x: Array) -> Array:
    return np.array(sliding_window_view(x, W))


def z(x: Array) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.nan_to_num(zscore(windows(x), axis=1, ddof=1))


def published(name: str) -> Detector:
    """A detector with its published settings and this window."""
    rows = {row.detector: row for row in tsb_ad_rows() if row.main}
    cls = {c.__name__: c for c in (HBOS, KNN, LOF, MP, OCSVM, PCA, POLY, SR, IForest, IForest1)}[name]
    params = rows[name].params | ({"window": W} if "window" in cls.param_defaults() else {})
    return cls(**params)


def middle(scores: Array) -> Array:
    """Window scores out of point scores."""
    return scores[W // 2 : len(scores) - (W - 1) // 2]


def test_windows_are_normalised_as_scipy_does() -> None:
    np.testing.assert_allclose(z_normalised(windows(made_up())), z(made_up()), atol=1e-12)


def test_constant_windows_are_zeros_or_as_their_mean_is_rounded() -> None:
    x = made_up()
    x[400:440] = 1.1  # 25 of them do not sum to 25 times the value
    w = np.asfortranarray(windows(x))  # NumPy then sums them one value after the other
    by_numpy = np.nan_to_num((w - w.mean(axis=1, keepdims=True)) / w.std(axis=1, ddof=1, keepdims=True))
    stuck = np.ptp(w, axis=1) == 0
    assert np.abs(by_numpy[stuck]).min() == pytest.approx(np.sqrt((W - 1) / W))
    np.testing.assert_allclose(z_normalised(w, exact=False), by_numpy, atol=1e-9)
    assert not z_normalised(w)[stuck].any()
    from pyod.models.hbos import HBOS as Theirs

    theirs = Theirs(n_bins=10, tol=0.5, alpha=0.1).fit(by_numpy).decision_scores_.ravel()
    np.testing.assert_allclose(middle(HBOS(window=W, scaling="z-summed").fit(x).score(x)), theirs, atol=1e-6)


@pytest.mark.parametrize("value", [0.1, 1.1, 7.7, 123.456])
def test_the_mean_of_a_lone_constant_window_is_rounded_as_beside_others(value: float) -> None:
    """A piece, or the last block of a long series, may hold a single window."""
    lone, others = np.full((1, 50), value), np.full((40, 50), value)
    np.testing.assert_array_equal(z_normalised(lone, exact=False), z_normalised(others, exact=False)[:1])


def test_hbos_is_pyods() -> None:
    from pyod.models.hbos import HBOS as Theirs

    theirs = Theirs(n_bins=10, tol=0.5, alpha=0.1).fit(z(made_up())).decision_scores_
    np.testing.assert_allclose(middle(published("HBOS").fit(made_up()).score(made_up())), theirs.ravel(), atol=1e-6)


def test_knn_is_sklearns() -> None:
    from sklearn.neighbors import NearestNeighbors

    theirs = NearestNeighbors(n_neighbors=50).fit(z(made_up())).kneighbors()[0][:, -1]
    np.testing.assert_allclose(middle(published("KNN").fit(made_up()).score(made_up())), theirs, atol=1e-6)


def test_lof_is_sklearns_where_no_windows_are_equal() -> None:
    from sklearn.neighbors import LocalOutlierFactor

    x = made_up()
    x[400:440] += 1e-3 * np.arange(40) ** 2
    theirs = -LocalOutlierFactor(n_neighbors=30).fit(z(x)).negative_outlier_factor_
    np.testing.assert_allclose(middle(published("LOF").fit(x).score(x)), theirs, rtol=1e-6)


def test_ocsvm_fits_min_max_windows_and_scores_normalised_ones() -> None:
    from sklearn.svm import OneClassSVM

    x = made_up()
    v = windows(x[:300])
    fitted = (v - v.min(axis=1, keepdims=True)) / np.ptp(v, axis=1, keepdims=True)
    theirs = -OneClassSVM(nu=0.5, gamma=1 / W).fit(fitted).decision_function(z(x))
    np.testing.assert_allclose(middle(published("OCSVM").fit(x[:300]).score(x)), theirs, atol=1e-7)


def test_ocsvm_has_numpys_rounding_of_a_window_of_one_value() -> None:
    from detectors.ocsvm import z_by_numpy

    rows = np.full((2, 53), [[0.05], [0.25]])
    assert rows[0].mean() != 0.05  # else the case shows nothing
    scaled = z_by_numpy(rows)
    np.testing.assert_allclose(scaled[0] ** 2, 52 / 53)
    assert not scaled[1].any()
    np.testing.assert_allclose(z_by_numpy(windows(made_up())[:300]), z(made_up())[:300], atol=1e-12)


@pytest.mark.parametrize("single", [True, False])
def test_isolation_forests_are_sklearns(single: bool) -> None:
    from sklearn.ensemble import IsolationForest

    x = made_up()
    detector = published("IForest1" if single else "IForest")
    rows = x[:, None] if single else z(x)[:, ::-1].copy()
    trees = detector.get_params()["n_estimators"]
    theirs = -IsolationForest(n_estimators=trees, max_features=1, random_state=0).fit(rows).score_samples(rows)
    scores = detector.fit(x).score(x)
    np.testing.assert_allclose(scores if single else middle(scores), theirs, atol=1e-6)


def test_matrix_profile_is_stumpys_with_the_least_at_the_ends() -> None:
    x = made_up()
    theirs = matrix_profile(x, [x], W, -(-W // 4), "zero")  # as stumpy's, see test_mp.py
    scores = published("MP").fit(x).score(x)
    np.testing.assert_allclose(middle(scores), theirs, atol=1e-5)
    assert (scores[: W // 2] == scores.min()).all()
    assert (scores[len(scores) - (W - 1) // 2 :] == scores.min()).all()


def test_pca_turns_eigenvectors_to_the_side_of_the_largest_projection() -> None:
    x = made_up()
    v = windows(x)
    standard = (v - v.mean(axis=0)) / v.std(axis=0)
    left, singular, right = np.linalg.svd(standard, full_matrices=False)
    signs = np.sign(left[np.abs(left).argmax(axis=0), range(W)])
    share = singular**2 / (singular**2).sum()
    apart = np.linalg.norm(standard[:, None, :] - (right * signs[:, None])[None], axis=2)
    theirs = (apart / share).sum(axis=1)
    np.testing.assert_allclose(middle(published("PCA").fit(x).score(x)), theirs, rtol=1e-6)


def test_poly_is_a_polynomial_in_the_row_number() -> None:
    x = made_up(2000)
    scaled = (x - x.min()) / np.ptp(x)
    scores = published("POLY").fit(x).score(x)
    first, reach = 200, 5 * W
    assert (scores[:first] == 0).all()
    for start in (first + 8 * W, first + 30 * W):
        rows = np.r_[start - reach : start, start + W : start + reach]
        fit = np.polyval(np.polyfit(rows, scaled[rows], 4), np.linspace(start, start + W, W))
        block = np.fft.fft(scaled[start : start + W]) - np.fft.fft(fit)
        np.testing.assert_allclose(scores[start : start + W], np.linalg.norm(block) / W, rtol=1e-9)


def test_sr_is_the_residual_of_the_log_amplitudes() -> None:
    for n in (700, 701):
        x = made_up(n)
        scaled = (x - x.min()) / np.ptp(x)
        transform = np.fft.fft(scaled)
        level = np.log(np.abs(transform))
        half = level[1 : n // 2 + 1]
        padded = [scaled[0]] * 49 + list(half) + [scaled[-1]] * 50
        mean = [np.mean(padded[k : k + 100]) for k in range(len(half))]
        whole = np.array([level[0], *mean, *mean[: n - 1 - len(half)][::-1]])
        theirs = np.abs(np.fft.ifft(np.exp(level - whole) * transform / np.abs(transform)))
        np.testing.assert_allclose(published("SR").fit(x).score(x), theirs, rtol=1e-7)


def test_nearest_normalised_windows_of_pieces_are_those_of_all_pairs() -> None:
    from detectors.kernels.normal_neighbours import nearest_normalised

    x = made_up(1500)
    pieces = [x[:500], x[480:490], x[600:1400]]
    distances, index = nearest_normalised(x, pieces, W, 7)
    others = np.concatenate([z(piece) for piece in pieces if len(piece) >= W])
    every = np.linalg.norm(z(x)[:, None] - others[None], axis=2)
    np.testing.assert_allclose(distances, np.sort(every, axis=1)[:, :7], atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(every, index.astype(int), axis=1), distances, atol=1e-6)


def test_the_second_window_is_the_next_highest_maximum_behind_the_first() -> None:
    t = np.arange(4000)
    x = np.sin(2 * np.pi * t / 30) + 0.8 * np.sin(2 * np.pi * t / 41)
    centred = x - x.mean()
    lags = np.array([float(centred[: len(x) - k] @ centred[k:]) for k in range(401)])
    peaks = [k for k in range(4, 400) if lags[k - 1] < lags[k] > lags[k + 1]]
    best = max(peaks, key=lambda k: lags[k])
    assert best <= 303
    assert estimate_window(x) == best
    later = [k for k in peaks if k > best]
    second = max(later, key=lambda k: lags[k])
    assert estimate_window(x, rank=2) == (second if second <= 303 else 125)
    assert estimate_window(np.sin(2 * np.pi * t / 300), rank=2) == estimate_window(np.sin(2 * np.pi * t / 300))


def test_the_protocol_gives_every_row_its_window_and_settings() -> None:
    protocol = protocols.get("tsb-ad")
    from datasets import Series

    t = np.arange(4000)
    x = np.sin(2 * np.pi * t / 30) + 0.8 * np.sin(2 * np.pi * t / 41)
    series = Series("Toy", "001_A_id_1_Web_tr_700_1st_900.csv", x, (t == 900).astype(np.uint8))
    knn, pca, ocsvm = KNN(), PCA(), OCSVM()
    for detector in (knn, pca, ocsvm):
        protocol.configure(detector, series)
    assert (knn.window, pca.window) == (estimate_window(x, rank=2), estimate_window(x))
    assert (knn.scaling, pca.signs, ocsvm.nu) == ("z-summed", "scores", 0.5)
    assert protocol.splits(series, ocsvm, 0)[0].train == ((0, 700),)
    assert protocol.splits(series, knn, 0)[0].train == ((0, 4000),)
