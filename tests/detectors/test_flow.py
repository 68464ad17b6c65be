"""Laws of the flow's blocks, and the proposed detector end to end on small series."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.contract import Diverged
from detectors.core.windows import Windows
from detectors.flows.layers import Convolution, Coupling, Flow, Permutation, Schedule, conv_flow, train
from detectors.flows.resnet import Autoencoder, ChannelScale, FeatureFlow, compress, series_scale
from detectors.neural.saved import read
from detectors.neural.training import steady
from detectors.proposed import Proposed, UntrainedProposed

CPU = torch.device("cpu")
QUICK = Proposed.quick | {"max_windows": 64}


def shaken(flow: Flow) -> Flow:
    """The flow with weights far from the identity at which it starts."""
    with torch.no_grad():
        for p in flow.parameters():
            p.add_(torch.randn_like(p) * 0.3)
    return flow


def sine(n: int = 600, period: int = 40, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.sin(np.arange(n) * 2 * np.pi / period) + 0.05 * rng.standard_normal(n)


# -- laws of the flow ------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(channels=st.integers(2, 9), length=st.integers(1, 12), seed=st.integers(0, 99))
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
def test_the_inverse_undoes_the_flow(channels, length, seed, dtype, tolerance):
    with steady(CPU, seed):
        flow = conv_flow(channels, blocks=6).to(dtype)
        x = torch.randn(3, channels, length, dtype=dtype)
        z, _ = flow(x)
        assert (flow.inverse(z) - x).abs().max() < tolerance * max(1.0, float(x.abs().max()))
        assert z.shape == x.shape


@pytest.mark.parametrize(("channels", "length"), [(2, 5), (4, 6), (5, 3)])
def test_the_log_determinant_is_that_of_the_jacobian(channels, length):
    with steady(CPU, 1):
        flow = shaken(conv_flow(channels, blocks=6).double())
        x = torch.randn(1, channels, length, dtype=torch.float64)
        jacobian = torch.autograd.functional.jacobian(lambda v: flow(v.view_as(x))[0].flatten(), x.flatten())
        expected = torch.linalg.slogdet(jacobian)[1]
        assert float(flow(x)[1].sum().detach()) == pytest.approx(float(expected), abs=1e-8)
        assert abs(float(expected)) > 0.1  # a flow that is the identity would prove nothing


def test_the_inverse_still_holds_far_from_the_identity():
    with steady(CPU, 2):
        flow = shaken(conv_flow(6, blocks=6).double())
        x = torch.randn(4, 6, 10, dtype=torch.float64)
        z, log_det = flow(x)
        torch.testing.assert_close(flow.inverse(z), x, atol=1e-8, rtol=1e-8)
        assert float(log_det.detach().abs().max()) > 0.1


def test_gradients_reach_every_parameter():
    with steady(CPU, 0):
        flow, net = conv_flow(4, blocks=6), Autoencoder(4)
        flow.nll(torch.randn(8, 4, 16)).mean().backward()
        net.reconstruction_error(torch.randn(8, 1, 20)).backward()
        for name, p in [*flow.named_parameters(), *net.named_parameters()]:
            assert p.grad is not None, name
            assert p.grad.abs().sum() > 0 or name.endswith(("bias",)), name


def test_the_likelihood_of_a_gaussian_flow_is_the_textbooks():
    flow = Flow([])
    x = torch.randn(5, 3, 7, dtype=torch.float64)
    expected = -torch.distributions.Normal(0.0, 1.0).log_prob(x).mean(dim=1)
    torch.testing.assert_close(flow.nll(x), expected)


def test_the_log_scale_is_bounded_by_the_clamp():
    coupling = Coupling(Convolution(1, 2, 1), channels=2, clamp=1.9)
    with torch.no_grad():
        coupling.subnet.weight.fill_(1e6)
    _, log_det = coupling(torch.ones(2, 1, 1))
    assert 1.8 < float(log_det.detach()) <= 1.9


@settings(max_examples=20, deadline=None)
@given(inputs=st.integers(1, 5), outputs=st.integers(1, 5), kernel=st.sampled_from([1, 3, 5]), length=st.integers(1, 9))
def test_the_convolution_is_torchs_own(inputs, outputs, kernel, length):
    with steady(CPU, 0):
        ours, x = Convolution(inputs, outputs, kernel).double(), torch.randn(4, inputs, length, dtype=torch.float64)
    theirs = torch.nn.functional.conv1d(x, ours.weight, ours.bias, padding=kernel // 2)
    torch.testing.assert_close(ours(x.transpose(0, 1)).transpose(0, 1), theirs)


def test_a_permutation_moves_channels_and_comes_back():
    with steady(CPU, 0):
        p = Permutation(7)
    x = torch.arange(14.0).view(7, 1, 2)
    assert torch.equal(p.inverse(p(x)[0]), x)
    assert not torch.equal(p(x)[0], x)


# -- training --------------------------------------------------------------------------------------


def test_training_keeps_the_best_epoch_and_stops_early():
    model = torch.nn.Linear(1, 1)
    validation = iter([3.0, 1.0, 2.0, 2.0, 2.0, 2.0])

    def loss(index):
        if model.training:
            return (model(torch.ones(len(index), 1)) - 5).square().mean()
        kept.append(model.weight.detach().clone())
        return torch.tensor(next(validation))

    kept: list[torch.Tensor] = []
    rows = np.arange(8), np.arange(2)
    lines: list[str] = []
    history = train(model, loss, rows, Schedule(6, 4, 0.1, patience=2), np.random.default_rng(0), lines.append)
    assert history["validation"] == [3.0, 1.0, 2.0, 2.0]
    assert torch.equal(model.weight, kept[1])
    assert lines[0].startswith("epoch 1/6, loss")


def test_a_loss_that_is_not_finite_is_called_diverged():
    model = torch.nn.Linear(1, 1)
    rows = np.arange(4), np.arange(0)
    with pytest.raises(Diverged, match="epoch 1"):
        train(
            model,
            lambda i: model(torch.ones(1, 1)).sum() * torch.inf,
            rows,
            Schedule(3, 4, 0.1),
            np.random.default_rng(0),
            str,
        )


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


def test_compress_is_the_identity_near_zero_and_monotone_everywhere():
    x = np.array([-1e300, -1e6, -11.0, -10.0, 0.0, 3.0, 10.0, 11.0, 1e6, 1e300])
    y = compress(x)
    assert np.all(np.diff(y) > 0)
    np.testing.assert_array_equal(y[3:7], x[3:7])
    assert np.abs(y).max() < 1000


def test_channel_scale_standardises_and_leaves_flat_channels():
    scale = ChannelScale(2)
    maps = torch.stack([torch.randn(50, 8) * 3 + 1, torch.full((50, 8), 4.0)], dim=1)
    scale.fit(maps)
    out = scale(maps)
    assert float(out[:, 0].std()) == pytest.approx(1, abs=1e-3)
    assert float(out[:, 1].abs().max()) < 1e-5


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


def test_pieces_are_fitted_without_windows_across_gaps():
    left, right = sine(200), sine(200, seed=1) + 50
    detector = Proposed(**QUICK).fit([left, right, sine(10)])
    assert len(detector.fitted_scores()) == 400
    # A window across the gap would hold the jump of 50; none was trained on, so that it is rare.
    jump = detector.score(np.r_[left, right])
    assert jump[195:205].mean() > np.median(jump)


def test_scores_do_not_depend_on_the_size_of_a_batch(monkeypatch):
    x = sine(900)
    detector = Proposed(**QUICK).fit(x)
    whole = detector.score(x)
    chunk = np.concatenate([detector.score(x[:448])[: 448 - 64], detector.score(x[320:])[64:]])
    np.testing.assert_allclose(np.r_[whole[:384], whole[384:]], chunk, rtol=1e-4, atol=1e-4)


def test_the_paper_preset_has_its_published_schedule_and_runs():
    detector = Proposed(preset="paper", epochs=2, channels=4)
    assert [Proposed(preset="paper")._schedule(stage, 999) for stage in (1, 2)] == [Schedule(500, 32, 1e-4)] * 2
    detector.fit(sine(300))
    assert [len(v) for v in detector.history_.values()] == [2, 2, 2, 2]


@pytest.mark.parametrize(("n", "windows", "sets"), [(299, 29, 261), (2_300, 279, 279)])
def test_the_flow_meets_few_windows_with_many_noises(monkeypatch, n, windows, sets):
    seen: set[float] = set()
    loss = FeatureFlow.loss

    def spy(self: FeatureFlow, maps: list[torch.Tensor]) -> torch.Tensor:
        seen.update(maps[0][:, 0, 0].tolist())
        return loss(self, maps)

    monkeypatch.setattr(FeatureFlow, "loss", spy)
    detector = Proposed(channels=4, epochs=60)
    kept, held_out = detector._training_rows(Windows([sine(n)], detector.window))
    assert len(kept) + len(held_out) == windows
    detector.fit(sine(n))
    assert 0.9 * sets < len(seen) <= sets


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
        ({"window": 4}, "window >= 8"),
        ({"stride": 0}, "stride"),
        ({"stride": 65}, "stride"),
        ({"preset": "big"}, "preset"),
    ],
)
def test_a_bad_parameter_is_named(params, words):
    with pytest.raises(ValueError, match=words):
        Proposed(**params).fit(sine())
