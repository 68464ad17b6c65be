"""Isolation trees in heap order, and the paths of all windows through them (numba)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numba
import numpy as np
from numpy.typing import NDArray

from detectors.core import Array, Windows

BLOCK = 1024  # windows that go through one tree together


@dataclass
class Forest:
    """T trees of h levels; the children of node k are 2 k + 1 and 2 k + 2.

    A branch that ends early goes on as a chain of left children, hence every path has h steps. Values are float64 and
    taken about a level. In scikit-learn's float32 a series far from zero, or of small values, cannot be cut.
    """

    feature: NDArray[np.uint32]  # (T, 2^h - 1), window position that a node tests
    threshold: Array  # (T, 2^h - 1), a value above it goes right; infinite where a branch has ended
    # (T, 2^h), at the end of each path: cuts passed, plus the expected number for the samples still together
    depth: Array
    expected: float  # number of cuts for all samples of a tree, c(psi) in the paper's Eq. 1
    level: float = 0.0  # what is taken off all values first

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
        level = float(np.median(np.concatenate(windows.pieces)))  # unlike the mean deaf to a huge value
        for t in range(n_trees):
            drawn = windows.take(rng.choice(len(windows), samples, replace=False)) - level
            _grow(drawn, rng, feature[t], threshold[t], depth[t])
        return cls(feature, threshold, depth, float(_expected_depth(samples)), level)

    def score(self, x: Array, window: int) -> Array:
        """(n - window + 1,) isolation scores in 0..1 of the windows of an (n,) series."""
        cuts = _path_lengths(x - self.level, len(x) - window + 1, self.feature, self.threshold, self.depth)
        # A tree of one sample has nothing to cut: every score is then one half.
        ratio = cuts / len(self.depth) / self.expected if self.expected > 0 else np.ones(len(cuts))
        return np.asarray(2.0**-ratio)


@numba.njit(cache=True)
def _expected_depth(samples: int) -> float:
    """Mean depth of an unsuccessful search in a binary tree of that many samples (Liu et al., Eq. 1)."""
    depth = max(samples - 1.0, 0.0)
    if samples > 2:
        depth = 2 * (math.log(samples - 1.0) + np.euler_gamma) - 2 * depth / samples
    return depth


@numba.njit(cache=True)
def _draw_cut(
    rows: Array, members: NDArray[np.int64], features: NDArray[np.uint32], rng: np.random.Generator
) -> tuple[int, float]:
    """A random feature that differs among the members and a uniform cut inside of its range; -1 if none differs."""
    for tried in range(len(features)):
        k = rng.integers(tried, len(features))
        features[tried], features[k] = features[k], features[tried]
        feature = features[tried]
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
    """Cut (samples, window) ``rows`` at random until each is alone or the levels are used up."""
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
            test, cut = _draw_cut(rows, members[a:b], features, rng)
            if test >= 0:
                feature[k], threshold[k] = test, cut
                middle = _partition(rows, members, a, b, test, cut)
        cut_here = 1 if middle < b else 0
        begin[2 * k + 1], end[2 * k + 1], cuts[2 * k + 1] = a, middle, cuts[k] + cut_here
        begin[2 * k + 2], end[2 * k + 2], cuts[2 * k + 2] = middle, b, cuts[k] + cut_here


@numba.njit(cache=True)
def _partition(rows: Array, members: NDArray[np.int64], a: int, b: int, test: int, cut: float) -> int:
    """Reorder members[a:b] so that those not above the cut come first; their end."""
    middle = a
    for i in range(a, b):
        if rows[members[i], test] <= cut:
            members[i], members[middle] = members[middle], members[i]
            middle += 1
    return middle


@numba.njit(cache=True)
def _path_lengths(x: Array, n: int, feature: NDArray[np.uint32], threshold: Array, depth: Array) -> Array:
    """Sum over the trees of the depth that each of n windows reaches."""
    total = np.zeros(n)
    node = np.empty(BLOCK, dtype=np.uint32)
    inner, one, two = np.uint32(feature.shape[1]), np.uint32(1), np.uint32(2)
    levels = int(np.log2(inner + 1.0) + 0.5)
    for a in range(0, n, BLOCK):
        values, block = x[a:], total[a : a + BLOCK]
        # Unsigned throughout: signed indices are checked for being negative, which doubles the time.
        size = np.uint32(len(block))
        for t in range(len(feature)):
            tests, cuts, ends = feature[t], threshold[t], depth[t]
            node[:] = 0
            for _ in range(levels):
                # Independent windows in the inner loop hide the latency of each look-up.
                for i in range(size):
                    k = node[i]
                    node[i] = two * k + one + np.uint32(values[np.uint32(i) + tests[k]] > cuts[k])
            for i in range(size):
                block[i] += ends[node[i] - inner]
    return total
