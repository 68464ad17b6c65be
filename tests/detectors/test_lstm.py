"""LSTM: the network against a loop over time, and Keras' initialisation."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from detectors.lstm import LSTM
from detectors.neural.networks import LSTMForecaster
from tests.support.naive_neural import lstm_layer


def naive_forecast(network: LSTMForecaster, window: np.ndarray) -> float:
    weights = {name: p.detach().numpy().astype(float) for name, p in network.named_parameters()}
    outputs = window[:, None]
    for layer in ("l0", "l1"):
        bias = weights[f"lstm.bias_ih_{layer}"] + weights[f"lstm.bias_hh_{layer}"]
        outputs = lstm_layer(outputs, weights[f"lstm.weight_ih_{layer}"], weights[f"lstm.weight_hh_{layer}"], bias)
    return float((weights["dense.weight"] @ outputs[-1] + weights["dense.bias"])[0])


def test_a_score_is_the_error_of_the_published_recurrence():
    x = np.random.default_rng(0).normal(size=120)
    detector = LSTM(window=10, epochs=1, scaling="lookahead").fit(x)
    scores = detector.score(x)
    for point in (10, 11, 60, 119):
        window = x[point - 10 : point + 1]
        scaled = (window - window.min()) / np.ptp(window)
        assert scores[point] == pytest.approx(
            abs(naive_forecast(detector.network_, scaled[:-1]) - scaled[-1]), abs=1e-5
        )
    assert (scores[:10] == scores[10]).all()


def test_initialisation_is_keras():
    lstm = LSTMForecaster().lstm
    for layer, inputs in (("l0", 1), ("l1", 50)):
        recurrent = getattr(lstm, f"weight_hh_{layer}").detach()
        torch.testing.assert_close(recurrent.t() @ recurrent, torch.eye(50), atol=1e-5, rtol=0)
        limit = (6 / (inputs + 200)) ** 0.5
        assert 0.9 * limit < getattr(lstm, f"weight_ih_{layer}").abs().max() <= limit
        bias = getattr(lstm, f"bias_ih_{layer}").detach()
        assert bias.tolist() == [0.0] * 50 + [1.0] * 50 + [0.0] * 100


def test_one_bias_per_gate_learns():
    lstm = LSTM(window=10, epochs=2).fit(np.sin(np.arange(200) / 3)).network_.lstm
    assert (lstm.bias_hh_l0 == 0).all()
    assert (lstm.bias_hh_l1 == 0).all()
    assert (lstm.bias_ih_l0[:50] != 0).any()


@pytest.mark.real
@pytest.mark.skipif(
    "BENCHMARK_DATA" not in os.environ, reason="BENCHMARK_DATA does not name the folder of the real series"
)
def test_published_scale_on_a_real_series():
    # The package TSB-UAD 0.0.3 has AUROC .981 here.
    from sklearn.metrics import roc_auc_score

    path = Path(os.environ["BENCHMARK_DATA"]) / "TSB-UAD-Public" / "NASA-MSL" / "D-14.test.out"
    x, y = np.loadtxt(path, delimiter=",").T
    scores = LSTM(window=181, scaling="lookahead").fit(x[: len(x) // 10]).score(x)
    assert roc_auc_score(y, scores) > 0.95
