"""Properties of the flow's blocks, and the proposed detector on small series."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.saved import read
from detectors.core.windows import Windows
from detectors.flows.layers import Conv, ConvFlow, Coupling, Flow, Norm, Permutation, Upsampling
from detectors.flows.learning import windows_tensor
from detectors.flows.resnet import Autoencoder, FeatureFlow, MapWhitening, compress, series_scale
from detectors.flows.rules import ScoringRule
from detectors.neural.training import flow_schedule, steady
from detectors.proposed import Proposed, UntrainedProposed
from tests.support.randomness import only_from
from tests.support.series import sine

CPU = torch.device("cpu")
QUICK = Proposed.quick | {"max_windows": 64}


def shaken(flow: Flow) -> Flow:
    """The flow with weights far from the identity at which it starts."""
    with torch.no_grad():
        for p in flow.parameters():
            p.add_(torch.randn_like(p) * 0.3)
    return flow


# -- laws of the layers: networks side by side, each as torch computes one ---------------------------


def alone(layer: torch.nn.Module, k: int, x: torch.Tensor) -> torch.Tensor:
    """What the ``k``-th of the networks makes of its input, by torch's own layers."""
    weight, bias = layer.weight[k].detach(), layer.bias[k].detach().flatten()
    functional = torch.nn.functional
    if isinstance(layer, Conv):
        taps = weight.view(len(weight), layer.kernel, -1).transpose(1, 2)
        return functional.conv1d(x, taps, bias, stride=layer.stride, padding=layer.kernel // 2)
    taps = weight.view(4, -1, x.shape[1]).permute(2, 1, 0)
    return functional.conv_transpose1d(x, taps, bias, stride=2, padding=1)


@settings(max_examples=25, deadline=None)
@given(
    inputs=st.integers(1, 4),
    outputs=st.integers(1, 4),
    kernel=st.sampled_from([1, 3, 7]),
    stride=st.integers(1, 3),
    length=st.integers(1, 9),
)
def test_convolutions_side_by_side_are_torchs_own(inputs, outputs, kernel, stride, length):
    with steady(CPU, 0):
        ours, x = Conv(3, inputs, outputs, kernel, stride).double(), torch.randn(3, inputs, 4, length).double()
    out = ours(x)
    for k in range(3):
        torch.testing.assert_close(out[k].transpose(0, 1), alone(ours, k, x[k].transpose(0, 1)))


@settings(max_examples=15, deadline=None)
@given(inputs=st.integers(1, 4), outputs=st.integers(1, 4), length=st.integers(1, 9))
def test_transposed_convolutions_side_by_side_are_torchs_own(inputs, outputs, length):
    with steady(CPU, 0):
        ours, x = Upsampling(3, inputs, outputs).double(), torch.randn(3, inputs, 4, length).double()
    out = ours(x)
    for k in range(3):
        torch.testing.assert_close(out[k].transpose(0, 1), alone(ours, k, x[k].transpose(0, 1)))


def test_normalisation_side_by_side_is_torchs_own():
    x = torch.randn(3, 5, 8, 6) * 4 + 1
    ours = Norm(3, 5)
    out = ours(x)
    for k in range(3):
        theirs = torch.nn.BatchNorm1d(5, eps=1e-3)
        torch.testing.assert_close(out[k].transpose(0, 1), theirs(x[k].transpose(0, 1)), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("stem", ["strided", "full"])
def test_a_network_does_not_feel_its_neighbours(stem):
    with steady(CPU, 0):
        model, x = FeatureFlow(3, 4, blocks=2, stem=stem, rotate=True), torch.randn(3, 1, 8, 32)
    model.fit_scales(model.maps(x))
    other = x.clone()
    other[1:] *= 7
    for mine, theirs in zip(model.latents(x), model.latents(other), strict=True):
        for a, b in zip(mine, theirs, strict=True):
            torch.testing.assert_close(a[0], b[0])
            assert not torch.equal(a[1], b[1])


@pytest.mark.parametrize(("stem", "lengths"), [("strided", [32, 16, 8]), ("full", [128, 64, 32])])
def test_maps_have_the_stated_channels_and_lengths_and_decode_to_the_window(stem, lengths):
    net = Autoencoder(2, 16, stem)
    maps = net.encoder(torch.randn(2, 1, 3, 128))
    assert [m.shape for m in maps] == [(2, c, 3, n) for c, n in zip((16, 32, 64), lengths, strict=True)]
    assert net.decoder(maps[-1], 128).shape == (2, 1, 3, 128)


# -- laws of the flow ------------------------------------------------------------------------------


@pytest.mark.parametrize(("channels", "length"), [(2, 5), (4, 6), (5, 3)])
def test_the_log_determinant_is_that_of_the_jacobian(channels, length):
    with steady(CPU, 1):
        flow = shaken(ConvFlow(1, channels, blocks=6).double())
        x = torch.randn(1, channels, 1, length, dtype=torch.float64)
        jacobian = torch.autograd.functional.jacobian(lambda v: flow(v.view_as(x))[0].flatten(), x.flatten())
        expected = torch.linalg.slogdet(jacobian)[1]
        assert float(flow(x)[1].sum().detach()) == pytest.approx(float(expected), abs=1e-8)
        assert abs(float(expected)) > 0.1  # a flow that is the identity would prove nothing


@pytest.mark.parametrize("stem", ["strided", "full"])
def test_gradients_reach_every_parameter(stem):
    with steady(CPU, 0):
        flow, net = ConvFlow(2, 4, blocks=6), Autoencoder(2, 4, stem)
        flow.nll(torch.randn(2, 4, 8, 16)).mean().backward()
        net.reconstruction_error(torch.randn(2, 1, 8, 48)).sum().backward()
        for name, p in [*flow.named_parameters(), *net.named_parameters()]:
            assert p.grad is not None, name
            assert p.grad.abs().sum() > 0 or name.endswith(("bias",)), name


def test_the_likelihood_of_a_gaussian_flow_is_the_textbooks():
    flow = Flow([])
    x = torch.randn(2, 3, 5, 7, dtype=torch.float64)
    expected = -torch.distributions.Normal(0.0, 1.0).log_prob(x).mean(dim=1)
    torch.testing.assert_close(flow.nll(x), expected)


@pytest.mark.parametrize(("channels", "length"), [(2, 5), (5, 3)])
def test_the_likelihood_is_that_of_the_change_of_variables(channels, length):
    with steady(CPU, 3):
        flow = shaken(ConvFlow(1, channels, blocks=6).double())
        x = torch.randn(1, channels, 1, length, dtype=torch.float64)
        jacobian = torch.autograd.functional.jacobian(lambda v: flow(v.view_as(x))[0].flatten(), x.flatten())
        normal = torch.distributions.Normal(0.0, 1.0).log_prob(flow(x)[0]).sum()
        expected = -(normal + torch.linalg.slogdet(jacobian)[1]) / channels
        torch.testing.assert_close(flow.nll(x).sum(), expected)


def test_the_log_scale_is_bounded_by_the_clamp():
    coupling = Coupling(Conv(1, 1, 2), channels=2)
    with torch.no_grad():
        coupling.subnet.weight.fill_(1e6)
    _, log_det = coupling(torch.ones(1, 2, 1, 1))
    assert 1.8 < float(log_det.detach()) <= 1.9


def test_a_permutation_moves_the_channels_of_each_network_and_loses_none():
    with steady(CPU, 0):
        p = Permutation(2, 7)
    x = torch.arange(28.0).view(2, 7, 1, 2)
    moved, _ = p(x)
    assert torch.equal(moved.sort(dim=1)[0], x)
    assert not torch.equal(moved, x)


# -- rules: from latent positions to scores ----------------------------------------------------------

SQUARES = torch.tensor([[[1.0, 4.0], [9.0, 0.0]]]), torch.tensor([[[0.5, -1.0], [2.0, 0.0]]])


@pytest.mark.parametrize(
    ("quantity", "pooling", "expected"),
    [
        ("squares", "max", [[4.0], [9.0]]),
        ("squares", "mean", [[2.5], [4.5]]),
        ("squares", "position", [[1, 1, 4, 4], [9, 9, 0, 0]]),
        ("exp", "max", [[-np.exp(-2)], [-np.exp(-4.5)]]),
        ("likelihood", "mean", [[(0.5 - 0.5 + 2 + 1) / 2], [(4.5 - 2) / 2]]),
    ],
)
def test_rules_by_hand(quantity, pooling, expected):
    constant = SQUARES[0][..., :1].expand(-1, -1, 4), SQUARES[0][..., :1] * 0
    for maps, latents in (("all", [SQUARES] * 3), ("deepest", [constant, constant, SQUARES])):
        scores = ScoringRule(quantity, pooling, maps)(latents, 4)
        if pooling == "position":  # between the centres of positions the values are interpolated
            scores = scores[:, [0, 0, 3, 3]]
        torch.testing.assert_close(scores, torch.tensor(expected, dtype=torch.float32))


def test_all_maps_and_all_networks_count_by_their_mean():
    one, three = (torch.full((1, 1, 2), v) for v in (1.0, 3.0))
    latents = [(torch.cat([one, three]), torch.zeros(2, 1, 2)), (torch.cat([one, one]), torch.zeros(2, 1, 2))]
    assert ScoringRule("squares", "mean", "all")(latents, 4).tolist() == [[1.5]]
    assert ScoringRule("squares", "max", "finest")(latents, 4).tolist() == [[2.0]]


# -- scaling ---------------------------------------------------------------------------------------


def test_scale_finds_the_grid_of_integers_and_of_binary_series():
    rng = np.random.default_rng(0)
    assert series_scale(rng.integers(0, 20, 5000) * 0.5)[2] == pytest.approx(0.5)
    assert series_scale(rng.integers(0, 2, 500).astype(float))[2] <= 1.0
    assert series_scale(rng.standard_normal(500))[2] == 0.0


def test_a_constant_series_keeps_its_scale():
    assert series_scale(np.full(50, -1.0)) == (-1.0, 1.0, 0.0)
    assert series_scale(np.where(np.arange(50) % 2, 0.3, 0.1 + 0.2))[1] == 1.0  # constant but for rounding


@pytest.mark.parametrize("unit", [2.0**-30, 2.0**-100, 2.0**30])
def test_a_series_in_another_unit_has_the_deviation_in_that_unit(unit):
    x = np.round(np.random.default_rng(0).standard_normal(500) * 2**13) / 2**13
    assert series_scale(x * unit)[1] == series_scale(x)[1] * unit
    assert series_scale(2.0**29 + x / 1024)[1] * 1024 == pytest.approx(series_scale(x)[1], rel=1e-3)


@pytest.mark.parametrize(("shift", "scale"), [(0, 1e-9), (0, 1e-30), (0, 2.0**70), (2.0**30, 2.0**-10), (2.0**20, 1)])
def test_scale_follows_shift_and_unit_of_the_series(shift, scale):
    x = np.round(sine() * 2**16) / 2**16
    mean, deviation, step = series_scale(x)
    found = series_scale(shift + x * scale)
    np.testing.assert_allclose(found, (shift + mean * scale, deviation * scale, step * scale), rtol=1e-5)


def test_compress_is_the_identity_near_zero_and_monotone_everywhere():
    x = np.array([-1e300, -1e6, -11.0, -10.0, 0.0, 3.0, 10.0, 11.0, 1e6, 1e300])
    y = compress(x)
    assert np.all(np.diff(y) > 0)
    np.testing.assert_array_equal(y[3:7], x[3:7])
    assert np.abs(y).max() < 1000


@pytest.mark.parametrize("rotate", [True, False])
def test_whitening_leaves_variance_1_and_with_rotation_no_correlation(rotate):
    with steady(CPU, 0):
        mixed = torch.randn(2, 3, 40, 8)
    mixed[:, 1] += 3 * mixed[:, 0] + 5
    scale = MapWhitening(2, 3, rotate)
    scale.fit(mixed)
    for network in scale(mixed).flatten(2):
        covariance = torch.cov(network, correction=0)
        torch.testing.assert_close(covariance.diagonal(), torch.ones(3), atol=1e-3, rtol=1e-3)
        assert float(network.mean(dim=1).abs().max()) < 1e-4
        assert (float((covariance - torch.diag(covariance.diagonal())).abs().max()) < 1e-3) == rotate


def test_whitening_does_not_blow_up_a_flat_channel():
    maps = torch.stack([torch.randn(1, 50, 8), torch.full((1, 50, 8), 4.0)], dim=1)
    scale = MapWhitening(1, 2, rotate=True)
    scale.fit(maps)
    assert float(scale(maps)[:, 0].abs().max()) < 10
    assert float(scale.matrix.abs().max()) < 200


# -- the detector ----------------------------------------------------------------------------------


def test_a_reversed_stretch_of_a_sine_scores_higher_than_the_rest():
    x = sine(2000)
    broken = x.copy()
    broken[1000:1030] *= -1
    scores = Proposed(epochs=6, max_windows=200, random_state=1).fit(x).score(broken)
    assert scores[1000:1030].mean() > np.quantile(scores, 0.95)


@pytest.mark.parametrize("cls", [Proposed, UntrainedProposed])
def test_the_same_seed_gives_equal_bits_whatever_ran_before(cls):
    x = sine()
    first = cls(**QUICK, random_state=3).fit(x).score(x)
    cls(**QUICK, random_state=4).fit(x[:300])
    again = cls(**QUICK, random_state=3).fit(x).score(x)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, cls(**QUICK, random_state=4).fit(x).score(x))


@pytest.mark.parametrize("cls", [Proposed, UntrainedProposed])
def test_save_and_load_give_equal_scores_and_decisions(cls, tmp_path):
    x = sine()
    detector = cls(**QUICK).fit(x)
    detector.save(tmp_path / "model.safetensors")
    loaded = cls.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.score(x), detector.score(x))
    np.testing.assert_array_equal(loaded.predict(x), detector.predict(x))
    assert loaded.history_ == detector.history_
    assert loaded.get_params() == detector.get_params()


def test_loading_the_wrong_file_says_what_it_is(tmp_path):
    path = tmp_path / "model.safetensors"
    UntrainedProposed(**QUICK).fit(sine()).save(path)
    with pytest.raises(ValueError, match="UntrainedProposed"):
        Proposed.load(path)
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(1)}, str(path))
    with pytest.raises(ValueError, match="facts"):
        read(path)


@pytest.mark.parametrize(
    "x",
    [
        np.full(439, -1.0),
        np.tile([0.0, 1.0, 1.0, 0.0], 110),
        np.r_[np.zeros(300), np.ones(139)],
        np.arange(439.0),
    ],
    ids=["constant", "binary", "step", "ramp"],
)
def test_flat_and_discrete_series_get_finite_scores_and_a_jump_stands_out(x):
    detector = Proposed(**QUICK).fit(x)
    jump = x.copy()
    jump[200] += 1e6
    scores = detector.score(jump)
    assert scores[200] > np.quantile(scores, 0.9)


@pytest.mark.parametrize("window", [8, 63, 300])
def test_any_window_length_works_and_short_series_are_scored_whole(window):
    x = sine(2 * window)
    detector = Proposed(**QUICK | {"window": window, "stride": 5}).fit(x)
    assert detector.score(sine(2 * window + 3, seed=1)).shape == (2 * window + 3,)


def test_a_points_score_is_the_mean_of_the_windows_that_cover_it(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = Proposed(**QUICK | {"window": 16, "stride": 5}).fit(sine())
    monkeypatch.setattr(Proposed, "_rule", lambda _: lambda latents, window: torch.arange(7.0)[:, None])
    starts = range(0, 31, 5)  # of the windows of 46 points, numbered 0 to 6
    slow = [np.mean([k for k, a in enumerate(starts) if a <= row < a + 16]) for row in range(46)]
    np.testing.assert_allclose(detector.score(sine()[:46]), slow)


def test_pieces_are_fitted_without_windows_across_gaps():
    left, right = sine(300), sine(300, seed=1) + 50
    detector = Proposed(**QUICK).fit([left, right, sine(10)])
    assert len(detector.fitted_scores()) == 600
    # A window across the gap would hold the jump of 50; none was trained on, so that it is rare.
    jump = detector.score(np.r_[left, right])
    assert jump[295:305].mean() > np.median(jump)


def test_scores_do_not_depend_on_the_size_of_a_batch(monkeypatch):
    x = sine(900)
    detector = Proposed(**QUICK).fit(x)
    whole = detector.score(x)
    chunk = np.concatenate([detector.score(x[:512])[: 512 - 128], detector.score(x[256:])[128:]])
    np.testing.assert_allclose(whole, chunk, rtol=1e-4, atol=1e-4)


def test_the_paper_preset_has_its_published_schedule_and_runs():
    detector = Proposed(preset="paper", epochs=2, channels=4)
    assert [Proposed(preset="paper")._schedule(stage, 999) for stage in (1, 2)] == [
        flow_schedule(500, 32, 1e-4, False)
    ] * 2
    detector.fit(sine(300))
    assert [len(v) for v in detector.history_.values()] == [2, 2, 2, 2]
    assert len(detector.model_.scales[0].shift) == 1  # the paper trains one network, whatever ``members``


def test_the_paper_preset_trains_on_windows_of_its_training_stride():
    windows = Windows([sine(400), sine(200)], 128)
    training, validation = Proposed(preset="paper", training_stride=5)._training_rows(windows, np.random.default_rng(0))
    assert training.tolist() == [[k] for k in range(0, 273 + 73, 5)]
    assert len(validation) == 0


def test_networks_train_on_windows_of_their_own_and_stop_by_the_last_tenth():
    windows = Windows([sine(1127)], 128)
    detector = Proposed(members=3, max_windows=50)
    training, validation = detector._training_rows(windows, np.random.default_rng(0))
    assert training.shape == (50, 3)
    assert training.max() < 900
    assert [len(set(column)) for column in training.T] == [50] * 3
    assert len(set(map(tuple, training.T))) == 3
    assert validation.shape == (96, 3)
    assert (validation.min(), validation.max()) == (900, 999)


def test_rules_are_tried_without_another_fit():
    x = sine()
    detector = Proposed(**QUICK).fit(x)
    rules = [{}, {"quantity": "likelihood", "pooling": "position"}, {"maps": "deepest"}]
    for scores, rule in zip(detector.scores_by(x, rules), rules, strict=True):
        np.testing.assert_array_equal(scores, Proposed(**QUICK | rule).fit(x).score(x))


@pytest.mark.parametrize("shift_and_scale", [(0, 1e-8), (0, 1e-9), (0, 2.0**40), (2.0**30, 2.0**-10), (2.0**20, 1)])
def test_scores_do_not_depend_on_the_unit_or_the_level_of_the_series(shift_and_scale):
    shift, scale = shift_and_scale
    x = np.round(sine(500) * 2**16) / 2**16
    broken = x.copy()
    broken[300:315] += np.linspace(0, 1.5, 15)
    plain = Proposed(**QUICK).fit(x).score(broken)
    moved = Proposed(**QUICK).fit(shift + scale * x).score(shift + scale * broken)
    # At a level of 2^30 the values themselves are rounded to 2^-12, which the training notices.
    assert np.corrcoef(moved, plain)[0, 1] > 0.99
    assert np.array_equal(moved, plain) or scale != 2.0**40
    assert moved[300:315].mean() > np.quantile(moved, 0.9)


def test_training_lowers_both_losses_and_reports_each_epoch():
    detector = Proposed(channels=4, epochs=4, max_windows=128)
    lines: list[str] = []
    detector.on_progress = lines.append
    detector.fit(sine(1200))
    for stage in ("stage 1", "stage 2"):
        losses = detector.history_[f"{stage} train"]
        assert losses[-1] < losses[0]
        assert f"{stage} epoch 1/4" in "\n".join(lines)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"window": 4}, "window must be a whole number of at least 8"),
        ({"stride": 0}, "stride"),
        ({"stride": 129}, "stride"),
        ({"preset": "big"}, "preset"),
        ({"stem": "half"}, "stem must be 'strided' or 'full'"),
        ({"members": 0}, "members"),
        ({"training_stride": 0}, "training_stride"),
        ({"quantity": "z"}, "quantity must be one of exp, squares, likelihood"),
        ({"pooling": "sum"}, "pooling"),
        ({"maps": "none"}, "maps"),
    ],
)
def test_a_bad_parameter_is_named(params, words):
    with pytest.raises(ValueError, match=words):
        Proposed(**params).fit(sine())


def test_the_noise_of_training_spans_a_step_of_the_grid():
    """Counts of 0 to 3: noise of one step, uniform, on the standardised scale; 0.02 where the step is finer."""
    rng = np.random.default_rng(0)
    for x, width in ((rng.integers(0, 4, 600).astype(float), None), (rng.normal(size=600), 0.02)):
        detector = Proposed(window=16, members=1, channels=2, epochs=1).fit(x)
        windows, index = Windows([x], 16), np.arange(500)[:, None]
        gap = windows_tensor(windows, index, detector.scale_, np.random.default_rng(1))
        gap -= windows_tensor(windows, index, detector.scale_)
        expected = width or 1 / detector.scale_[1]
        assert float(gap.abs().max()) == pytest.approx(expected / 2, rel=0.01)


@pytest.mark.parametrize("source", ["torch", "numpy"])
def test_the_seed_reaches_weights_and_draws_each_by_itself(source, monkeypatch):
    """With the generator of one source held fixed, another seed still changes the scores by the other."""
    x = sine(400)
    only_from(source, monkeypatch)
    one, other = (Proposed(**QUICK, random_state=seed).fit(x).score(x) for seed in (1, 2))
    assert not np.array_equal(one, other)


def test_each_stage_has_steps_of_its_own():
    """64 rows are two batches of 32; an odd row begins another."""
    model = Proposed(steps=(128, 101))
    assert [model._schedule(stage, 64).epochs for stage in (1, 2)] == [64, 51]
    assert model._schedule(1, 65).epochs == 43
    assert Proposed(epochs=7)._schedule(2, 64).epochs == 7


def test_windows_of_several_blocks_are_averaged_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """285 windows are more than one block; each window's score is its number."""
    detector, numbers = Proposed(**QUICK | {"window": 16, "stride": 1}).fit(sine()), itertools.count()
    numbered = lambda latents, window: torch.tensor([[float(next(numbers))] for _ in range(latents[0][0].shape[1])])  # noqa: E731
    monkeypatch.setattr(Proposed, "_rule", lambda _: numbered)
    slow = [np.mean(range(max(0, row - 15), min(row, 284) + 1)) for row in range(300)]
    np.testing.assert_allclose(detector.score(sine()[:300]), slow)


def test_a_last_batch_of_one_window_with_a_map_of_one_position_is_learnt():
    """33 windows of 16 points are a batch of 32 and one more, whose deepest map has one value a channel."""
    detector = Proposed(window=16, preset="paper", training_stride=1, epochs=1, channels=2, blocks=1)
    assert np.isfinite(detector.fit(sine(48)).score(sine(100))).all()
    norm, alone = Norm(2, 3), torch.full((2, 3, 1, 1), 4.0)
    norm(torch.randn(2, 3, 5, 4))
    torch.testing.assert_close(norm(alone), norm.eval()(alone))


def test_each_networks_maps_are_whitened_by_themselves():
    """A loud network beside it must not make another one's quiet direction count as flat."""
    with steady(CPU, 0):
        maps = torch.randn(1, 3, 40, 8)
    maps[:, 2] *= 0.05
    alone, together = MapWhitening(1, 3, True), MapWhitening(2, 3, True)
    alone.fit(maps)
    together.fit(torch.cat([maps, 1000 * maps]))
    torch.testing.assert_close(together.matrix[:1], alone.matrix)
    torch.testing.assert_close(together.shift[:1], alone.shift)


def test_each_stage_learns_for_its_own_number_of_epochs():
    model = Proposed(window=16, steps=(4, 2), max_windows=32, members=1, channels=2, blocks=1).fit(sine(200))
    assert {name: len(losses) for name, losses in model.history_.items()} == {
        "stage 1 train": 4,
        "stage 1 validation": 4,
        "stage 2 train": 2,
        "stage 2 validation": 2,
    }
