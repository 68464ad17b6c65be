"""MP against its definition, stumpy, and published figures."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from detectors.kernels import matrix_profile
from detectors.kernels.matrix_profile import DIAGONALS, _blocks, nearest_distance
from detectors.mp import MP
from tests.support import naive_neighbours as naive
from tests.support.series import rhythm

Array = NDArray[np.float64]


SERIES = {
    "rhythm": rhythm(150),
    "far from zero": rhythm(150) + 1e4,
    "one flat stretch": np.concatenate([rhythm(60), np.full(40, 0.3), rhythm(50, 1)]),
    "two flat stretches": np.concatenate([rhythm(50), np.full(30, 0.3), rhythm(40, 1), np.full(30, -2.0)]),
    "a flat stretch of one window": np.concatenate([rhythm(70), np.full(12, 0.3), rhythm(60, 1)]),
    "steps": np.repeat(np.random.default_rng(3).normal(size=12), 12),
    "constant": np.full(80, 0.7),
}


def profile(x: Array, window: int, constants: str, fitted: list[Array] | None = None) -> Array:
    model = MP(window=window, align="start", constants=constants).fit(x if fitted is None else fitted)  # type: ignore[arg-type]
    return model.score(x)[: len(x) - window + 1]


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("constants", ["sqrt", "zero"])
@pytest.mark.parametrize("window", [3, 12])
def test_self_join_follows_the_definition(name: str, constants: str, window: int) -> None:
    x = SERIES[name]
    expected = naive.matrix_profile(x, [x], window, -(-window // 4), constants)
    np.testing.assert_allclose(profile(x, window, constants), expected, atol=2e-6)
    if name == "rhythm":
        np.testing.assert_allclose(profile(x, window, constants), expected, atol=1e-9)


@pytest.mark.parametrize(("window", "zone"), [(5, 2), (18, 5)])
def test_the_exclusion_zone_is_a_quarter_of_a_window_rounded_up(window: int, zone: int) -> None:
    """Of a smooth random walk the nearest window is the first one outside of the zone."""
    x = np.cumsum(np.cumsum(rhythm(150)))
    found = profile(x, window, "sqrt")
    np.testing.assert_allclose(found, naive.matrix_profile(x, [x], window, zone, "sqrt"), atol=1e-6)
    assert not np.allclose(found, naive.matrix_profile(x, [x], window, zone - 1, "sqrt"), atol=1e-3)


@pytest.mark.parametrize("constants", ["sqrt", "zero"])
def test_join_with_pieces_follows_the_definition(constants: str) -> None:
    pieces = [rhythm(100, 1), rhythm(8, 2), np.concatenate([rhythm(30, 3), np.full(20, 1.0)])]
    x = SERIES["two flat stretches"]
    expected = naive.matrix_profile(x, pieces, 12, None, constants)
    np.testing.assert_allclose(profile(x, 12, constants, pieces), expected, atol=1e-8)


@pytest.mark.filterwarnings("ignore:A large number of values in `P` are smaller")  # stumpy's word on constant series
@pytest.mark.slow  # stumpy compiles for some twenty seconds
@pytest.mark.parametrize("name", ["rhythm", "far from zero", "one flat stretch", "two flat stretches", "constant"])
@pytest.mark.parametrize("window", [5, 12, 50])
def test_stumpy_gives_the_same_self_join(name: str, window: int) -> None:
    import stumpy  # takes seconds, and its tests are slow

    x = SERIES[name] if name != "constant" else np.full(150, 0.7)
    theirs = stumpy.stump(x, window)[:, 0].astype(float)
    tolerance = 1e-8 if name != "far from zero" else 1e-6
    np.testing.assert_allclose(profile(x, window, "zero"), theirs, atol=tolerance)


@pytest.mark.slow
def test_stumpy_gives_the_same_across_block_edges_and_joins() -> None:
    import stumpy

    x, y = np.cumsum(rhythm(3200)), np.cumsum(rhythm(2300, 4))
    theirs = stumpy.stump(x, 40)[:, 0].astype(float)
    np.testing.assert_allclose(profile(x, 40, "zero"), theirs, atol=1e-8)
    joined = stumpy.stump(x, 40, T_B=y, ignore_trivial=False)[:, 0].astype(float)
    np.testing.assert_allclose(profile(x, 40, "zero", [y]), joined, atol=1e-8)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 25), st.floats(0.01, 100), st.floats(-50, 50))
def test_level_and_scale_do_not_matter(seed: int, window: int, scale: float, level: float) -> None:
    x = rhythm(150, seed)
    np.testing.assert_allclose(profile(scale * x + level, window, "sqrt"), profile(x, window, "sqrt"), atol=1e-6)


def test_the_index_names_the_neighbour() -> None:
    x = rhythm(1500)
    distance, index = nearest_distance(x, [x[:700], x[600:]], 20)
    starts = np.concatenate([np.arange(681), 600 + np.arange(881)])
    direct = [naive.z_distances(x[i : i + 20], x[None, j : j + 20], "sqrt")[0] for i, j in enumerate(starts[index])]
    np.testing.assert_allclose(distance, direct, atol=1e-9)


@pytest.mark.parametrize("count", [1, 2, 5, 8192, 8193, 20_000])
def test_rows_are_dealt_to_an_even_number_of_tasks(count: int) -> None:
    rows = matrix_profile._rows(count)
    assert 1 <= rows <= 4096
    assert len(range(0, count, rows)) in (1, 2 * -(-count // 8192))


def test_a_profile_of_many_blocks_follows_the_definition() -> None:
    """Longer than a block of diagonals and its groups; rows chosen at random and at the edges."""
    x = np.cumsum(rhythm(4200)) + np.where(np.arange(4200) > 4000, 30, 0)
    ours = profile(x, 16, "sqrt")
    w = np.lib.stride_tricks.sliding_window_view(x, 16)
    for i in [0, 1, 2, 3, 4, 1023, 1024, 1029, 2093, 2094, 4180, 4184, *np.random.default_rng(0).integers(0, 4185, 30)]:
        apart = naive.z_distances(w[i], w, "sqrt")
        apart[max(0, i - 4) : i + 5] = np.inf
        np.testing.assert_allclose(ours[i], apart.min(), atol=1e-8)


@pytest.mark.parametrize("zone", [None, (0, 5), (700, 5), (9000, 5), (-9000, 5)])
def test_blocks_cover_each_diagonal_once(zone: tuple[int, int] | None) -> None:
    starts = _blocks(-3000, 5000, zone, 1.0)
    covered = (starts[:, None] + np.arange(DIAGONALS)).ravel()
    wanted = [d for d in range(-3000, 5000) if zone is None or abs(d - zone[0]) > zone[1]]
    assert len(set(covered)) == len(covered)
    assert set(wanted) <= set(covered.tolist())
    assert zone is None or (np.abs(covered - zone[0]) > zone[1]).all()


@pytest.mark.parametrize("constants", ["sqrt", "zero"])
def test_a_part_of_the_fitted_series_scores_as_in_the_whole(constants: str) -> None:
    """Each window would else find itself, at distance 0."""
    x = rhythm(3000)
    x[2950:2958] += 2
    x[1000:1040] = 1.0
    x[1019:1022] = 2.0  # two flat stretches, each other's only match
    whole = profile(x, 16, constants)
    for part in (slice(2900, 3000), slice(0, 1030), slice(990, 1020), slice(1, 3000)):
        ours = profile(x[part], 16, constants, [x])
        np.testing.assert_allclose(ours, whole[part.start :][: len(ours)], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("constants", ["sqrt", "zero"])
def test_a_fitted_piece_is_joined_with_the_other_pieces_too(constants: str) -> None:
    pieces = [rhythm(90, 1), np.concatenate([rhythm(50, 2), np.full(30, 1.0), rhythm(20, 3)])]
    ours = profile(pieces[1], 12, constants, pieces)
    others = [np.lib.stride_tricks.sliding_window_view(piece, 12) for piece in pieces]
    for i in (0, 3, 55, len(ours) - 1):
        near = others[1][np.abs(np.arange(len(ours)) - i) > 3]
        expected = naive.z_distances(others[1][i], np.concatenate([others[0], near]), constants).min()
        np.testing.assert_allclose(ours[i], expected, atol=1e-8)


@pytest.mark.parametrize("window", [3, 4, 8, 100])
def test_the_least_length_leaves_every_window_a_neighbour(window: int) -> None:
    least = MP(window).min_length()
    assert np.isfinite(profile(rhythm(least), window, "sqrt")).all()
    with pytest.raises(ValueError, match="at least"):
        MP(window).fit(rhythm(least - 1))


@pytest.mark.parametrize("huge", [1e6, 1e9, 1e20])
def test_a_huge_value_changes_no_other_window(huge: float) -> None:
    x, y = rhythm(300), rhythm(120, 4)
    x[[60, 200]], y[50] = (huge, -huge), huge
    expected = naive.matrix_profile(x, [x], 16, 4, "sqrt")
    np.testing.assert_allclose(profile(x, 16, "sqrt"), expected, atol=1e-6)
    x[[60, 64, 68]] = huge  # a row of them, as far apart as the zone reaches
    expected = naive.matrix_profile(x, [x], 16, 4, "sqrt")
    np.testing.assert_allclose(profile(x, 16, "sqrt"), expected, atol=1e-6)
    pieces = [x[:150], x[150:]]
    np.testing.assert_allclose(
        profile(y, 16, "sqrt", pieces), naive.matrix_profile(y, pieces, 16, None, "sqrt"), atol=1e-6
    )


def test_a_window_without_a_computed_neighbour_gets_the_largest_distance_there_is() -> None:
    """So few diagonals that some windows of the scored series lie on none: their bound is 2 sqrt(W)."""
    fitted, x = rhythm(32), rhythm(300, 1)
    part, whole = (MP(window=20, share=share, align="start").fit(fitted).score(x)[:281] for share in (0.02, 1.0))
    assert (part >= whole - 1e-9).all()
    assert part.max() == round(2 * np.sqrt(20), 9) > whole.max()


def test_a_share_of_the_diagonals_bounds_the_profile_from_above() -> None:
    x = rhythm(20_000)
    whole = MP(window=40).fit(x).score(x)
    part = MP(window=40, share=0.3).fit(x).score(x)
    assert (part >= whole - 1e-9).all()
    assert 0 < (part - whole).mean() < 0.2 * whole.mean()


def test_bad_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="whole number of at least 3"):
        MP(window=2).fit(rhythm(100))
    with pytest.raises(ValueError, match="constants must be 'sqrt' or 'zero'"):
        MP(window=5, constants="none").fit(rhythm(100))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="share must be a number in"):
        MP(window=5, share=0.0).fit(rhythm(100))


@pytest.mark.real
@pytest.mark.skipif(
    "BENCHMARK_DATA" not in os.environ, reason="BENCHMARK_DATA does not name the folder of the real series"
)
@pytest.mark.parametrize(
    ("path", "window", "constants", "skip", "digits", "published", "tolerance"),
    [
        # Published by TSB-UAD v1, one value per series: first row dropped, AUROC of scores rounded to two decimals.
        ("Genesis/genesis-anomalies.test.csv@1.out", 125, "sqrt", 1, 2, 0.257133, 0.0005),
        ("Genesis/genesis-anomalies.test.csv@6.out", 125, "sqrt", 1, 2, 0.188447, 0.0005),
        ("Genesis/genesis-anomalies.test.csv@17.out", 125, "sqrt", 1, 2, 0.321294, 0.0005),
        # TSB-UAD 0.0.3 (stumpy) run on the same files, whole series, scores as they are.
        ("Genesis/genesis-anomalies.test.csv@3.out", 100, "zero", 0, None, 0.9791, 0.002),
        ("NASA-MSL/C-1.test.out", 264, "zero", 0, None, 0.7949, 0.002),
        ("NASA-MSL/M-7.test.out", 244, "zero", 0, None, 0.9136, 0.002),
    ],
)
def test_published_figures(
    path: str, window: int, constants: str, skip: int, digits: int | None, published: float, tolerance: float
) -> None:
    table = np.loadtxt(Path(os.environ["BENCHMARK_DATA"]) / "TSB-UAD-Public" / path, delimiter=",")[skip:]
    x, label = table[:, 0], table[:, 1]
    score = MP(window=window, constants=constants).fit(x).score(x)  # type: ignore[arg-type]
    score = (score - score.min()) / (np.ptp(score) or 1)
    assert abs(roc_auc_score(label, score if digits is None else np.round(score, digits)) - published) <= tolerance


@pytest.mark.parametrize("gap", range(9))
def test_constant_windows_do_not_count_within_the_exclusion_zone(gap: int) -> None:
    """Windows of 12 with a zone of 3; a flat stretch holds ``gap`` + 1 constant ones."""
    x = np.concatenate([rhythm(60), np.full(12 + gap, 0.3), rhythm(60, 1)])
    expected = naive.matrix_profile(x, [x], 12, 3, "zero")
    np.testing.assert_allclose(profile(x, 12, "zero"), expected, atol=1e-6)
    part = profile(x[20:110], 12, "zero", [x])
    np.testing.assert_allclose(part, expected[20:99], atol=1e-6)


def test_two_that_are_nearest_to_each_other_have_one_score() -> None:
    x = np.cumsum(np.random.default_rng(2).standard_normal(600)) + 1e3
    scores = MP(window=30, align="start").fit(x).score(x)[:571]
    rows = unit_windows(x, 30)
    apart = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    near = np.abs(np.subtract.outer(np.arange(571), np.arange(571))) <= 8
    apart[near] = np.inf
    nearest = apart.argmin(axis=1)
    mutual = np.flatnonzero(nearest[nearest] == np.arange(571))
    assert len(mutual) > 100
    assert np.array_equal(scores[mutual], scores[nearest[mutual]])


def unit_windows(x: np.ndarray, w: int) -> np.ndarray:
    rows = np.lib.stride_tricks.sliding_window_view(x, w)
    return np.asarray((rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True))


def test_a_huge_value_in_a_flat_stretch_is_no_constant_window() -> None:
    """The only other window has a dip where the huge value stands: a correlation of -1, farther than a constant is."""
    x = np.tile([1.0, -1.0], 60)  # a mean of 0, as the flat stretch
    x[40:60] = 0.0
    x[50] = 1e20
    found, _ = nearest_distance(x, [np.append(np.zeros(7), -1.0)], 8)
    assert found[43] == pytest.approx(2 * np.sqrt(8), abs=1e-6)


@pytest.mark.parametrize("part", [slice(30, 250), slice(150, 300)])
def test_a_part_with_a_huge_value_scores_as_in_the_whole(part: slice) -> None:
    """What is compared pair by pair has the exclusion zone of the place in the fitted series, too."""
    x = np.round(rhythm(300), 2)
    x[[60, 200]] = 1e9, -1e9
    whole, ours = profile(x, 16, "sqrt"), profile(x[part], 16, "sqrt", [x])
    np.testing.assert_allclose(ours, whole[part.start :][: len(ours)], rtol=1e-9, atol=1e-9)


def test_a_window_whose_best_match_is_its_opposite_finds_it() -> None:
    """All correlations are below 0: farther than a constant window, and a neighbour nevertheless."""
    x, falling = np.arange(40.0) ** 1.1, np.arange(40.0, 0, -1) ** 1.1
    found, index = nearest_distance(x, [falling], 8)
    others = np.lib.stride_tricks.sliding_window_view(falling, 8)
    slow = [naive.z_distances(x[i : i + 8], others, "sqrt") for i in range(33)]
    np.testing.assert_allclose(found, [row.min() for row in slow], atol=1e-6)
    assert (found > np.sqrt(2 * 8)).all()
    assert (index >= 0).all()


@pytest.mark.parametrize("zone", [None, (0, 5)])
@pytest.mark.parametrize("share", [0.25, 0.5])
def test_a_share_of_the_diagonals_is_spread_by_the_golden_ratio(zone: tuple[int, int] | None, share: float) -> None:
    every, some = (_blocks(-20 * DIAGONALS, 40 * DIAGONALS, zone, part) for part in (1.0, share))
    if zone:
        number = [(start - 6 if start > 0 else -5 - DIAGONALS - start) // DIAGONALS for start in every]
    else:
        number = [start // DIAGONALS for start in every]
    golden = (np.sqrt(5) - 1) / 2
    assert some.tolist() == [start for start, k in zip(every, number, strict=True) if (k * golden) % 1 < share]
    assert len(some) == pytest.approx(share * len(every), abs=4)


def test_a_constant_window_correlates_with_none_and_names_no_neighbour() -> None:
    distance, index = nearest_distance(np.full(40, 0.7), [rhythm(60)], 12)
    np.testing.assert_allclose(distance, np.sqrt(24))
    assert set(index) == {-1}
