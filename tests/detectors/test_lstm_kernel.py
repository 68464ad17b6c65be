"""The compiled LSTM against torch's own, its gradients against autograd's."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.kernels.lstm import Forecast, _tanh_in_place
from detectors.lstm import LSTM
from detectors.neural.networks import LSTMForecaster


def network(seed: int = 0, scale: float = 1.0) -> LSTMForecaster:
    """Random weights everywhere, also where Keras' initialisation has zeros."""
    torch.manual_seed(seed)
    made = LSTMForecaster()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(scale * torch.randn_like(parameter) / 5)
    return made


def torchs_own(lstm, dense, x):
    return dense(lstm(x.t()[:, :, None])[0][-1])[:, 0]


def slopes(made, forecast, direction):
    made.zero_grad()
    (forecast * direction).sum().backward()
    return {name: p.grad.clone() for name, p in made.named_parameters() if p.grad is not None}


def assert_close(given, wanted):
    """Equal to 1e-5 of the largest entry, or to the rounding of the terms where these cancel."""
    assert given.shape == wanted.shape
    torch.testing.assert_close(given, wanted, rtol=0, atol=1e-5 * float(wanted.abs().max()) + 5e-7)


@given(st.integers(1, 70), st.integers(1, 40), st.integers(0, 1000), st.sampled_from([0.3, 1.0]))
@settings(max_examples=40, deadline=None)
def test_forecasts_and_slopes_are_those_of_torch(rows, window, seed, scale):
    made = network(seed, scale)
    x, direction = 3 * torch.randn(rows, window), torch.rand(rows)
    # Against float64, of which torch's own float32 is off by twice as much as the kernel.
    exact = copy.deepcopy(made).double()
    forecast, wanted = made(x), torchs_own(exact.lstm, exact.dense, x.double())
    assert_close(forecast.detach(), wanted.detach().float())
    given_slopes, wanted_slopes = slopes(made, forecast, direction), slopes(exact, wanted, direction)
    assert given_slopes.keys() == wanted_slopes.keys()
    for name, slope in wanted_slopes.items():
        assert_close(given_slopes[name], slope.float())


@given(st.integers(1, 200), st.integers(1, 20))
@settings(max_examples=15, deadline=None)
def test_scoring_in_blocks_equals_one_pass_with_gradients(rows, window):
    made, x = network(), torch.rand(rows, window)
    with torch.no_grad():
        scored = made(x)
    assert_close(scored, made(x).detach())


def test_tanh_is_right_to_a_few_units_in_the_last_place():
    x = np.linspace(-30, 30, 200_001, dtype=np.float32)
    found = x.copy()
    _tanh_in_place(found)
    wanted = np.tanh(x.astype(float))
    np.testing.assert_allclose(found, wanted, rtol=5e-7, atol=0)
    edges = np.array([np.nan, np.inf, -np.inf, 0.0], dtype=np.float32)
    _tanh_in_place(edges)
    np.testing.assert_allclose(edges, [np.nan, 1.0, -1.0, 0.0], rtol=5e-7)


def test_a_weight_that_is_not_a_number_shows():
    made = network()
    with torch.no_grad():
        made.lstm.weight_hh_l0[3, 3] = float("nan")
    assert made(torch.rand(5, 7)).isnan().all()


def test_a_second_forward_leaves_the_first_ones_gates_alone():
    made, direction = network(), torch.randn(8)
    x, other = torch.rand(2, 8, 9)
    wanted = slopes(made, made(x), direction)
    first, _ = made(x), made(other)
    for name, slope in slopes(made, first, direction).items():
        assert torch.equal(slope, wanted[name])


def test_a_second_backward_is_refused():
    made = network()
    loss = made(torch.rand(4, 5)).sum()
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="needs a new forward"):
        loss.backward()


def test_memory_is_let_go_when_no_gradient_is_asked_for():
    made, x = network(), torch.rand(4, 5)
    made(x).sum().backward()
    assert made.compiled.spare is not None
    with torch.no_grad():
        made(x)
    assert made.compiled.spare is None


def test_inputs_that_the_kernel_does_not_take_go_to_torch():
    made, x = network(), torch.rand(4, 5, requires_grad=True)
    made(x).sum().backward()
    assert (x.grad != 0).all()
    with torch.no_grad():
        assert_close(made.double()(x.double()).float(), network()(x))


def test_training_takes_the_steps_that_it_takes_with_torch(monkeypatch):
    x = np.sin(np.arange(230) / 3)
    ours = LSTM(window=20, epochs=3).fit(x)
    monkeypatch.setattr(Forecast, "__call__", lambda self, *given: torchs_own(*given))
    theirs = LSTM(window=20, epochs=3).fit(x)
    assert (ours.score(x) != theirs.score(x)).any()
    np.testing.assert_allclose(ours.score(x), theirs.score(x), atol=1e-4)
    np.testing.assert_allclose(ours.history_["train"], theirs.history_["train"], rtol=1e-4)


def test_training_has_one_blas_thread_and_leaves_their_number_as_it_was():
    from threadpoolctl import threadpool_info, threadpool_limits

    def threads():
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    seen, detector = [], LSTM(window=5, epochs=1)
    detector.on_progress = lambda message: seen.append(threads())
    with threadpool_limits(2, user_api="blas"):
        detector.fit(np.sin(np.arange(60) / 3))
        assert seen == [{1}]
        assert threads() == {2}
