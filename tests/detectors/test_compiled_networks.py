"""The compiled networks of Proposed against the same modules in float64, where torch computes and differentiates."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from detectors.flows.layers import CLAMP, ConvFlow, is_compiled
from detectors.flows.resnet import Autoencoder
from detectors.kernels import flow as kernel
from detectors.kernels.layers import pool, pool_back, rectify, rectify_back
from detectors.proposed import Proposed

BLOCKS = 2  # kernels of 3 and of 1; each number of blocks is compiled by itself, which takes seconds
STEMS, SEEDS = st.sampled_from(["strided", "full"]), st.integers(0, 99)


def shaken(module, seed, size=0.3):
    """The module with random weights everywhere, also where it starts with zeros or ones."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(size * torch.randn_like(parameter))
    return module


def slopes(module, losses, direction):
    module.zero_grad()
    (losses * direction).sum().backward()
    return {name: parameter.grad.clone() for name, parameter in module.named_parameters()}


def assert_near(given, wanted, size=None):
    """Equal to 3e-4 of the largest entry, or of ``size`` where terms cancel: norms of few values amplify rounding."""
    assert given.shape == wanted.shape
    limit = max(float(wanted.abs().max()), size or 0.0)
    torch.testing.assert_close(given.double(), wanted.double(), rtol=0, atol=3e-4 * limit + 1e-6)


def assert_same(ours, loss, exact, wanted, direction):
    """Equal losses and gradients of two modules."""
    assert_near(loss.detach(), wanted.detach())
    found, expected = slopes(ours, loss, direction), slopes(exact, wanted, direction)
    size = max(float(slope.abs().max()) for slope in expected.values())
    for name, slope in expected.items():
        assert_near(found[name], slope, size)


@settings(max_examples=25, deadline=None)
@given(STEMS, st.integers(1, 3), st.integers(2, 5), st.integers(1, 6), st.integers(8, 40), st.integers(0, 99))
def test_loss_gradients_and_running_moments_of_the_autoencoder(stem, networks, channels, windows, window, seed):
    ours = shaken(Autoencoder(networks, channels, stem), seed)
    exact = copy.deepcopy(ours).double()
    x, direction = torch.randn(networks, 1, windows, window), 0.5 + torch.rand(networks)
    assert_same(ours, ours.reconstruction_error(x), exact, exact.reconstruction_error(x.double()), direction)
    for name, buffer in exact.named_buffers():
        assert_near(dict(ours.named_buffers())[name], buffer)


@settings(max_examples=15, deadline=None)
@given(STEMS, st.integers(1, 3), st.integers(2, 5), st.sampled_from([1, 5, 70]), st.integers(8, 40), st.integers(0, 99))
def test_feature_maps(stem, networks, channels, windows, window, seed):
    ours = shaken(Autoencoder(networks, channels, stem), seed)
    for norm in ours.modules():
        if isinstance(norm, torch.nn.BatchNorm1d):
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.1, 2)
    ours.eval()
    x = torch.randn(networks, 1, windows, window)
    with torch.no_grad():
        wanted = copy.deepcopy(ours).double().encoder(x.double())
    for level, expected in zip(ours.maps(x), wanted, strict=True):
        assert_near(level, expected)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 3), st.integers(2, 6), st.integers(1, 3), st.integers(1, 5), st.integers(1, 9), st.integers(0, 99)
)
def test_likelihood_and_gradients_of_a_flow(networks, channels, blocks, windows, length, seed):
    ours = shaken(ConvFlow(networks, channels, blocks), seed)
    exact = copy.deepcopy(ours).double()
    x, direction = 2 * torch.randn(networks, channels, windows, length), 0.5 + torch.rand(networks)
    assert_same(ours, ours.mean_nll(x), exact, exact.mean_nll(x.double()), direction)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 3), st.integers(2, 6), st.sampled_from([1, 5, 70]), st.integers(1, 9))
def test_what_a_flow_returns_without_gradients(networks, channels, windows, length):
    ours = shaken(ConvFlow(networks, channels, BLOCKS), networks + length)
    x = 2 * torch.randn(networks, channels, windows, length)
    with torch.no_grad():
        found, wanted = ours(x), copy.deepcopy(ours).double()(x.double())
    for part, expected in zip(found, wanted, strict=True):
        assert_near(part, expected)


def test_the_log_scale_is_bounded_as_that_of_torch():
    assert kernel.CLAMP == CLAMP
    raw = torch.cat([torch.linspace(-30, 30, 4001), torch.tensor([-1e30, 1e30, 0.0])])
    out, moved = torch.stack([raw, torch.zeros_like(raw)]).numpy(), np.ones((1, len(raw)), dtype=np.float32)
    rate, log_det = np.empty_like(moved), np.zeros(len(raw), dtype=np.float32)
    kernel._couple(out, moved, rate, log_det)
    exact = CLAMP * 2 / np.pi * np.arctan(raw.double().numpy() / CLAMP)
    np.testing.assert_allclose(log_det, exact, rtol=3e-7, atol=1e-12)
    np.testing.assert_allclose(moved[0], np.exp(exact), rtol=1e-6)
    np.testing.assert_allclose(rate[0], 2 / np.pi / (1 + (raw.double().numpy() / CLAMP) ** 2), rtol=5e-7, atol=1e-12)


@given(st.integers(1, 3), st.integers(1, 9), SEEDS)
def test_pooling_is_torchs_own_also_for_equal_values(windows, length, seed):
    torch.manual_seed(seed)
    x = torch.randint(0, 3, (2, windows, length)).float().requires_grad_()
    wanted = torch.nn.functional.max_pool1d(x, 3, 2, 1)
    slope = torch.rand_like(wanted)
    wanted.backward(slope)
    flat = x.detach().flatten(1).numpy()
    np.testing.assert_array_equal(pool(flat, length), wanted.detach().flatten(1).numpy())
    given = pool_back(slope.flatten(1).numpy(), flat, length)
    np.testing.assert_allclose(given, x.grad.flatten(1).numpy(), rtol=1e-6, atol=1e-7)


def test_a_network_is_computed_to_the_bit_as_if_it_were_alone():
    together, x = shaken(Autoencoder(3, 4, "strided"), 0), torch.randn(3, 1, 8, 32)
    flows, maps = shaken(ConvFlow(3, 4, BLOCKS), 1), torch.randn(3, 4, 8, 8)
    for module, data, losses in ((together, x, together.reconstruction_error), (flows, maps, flows.mean_nll)):
        before, loss = losses(data).detach(), data.clone()
        loss[1:] *= 7
        after = losses(loss).detach()
        assert before[0] == after[0], type(module)
        assert before[1] != after[1]


def test_values_that_are_not_numbers_reach_the_loss():
    """A network that has diverged must be found."""
    nothing = np.array([[np.nan, 1.0, -1.0]], dtype=np.float32)
    np.testing.assert_array_equal(rectify(nothing), [[np.nan, 1, 0]])
    slope = np.array([[2.0, 3.0, 4.0]], dtype=np.float32)
    rectify_back(slope, rectify(nothing))
    np.testing.assert_array_equal(slope, [[2, 3, 0]])
    for name, _ in Autoencoder(1, 2, "strided").named_parameters():
        network = Autoencoder(1, 2, "strided")
        with torch.no_grad():
            dict(network.named_parameters())[name].fill_(np.nan)
        assert torch.isnan(network.reconstruction_error(torch.randn(1, 1, 4, 16))).all(), name
    flow = ConvFlow(1, 4, BLOCKS)
    for name, parameter in flow.named_parameters():
        before = parameter.detach().clone()
        with torch.no_grad():
            parameter.fill_(np.nan)
        assert torch.isnan(flow.mean_nll(torch.randn(1, 4, 4, 8))).all(), name
        with torch.no_grad():
            parameter.copy_(before)


def test_only_single_precision_on_the_cpu_is_compiled():
    assert is_compiled(torch.zeros(1))
    assert not is_compiled(torch.zeros(1, dtype=torch.float64))
    assert not is_compiled(torch.zeros(1, device="meta"))


def test_a_batch_of_one_window_mapped_to_one_position_has_no_variance():
    network = Autoencoder(1, 2, "strided")
    loss = network.reconstruction_error(torch.randn(1, 1, 1, 16))
    loss.sum().backward()
    assert torch.isfinite(loss).all()


def test_blas_has_one_thread_while_networks_are_trained(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "detectors.flows.learning.whiten",
        lambda *_: seen.extend(each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"),
    )
    Proposed(**Proposed.quick).fit(np.sin(np.arange(600) / 5))
    assert set(seen) == {1}


@pytest.mark.parametrize("quantity", ["exp", "likelihood"])
def test_scores_are_those_of_torch_up_to_rounding(quantity, monkeypatch):
    x = np.sin(np.arange(800) / 5)
    x[500:520] += 1
    ours = Proposed(**Proposed.quick, quantity=quantity).fit(x[:400])
    compiled = ours.score(x)
    for module in ("layers", "resnet"):
        monkeypatch.setattr(f"detectors.flows.{module}.is_compiled", lambda _: False)
    np.testing.assert_allclose(ours.score(x), compiled, rtol=1e-4, atol=1e-6)
    again = Proposed(**Proposed.quick, quantity=quantity).fit(x[:400])
    # Later epochs amplify rounding, because Adam takes whole steps where a gradient is nearly zero.
    assert again.history_["stage 1 train"][0] == pytest.approx(ours.history_["stage 1 train"][0], rel=1e-3)
