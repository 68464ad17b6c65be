"""Isolation trees in heap order, and the path lengths of all windows in them (numba)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numba
import numpy as np
from numpy.typing import NDArray

from detectors.core import Array, Windows

BLOCK = 1024  # windows processed together in one tree


@dataclass
class Forest:
    """T trees of h levels; the children of node k are 2 k + 1 and 2 k + 2.

    A branch that ends early continues as a chain of left children, so every path has h steps. Values are float64, and a
    level is subtracted: scikit-learn's float32 cannot split a series far from zero, or one of very small values.
    """

    feature: NDArray[np.uint32]  # (T, 2^h - 1), window position that a node tests
    threshold: Array  # (T, 2^h - 1), larger values go right; infinite after the end of a branch
    # (T, 2^h), for the end of each path: number of splits, plus the expected number for the samples still together
    depth: Array
    expected: float  # expected number of splits for all samples of a tree, c(psi) in the paper's Eq. 1
    level: float = 0.0  # subtracted from all values

    @classmethod
    def grow(cls, windows: Windows, n_trees: int, max_samples: int, seed: int | None) -> Self:
        """Grow trees on samples of the windows, drawn without replacement."""
        rng = np.random.default_rng(seed)
        samples = min(max_samples, len(windows))
        levels = int(np.ceil(np.log2(max(samples, 2))))
        nodes = 2**levels - 1
        feature = np.zeros((n_trees, nodes), dtype=np.uint32)
        threshold = np.full((n_trees, nodes), np.inf)
        depth = np.zeros((n_trees, nodes + 1))
        level = float(np.median(np.concatenate(windows.pieces)))  # unlike the mean robust against a huge value
        for t in range(n_trees):
            drawn = windows.take(rng.choice(len(windows), samples, replace=False)) - level
            _grow(drawn, rng, feature[t], threshold[t], depth[t])
        return cls(feature, threshold, depth, float(_expected_depth(samples)), level)

    def score(self, x: Array, window: int) -> Array:
        """Return (n - window + 1,) isolation scores in 0..1 of the windows of an (n,) series."""
        splits = _path_lengths(x - self.level, len(x) - window + 1, self.feature, self.threshold, self.depth)
        # A tree of one sample has no splits: every score is then one half.
        ratio = splits / len(self.depth) / self.expected if self.expected > 0 else np.ones(len(splits))
        return np.asarray(2.0**-ratio)


@numba.njit(cache=True)
def _expected_depth(samples: int) -> float:
    """Return the mean depth of an unsuccessful search in a binary tree of that many samples (Liu et al., Eq. 1)."""
    depth = max(samples - 1.0, 0.0)
    if samples > 2:
        depth = 2 * (math.log(samples - 1.0) + np.euler_gamma) - 2 * depth / samples
    return depth


@numba.njit(cache=True)
def _draw_split(
    rows: Array, members: NDArray[np.int64], features: NDArray[np.uint32], rng: np.random.Generator
) -> tuple[int, float]:
    """Draw a feature that is not constant among the members (-1 if all are), and a uniform threshold in its range."""
    for first in range(len(features)):
        k = rng.integers(first, len(features))
        features[first], features[k] = features[k], features[first]
        feature = features[first]
        low = high = rows[members[0], feature]
        for member in members:
            low = min(low, rows[member, feature])
            high = max(high, rows[member, feature])
        if high > low:
            cut = low + rng.random() * (high - low)
            return feature, cut if cut < high else low
    return -1, np.inf


@numba.njit(cache=True)
def _grow(
    rows: Array,
    rng: np.random.Generator,
    feature: NDArray[np.uint32],
    threshold: Array,
    depth: Array,
) -> None:
    """Split (samples, window) ``rows`` at random until each is alone or the last level is reached."""
    members = np.arange(len(rows))
    features = np.arange(rows.shape[1]).astype(np.uint32)
    inner = len(feature)
    begin = np.zeros(2 * inner + 1, dtype=np.int64)
    end = np.zeros(2 * inner + 1, dtype=np.int64)
    cuts = np.zeros(2 * inner + 1, dtype=np.int64)
    end[0] = len(rows)
    for k in range(2 * inner + 1):
        a, b = begin[k], end[k]
        if k >= inner:
            depth[k - inner] = cuts[k] + _expected_depth(b - a)
            continue
        middle = b
        if b - a > 1:
            test, cut = _draw_split(rows, members[a:b], features, rng)
            if test >= 0:
                feature[k], threshold[k] = test, cut
                middle = _partition(rows, members, a, b, test, cut)
        cut_here = 1 if middle < b else 0
        begin[2 * k + 1], end[2 * k + 1], cuts[2 * k + 1] = a, middle, cuts[k] + cut_here
        begin[2 * k + 2], end[2 * k + 2], cuts[2 * k + 2] = middle, b, cuts[k] + cut_here


@numba.njit(cache=True)
def _partition(rows: Array, members: NDArray[np.int64], a: int, b: int, test: int, cut: float) -> int:
    """Reorder members[a:b] so that those not above the cut come first; return the end of these."""
    middle = a
    for i in range(a, b):
        if rows[members[i], test] <= cut:
            members[i], members[middle] = members[middle], members[i]
            middle += 1
    return middle


@numba.njit(cache=True)
def _path_lengths(x: Array, n: int, feature: NDArray[np.uint32], threshold: Array, depth: Array) -> Array:
    """Return for each of n windows the sum of its depths in all trees."""
    total = np.zeros(n)
    node = np.empty(BLOCK, dtype=np.uint32)
    inner, one, two = np.uint32(feature.shape[1]), np.uint32(1), np.uint32(2)
    levels = int(np.log2(inner + 1.0) + 0.5)
    for a in range(0, n, BLOCK):
        values, block = x[a:], total[a : a + BLOCK]
        # All indices are unsigned: for signed ones numba tests for negative values, which doubles the time.
        size = np.uint32(len(block))
        for t in range(len(feature)):
            tests, cuts, ends = feature[t], threshold[t], depth[t]
            node[:] = 0
            for _ in range(levels):
                # The inner loop is over independent windows, which hides the latency of each look-up.
                for i in range(size):
                    k = node[i]
                    node[i] = two * k + one + np.uint32(values[np.uint32(i) + tests[k]] > cuts[k])
            for i in range(size):
                block[i] += ends[node[i] - inner]
    return total
