"""SAND against a slow oracle in loops, written from a description of the method without sight of the product."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import detectors.sand
from detectors.core import windows_to_points
from detectors.sand import SAND
from tests.support.series import rhythm

W = 8


def unit(row):
    """Z-normalise; a constant becomes zeros."""
    return (row - row.mean()) / row.std() if np.ptp(row) > 0 else np.zeros(len(row))


def moved(row, lag):
    """Shift to the left by ``lag`` (right if negative), filled with zeros."""
    return np.array([row[t + lag] if 0 <= t + lag < len(row) else 0.0 for t in range(len(row))])


def best_shift(row, centre):
    """Return the shape-based distance to a centre and the shift of the best match, the first of equals."""
    m, norms = len(row), np.sqrt(len(row)) * np.sqrt((centre**2).sum()) or 1.0
    fits = [moved(row, lag) @ centre / norms for lag in range(-m + 1, m)]
    return 1 - max(fits), int(np.argmax(fits)) - m + 1


def shape(rows):
    """Return the first right singular vector of the rows, z-normalised, correlated with them."""
    rows = np.array([unit(row) for row in rows])
    first = unit(np.linalg.svd(rows)[2][0])
    agreement = (rows @ first).sum()
    assert abs(agreement) > 1e-9, "rounding would decide on the sign: take other data"
    return first * np.sign(agreement)


def aligned(rows, centre):
    return [moved(row, best_shift(row, centre)[1]) for row in rows]


def clusters_of(rows, k, rng):
    """Return (members, centre, mean distance) of each k-Shape cluster."""
    k = min(k, len(rows))
    labels, centres, apart = rng.permutation(np.arange(len(rows)) % k), [None] * k, []
    for _ in range(20):
        for c in sorted(set(labels)):
            mine = [row for row, label in zip(rows, labels, strict=True) if label == c]
            centres[c] = shape(mine if centres[c] is None else aligned(mine, centres[c]))
        apart = np.array([[best_shift(row, c)[0] if c is not None else 1.0 for c in centres] for row in rows])
        before, labels = labels, apart.argmin(axis=1)
        if (labels == before).all():
            break
    found = [(c, np.flatnonzero(labels == c)) for c in sorted(set(labels))]
    return [([rows[i] for i in mine], centres[c], apart[mine, c].mean()) for c, mine in found]


def cut(x, size, most):
    starts = list(range(0, len(x) - size + 1, 3 * W // 2))
    kept = np.linspace(0, len(starts) - 1, min(most, len(starts))).astype(int)
    return [unit(x[starts[i] : starts[i] + size]) for i in kept]


def learn(model, rows, k, rng):
    """Update a list of centres with the clusters of the rows."""
    known = list(model)
    for old in known:
        old["idle"] += 1
    for members, centre, reach in clusters_of(rows, k, rng):
        apart = [best_shift(old["centre"], centre)[0] for old in known]
        near = known[int(np.argmin(apart))] if known else None
        if near is None or min(apart) > near["reach"]:
            model.append({"centre": centre, "rows": members, "number": len(members), "reach": reach, "idle": 0})
            continue
        total = near["number"] + len(members)
        near["reach"] = (near["number"] * near["reach"] + len(members) * reach) / total
        near["rows"] = (near["rows"] + members)[-detectors.sand.MEMBERS :]
        near["centre"] = shape(aligned(near["rows"], near["centre"]))
        near["number"], near["idle"] = total, 0


def weights(model):
    raw = []
    for a in model:
        apart = sum(best_shift(b["centre"], a["centre"])[0] for b in model)
        raw.append(a["number"] ** 2 / (apart if apart > 1e-9 else 1) / max(1, a["idle"] - a["number"]))
    return np.array(raw) / sum(raw)


def distance(a, b):
    """Compare two z-normalised windows; constant ones are zeros, and equal. Rounding does not count as a distance."""
    square = ((a - b) ** 2).sum() if a.any() and b.any() else W * (a.any() or b.any())
    return np.sqrt(square) if square > 1e-14 else 0.0


def window_scores(x, model):
    own, models = unit_windows(x), [unit_windows(c["centre"]) for c in model]
    nearest = [[min(distance(a, b) for b in shapes) for shapes in models] for a in own]
    return np.array(nearest) @ weights(model)


def unit_windows(x):
    return [unit(x[i : i + W]) for i in range(len(x) - W + 1)]


def oracle(pieces, x, n_clusters, length, batch, rate=0.5, max_stretches=99, seed=0, stretches="inside"):
    """Return the score of each window of ``x``."""
    n, starting = len(x), stretches == "starting"
    size, model, rng = min(length * W, max(map(len, pieces))), [], np.random.default_rng(seed)
    fitted = [row for p in pieces for row in cut(p, size, 10**9)]
    kept = np.linspace(0, len(fitted) - 1, min(max_stretches, len(fitted))).astype(int)
    learn(model, [fitted[i] for i in kept], n_clusters, rng)
    begins = len(pieces) == 1 and x[: len(pieces[0])].tolist() == pieces[0].tolist()
    seen = len(pieces[0]) if begins else 0
    rng = np.random.default_rng(seed)
    if starting and seen:
        size, model = min(length * W, n), []
        learn(model, cut(x[: seen + size - 1], size, max_stretches), n_clusters, rng)
    least = max(int(batch * n), 5 * W, size + W)
    count = max(1, (n - seen) // least)
    ends = [seen + int((n - seen) * i / count) for i in range(1, count + 1)]
    edges = [0, *([seen] if seen and n > seen and n - seen >= least // 2 else []), *(ends if n > seen else [n])]
    parts = []
    for a, b in pairwise(edges):
        z = x[a : b + size - 1] if starting else x[a:b]
        if a >= seen and len(z) > size:
            learn(model, cut(z, size, max_stretches), n_clusters, rng)
        parts.append(window_scores(x[a : b + W - 1], model))
    level, spread, result = parts[0].mean(), parts[0].std(), []
    for part in parts:
        level, spread = (1 - rate) * level + rate * part.mean(), (1 - rate) * spread + rate * part.std()
        result += list((part - level) / (spread or 1))
    return np.array(result)


def beat(n, seed):
    return rhythm(n, seed=seed, period=11.3)


def flattened(n, seed, *stretch):
    x = beat(n, seed)
    x[slice(*stretch)] = 0.5
    return x


X = beat(280, 3)
# Each batch has enough stretches that no cluster starts with two: their shape's sign can be a matter of rounding.
CASES = {
    "another series": ([beat(140, 1)], X, {"seed": 1}),
    "begins with the fitted part": ([X[:130]], X, {}),
    "begins with few fitted points": ([X[:12]], X, {"length": 3, "stretches": "starting", "seed": 1}),
    "starting": ([X[:130]], X, {"stretches": "starting"}),
    "starting in another series": ([beat(140, 1)], X, {"stretches": "starting", "rate": 0.2, "seed": 1}),
    "pieces, one too short for a stretch": ([beat(60, 1), beat(9, 2), beat(60, 4)], X, {"seed": 1}),
    "a short rest": ([X[:250]], X, {}),
    "the fitted series": ([X], X, {}),
    "shorter than a shape": ([beat(140, 1)], beat(14, 5), {}),
    "as long as a shape": ([beat(140, 1)], beat(16, 5), {}),
    "fewer stretches than clusters": ([beat(60, 1)], X[:60], {"n_clusters": 7}),
    "few stretches kept": ([beat(140, 1)], X, {"max_stretches": 3, "seed": 4}),
    "one cluster": ([beat(140, 1)], X, {"n_clusters": 1, "rate": 1.0}),
    "shapes of one window": ([beat(140, 1)], X, {"length": 1, "batch": 0.2}),
    "constant windows": ([flattened(140, 1, 30, 60)], flattened(280, 3, 90, 102), {"n_clusters": 2}),
    "long shapes in small batches": ([beat(140, 1)], X, {"length": 6, "batch": 0.01, "n_clusters": 1}),
    "begins with the first of two pieces": ([X[:130], beat(60, 4)], X, {"n_clusters": 1}),
    "many batches": ([beat(60, 1)], beat(420, 2), {"batch": 0.01, "n_clusters": 1, "length": 1}),
}


@pytest.mark.parametrize("case", CASES)
def test_scores_are_the_oracles(case):
    pieces, x, settings = CASES[case]
    settings = {"n_clusters": 3, "length": 2, "batch": 0.3, "max_stretches": 99, "seed": 0} | settings
    expected = windows_to_points(oracle(pieces, x, **settings), W, "mean")
    detector = SAND(window=W, random_state=settings.pop("seed"), **settings)
    np.testing.assert_allclose(detector.fit(pieces).score(x), expected, rtol=1e-6, atol=1e-6)


def test_a_centre_follows_its_newest_members(monkeypatch):
    pieces, x = [beat(60, 1)], beat(420, 2)
    all_members = SAND(window=W, n_clusters=1, length=1, batch=0.01).fit(pieces).score(x)
    monkeypatch.setattr(detectors.sand, "MEMBERS", 7)
    expected = oracle(pieces, x, n_clusters=1, length=1, batch=0.01)
    scores = SAND(window=W, n_clusters=1, length=1, batch=0.01, align="start").fit(pieces).score(x)
    np.testing.assert_allclose(scores[: len(expected)], expected, rtol=1e-6, atol=1e-6)
    assert not np.allclose(scores, all_members)


def test_a_score_leaves_the_fitted_model_as_it_was():
    detector = SAND(window=W, length=2).fit(beat(140, 1))
    first = detector.score(X)
    detector.score(beat(300, 6))
    np.testing.assert_array_equal(detector.score(X), first)
