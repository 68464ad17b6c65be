"""KMeansAD, KShapeAD, SAND and Series2Graph: their parts against slow implementations."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from detectors import KNN, SAND, KMeansAD, KShapeAD, Series2Graph
from detectors.core import Windows, moving_sum, windows_to_points
from detectors.kernels.shapes import align_to, k_shape, leading_shape, shape_distance, shift, spectrum, unit_rows
from detectors.kshape import centre_weights, cut_stretches, distance_from_shapes
from detectors.sand import Model, batches, standardise
from detectors.series2graph import count_edges, crossings, density_maxima, nearest_nodes, passage_worth, per_edge

RNG = np.random.default_rng(5)


def test_the_shape_based_distance_is_the_best_of_all_shifts() -> None:
    rows, centre = unit_rows(RNG.standard_normal((6, 20))), unit_rows(RNG.standard_normal((1, 20)))[0]
    distance, lag = shape_distance(spectrum(rows), centre, 20)
    for row, d, k in zip(rows, distance, lag, strict=True):
        slow = {s: float(shift(row, -s) @ centre) / 20 for s in range(-19, 20)}
        assert d == pytest.approx(1 - max(slow.values()))
        assert slow[int(k)] == pytest.approx(max(slow.values()))


@pytest.mark.parametrize("lag", [-19, 19])
def test_the_longest_shifts_count_too(lag: int) -> None:
    """A point at one end and one at the other meet in the last of all shifts alone."""
    first, last = unit_rows(np.eye(20)[[0, -1]])
    row, centre = (last, first) if lag > 0 else (first, last)
    distance, found = shape_distance(spectrum(row[None]), centre, 20)
    assert found.tolist() == [lag]
    assert distance[0] == pytest.approx(1 - row.max() * centre.max() / 20)


def test_the_leading_shape_correlates_best_with_its_members() -> None:
    for count in (5, 40):  # fewer and more members than points
        members = unit_rows(RNG.standard_normal((count, 12)) + 2 * np.sin(np.arange(12)))
        shape = leading_shape(members)
        best = ((members @ shape) ** 2).sum()
        for other in unit_rows(shape + 0.3 * RNG.standard_normal((200, 12))):
            assert ((members @ other) ** 2).sum() <= best + 1e-9
        assert (members @ shape).sum() > 0


def test_k_shape_parts_two_shapes_whatever_their_shift() -> None:
    t = np.arange(60)
    saw, bump = (t % 20) / 20.0, np.exp(-0.5 * ((t - 30) / 4) ** 2)
    rows = unit_rows(np.array([np.roll(saw, s) for s in range(12)] + [np.roll(bump, s - 6) for s in range(12)]))
    shapes = k_shape(rows, 2, np.random.default_rng(0))
    assert len(set(shapes.labels[:12])) == len(set(shapes.labels[12:])) == 1
    assert shapes.labels[0] != shapes.labels[20]


def test_windows_are_compared_with_every_window_of_a_centre() -> None:
    x, w = RNG.standard_normal(120), 9
    centres, weights = RNG.standard_normal((2, 30)), np.array([0.3, 0.7])

    def z(v: np.ndarray) -> np.ndarray:
        return np.asarray((v - v.mean()) / v.std())

    slow = np.zeros(112)
    for centre, weight in zip(centres, weights, strict=True):
        parts = [z(centre[j : j + w]) for j in range(22)]
        slow += weight * np.array([min(np.linalg.norm(z(x[i : i + w]) - p) for p in parts) for i in range(112)])
    np.testing.assert_allclose(distance_from_shapes(x, w, centres, weights), slow, rtol=1e-7)


def test_constant_windows_are_near_each_other_and_half_as_far_from_others() -> None:
    x = np.concatenate([RNG.standard_normal(40), np.full(20, 3.0), RNG.standard_normal(40)])
    flat, lively = np.concatenate([RNG.standard_normal(20), np.ones(20)]), RNG.standard_normal(40)
    inside = slice(40, 52)  # windows of 9 that are constant
    assert (distance_from_shapes(x, 9, flat[None], np.ones(1))[inside] == 0).all()
    np.testing.assert_allclose(distance_from_shapes(x, 9, lively[None], np.ones(1))[inside], 3.0)  # sqrt(9)


def test_batches_are_standardised_by_what_came_so_far() -> None:
    parts = [RNG.normal(5, 2, 300), RNG.normal(9, 1, 200)]
    first, second = standardise(parts, 0.25)
    assert (first.mean(), first.std()) == pytest.approx((0, 1))
    level = 0.75 * parts[0].mean() + 0.25 * parts[1].mean()
    spread = 0.75 * parts[0].std() + 0.25 * parts[1].std()
    np.testing.assert_allclose(second, (parts[1] - level) / spread)
    assert standardise([np.ones(3)], 0.5)[0].tolist() == [0, 0, 0]


def test_a_frequent_central_shape_weighs_most() -> None:
    t = np.arange(40)
    centres = unit_rows(np.array([np.sin(t), np.sin(1.05 * t), RNG.standard_normal(40)]))
    weights = centre_weights(centres, np.array([10.0, 2.0, 2.0]))
    assert weights.sum() == pytest.approx(1)
    assert weights[0] > weights[1] > weights[2]


def test_a_known_shape_joins_its_centre_and_a_new_one_is_added() -> None:
    t = np.arange(60)
    waves = unit_rows(np.array([np.sin(2 * np.pi * t / 20) + 0.3 * RNG.standard_normal(60) for _ in range(10)]))
    model = Model.empty(60)
    model.update(waves, 1, np.random.default_rng(0))
    model.update(waves[:4], 1, np.random.default_rng(0))
    assert model.members.tolist() == [14.0]
    model.update(unit_rows(RNG.standard_normal((3, 60))), 1, np.random.default_rng(0))
    assert model.members.tolist() == [14.0, 3.0]
    assert model.idle.tolist() == [1.0, 0.0]


def test_a_centre_weighs_less_once_it_is_idle_for_more_batches_than_it_has_members() -> None:
    centres, members = unit_rows(RNG.standard_normal((2, 30))), np.array([10.0, 10.0])
    usual = centre_weights(centres, members)
    for idle, part in ((9.0, 1.0), (11.0, 1.0), (14.0, 1 / 4)):
        expected = usual * [part, 1.0]
        weights = Model(30, centres, members=members, idle=np.array([idle, 0.0])).weights()
        np.testing.assert_allclose(weights, expected / expected.sum())


def test_members_are_moved_to_where_they_match_their_centre() -> None:
    centre = np.zeros(40)
    centre[15:20] = [1, 3, -2, 4, 1]
    rows = np.stack([shift(centre, lag) for lag in (-6, 0, 5)])
    np.testing.assert_array_equal(align_to(rows, spectrum(rows), centre), np.stack([centre] * 3))


@pytest.mark.parametrize(("seen", "n", "size"), [(0, 100, 30), (40, 100, 30), (95, 100, 30), (100, 100, 30)])
def test_batches_cover_every_row_once(seen: int, n: int, size: int) -> None:
    assert [row for a, b in batches(seen, n, size) for row in range(a, b)] == list(range(n))


def test_scoring_a_stream_leaves_the_model_as_it_was() -> None:
    x = np.sin(np.arange(900) / 5) + 0.05 * RNG.standard_normal(900)
    detector = SAND(window=31).fit(x[:300])
    before = detector.model_.members.copy()
    first = detector.score(x)
    assert np.array_equal(detector.model_.members, before)
    assert np.array_equal(detector.score(x), first)


def test_kmeans_scores_the_mean_distance_to_the_nearest_centre() -> None:
    x = np.sin(np.arange(400) / 4) + 0.1 * RNG.standard_normal(400)
    detector = KMeansAD(window=20, n_clusters=4).fit(x)
    rows = np.lib.stride_tricks.sliding_window_view(x, 20) - np.median(x)
    slow = [min(np.linalg.norm(row - centre) for centre in detector.centres_) for row in rows]
    np.testing.assert_allclose(detector.score(x), windows_to_points(np.array(slow), 20, "mean"))


def test_crossings_are_where_a_step_meets_a_ray() -> None:
    path, rays = RNG.standard_normal((200, 2)), 12
    found = {(int(s), int(r)): float(q) for r, q, s in zip(*crossings(path, rays), strict=True)}
    slow = {}
    for step, (a, b) in enumerate(pairwise(path)):
        for ray in range(rays):
            u = np.array([np.cos(2 * np.pi * ray / rays), np.sin(2 * np.pi * ray / rays)])
            t, s = np.linalg.solve(np.column_stack([b - a, -u]), -a)
            if 0 < t <= 1 and s > 0:
                slow[step, ray] = float(s)
    assert set(found) == set(slow)
    for place, radius in slow.items():
        assert found[place] == pytest.approx(radius, abs=1e-9)


def test_the_density_has_a_maximum_in_each_heap() -> None:
    values = np.concatenate([RNG.normal(1, 0.05, 300), RNG.normal(3, 0.05, 300)])
    np.testing.assert_allclose(density_maxima(values), [1, 3], atol=0.1)
    assert density_maxima(np.zeros(0)).tolist() == [0.0]
    assert density_maxima(np.full(4, 2.5)).tolist() == [2.5]


def test_edges_are_counted_within_pieces() -> None:
    edges, counts = count_edges([np.array([0, 1, 0, 1]), np.array([1, 0])], 2)
    assert dict(zip(edges.tolist(), counts.tolist(), strict=True)) == {1: 2.0, 2: 2.0}


def test_stretches_have_the_mean_worth_of_their_edges_or_that_of_the_stretch_before() -> None:
    worth, edges = np.array([0.0, 0, 6, 0, 0, 0, 8, 2]), np.array([0, 0, 2, 0, 0, 0, 1, 1])
    slow: list[float] = []
    for i in range(7):
        count = edges[i : i + 2].sum()
        slow.append(worth[i : i + 2].sum() / count if count else slow[-1] if slow else np.nan)
    found = per_edge(moving_sum(worth, 2), moving_sum(edges, 2))
    assert slow[1:] == pytest.approx(found[1:])
    assert found[0] == found[1] == 3.0  # nothing before: the next
    assert per_edge(np.zeros(3), np.zeros(3)).tolist() == [0, 0, 0]


def test_by_edges_the_score_is_that_of_a_loop_over_the_path() -> None:
    x = np.sin(np.arange(400) / 4) + 0.2 * RNG.standard_normal(400)
    detector = Series2Graph(window=20, rays=12, average="edges").fit(x)
    crossed = crossings(detector.plane_.path(x, 20), 12)
    path, nodes = nearest_nodes(crossed, detector.nodes_), sum(map(len, detector.nodes_))
    worth = passage_worth(path, detector.edges_, detector.counts_, nodes)
    slow = []
    for first in range(361):
        mine = [value for step, value in zip(crossed.step[1:], worth, strict=True) if first <= step < first + 20]
        slow.append(-np.log1p(np.mean(mine)) if mine else slow[-1])
    np.testing.assert_allclose(detector.score(x)[20:380], slow[:360], rtol=1e-9)


@pytest.mark.parametrize("cls", [KShapeAD, Series2Graph, SAND])
def test_an_unusual_stretch_scores_highest(cls: type) -> None:
    t = np.arange(3000)
    x = np.sin(2 * np.pi * t / 50) + 0.05 * np.random.default_rng(1).standard_normal(3000)
    x[2000:2050] = np.sin(2 * np.pi * t[2000:2050] / 17)
    scores = cls(window=50).fit(x[:1000] if cls is SAND else x).score(x)
    assert 1900 <= int(scores.argmax()) < 2150


def test_a_centre_weighs_its_members_squared_over_its_distance_to_the_others() -> None:
    centres = unit_rows(np.array([np.sin(np.arange(40)), np.cos(2.3 * np.arange(40)), RNG.standard_normal(40)]))
    members = np.array([10.0, 4.0, 3.0])
    spectra = spectrum(centres)
    apart = np.array([sum(shape_distance(spectra[[k]], c, 40)[0][0] for k in range(3)) for c in centres])
    slow = members**2 / apart
    np.testing.assert_allclose(centre_weights(centres, members), slow / slow.sum(), rtol=1e-12)


def test_stretches_begin_one_and_a_half_windows_apart() -> None:
    pieces = [RNG.standard_normal(130), RNG.standard_normal(75)]
    slow = [piece[a : a + 40] for piece in pieces for a in range(0, len(piece) - 39, 15)]
    np.testing.assert_allclose(cut_stretches(Windows(pieces, 10), 40, 2000), unit_rows(np.array(slow)))


@pytest.mark.parametrize(("stretches", "ahead"), [("inside", 0), ("starting", 39)])
def test_sand_scores_each_batch_by_the_shapes_that_it_has_joined_first(stretches: str, ahead: int) -> None:
    """A stream of 1,300 points behind 200 fitted ones, windows of 20: batches of at least five windows."""
    x = np.round(np.sin(np.arange(1500) / 4) + 0.2 * RNG.standard_normal(1500), 3)
    detector = SAND(window=20, length=2, batch=0.01, align="start", stretches=stretches).fit(x[:200])
    model, rng, slow = Model.empty(40), np.random.default_rng(0), []
    edges = [0, *np.linspace(200, 1500, 14).astype(int)]
    for a, b in pairwise(edges):
        model.update(cut_stretches(Windows([x[a : b + ahead]], 20), 40, 2000), 6, rng)
        if not a and stretches == "inside":  # fitted with a generator of its own
            rng = np.random.default_rng(0)
        slow.append(distance_from_shapes(x[a : min(b + 19, 1500)], 20, model.centres, model.weights()))
    np.testing.assert_array_equal(detector.score(x)[:1481], np.concatenate(standardise(slow, 0.5)))


def test_stretches_that_start_in_few_fitted_rows_are_whole() -> None:
    """The fitted rows are shorter than a stretch; only a scored series that begins with them has whole ones."""
    x = np.sin(np.arange(900) / 5) + 0.1 * RNG.standard_normal(900)
    inside, starting = (SAND(window=40, stretches=kind).fit(x[:100]) for kind in ("inside", "starting"))
    lengths = [
        d._first_model(x, seen, np.random.default_rng(0)).length for d in (inside, starting) for seen in (100, 0)
    ]
    assert lengths == [100, 100, 160, 100]


def test_a_centre_that_grows_is_idle_no_more() -> None:
    waves = unit_rows(np.array([np.sin(np.arange(60) / 3 + k / 9) for k in range(10)]))
    model = Model.empty(60)
    for k in range(3):
        model.update(waves[k:], 1, np.random.default_rng(0))
    assert model.members.tolist() == [27.0]
    assert model.idle.tolist() == [0.0]


@pytest.mark.parametrize(("apart", "tops"), [(1.06, 1), (1.13, 2)])
def test_the_density_has_scotts_width(apart: float, tops: int) -> None:
    """Two normal heaps of deviation .5 and equal size: narrower kernels than n^-.2 deviations part the first pair."""
    from scipy.stats import gaussian_kde, norm

    heap = 0.5 * norm.ppf((np.arange(250) + 0.5) / 250)
    values = np.concatenate([heap, heap + apart])
    heights = gaussian_kde(values)(np.linspace(-2, 3, 5000))
    assert len(density_maxima(values)) == tops == ((heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])).sum()


def test_an_edge_is_worth_its_count_times_the_other_edges_of_its_first_node() -> None:
    edges, counts = count_edges([np.array([0, 1, 3, 0, 2, 3, 0, 1])], 4)
    # edges 0-1 (twice), 1-3, 3-0 (twice), 0-2, 2-3: degrees of 0, 1, 2, 3 are 3, 2, 2, 3
    worth = passage_worth(np.array([0, 1, 3, 0, 2, 1]), edges, counts, 4)
    assert worth.tolist() == [2 * 2, 1 * 1, 2 * 2, 1 * 2, 0]


@pytest.mark.parametrize("only", [{"n_clusters": 1, "max_windows": 40}, {"n_clusters": 5, "max_windows": 9999}])
def test_the_seed_draws_both_the_sample_and_the_first_centres(only: dict[str, int]) -> None:
    x = np.sin(np.arange(400) / 4) + 0.1 * RNG.standard_normal(400)
    one, same, other = (KMeansAD(window=20, random_state=s, **only).fit(x).score(x) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_kmeans_beside_a_huge_value_repeats_no_warning_of_its_library() -> None:
    x = np.sin(np.arange(300) / 4)
    x[0] = 1e20
    assert np.isfinite(KMeansAD(window=16).fit(x).score(x)).all()


def test_knn_leaves_the_window_itself_out_in_whichever_piece_it_stands() -> None:
    x = np.sin(np.arange(500) / 4) + 0.1 * RNG.standard_normal(500)
    pieces = [x[:200], x[250:]]
    detector = KNN(window=20, n_neighbors=3, align="start").fit(pieces)
    every = np.concatenate([np.lib.stride_tricks.sliding_window_view(p, 20) for p in pieces])
    apart = np.linalg.norm(every[:, None] - every[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    slow = np.sort(apart, axis=1)[:, 2]
    np.testing.assert_allclose(detector.score(pieces[0])[:181], slow[:181])
    np.testing.assert_allclose(detector.score(pieces[1])[:231], slow[181:])
    np.testing.assert_allclose(detector.score(pieces[1][40:140])[:81], slow[221:302])


def test_a_centre_is_found_anew_from_its_latest_members(monkeypatch: pytest.MonkeyPatch) -> None:
    from detectors import sand

    monkeypatch.setattr(sand, "MEMBERS", 5)
    waves = unit_rows(np.sin(2 * np.pi * np.arange(60) / 20) + 0.3 * RNG.standard_normal((9, 60)))
    model = Model.empty(60)
    model.update(waves, 1, np.random.default_rng(0))
    np.testing.assert_array_equal(model.rows[0], waves[4:])
    model.update(waves[:3], 1, np.random.default_rng(0))
    np.testing.assert_array_equal(model.rows[0], np.concatenate([waves[7:], waves[:3]]))
    assert model.members.tolist() == [12.0]
