"""Properties of ScaleFlow's parts against slow oracles, and the detector on small series."""

from __future__ import annotations

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core import Explanation, share_interval
from detectors.core.contract import Diverged
from detectors.core.periods import period
from detectors.flows.bank import FlowBank, train_bank
from detectors.flows.components import FLATTEST, NEAREST, Distance, Evidence, Gaussian, Likelihood, view_tensor
from detectors.flows.scale import (
    CoarseWindows,
    Scale,
    WindowWhitening,
    held_out_mask,
    mean_over_windows,
    take_evenly,
)
from detectors.neural.training import steady
from detectors.scaleflow import UNSURE, ScaleFlow
from tests.support.randomness import only_from
from tests.support.series import sine

QUICK = ScaleFlow.quick
CPU = torch.device("cpu")


def bank(count: int, points: int, dtype: torch.dtype = torch.float64, shake: float = 0.3) -> FlowBank:
    """A bank away from the identity at which it starts."""
    made = FlowBank(count, points, blocks=6, hidden=8).to(dtype)
    with torch.no_grad():
        for p in made.parameters():
            p.add_(torch.randn_like(p) * shake)
    return made


# -- the bank of flows -----------------------------------------------------------------------------


@pytest.mark.parametrize("points", [2, 6])
def test_the_log_determinant_is_that_of_each_flows_jacobian(points):
    with steady(CPU, 1):
        flows, x = bank(2, points), torch.randn(2, 1, points, dtype=torch.float64)
        for k in range(2):
            only = slice(k, k + 1)
            jacobian = torch.autograd.functional.jacobian(
                lambda v, only=only: flows(v.view(1, 1, points), only)[0].flatten(), x[k].flatten()
            )
            expected = float(torch.linalg.slogdet(jacobian)[1])
            assert float(flows(x)[1][k, 0].detach()) == pytest.approx(expected, abs=1e-8)
            assert abs(expected) > 1e-3


def test_gradients_reach_every_weight_of_every_flow():
    with steady(CPU, 0):
        flows = FlowBank(3, 6, blocks=4, hidden=8)
        flows.nll(torch.randn(3, 32, 6)).mean().backward()
    for name, p in flows.named_parameters():
        assert bool((p.grad.abs().sum(dim=(2, 3)) > 0).all()), name


def test_flows_of_a_bank_do_not_see_each_other():
    with steady(CPU, 0):
        flows, x = bank(2, 4), torch.randn(2, 3, 4, dtype=torch.float64)
        other = x.clone()
        other[1] += 1
        torch.testing.assert_close(flows.nll(x)[0], flows.nll(other)[0], rtol=0, atol=0)
        torch.testing.assert_close(flows.nll(x)[1], flows.nll(x[1:], slice(1, 2))[0])


def test_training_approaches_the_entropy_of_what_is_no_gaussian():
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 3000)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 2**0.5 + 0.1 * rng.standard_normal((3000, 2))
    with steady(CPU, 0):
        flows = FlowBank(1, 2, blocks=6, hidden=16)
        data, silent = ring[None].astype(np.float32), np.zeros((1, 2, 2), dtype=np.float32)
        history = train_bank(flows, data, silent, 500, (250, 256, 5e-3), rng, str)
    gaussian = 0.5 * np.log(2 * np.pi) + 0.5
    assert history["validation"][-1] < gaussian - 0.15


def test_a_loss_that_is_not_finite_is_called_diverged():
    data = np.full((1, 40, 4), np.inf, dtype=np.float32)
    with steady(CPU, 0), pytest.raises(Diverged):
        train_bank(
            FlowBank(1, 4, 2, 4), data, np.zeros((1, 4, 4), np.float32), 8, (4, 16, 1e-3), np.random.default_rng(0), str
        )


def test_a_gaussian_is_a_bank_without_blocks_up_to_a_constant():
    windows = np.random.default_rng(0).standard_normal((20, 6))
    whitening = WindowWhitening.fit(windows, 1e-3)
    bare = Likelihood(FlowBank(1, 6, blocks=0, hidden=4), slice(0, 1), whitening)
    np.testing.assert_allclose(bare(windows) - Gaussian(whitening)(windows), 0.5 * np.log(2 * np.pi), rtol=1e-5)


# -- windows, whitening, evidence ------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(n=st.integers(12, 60), points=st.integers(2, 5), factor=st.integers(1, 4))
def test_coarse_windows_are_block_means_of_plain_windows(n, points, factor):
    x = np.random.default_rng(n).standard_normal(n)
    windows = CoarseWindows([x], points, factor)
    span = points * factor
    assert len(windows) == max(0, n - span + 1)
    for start in range(len(windows)):
        expected = x[start : start + span].reshape(points, factor).mean(axis=1)
        np.testing.assert_allclose(windows.take(np.array([start]))[0], expected, atol=1e-12)


def test_no_coarse_window_reaches_across_a_gap():
    windows = CoarseWindows([np.zeros(20), np.ones(20), np.zeros(3)], points=4, factor=2)
    values = windows.take(np.arange(len(windows)))
    assert len(windows) == 2 * 13
    assert np.all(values == values[:, :1])


@pytest.mark.parametrize("rotate", [True, False])
def test_whitening_gives_unit_variance_and_can_be_undone(rotate):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 6)) @ rng.standard_normal((6, 6)) + 3
    whitening = WindowWhitening.fit(x, 1e-6, rotate)
    white = whitening(x)
    np.testing.assert_allclose(white.var(axis=0), 1, rtol=1e-6)
    if rotate:
        np.testing.assert_allclose(np.cov(white.T, bias=True), np.eye(6), atol=1e-6)
    np.testing.assert_allclose(white @ np.linalg.inv(whitening.matrix) + whitening.mean, x)


def test_no_direction_is_amplified_beyond_the_noise():
    flat = np.ones((100, 4))
    white = WindowWhitening.fit(flat, 0.1)(flat + np.array([0.1, 0, 0, 0]))
    assert np.linalg.norm(white[0]) == pytest.approx(1.0)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), typicality=st.sampled_from([0.0, 0.5, 1.0]))
def test_surprise_is_the_negative_log_share_of_more_extreme_normals(seed, typicality):
    normal = np.sort(np.random.default_rng(seed).standard_normal(40))
    evidence = Evidence(normal, typicality)
    for score in (*np.quantile(normal, [0.15, 0.5, 0.85]), normal[0] - 1.0):
        above = (np.sum(normal >= score) + 1) / 41
        below = (np.sum(normal <= score) + 1) / 41
        got = float(evidence(np.array([score]))[0])
        if score >= normal[0]:
            assert got == pytest.approx(max(-np.log(max(above, 0.1)), typicality * -np.log(max(below, 0.1))))
        else:
            assert got > typicality * -np.log(0.1) or typicality == 0
    rising = evidence(np.linspace(np.median(normal), 10, 50))
    assert np.all(np.diff(rising) >= -1e-12)


def test_too_likely_is_a_surprise_only_with_typicality():
    normal = np.sort(np.random.default_rng(0).standard_normal(500))
    low = np.array([-20.0])
    assert Evidence(normal, 0.0)(low)[0] < 0.01
    assert Evidence(normal, 1.0)(low)[0] > 10


def test_equal_normal_scores_give_finite_surprises():
    assert np.isfinite(Evidence(np.zeros(10), 1.0)(np.array([-5.0, 0.0, 5.0]))).all()


def test_behind_a_flat_tail_a_hundredth_of_the_spread_is_a_nat():
    """The highest tenth of the usual scores are equal: nothing is said by excesses over it."""
    normal = np.concatenate([np.linspace(0, 1, 90), np.full(20, 1.0)])
    assert Evidence(normal, 0.0)(np.array([1.05]))[0] == pytest.approx(np.log(10) + 0.05 / 0.01)
    spread = np.linspace(0, 1, 101)  # excesses of .01 to .1 over the quantile .9
    assert Evidence(spread, 0.0)(np.array([1.5]))[0] == pytest.approx(np.log(10) + 0.6 / 0.055)


def distance(references: np.ndarray, view: str, span: int = 1) -> Distance:
    return Distance(view_tensor(references, view, CPU), torch.arange(len(references)), span, view)


@settings(max_examples=30, deadline=None)
@given(
    known=st.integers(1, 300),
    points=st.integers(4, 9),
    seed=st.integers(0, 99),
    view=st.sampled_from(["distance", "shape", "spectrum"]),
    span=st.integers(0, 40),
)
def test_distance_is_that_to_the_third_nearest_reference_that_does_not_overlap(known, points, seed, view, span):
    rng = np.random.default_rng(seed)
    references, windows = rng.standard_normal((known, points)), rng.standard_normal((7, points))
    references[0], windows[0] = 2.0, 3.0  # flat ones differ in value, not in shape
    places = rng.integers(-5, known + 5, 7)

    def plain(window):
        if view == "distance":
            return window
        if view == "spectrum":  # the sums of a discrete Fourier transform as they are defined
            turns = np.exp(-2j * np.pi * np.outer(np.arange(1, points // 2 + 1), np.arange(points)) / points)
            return np.abs(turns @ window)
        return (window - window.mean()) / max(window.std(), FLATTEST)

    given_places = places if span else None
    found = distance(references, view, span)(windows, given_places)
    for window, place, got in zip(windows, places, found, strict=True):
        distances = [float(np.linalg.norm(plain(window) - plain(r))) for r in references]
        apart = sorted(d for k, d in enumerate(distances) if abs(k - place) >= span)
        if len(apart) >= NEAREST or not span:
            assert got == pytest.approx(apart[min(NEAREST, known) - 1], rel=1e-5, abs=1e-6)
        else:  # too few: the overlapping ones come last
            assert got >= max(apart, default=0) * (1 - 1e-5) - 1e-9


def test_small_distances_survive_large_values():
    references = 300.0 + np.arange(12.0).reshape(3, 4) * 1e-3
    got = distance(references, "distance")(references[:1])
    assert got[0] == pytest.approx(np.linalg.norm(references[2] - references[0]), rel=0.01)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(8, 40), span=st.integers(1, 8), stride=st.integers(1, 3))
def test_spread_is_the_mean_of_the_covering_windows(n, span, stride):
    stride = min(stride, span)
    starts = np.unique(np.append(np.arange(0, n - span + 1, stride), n - span))
    values = np.random.default_rng(n).standard_normal(len(starts))
    got = mean_over_windows(values, starts, span, n)
    for point in range(n):
        covering = (starts <= point) & (point < starts + span)
        assert got[point] == pytest.approx(values[covering].mean(), abs=1e-12)


@pytest.mark.parametrize("length", [7, 40, 288, 400])
def test_the_period_is_found_whatever_its_length(length):
    found = period(sine(10 * length, length) + 3)
    assert found == pytest.approx(length, abs=max(1, length // 100))


def test_a_day_is_not_taken_for_a_week():
    day = np.sin(np.arange(7 * 48 * 6) * 2 * np.pi / 48)
    week = 1 + 0.2 * np.sin(np.arange(len(day)) * 2 * np.pi / (7 * 48))
    assert period(day * week) == pytest.approx(48, abs=1)


@pytest.mark.parametrize(
    "x", [np.full(90, 2.0), np.arange(90.0), np.random.default_rng(0).standard_normal(900), np.ones(4)], ids=str
)
def test_no_period_is_made_up(x):
    assert period(x) is None


def test_held_out_windows_are_a_fifth_in_contiguous_blocks():
    mask = held_out_mask(10_000, span=50)
    assert mask.mean() == pytest.approx(0.2, abs=0.01)
    edges = np.flatnonzero(np.diff(mask.astype(int)))
    assert np.diff(edges).min() >= 50
    assert held_out_mask(9, span=4).any()
    np.testing.assert_array_equal(take_evenly(np.array([3, 5]), 4), [3, 3, 3, 5])


@settings(max_examples=30, deadline=None)
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=5), points=st.integers(2, 5), factor=st.integers(1, 3))
def test_places_of_windows_overlap_where_their_rows_do(lengths, points, factor):
    span = points * factor
    windows = CoarseWindows([np.zeros(k) for k in lengths], points, factor)
    rows = [(p, a) for p, k in enumerate(lengths) for a in range(k - span + 1)]
    places = windows.places(np.arange(len(windows)))
    assert len(places) == len(rows)
    for (p, a), one in zip(rows, places, strict=True):
        for (q, b), other in zip(rows, places, strict=True):
            assert (abs(one - other) < span) == (p == q and abs(a - b) < span)


# -- the detector ----------------------------------------------------------------------------------


def test_a_reversed_stretch_stands_out():
    x = sine(2000)
    broken = x.copy()
    broken[1000:1030] *= -1
    scores = ScaleFlow(steps=100, random_state=1).fit(x).score(broken)
    assert scores[1000:1030].mean() > np.quantile(scores, 0.95)


def test_the_same_seed_gives_equal_bits_whatever_ran_before():
    x = sine()
    first = ScaleFlow(**QUICK, random_state=3).fit(x).score(x)
    ScaleFlow(**QUICK, random_state=4).fit(x[:300])
    again = ScaleFlow(**QUICK, random_state=3).fit(x).score(x)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, ScaleFlow(**QUICK, random_state=4).fit(x).score(x))


def test_save_and_load_give_equal_scores_and_decisions(tmp_path):
    x, path = sine(), tmp_path / "model.safetensors"
    detector = ScaleFlow(**QUICK, members=2).fit(x)
    detector.save(path)
    loaded = ScaleFlow.load(path)
    np.testing.assert_array_equal(loaded.score(x), detector.score(x))
    np.testing.assert_array_equal(loaded.predict(x), detector.predict(x))
    assert loaded.get_params() == detector.get_params()
    assert loaded.history_ == detector.history_


@pytest.mark.parametrize(
    "x",
    [np.full(439, -1.0), np.tile([0.0, 1.0, 1.0, 0.0], 110), np.r_[np.zeros(300), np.ones(139)], np.arange(439.0)],
    ids=["constant", "binary", "step", "ramp"],
)
def test_flat_and_discrete_series_get_finite_scores_and_a_jump_stands_out(x):
    detector = ScaleFlow(**QUICK).fit(x)
    jump = x.copy()
    jump[200] += 1e6
    scores = detector.score(jump)
    assert scores[200] > np.quantile(scores, 0.85)


@pytest.mark.parametrize("n", [12, 13, 40, 100, 439])
def test_short_fits_cut_their_spans_and_shorter_series_are_still_scored(n):
    detector = ScaleFlow(**QUICK).fit(sine(n))
    assert all(scale.span <= max(4, n // 3) for scale in detector.scales_)
    assert detector.score(sine(12, seed=1)).shape == (12,)
    assert detector.score(sine(n + 50, seed=1)).shape == (n + 50,)


def test_a_series_without_period_has_the_fixed_scales_or_the_shortest_one():
    noise = np.random.default_rng(0).standard_normal(400)
    assert [scale.factor for scale in ScaleFlow(**QUICK).fit(noise).scales_] == [1, 2, 4]
    assert [scale.factor for scale in ScaleFlow(**QUICK, factors=()).fit(noise).scales_] == [1]


def test_pieces_shorter_than_every_window_do_no_harm():
    detector = ScaleFlow(**QUICK).fit([sine(400), sine(15), sine(300, seed=1)])
    assert len(detector.fitted_scores()) == 715


# -- why -------------------------------------------------------------------------------------------


def noisy(n: int = 1200, seed: int = 0) -> np.ndarray:
    return sine(n, 40, seed) + 0.05 * np.random.default_rng(seed).standard_normal(n)


def test_an_explanation_names_the_window_and_the_nearest_fitted_one_by_hand():
    x = noisy()
    odd = noisy(seed=1)
    odd[500:540] = odd[500:540][::-1] * 0.5
    detector = ScaleFlow(**QUICK).fit([x[:700], x[700:]])
    why = detector.explain(odd, 500, 540)
    assert sum(why.shares.values()) == pytest.approx(1)
    assert why.shares[why.span, why.component] == max(why.shares.values())
    assert 500 - why.span < why.start < 540
    assert why.stop - why.start == why.span
    (scale,) = (scale for scale in detector.scales_ if scale.span == why.span)

    def view(values):
        means = detector._standardise(values).reshape(scale.points, scale.factor).mean(axis=1)
        if why.component == "spectrum":
            return np.abs(np.fft.rfft(means - means.mean()))[1:]
        if why.component != "shape":
            return means
        return (means - means.mean()) / max(means.std(), FLATTEST)

    mine = view(odd[why.start : why.stop])
    apart = {
        (number, row): np.linalg.norm(view(piece[row : row + why.span]) - mine)
        for number, piece in enumerate(detector.fitted_pieces_)
        for row in range(len(piece) - why.span + 1)
    }
    assert (why.piece, why.row) == min(apart, key=lambda place: apart[place])
    np.testing.assert_array_equal(why.nearest, [x[:700], x[700:]][why.piece][why.row : why.row + why.span])
    assert f"{why.component} of windows of {why.span} points" in str(why)


def test_shares_explain_the_score():
    x = noisy()
    x[600:640] += 1
    detector = ScaleFlow(**QUICK).fit(noisy(seed=2))
    n, spans = len(noisy(seed=2)), np.array([scale.span for scale in detector.scales_])
    weights = np.outer(n / (n + 10 * spans), [0.5, 0.5, 1, 1, 1]).ravel()  # the likelihoods share one weight
    rows = weights[:, None] * np.log1p(list(detector.surprises(detector._standardise(x), detector.scales_)))
    for start, stop in ((600, 640), (0, 3), (1198, 1200)):
        shares, part = detector.explain(x, start, stop).shares, rows[:, start:stop].sum(axis=1)
        np.testing.assert_allclose(list(shares.values()), part / part.sum(), rtol=1e-6)
    np.testing.assert_allclose(detector.score(x), rows.sum(axis=0) / weights.sum())


@pytest.mark.parametrize("part", [slice(None), slice(200, 900)])
def test_a_window_is_not_its_own_nearest_one(part):
    x = noisy()
    why = ScaleFlow(**QUICK).fit(x).explain(x[part], 300, 310)
    first = (part.start or 0) + why.start
    assert abs(why.row - first) >= why.span


def test_an_explanation_survives_saving(tmp_path):
    x, path = noisy(), tmp_path / "model.safetensors"
    detector = ScaleFlow(**QUICK).fit(x[:600])
    detector.save(path)
    before, after = (one.explain(x, 700, 720) for one in (detector, ScaleFlow.load(path)))
    assert str(before) == str(after)
    assert before.row == after.row
    np.testing.assert_array_equal(before.nearest, after.nearest)


def test_the_shortest_fit_and_series_are_explained():
    x = noisy(12)
    why = ScaleFlow(**QUICK).fit(x).explain(x, 5, 6)
    assert abs(why.row - why.start) >= why.span
    assert len(why.nearest) == why.stop - why.start == 4


@pytest.mark.parametrize("rows", [(5, 5), (-1, 4), (10, 1201), (9, 3)])
def test_a_stretch_outside_the_series_is_refused(rows):
    with pytest.raises(ValueError, match="a stretch needs 0 <= start < stop <= 1200"):
        ScaleFlow(**QUICK).fit(noisy()).explain(noisy(), *rows)


@pytest.mark.parametrize(("surprise", "said"), [(6.94, "6.9 nats"), (999.9, "999.9 nats"), (1e7, "over 1,000 nats")])
def test_an_explanation_tells_no_digits_of_a_surprise_without_measure(surprise, said):
    why = Explanation("shape", 16, 200, 216, surprise, {(16, "shape"): 0.8}, np.zeros(16), 0, 0)
    assert str(why) == f"shape of windows of 16 points: 80% of the score, {said} at rows 200 to 215"


def test_explain_needs_fit():
    with pytest.raises(RuntimeError, match="fit"):
        ScaleFlow().explain(noisy(), 0, 5)


# -- calibration -----------------------------------------------------------------------------------


def process(kind: str, n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if kind == "sine":
        return sine(n, 40, seed)
    x = rng.standard_normal(n + 100)
    for k in range(1, len(x)):
        x[k] += 0.8 * x[k - 1]
    return x[100:]


@pytest.mark.parametrize("kind", ["sine", pytest.param("autoregressive", marks=pytest.mark.slow)])
def test_new_normal_data_score_as_the_fitted_did(kind):
    shares, ranks = [], []
    for seed in range(4):
        # 4,000 would hold out whole periods, of which few references know each phase.
        detector = ScaleFlow(**QUICK, factors=(1, 2), periods=0).fit(process(kind, 4100, seed))
        new = process(kind, 4000, 100 + seed)
        shares.append(detector.predict(new, contamination=0.01).mean())
        usual = np.sort(detector.usual_scores())
        ranks.append(np.searchsorted(usual, detector.score(new)) / len(usual))
    assert 0.005 < np.mean(shares) < 0.02
    # The probability integral of new scores is uniform.
    deciles = np.linspace(0.1, 0.9, 9)
    np.testing.assert_allclose(np.quantile(np.concatenate(ranks), deciles), deciles, atol=0.07)


def test_the_threshold_refers_to_parts_that_others_have_not_seen(tmp_path):
    x = noisy(1000)
    detector = ScaleFlow(**QUICK, random_state=3).fit([x[:150], x[150:]])
    other = ScaleFlow(**QUICK, random_state=3)
    by_hand = [other.fit([x[200:]]).score(x[:150]), other.score(x[150:200])]
    by_hand += [other.fit([x[:150], x[150:a], x[a + 200 :]]).score(x[a : a + 200]) for a in (200, 400, 600)]
    by_hand += [other.fit([x[:150], x[150:800]]).score(x[800:])]
    held_out = np.concatenate(by_hand)
    np.testing.assert_array_equal(detector.usual_scores(), held_out)
    assert detector.threshold(contamination=0.1) == np.quantile(held_out, 0.9)
    detector.save(tmp_path / "a.safetensors")
    loaded = ScaleFlow.load(tmp_path / "a.safetensors")
    assert "_usual_scores" in vars(loaded)
    assert loaded.threshold() == detector.threshold()
    detector.fit(x[:500])
    assert len(detector.usual_scores()) == 500


def test_few_rows_of_a_series_that_repeats_itself_exactly_are_flagged():
    x = np.arange(4000) // 30 % 2
    detector = ScaleFlow(**QUICK).fit(x)
    np.testing.assert_array_equal(detector.usual_scores(), detector.fitted_scores())
    assert detector.predict(x[:3100], contamination=0.1).mean() < 0.3
    assert detector.predict(np.roll(x, 7)[40:3140], contamination=0.1).mean() < 0.3


@pytest.mark.parametrize(("params", "n"), [({"calibrate": "fitted"}, 300), ({}, 14), ({}, 59)])
def test_fitted_scores_are_usual_where_nothing_else_is(params, n):
    detector = ScaleFlow(**QUICK, **params).fit(noisy(n))
    np.testing.assert_array_equal(detector.usual_scores(), detector.fitted_scores())


def test_fitted_scores_that_are_usual_are_saved_once(tmp_path):
    detector, path = ScaleFlow(**QUICK, calibrate="fitted").fit(noisy(300)), tmp_path / "model.safetensors"
    level = detector.threshold()
    detector.save(path)
    assert "usual" not in safetensors.torch.load_file(path)
    assert ScaleFlow.load(path).threshold() == level


IDEAS = [
    {"rotate": False},
    {"blocks": 0},
    {"calibrate": "fitted"},
    {"join": "max"},
    {"join": "mean"},
    {"components": ("likelihood",)},
    {"components": ("likelihood", "distance", "shape", "spectrum")},
    {"components": ("distance", "shape")},
    {"components": ("likelihood", "distance", "shape")},
    {"periods": 0},
    {"factors": (), "periods": 2.0},
    {"typicality": 0},
    {"points": 16},
    {"noise": 0.1},
]


@pytest.fixture(scope="module")
def usual():
    return ScaleFlow(**QUICK, period=60).fit(sine(500)).score(sine(500))


@pytest.mark.parametrize("params", IDEAS, ids=str)
def test_each_idea_is_an_option_that_changes_the_scores(params, usual):
    x = sine(500)
    other = ScaleFlow(**QUICK, period=60, **params).fit(x).score(x)
    assert other.shape == usual.shape
    assert not np.array_equal(usual, other)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"factors": (), "periods": 0}, "at least one factor"),
        ({"points": 2}, "points must be a whole number of at least 4"),
        ({"members": 0}, "members"),
        ({"join": "median"}, "join"),
        ({"components": ()}, "components"),
        ({"components": ("distance", "size")}, "components"),
        ({"calibrate": "none"}, "calibrate"),
        ({"typicality": 2}, "typicality"),
    ],
)
def test_a_bad_parameter_is_named(params, words):
    with pytest.raises(ValueError, match=words):
        ScaleFlow(**params).fit(sine())


def test_notes_say_when_the_fitted_data_are_few_or_the_scored_ones_unlike_them(tmp_path):
    enough, few = ScaleFlow(**QUICK).fit(noisy(2600)), ScaleFlow(**QUICK).fit(noisy(1000))
    enough.score(noisy(600, seed=1))
    assert enough.notes_ == ()
    (note,) = few.notes_
    assert note.startswith("few fitted data: 1000 points are 3.9 of the longest windows (256 points)")
    enough.score(process("autoregressive", 600, 0) + 3)
    assert enough.notes_[0].startswith("the scored series is unlike the fitted one: by ")
    told = enough.notes_
    enough.threshold()  # the first time, the fitted data are scored
    assert enough.notes_ == told
    enough.save(tmp_path / "model.safetensors")
    assert ScaleFlow.load(tmp_path / "model.safetensors").notes_ == ()
    enough.score(noisy(600, seed=1))
    assert enough.notes_ == ()
    few.save(tmp_path / "few.safetensors")
    assert ScaleFlow.load(tmp_path / "few.safetensors").notes_ == few.notes_


def test_predict_says_when_its_share_is_uncertain():
    detector = ScaleFlow(**QUICK, points=4, factors=(1,), periods=0).fit(noisy(1200))
    flags = detector.predict(noisy(600, seed=1))
    (note,) = detector.notes_
    low, high = share_interval(detector.usual_scores(), detector.threshold(), 4, 600)
    assert flags.shape == (600,)
    assert note == f"{UNSURE}: of 600 points like the fitted ones, {low:.1%} to {high:.1%} are flagged, not 1.0%"
    detector.predict(noisy(1200, seed=1), contamination=0.1)  # many events
    assert detector.notes_ == ()


def test_a_fitted_series_is_not_compared_with_itself():
    x = noisy(1500)
    x[700:730] += 2.0
    detector = ScaleFlow(**QUICK | {"max_windows": 4000}, components=("distance",)).fit([x[:400], x[400:]])
    own, foreign = detector.score(x[400:]), detector.score(np.append(x[400:], 0.0))[:-1]
    assert own[300:330].min() > foreign[300:330].max() + 0.1  # it finds itself where it is not known as fitted
    assert own[300:330].mean() > np.quantile(own, 0.95)
    part = detector.score(x[600:900])
    assert part[100:130].mean() == pytest.approx(own[300:330].mean(), rel=0.1)


def test_labels_cannot_matter_because_unfitted_data_do_not():
    x = sine(1200)
    fitted, marked = x[:600], x.copy()
    marked[900] = 50.0
    detector = ScaleFlow(**QUICK).fit(fitted)
    before = detector.score(x)
    detector.score(marked)
    np.testing.assert_array_equal(detector.score(x), before)
    np.testing.assert_array_equal(ScaleFlow(**QUICK).fit(fitted).score(x), before)


@pytest.mark.parametrize(("half_weight", "shares"), [(0, [1, 1]), (10, [2 / 3, 1 / 2]), (40, [1 / 3, 1 / 5])])
def test_a_scale_weighs_less_where_its_data_are_few(half_weight, shares):
    x, settings = noisy(n=640), QUICK | {"factors": (1, 2), "periods": 0}
    detector = ScaleFlow(half_weight=half_weight, **settings).fit([x[:320], x[320:]])
    assert [scale.span for scale in detector.scales_] == [32, 64]
    np.testing.assert_allclose([scale.weights[-1] for scale in detector.scales_], shares)


def test_each_point_is_covered_by_eight_windows_or_more():
    for span in (8, 32, 100):
        scale = Scale(span, 1, slice(0, 1), 1.0)
        assert 1 <= scale.stride <= max(1, span // 8)


def test_the_noise_of_a_block_mean_is_that_of_a_point_over_the_root_of_its_length(monkeypatch):
    least = []
    fit = WindowWhitening.fit
    monkeypatch.setattr(
        WindowWhitening, "fit", lambda w, noise, rotate=True: least.append(noise) or fit(w, noise, rotate)
    )
    ScaleFlow(steps=1, hidden=4, noise=0.02, factors=(1, 4), periods=0).fit(sine(900))
    assert least == pytest.approx([0.02, 0.01])


def test_a_slow_wave_under_noise_has_no_short_period():
    """Before the first zero crossing of the autocorrelation a peak is noise on the wave."""
    rng = np.random.default_rng(0)
    x = np.sin(2 * np.pi * np.arange(3000) / 500) + 0.3 * np.sin(2 * np.pi * np.arange(3000) / 11)
    assert (period(x + 0.01 * rng.normal(size=3000)) or 0) > 450


@pytest.mark.parametrize("source", ["torch", "numpy"])
def test_the_seed_reaches_weights_and_draws_each_by_itself(source, monkeypatch):
    x = sine(400)
    only_from(source, monkeypatch)
    one, other = (ScaleFlow(steps=5, hidden=8, random_state=seed).fit(x).score(x) for seed in (1, 2))
    assert not np.array_equal(one, other)


def test_the_median_of_the_held_out_windows_chooses_the_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without blocks and noise the likelihood of a window of one value c is c^2 / 2 and a constant."""
    from detectors.flows import bank as module

    seen: dict = {}
    monkeypatch.setattr(module, "train", lambda bank, loss, *rest: seen.update(loss=loss) or {})
    bank, half = FlowBank(1, 4, 0, 3), 0.5 * np.log(2 * np.pi)
    data = np.repeat([[[0.0], [1.0], [10.0], [2.0]]], 4, axis=2).astype(np.float32)

    def loss(noise: float) -> float:
        train_bank(
            bank, data, noise * np.eye(4, dtype=np.float32)[None], 1, (4, 8, 1e-3), np.random.default_rng(0), print
        )
        return float(seen["loss"](torch.tensor([0, 1, 2])))

    assert loss(0.0) == pytest.approx((0 + 0.5 + 50) / 3 + half)
    assert loss(0.1) != loss(0.1), "noise is drawn anew each time"
    bank.eval()
    assert loss(0.0) == pytest.approx(0.5 + half)


def test_a_series_is_scored_by_the_scales_that_it_can_hold() -> None:
    detector = ScaleFlow(steps=1, blocks=0, max_windows=100).fit(sine(400))
    spans = [scale.span for scale in detector.scales_]
    assert spans == sorted(spans)
    assert len(spans) > 2
    for n in (spans[1], spans[2] - 1):
        assert [scale.span for scale in detector._usable_scales(n)] == spans[:2]
    assert [scale.span for scale in detector._usable_scales(spans[0] - 1)] == spans[:1]


def test_the_noise_of_training_is_that_of_a_grid_step_in_standard_deviations(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    monkeypatch.setattr(ScaleFlow, "_learn", lambda self, pieces, noise: seen.append(noise))
    x = 50.0 * np.random.default_rng(0).integers(0, 8, 400)
    ScaleFlow().fit(x)
    ScaleFlow().fit(sine(400))
    ScaleFlow(noise=0).fit(sine(400))
    assert seen == [pytest.approx(50 / x.std() / np.sqrt(12)), 0.01, 1e-3]


def test_a_window_is_not_its_own_nearest_one_where_a_part_of_the_series_was_fitted() -> None:
    x = noisy()
    why = ScaleFlow(**QUICK).fit(x[200:900]).explain(x, 500, 510)
    assert abs(why.row + 200 - why.start) >= why.span


@pytest.mark.parametrize("component", ["distance", "shape", "spectrum"])
def test_the_nearest_window_is_that_of_the_component(component):
    x, odd = noisy(), noisy(seed=1)
    odd[500:540] = odd[500:540][::-1] * 0.5 + 0.3
    detector = ScaleFlow(factors=(2,), periods=0, components=(component,)).fit(x)
    why = detector.explain(odd, 500, 540)
    assert (why.component, why.span, why.shares) == (component, 64, {(64, component): pytest.approx(1)})

    def view(values):
        means = detector._standardise(values).reshape(32, 2).mean(axis=1)
        if component == "spectrum":
            return np.abs(np.fft.rfft(means - means.mean()))[1:]
        return (means - means.mean()) / max(means.std(), FLATTEST) if component == "shape" else means

    mine = view(odd[why.start : why.stop])
    apart = [np.linalg.norm(view(x[row : row + 64]) - mine) for row in range(len(x) - 63)]
    assert (why.piece, why.row) == (0, int(np.argmin(apart)))


def test_without_a_scale_of_the_period_there_are_the_given_ones_alone():
    detector = ScaleFlow(steps=1, blocks=0, factors=(4,), periods=0, max_windows=100).fit(sine(600))
    assert [scale.factor for scale in detector.scales_] == [4]
    both = ScaleFlow(steps=1, blocks=0, factors=(4,), periods=1.5, max_windows=100).fit(sine(600))
    assert [scale.factor for scale in both.scales_] == [2, 4]  # 1.5 periods of 40 points are 32 means of 2


@pytest.mark.parametrize(
    ("interval", "noted"), [((0.006, 0.019), False), ((0.004, 0.019), True), ((0.006, 0.021), True)]
)
def test_half_and_twice_the_share_are_what_is_certain_enough(interval, noted, monkeypatch):
    monkeypatch.setattr("detectors.scaleflow.share_interval", lambda *_, **__: interval)
    detector = ScaleFlow(steps=1, blocks=0, factors=(1,), periods=0, max_windows=100).fit(sine(700))
    detector.predict(sine(700))
    assert [note.startswith(UNSURE) for note in detector.notes_] == [True] * noted


def test_a_series_is_unlike_from_half_of_the_components_on():
    detector = ScaleFlow()
    for share, noted in ((0.49, 0), (0.5, 1), (0.9, 1), (0.1, 0)):
        detector._note_unlike(share)
        assert len(detector.notes_) == noted, share


def test_the_nearest_window_may_lie_in_any_piece():
    detector = ScaleFlow(factors=(2,), periods=0, components=("distance",)).fit(
        [noisy(500) + 5, noisy(600), noisy(500) - 5]
    )
    why = detector.explain(noisy(seed=1), 500, 540)
    assert why.piece == 1
    np.testing.assert_array_equal(why.nearest, noisy(600)[why.row : why.row + 64])


def test_the_nearest_window_is_that_of_all_pieces_in_any_order():
    pieces = [noisy(600), noisy(500, seed=2), noisy(500, seed=3)]
    for order in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        fitted = [pieces[k] for k in order]
        why = ScaleFlow(factors=(2,), periods=0, components=("distance",)).fit(fitted).explain(noisy(seed=1), 500, 540)
        means = [np.lib.stride_tricks.sliding_window_view(p, 64).reshape(-1, 32, 2).mean(axis=2) for p in fitted]
        mine = noisy(seed=1)[why.start : why.stop].reshape(32, 2).mean(axis=1)
        apart = [np.square(each - mine).sum(axis=1) for each in means]
        assert why.piece == int(np.argmin([each.min() for each in apart]))
        assert why.row == int(apart[why.piece].argmin())


@pytest.mark.parametrize("part", [slice(None), slice(256, 900)])
def test_the_surprise_of_a_fitted_window_is_that_of_scoring_the_whole(part):
    x = noisy()
    detector = ScaleFlow(factors=(1, 4), periods=0, components=("distance", "shape")).fit(x)
    at = 600 - (part.start or 0)
    why = detector.explain(x[part], at, at + 10)
    (scale,) = (scale for scale in detector.scales_ if scale.span == why.span)
    starts, rows = scale.window_surprises(detector._standardise(x), 0)
    mine = dict(zip(scale.components, rows, strict=True))[why.component]
    assert why.surprise == pytest.approx(mine[starts == why.start + (part.start or 0)].item(), rel=1e-6)


@pytest.mark.parametrize("count", [3, 4, 7])
def test_windows_that_all_overlap_are_compared_with_each_other_and_nothing_else(count):
    windows = np.random.default_rng(0).normal(size=(count, 8))
    places = np.arange(count)
    references = view_tensor(windows, "distance", torch.device("cpu"))
    found = Distance(references, torch.from_numpy(places), 10, "distance")(windows, places)
    apart = np.sqrt(((windows[:, None] - windows[None]) ** 2).sum(axis=2))
    assert np.isfinite(found).all()
    assert (found <= apart.max(axis=1) + 1e-5).all()
