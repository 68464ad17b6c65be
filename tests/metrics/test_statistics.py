"""Intervals and tests against scipy, published tables, slow oracles, and simulations."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from benchmark.metrics import Undefined
from benchmark.report.plots.cd_diagram import _levels, _ranked, cd_figure
from benchmark.report.tables.model import Entry, Row, Table
from benchmark.statistics import (
    Pair,
    intervals,
    paired_bootstrap,
    rank_test,
    ranks,
    seed_interval,
    stratified_wilcoxon,
)
from benchmark.statistics.intervals import _draws, _right_pairs, _units
from benchmark.statistics.ranks import friedman, holm
from tests.support import naive_metrics as naive
from tests.support.series import labelled


def make_cells(values, datasets=None, seeds=1, **columns):
    """Cells from a dict of detector -> (n_series,) values."""
    n = len(next(iter(values.values())))
    datasets = datasets or ["A"] * n
    rows = [
        {"dataset": datasets[i], "series": f"s{i}", "detector": name, "seed": seed, "auroc": float(column[i])}
        for name, column in values.items()
        for i in range(n)
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows).assign(protocol="prefix", status="ok", source="local", **columns)


def shifted(k=4, n=30, step=0.1, noise=0.05, seed=0):
    rng = np.random.default_rng(seed)
    level = rng.random(n)
    return {f"D{i}": level + step * i + rng.normal(0, noise, n) for i in range(k)}


BLOCKS = ["A"] * 1 + ["B"] * 10 + ["C"] * 15 + ["D"] * 4


# -- intervals ---------------------------------------------------------------------------------------


def test_seed_interval_is_students():
    x = [0.70, 0.74, 0.69, 0.75, 0.72]
    low, high = stats.ttest_1samp(x, 0).confidence_interval(0.95)
    half = (high - low) / 2 * np.sqrt(6)  # one more seed scatters, too: sqrt(1 / 5 + 1) in place of sqrt(1 / 5)
    assert seed_interval(x) == pytest.approx((np.mean(x) - half, np.mean(x) + half))


def test_an_interval_for_one_more_run_covers_one_more_run():
    draws = np.random.default_rng(0).normal(size=(4000, 6))
    intervals = [seed_interval(row[:5], level=0.9) for row in draws]
    covered = [low <= row[5] <= high for row, (low, high) in zip(draws, intervals, strict=True)]
    assert np.mean(covered) == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("values", [[], [0.5], [0.5, np.nan]])
def test_an_interval_needs_two_seeds_and_finite_values(values):
    with pytest.raises(ValueError, match="one finite value per seed, of two seeds or more"):
        seed_interval(values)


def test_two_rows_for_one_cell_are_refused():
    cells = make_cells(shifted())
    with pytest.raises(ValueError, match="two rows for one cell"):
        rank_test(pd.concat([cells, cells]))


# -- tests over series -------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_equals_its_slow_oracle(p):
    assert holm(p) == pytest.approx(naive.holm(p), abs=1e-12)


def test_friedman_counts_ties_and_takes_equal_detectors():
    x = np.random.default_rng(0).integers(0, 4, size=(20, 5)).astype(float)
    deviation = stats.rankdata(x, axis=1) - 3
    chi2 = 4 * np.sum(deviation.sum(axis=0) ** 2) / np.sum(deviation**2)  # Conover's form, with ties
    assert friedman(x) == pytest.approx(stats.chi2.sf(chi2, 4), abs=1e-12)
    assert friedman(np.ones((8, 3))) == 1.0


@pytest.mark.parametrize("n", [7, 12, 13, 40])
def test_with_one_data_set_the_signed_rank_test_is_scipys(n):
    d = np.random.default_rng(n).normal(0.3, 1, n)
    theirs = stats.wilcoxon(d, method="exact")
    assert stratified_wilcoxon(d, ["A"] * n) == pytest.approx(theirs.pvalue, rel=1e-12)


@pytest.mark.parametrize("n", range(11, 17))
def test_one_more_series_never_takes_significance_away(n):
    values = {f"D{j:02d}": 0.5 + 0.02 * j + 0.001 * j * np.arange(n) for j in range(13)}  # one order on every series
    got = rank_test(make_cells(values))
    assert got.pairs.p.to_numpy() == pytest.approx(2 / 2**n, rel=1e-12)
    assert got.pairs.significant.all() == (78 * 2 / 2**n <= 0.05)


def test_where_the_table_of_sums_would_be_too_large_the_normal_approximation_is_near(monkeypatch):
    rng = np.random.default_rng(0)
    strata, d = np.repeat(list("ABCD"), [2, 4, 6, 10]), rng.normal(0.4, 1, 22)
    exact = stratified_wilcoxon(d, strata)
    monkeypatch.setattr(ranks, "MAX_SUMS", 0)
    assert stratified_wilcoxon(d, strata) != exact
    assert stratified_wilcoxon(d, strata) == pytest.approx(exact, rel=0.1)


@settings(max_examples=30)
@example(pairs=[(1, "B"), (-2, "B"), (-2, "B"), (-2, "B"), (1, "A"), (3, "B")])  # sums that cancel but for rounding
@given(pairs=st.lists(st.tuples(st.integers(-4, 4), st.sampled_from("ABC")), min_size=1, max_size=8))
def test_the_stratified_test_equals_its_slow_oracle(pairs):
    d, strata = zip(*pairs, strict=True)
    assert stratified_wilcoxon(d, strata) == pytest.approx(naive.stratified_signed_rank(d, strata), abs=1e-12)


def test_zero_differences_are_ranked_and_then_silent():
    d = np.array([0.0, 0.0, *np.random.default_rng(3).normal(0.4, 1, 30)])

    def signed(x):
        return np.sum(np.sign(x) * stats.rankdata(abs(x)))

    theirs = stats.permutation_test((d,), signed, permutation_type="samples", n_resamples=20_000, rng=0)
    assert stratified_wilcoxon(d, ["A"] * 32) == pytest.approx(theirs.pvalue, abs=0.005)
    assert stratified_wilcoxon(np.zeros(9), ["A"] * 9) == 1.0


def test_sizes_of_differences_are_compared_within_a_data_set_only():
    d, strata = np.array([1, -2, 3, 4, 0.5, -6, 0.7, 9.0]), np.array(list("AAAABBBB"))
    wider = d * np.where(strata == "B", 1000, 1)
    assert stratified_wilcoxon(wider, strata) == stratified_wilcoxon(d, strata)
    assert stratified_wilcoxon(wider, ["A"] * 8) != stratified_wilcoxon(d, ["A"] * 8)


def test_false_alarms_keep_to_their_level():
    rng = np.random.default_rng(0)
    p = [stratified_wilcoxon(rng.normal(size=30), BLOCKS) for _ in range(1000)]
    assert np.mean(np.array(p) <= 0.05) <= 0.07
    p = [friedman(rng.normal(size=(30, 4))) for _ in range(1000)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.02)


def test_of_two_detectors_the_p_value_is_the_pairs():
    got = rank_test(make_cells(shifted(k=2), BLOCKS))
    assert got.p_value == got.pairs.p[0] > 0
    assert "Friedman" not in got.method


def test_clear_differences_are_found_and_equal_detectors_grouped():
    values = shifted()
    values["twin"] = values["D3"] + np.random.default_rng(9).normal(0, 0.01, 30)
    got = rank_test(make_cells(values, BLOCKS))
    assert list(got.mean_ranks)[2:] == ["D2", "D1", "D0"]
    assert got.p_value < 1e-9
    assert [set(g) for g in got.groups] == [{"D3", "twin"}]
    assert got.n_series == {"A": 1, "B": 10, "C": 15, "D": 4}
    assert "Holm" in got.method
    assert got.pairs is not None
    assert (got.pairs["p_holm"] >= got.pairs["p"]).all()


def test_groups_may_overlap():
    got = rank_test(make_cells(shifted(k=5, step=0.03, noise=0.1), BLOCKS))
    spans = [(list(got.mean_ranks).index(g[0]), list(got.mean_ranks).index(g[-1])) for g in got.groups]
    assert len(spans) > 1
    assert all(a < b for s, t in pairwise(spans) for a, b in zip(s, t, strict=True))


def test_no_significance_from_one_series():
    got = rank_test(make_cells({"X": [0.9], "Y": [0.1]}))
    assert "1 complete series" in got.reason
    assert np.isnan(got.p_value)
    assert got.groups == []
    assert got.mean_ranks == {"X": 1.0, "Y": 2.0}
    with pytest.raises(ValueError, match="1 complete series"):
        cd_figure(got)


def test_a_test_needs_six_series():
    values = {name: column[:6] for name, column in shifted().items()}
    assert rank_test(make_cells(values)).pairs is not None
    five = rank_test(make_cells({name: column[:5] for name, column in values.items()}))
    assert five.reason == "4 detectors on 5 complete series: a test needs 2 and 6"


@pytest.mark.parametrize(("differences", "strata"), [([np.nan, 1, 2], "AAA"), ([np.inf, 1], "AA"), ([1, 2], "A")])
def test_differences_that_are_none_are_refused(differences, strata):
    with pytest.raises(ValueError, match="finite differences and n strata"):
        stratified_wilcoxon(differences, list(strata))


def test_series_that_a_detector_lacks_do_not_enter():
    cells = make_cells(shifted(), BLOCKS)
    cells.loc[(cells.series == "s3") & (cells.detector == "D1"), "status"] = "failed"
    cells = cells[~((cells.series == "s4") & (cells.detector == "D2"))]
    got = rank_test(cells)
    assert got.n_series == {"A": 1, "B": 8, "C": 15, "D": 4}


def test_protocols_and_sources_are_not_mixed():
    cells = make_cells(shifted())
    with pytest.raises(ValueError, match="one protocol"):
        rank_test(pd.concat([cells, cells.assign(protocol="normal-only")]))
    with pytest.raises(ValueError, match="never compared"):
        rank_test(pd.concat([cells, cells.assign(source="simulated", dataset="Z")]))


# -- paired bootstrap --------------------------------------------------------------------------------


@settings(max_examples=40)
@given(labelled(), st.integers(1, 5))
def test_pair_counts_give_the_exact_auroc_of_a_draw(case, block):
    labels, scores = case
    heads, blocks = _units(labels, block)
    counts = _right_pairs(labels, scores, heads, blocks)
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 3, len(heads)) + 1, rng.integers(0, 3, len(blocks)) + 1
    sizes = [np.diff([*ends, int(np.sum(labels == c))]).astype(int) for ends, c in ((heads, 1), (blocks, 0))]
    weight = np.empty(len(labels))
    weight[labels == 1], weight[labels == 0] = np.repeat(a, sizes[0]), np.repeat(b, sizes[1])
    pairs = (a @ sizes[0]) * (b @ sizes[1])
    assert a @ counts @ b / pairs == pytest.approx(roc_auc_score(labels, scores, sample_weight=weight), abs=1e-12)


def segmented(n_segments, n=4000, length=20, shift=1.0, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.zeros(n, dtype=np.uint8)
    for start in np.linspace(50, n - 100, n_segments).astype(int):
        labels[start : start + length] = 1
    return labels, rng.normal(size=n) + shift * labels, rng.normal(size=n)


def test_a_better_detector_is_found_better_and_an_equal_one_is_not():
    labels, good, noise = segmented(15)
    got = paired_bootstrap([Pair(labels, good, noise, block=20)])
    assert 0 < got.low < got.difference < got.high
    assert got.difference == pytest.approx(roc_auc_score(labels, good) - roc_auc_score(labels, noise), abs=1e-12)
    same = paired_bootstrap([Pair(labels, good, good)])
    assert same == (0.0, 0.0, 0.0)
    other = paired_bootstrap([Pair(labels, noise, good, block=20)])
    assert (other.low, other.difference, other.high) == pytest.approx((-got.high, -got.difference, -got.low))


def test_every_draw_is_an_auroc_whatever_the_lengths_of_the_segments():
    """A perfect score less its opposite is 1 in each draw, though the draws have more or fewer anomalous points."""
    labels = np.zeros(300, dtype=np.uint8)
    for start, length in ((20, 1), (80, 7), (150, 40)):
        labels[start : start + length] = 1
    drawn = _draws(Pair(labels, labels * 1.0, labels * -1.0, block=11), 200, 0)
    np.testing.assert_allclose(drawn.differences, 1.0, atol=1e-12)


def test_a_series_with_one_segment_gives_no_interval():
    labels, good, noise = segmented(1)
    got = paired_bootstrap([Pair(labels, good, noise)])
    assert np.isnan([got.low, got.high]).all()


def labels_at(start, length=20, n=4000):
    labels = np.zeros(n, dtype=np.uint8)
    labels[start : start + length] = 1
    return labels


def test_several_series_speak_together_even_with_one_segment_each():
    rng = np.random.default_rng(0)
    pairs = [Pair(y := labels_at(400 * s + 50), rng.normal(size=4000) + y, rng.normal(size=4000)) for s in range(8)]
    got = paired_bootstrap(pairs)
    assert got.low > 0


def test_channels_of_one_recording_are_no_independent_witnesses():
    labels, good, noise = segmented(6)
    segment = np.cumsum(np.diff(labels, prepend=0) == 1)
    scores = noise + np.where(labels == 1, np.where(segment <= 4, 5.0, -5.0), 0.0)
    channel = paired_bootstrap([Pair(labels, scores, noise)])
    copies = paired_bootstrap([Pair(labels, scores, noise) for _ in range(6)])
    assert (copies.low, copies.high) == pytest.approx((channel.low, channel.high), abs=1e-12)
    one = labels_at(50)
    assert np.isnan(paired_bootstrap([Pair(one, good, noise)] * 3).low)


def test_equal_labels_are_drawn_alike_whatever_the_scores():
    """Swapped scores negate every draw, if the same segments and blocks are drawn."""
    labels, good, noise = segmented(6)
    one, other = _draws(Pair(labels, good, noise), 200, 3), _draws(Pair(labels, noise, good), 200, 3)
    np.testing.assert_allclose(one.differences, -other.differences, atol=1e-12)
    assert one.recording == other.recording
    again = _draws(Pair(labels, good, noise), 200, 4)
    assert not np.allclose(one.differences, again.differences)
    moved = _draws(Pair(np.roll(labels, 1), np.roll(good, 1), np.roll(noise, 1)), 200, 3)
    assert moved.recording != one.recording


def test_stretches_are_drawn_not_points():
    # Ten segments, in seven of which the detector is right as a whole: many points, little evidence.
    labels, _, noise = segmented(10, length=100)
    segment = np.cumsum(np.diff(labels, prepend=0) == 1)
    scores = noise + np.where(labels == 1, np.where(segment <= 7, 5.0, -5.0), 0.0)
    got = paired_bootstrap([Pair(labels, scores, noise)])
    assert got.low < 0 < got.difference  # P(more than half of 10 draws hit the seven) is .90


def test_series_are_drawn_too():
    rng = np.random.default_rng(0)
    pairs = []
    for s in range(20):  # right in one half of the series, wrong in the other: differences of +-.5
        labels = labels_at(150 * s + 50)
        labels[3500:3520] = 1
        pairs.append(Pair(labels, np.where(s % 2, 1.0, -1.0) * labels + rng.random(4000) / 10, np.zeros(4000)))
    got = paired_bootstrap(pairs)
    assert got.difference == pytest.approx(0, abs=1e-12)
    assert (got.low, got.high) == pytest.approx((-1.96 * 0.5 / 20**0.5, 1.96 * 0.5 / 20**0.5), abs=0.03)


@pytest.mark.parametrize(("level", "half"), [(0.95, 0.95), (0.8, 0.8)])
def test_the_interval_leaves_out_as_much_on_either_side(level, half, monkeypatch):
    even = intervals._Draws(0.0, np.linspace(-1, 1, 2001), 5, 0)
    monkeypatch.setattr(intervals, "_draws", lambda *_: even)
    got = paired_bootstrap([None], 2001, level)
    assert (got.low, got.high) == pytest.approx((-half, half))


def test_a_stretch_of_false_alarms_counts_as_few_draws():
    labels, _, _ = segmented(10)
    scores = labels.astype(float)
    scores[np.flatnonzero(labels == 0)[1000:1100]] = 2  # all segments are alike: only normal blocks can vary
    got = paired_bootstrap([Pair(labels, scores, labels.astype(float), block=100)])
    assert got.difference == pytest.approx(-100 / 3800)
    # A block of 100 in 38 that is drawn Poisson(1) times: its share varies between none and three or so times.
    assert got.high == 0
    assert got.low == pytest.approx(-3 * 100 / 3800, abs=0.015)


def test_equal_detectors_seldom_win():
    wins = []
    for seed in range(80):
        labels, first, second = segmented(12, n=1500, shift=0.0, seed=seed)
        wins.append(paired_bootstrap([Pair(labels, first, second, block=20)], n_boot=400).low > 0)
    assert np.mean(wins) <= 0.08  # 2.5 % by design, one-sided


def test_what_the_bootstrap_refuses():
    with pytest.raises(ValueError, match="at least one series"):
        paired_bootstrap([])
    with pytest.raises(Undefined, match="all 9 labels are 0"):
        paired_bootstrap([Pair(np.zeros(9, dtype=np.uint8), np.zeros(9), np.zeros(9))])


# -- diagram -----------------------------------------------------------------------------------------


def test_bars_that_share_a_detector_lie_in_different_rows():
    assert _levels([(0, 2), (1, 4), (3, 5), (5, 6)]) == [0, 1, 0, 1]


def test_a_diagram_shows_each_detector():
    test = rank_test(make_cells(shifted(k=20, step=0.02), BLOCKS))
    figure = cd_figure(test)
    figure.draw_without_rendering()
    texts = figure.axes[0].texts
    shown = " ".join(t.get_text() for t in texts)
    assert all(name in shown.split() for name in test.mean_ranks)
    width, height = figure.bbox.width, figure.bbox.height
    boxes = [t.get_window_extent() for t in texts]
    assert all(b.x0 >= 0 and b.y0 >= 0 and b.x1 <= width and b.y1 <= height for b in boxes)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_the_outermost_detectors_stand_highest_so_that_no_lines_cross():
    test = rank_test(make_cells(shifted(k=7, step=0.02), BLOCKS))
    heights = {t.get_text(): t.get_position()[1] for t in cd_figure(test).axes[0].texts}
    left, right = [], []
    for name in test.mean_ranks:
        ((text, y),) = [(text, y) for text, y in heights.items() if name in text.split()]
        (left if text.startswith(name) else right).append(y)
    assert (len(left), len(right)) == (4, 3)
    assert left == sorted(left, reverse=True)
    assert right == sorted(right)
    assert left[0] == right[-1]


def test_only_rows_with_as_many_series_as_any_are_ranked():
    counts = {"a": (4, 2), "b": (4, 1), "c": (4, 2)}
    rows = tuple(
        Row(n, n, "classical", "tsb-uad", {d: Entry(0.5, n_series=k) for d, k in zip("xy", of, strict=True)})
        for n, of in counts.items()
    )
    tidy = make_cells(shifted(k=3), BLOCKS).assign(label="a", protocol="tsb-uad", simulated=False)
    assert _ranked(tidy, Table("", "tsb-uad", "auroc", ("x", "y"), rows))[1] == ["a", "c"]


def test_another_seed_draws_other_segments() -> None:
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1, 0, 1, 0, 1, 0], 30).astype(np.uint8)
    pair = Pair(labels, rng.normal(size=210) + labels, rng.normal(size=210))
    one, same, other = (paired_bootstrap([pair], n_boot=100, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert (one.low, one.high) != (other.low, other.high)


@pytest.mark.parametrize(("block", "sizes"), [(5, [5, 5]), (4, [5, 5]), (3, [3, 3, 4]), (100, [5, 5]), (0, [1] * 10)])
def test_blocks_of_normal_points_are_equally_long_and_two_at_least(block: int, sizes: list[int]) -> None:
    labels = np.array([0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0], dtype=np.uint8)
    heads, blocks = _units(labels, block)
    assert heads.tolist() == [0, 2]
    assert sorted(np.diff([*blocks, 10]).tolist()) == sizes


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_series_without_a_finite_value_does_not_enter(value: float) -> None:
    cells = make_cells(shifted())
    cells.loc[(cells.series == "s3") & (cells.detector == "D1"), "auroc"] = value
    assert rank_test(cells).n_series == {"A": 29}


def test_a_series_enters_with_the_mean_over_its_seeds() -> None:
    cells = make_cells({"X": [0.5] * 7, "Y": [0.6] * 7}, seeds=3)
    cells.loc[cells.detector == "X", "auroc"] += np.tile([0.3, 0.3, -0.2], 7)
    got = rank_test(cells)
    assert got.pairs is not None
    assert got.mean_ranks == {"X": 1.0, "Y": 2.0}
    assert got.pairs["mean_difference"].item() == pytest.approx(0.8 / 3 - 0.4 / 3 - 0.1)
