"""AE: the published network, and the position of its scores."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from detectors.ae import AE
from detectors.neural.networks import BatchNorm, DenseAutoencoder
from tests.support.naive_neural import batch_norm, min_max


def test_batch_norm_is_keras():
    rng = np.random.default_rng(0)
    batches = [rng.normal(2, 3, (8, 4)) for _ in range(5)]
    layer = BatchNorm(4).double().train()
    outputs = [layer(torch.from_numpy(b)).detach().numpy() for b in batches]
    expected, mean, variance = batch_norm(batches)
    np.testing.assert_allclose(outputs, expected, atol=1e-9)
    np.testing.assert_allclose(layer.mean, mean)
    np.testing.assert_allclose(layer.variance, variance)
    x = rng.normal(size=(3, 4))
    evaluated = layer.eval()(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(evaluated, (x - mean) / np.sqrt(variance + 1e-3))


def test_batch_norm_takes_a_last_batch_of_one():
    layer = BatchNorm(3).train()
    assert torch.equal(layer(torch.ones(1, 3)), torch.zeros(1, 3))


def test_layers_are_the_published_ones():
    shapes = [tuple(p.shape) for name, p in DenseAutoencoder(48).named_parameters() if p.dim() == 2]
    assert shapes == [(32, 48), (16, 32), (32, 16), (48, 32)]
    network = DenseAutoencoder(48)
    limit = (6 / (48 + 32)) ** 0.5
    assert 0.9 * limit < network[0].weight.abs().max() <= limit
    assert (network[0].bias == 0).all()
    assert (network(torch.randn(5, 48)) >= 0).all()


@pytest.mark.parametrize("window", [8, 9])
def test_a_score_is_the_mean_absolute_error_at_offset_half_a_window(window):
    x = np.random.default_rng(1).normal(size=80)
    detector = AE(window=window, epochs=1).fit(x)
    scores = detector.score(x)
    for start in (0, 1, 40, 80 - window):
        scaled = torch.tensor([min_max(x[start : start + window])], dtype=torch.float32)
        with torch.no_grad():
            error = (detector.network_(scaled) - scaled).abs().mean().item()
        assert scores[start + window // 2] == pytest.approx(error, rel=1e-4)
    assert (scores[: window // 2] == scores[window // 2]).all()


def test_training_windows_come_in_order():
    assert AE.shuffle is False


@pytest.mark.real
@pytest.mark.skipif(
    "BENCHMARK_DATA" not in os.environ, reason="BENCHMARK_DATA does not name the folder of the real series"
)
def test_published_scale_on_a_real_series():
    # The package TSB-UAD 0.0.3 has AUROC .991 here.
    from sklearn.metrics import roc_auc_score

    path = Path(os.environ["BENCHMARK_DATA"]) / "TSB-UAD-Public" / "NASA-MSL" / "D-14.test.out"
    x, y = np.loadtxt(path, delimiter=",").T
    scores = AE(window=181).fit(x[: len(x) // 10]).score(x)
    assert roc_auc_score(y, scores) > 0.98
