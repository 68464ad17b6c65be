"""Series2Graph: scores of a slow oracle in plain loops, and its parts worked out by hand."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from detectors.core import windows_to_points
from detectors.series2graph import (
    Series2Graph,
    across,
    count_edges,
    crossings,
    density_maxima,
    leading_components,
    nearest_nodes,
    passage_worth,
    per_edge,
)

# -- the oracle: one loop for each sentence of the method, no code of the detector -------------------


def vectors(x, window, level):
    """Each window as the sums over a third of it."""
    width = max(1, window // 3)
    starts = range(len(x) - window + 1)
    return np.array(
        [[sum(v - level for v in x[i + k : i + k + width]) for k in range(window - width + 1)] for i in starts]
    )


def plane(v):
    """Basis and origin; the axes are written out, which needs a direction with three positive entries."""
    values, columns = np.linalg.eigh(np.cov(v.T, bias=True))
    leading = [columns[:, k] for k in np.argsort(-values)[:3]]
    leading = np.array([column if column.sum() >= 0 else -column for column in leading]).T
    r = leading.sum(axis=0)
    assert (r > 0).all()
    first = -r / np.linalg.norm(r)
    second = np.array([1.0, 0.0, 0.0]) - first[0] * first
    second /= np.linalg.norm(second)
    basis = leading @ np.array([second, np.cross(first, second)]).T
    return basis, v.mean(axis=0) @ basis


def walk(places, rays):
    """(half-line, radius, step) of each crossing, from the intersection of two lines."""
    found = []
    for i, (z, after) in enumerate(pairwise(places)):
        begin, turn = math.atan2(z[1], z[0]), math.atan2(after[1], after[0]) - math.atan2(z[1], z[0])
        while turn < -math.pi:
            turn += 2 * math.pi
        while turn >= math.pi:
            turn -= 2 * math.pi
        b, e = begin * rays / (2 * math.pi), (begin + turn) * rays / (2 * math.pi)
        passed = [k for k in range(-2 * rays, 2 * rays) if (b < k <= e if turn > 0 else e <= k < b)]
        for k in passed if turn > 0 else passed[::-1]:
            line = np.array([math.cos(2 * math.pi * k / rays), math.sin(2 * math.pi * k / rays)])
            radius, _ = np.linalg.solve(np.column_stack([line, z - after]), z)
            found.append((k % rays, max(radius, 0.0), i))
    return found


def maxima(radii):
    """Maxima of the density on a grid, as a sum of a Gaussian (cut at four deviations) at each bin."""
    if not radii:
        return [0.0]
    if len(radii) == 1:
        return radii
    h = float(np.std(radii)) * len(radii) ** (-1 / 5)
    low, high = min(radii) - 3 * h, max(radii) + 3 * h
    bin_width = (high - low) / 512
    counts = np.histogram(radii, 512, (low, high))[0]
    reach = int(4 * h / bin_width + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * bin_width / h) ** 2)
    density = np.zeros(512 + 2 * reach)
    for k in range(512):
        density[k : k + 2 * reach + 1] += counts[k] * kernel
    density = density[reach : reach + 512]
    peaks = [k for k in range(1, 511) if density[k - 1] < density[k] >= density[k + 1]]
    return [low + (k + 0.5) * bin_width for k in peaks] or [float(np.mean(radii))]


class Oracle:
    """What a fit learns, as dictionaries."""

    def __init__(self, pieces, window, rays):
        self.window, self.rays = window, rays
        used = [p for p in pieces if len(p) > window]
        self.level = np.median(np.concatenate(used))
        self.basis, self.origin = plane(np.concatenate([vectors(p, window, self.level) for p in used]))
        walks = [self.walk(p) for p in used]
        self.nodes = {k: maxima([r for w in walks for ray, r, _ in w if ray == k]) for k in range(rays)}
        paths = [self.named(w) for w in walks]
        self.count = Counter(edge for path in paths for edge in pairwise(path))
        self.degree = Counter(a for a, _ in self.count) + Counter(b for _, b in self.count)

    def walk(self, x):
        return walk(vectors(x, self.window, self.level) @ self.basis - self.origin, self.rays)

    def named(self, crossed):
        """Each crossing as (half-line, number of the nearest node on it)."""
        return [(ray, int(np.argmin([abs(r - node) for node in self.nodes[ray]]))) for ray, r, _ in crossed]

    def score(self, x, query, average):
        """Scores of stretches, and their length in points."""
        crossed = self.walk(x)
        passages = [
            (a, b, step) for (a, b), (_, _, step) in zip(pairwise(self.named(crossed)), crossed[1:], strict=True)
        ]
        steps = len(x) - self.window
        q = max(1, min(query * self.window, len(x)) - self.window)
        scores, last = [], None
        for j in range(steps - q + 1):
            inside = [self.count[a, b] * max(self.degree[a] - 1, 0) for a, b, step in passages if j <= step < j + q]
            if average == "points":
                last = sum(inside) / q
            elif inside:
                last = sum(inside) / len(inside)
            scores.append(last)
        first = next((s for s in scores if s is not None), 0.0)
        return np.array([-math.log(1 + (first if s is None else s)) for s in scores]), self.window + q


def noisy(n, seed):
    rng = np.random.default_rng(seed)
    return np.sin(np.arange(n) / 3) + 0.3 * rng.normal(size=n)


SETTINGS = {
    "paper": ([240], 150, 10, 2, 20, "points"),
    "program": ([240], 150, 10, 2, 12, "edges"),
    "three rays, few crossings": ([120, 90], 90, 12, 2, 3, "edges"),
    "pieces, one too short": ([130, 9, 10, 110], 120, 9, 3, 8, "points"),
    "query of one window": ([200], 80, 7, 1, 15, "edges"),
    "query beyond the series": ([200], 60, 8, 40, 15, "points"),
    "window of three": ([150], 100, 3, 4, 6, "points"),
    "two windows": ([150], 9, 8, 2, 30, "edges"),
}


@pytest.mark.parametrize("case", SETTINGS)
@pytest.mark.parametrize("align", ["centre", "start", "max"])
def test_scores_are_the_slow_oracles(case, align):
    lengths, n, window, query, rays, average = SETTINGS[case]
    pieces, x = [noisy(m, seed) for seed, m in enumerate(lengths)], noisy(n, 99)
    stretches, length = Oracle(pieces, window, rays).score(x, query, average)
    assert len(stretches) == n - length + 1
    detector = Series2Graph(window, query, rays, average, align).fit(pieces)
    np.testing.assert_allclose(detector.score(x), windows_to_points(stretches, length, align), rtol=1e-9, atol=1e-12)


def test_a_stretch_without_edges_has_by_edges_the_normality_before_it():
    """With three half-lines and a query of one window, most steps have no edge."""
    pieces, x = [noisy(200, 1)], noisy(90, 2)
    oracle = Oracle(pieces, 12, 3)
    stretches, length = oracle.score(x, 1, "edges")
    assert len({step for _, _, step in oracle.walk(x)[1:]}) < len(stretches) / 2
    scores = Series2Graph(12, 1, 3, "edges", "start").fit(pieces).score(x)
    np.testing.assert_allclose(scores, windows_to_points(stretches, length, "start"), rtol=1e-9)


# -- parts ------------------------------------------------------------------------------------------


def test_components_come_largest_first_with_sums_of_at_least_zero():
    components = leading_components(np.diag([1.0, 4.0, 3.0, 2.0]))
    np.testing.assert_array_equal(np.abs(components), np.eye(4)[:, [1, 2, 3]])
    assert (components.sum(axis=0) >= 0).all()
    np.testing.assert_array_equal(leading_components(np.array([[2.0]])), [[1.0, 0.0, 0.0]])


@pytest.mark.parametrize("seed", range(4))
def test_components_are_eigenvectors_with_sums_of_at_least_zero(seed):
    rows = np.random.default_rng(seed).normal(size=(20, 6))
    components = leading_components(rows.T @ rows)
    stretched = rows.T @ rows @ components
    np.testing.assert_allclose(stretched, components * np.linalg.norm(stretched, axis=0))
    assert (components.sum(axis=0) > 0).all()


def test_a_high_level_costs_no_digit():
    x = np.round(50 * noisy(200, 0))
    scores = Series2Graph(10).fit(x).score(x)
    np.testing.assert_array_equal(Series2Graph(10).fit(x + 2.0**40).score(x + 2.0**40), scores)


@pytest.mark.parametrize(
    ("direction", "axes"),
    [
        ((0, 0, 0), [(1, 0, 0), (0, 1, 0)]),
        ((1, 1, 0), [(-(0.5**0.5), 0.5**0.5, 0), (0, 0, 1)]),
    ],
)
def test_axes_of_a_degenerate_direction(direction, axes):
    np.testing.assert_allclose(across(np.array(direction, dtype=float)).T, axes, atol=1e-15)


def test_a_step_crosses_the_half_line_on_which_it_ends_not_that_on_which_it_begins():
    square = np.array([(1.0, 0.0), (0.0, 2.0), (-3.0, 0.0), (0.0, -4.0), (1.0, 0.0)])
    ray, radius, step = crossings(square, 4)
    assert (ray.tolist(), step.tolist()) == ([1, 2, 3, 0], [0, 1, 2, 3])
    np.testing.assert_allclose(radius, [2, 3, 4, 1])
    ray, _, step = crossings(square[::-1], 4)
    assert (ray.tolist(), step.tolist()) == ([3, 2, 1, 0], [0, 1, 2, 3])


def test_a_step_goes_the_shorter_way_and_a_half_turn_clockwise():
    wide = np.array([(1.0, 0.1), (-1.0, 1.0), (-1.0, -1.0)])
    assert crossings(wide, 8).ray.tolist() == [1, 2, 3, 4, 5]
    assert crossings(wide[::-1], 8).ray.tolist() == [4, 3, 2, 1]
    half = crossings(np.array([(2.0, 0.0), (-1.0, 0.0)]), 4)
    assert half.ray.tolist() == [3, 2]
    np.testing.assert_allclose(half.radius, [0.0, 0.0], atol=1e-15)


def test_a_step_along_the_half_line_crosses_it_where_the_step_began():
    ray, radius, _ = crossings(np.array([(-1.0, 0.0), (2.0, 0.0)]), 4)
    assert (ray.tolist(), radius.tolist()) == ([1, 0], [0.0, 1.0])


def test_a_path_that_stays_or_keeps_to_the_origin_crosses_nothing():
    for place in [(0.0, 0.0), (0.3, 0.4)]:
        assert [len(part) for part in crossings(np.array([place] * 5), 6)] == [0, 0, 0]


def test_no_radius_is_negative_by_rounding():
    """Steps to nearly the opposite side pass the origin by less than a rounding error."""
    places = np.random.default_rng(0).normal(size=(200, 2))
    walks = [crossings(np.array([place, -0.3 * place]), 12) for place in places]
    assert min(walked.radius.min() for walked in walks) >= 0


def test_nodes_of_few_or_equal_radii():
    assert density_maxima(np.array([])).tolist() == [0.0]
    assert density_maxima(np.array([2.5] * 4)).tolist() == [2.5]
    assert density_maxima(np.array([1.0, 1 + 2e-16, 1 + 4e-16])).tolist() == [1.0]


@pytest.mark.parametrize("apart", [0.0, 3.0, 20.0])
def test_nodes_are_the_slow_oracles(apart):
    rng = np.random.default_rng(0)
    radii = np.concatenate([rng.normal(30, 1, 300), rng.normal(30 + apart, 1, 200)])
    nodes = density_maxima(radii)
    np.testing.assert_allclose(nodes, maxima(radii.tolist()), rtol=1e-12)
    assert len(nodes) == 2 if apart == 20 else len(nodes) < 3


def test_a_plateau_is_a_node_at_its_lower_end():
    """The values are symmetric, so the two bins in the middle are equally dense."""
    radii = np.array([1, 1.375, 1.625, 2])
    half_a_bin = (0.5 + 3 * radii.std() * 4**-0.2) / 512
    np.testing.assert_allclose(density_maxima(radii), [1.5 - half_a_bin], rtol=1e-12)


def test_values_of_the_first_and_last_bin_alone_have_a_node_at_their_mean():
    radii = np.ones(100_000)
    radii[0] = 2.0
    np.testing.assert_allclose(density_maxima(radii), [radii.mean()])


def test_of_two_nodes_equally_near_the_lower_one_is_taken():
    places = np.array([(1.0, -1.0), (1.0, 1.0), (3.0, -3.0), (3.1, 3.1)])
    walked = crossings(places, 3)
    nodes = [np.array([0.0, 2.0]), np.array([7.0]), np.array([8.0])]
    on_first = walked.ray == 0
    np.testing.assert_allclose(walked.radius[on_first][0], 1.0)
    assert nearest_nodes(walked, nodes)[on_first].tolist() == [0, 1, 1]


def test_an_edge_is_worth_its_count_times_the_other_edges_of_its_first_node():
    edges, counts = count_edges([np.array([0, 1, 3, 0, 2, 3, 0, 1])], 4)
    assert (edges.tolist(), counts.tolist()) == ([1, 2, 7, 11, 12], [2, 1, 1, 1, 2])
    assert passage_worth(np.array([0, 1, 3, 0, 2, 1]), edges, counts, 4).tolist() == [4, 1, 4, 2, 0]


def test_a_loop_counts_at_both_of_its_ends_and_no_edge_leads_from_piece_to_piece():
    edges, counts = count_edges([np.array([1, 1, 1]), np.array([0])], 2)
    assert (edges.tolist(), counts.tolist()) == ([3], [2])
    assert passage_worth(np.array([1, 1, 0]), edges, counts, 2).tolist() == [2, 0]


def test_a_graph_without_edges_gives_no_worth():
    edges, counts = count_edges([np.array([], dtype=np.int64)], 3)
    assert passage_worth(np.array([0, 2]), edges, counts, 3).tolist() == [0]


def test_by_edges_gaps_are_filled_from_before_and_at_the_beginning_from_behind():
    total, edges = np.array([0.0, 0.0, 6.0, 0.0, 8.0]), np.array([0.0, 0.0, 3.0, 0.0, 1.0])
    assert per_edge(total, edges).tolist() == [2, 2, 2, 2, 8]
    assert per_edge(np.zeros(3), np.zeros(3)).tolist() == [0, 0, 0]


@pytest.mark.parametrize("average", ["points", "edges"])
@pytest.mark.parametrize("fitted", [np.full(60, 3.25), noisy(60, 0)])
def test_a_constant_series_has_the_largest_score_which_is_zero(average, fitted):
    detector = Series2Graph(10, average=average).fit(fitted)
    assert not detector.score(np.full(40, 1.5)).any()


def test_pieces_that_do_not_hold_two_windows_are_refused():
    detector = Series2Graph(window=10).fit(noisy(60, 0)).set_params(window=30)
    with pytest.raises(ValueError, match="no piece is longer than a window of 30 points: give longer pieces"):
        detector.fit(noisy(25, 0))


def test_a_saved_model_scores_alike(tmp_path):
    x = noisy(120, 0)
    detector = Series2Graph(10).fit(x)
    detector.save(tmp_path / "model.safetensors")
    loaded = Series2Graph.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.score(x[:60]), detector.score(x[:60]))
