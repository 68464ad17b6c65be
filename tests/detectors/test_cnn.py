"""CNN: the fast convolutions against torch's, the published shapes, and the definition of the score."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from detectors.cnn import CNN
from detectors.neural.networks import ConvForecaster, convolve, halve
from tests.support.naive_neural import min_max, min_max_past


def plain_forecast(network: ConvForecaster, x: torch.Tensor) -> torch.Tensor:
    """The published stack in torch's own layers: batch, channels, time."""
    maps = functional.pad(x, (0, 1))[:, None]
    for layer in network.convolutions:
        maps = functional.max_pool1d(functional.relu(functional.conv1d(maps, layer.weight, layer.bias)), 2)
    return network.head(maps)[:, 0]


@pytest.mark.parametrize("length", [2, 3, 10, 11])
def test_convolve_and_halve_equal_torchs(length):
    maps, weight, bias = torch.randn(3, length, 5), torch.randn(4, 3, 2), torch.randn(4)
    convolved = convolve(maps, weight, bias)
    expected = functional.conv1d(maps.permute(2, 0, 1), weight, bias)
    torch.testing.assert_close(convolved.permute(2, 0, 1), expected)
    torch.testing.assert_close(halve(maps).permute(2, 0, 1), functional.max_pool1d(maps.permute(2, 0, 1), 2))


@pytest.mark.parametrize("window", [14, 15, 48, 125])
def test_forecast_and_gradients_equal_the_plain_stack(window):
    network = ConvForecaster(window).double().eval()
    x = torch.rand(6, window, dtype=torch.float64)
    gradients = []
    for forecast in (network(x), plain_forecast(network, x)):
        network.zero_grad()
        forecast.pow(2).sum().backward()
        gradients.append([forecast.detach()] + [p.grad.clone() for p in network.parameters()])
    for ours, plain in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, plain)


def test_layers_are_the_published_ones():
    shapes = [tuple(p.shape) for p in ConvForecaster(48).parameters() if p.dim() > 1]
    assert shapes == [(8, 1, 2), (16, 8, 2), (32, 16, 2), (64, 32 * 5), (1, 64)]
    drops = [m.p for m in ConvForecaster(48).modules() if isinstance(m, torch.nn.Dropout)]
    assert drops == [0.2]


def test_a_window_too_short_for_three_pools_is_continued_backwards():
    network = ConvForecaster(9).eval()
    x = torch.rand(3, 9)
    longer = torch.cat([x[:, :1].expand(-1, 5), x], dim=1)
    torch.testing.assert_close(network(x), plain_forecast(network, longer))


@pytest.mark.parametrize("scaling", ["past", "lookahead"])
def test_a_score_is_the_absolute_error_at_the_predicted_point(scaling):
    x = np.random.default_rng(1).normal(size=90)
    detector = CNN(window=15, epochs=1, scaling=scaling).fit(x)
    scores = detector.score(x)
    for point in (15, 16, 50, 89):
        window = x[point - 15 : point + 1]
        scaled = min_max(window) if scaling == "lookahead" else min_max_past(window, 0.01 * np.ptp(x))
        with torch.no_grad():
            forecast = plain_forecast(detector.network_, torch.tensor([scaled[:-1]], dtype=torch.float32)).item()
        assert scores[point] == pytest.approx(abs(forecast - scaled[-1]), abs=1e-5)
    assert (scores[:15] == scores[15]).all()


def test_default_looks_at_the_past_alone():
    assert CNN().scaling == "past"
    x = np.sin(np.arange(200) / 3)
    detector = CNN(window=15, epochs=1).fit(x)
    spiked = x.copy()
    spiked[150] += 5
    before = detector.score(x), detector.score(spiked)
    assert np.array_equal(before[0][:150], before[1][:150])
    assert before[1].argmax() == 150


@pytest.mark.real
@pytest.mark.skipif(
    "BENCHMARK_DATA" not in os.environ, reason="BENCHMARK_DATA does not name the folder of the real series"
)
def test_published_scale_on_a_real_series():
    # The package TSB-UAD 0.0.3 has AUROC .980 here.
    from sklearn.metrics import roc_auc_score

    path = Path(os.environ["BENCHMARK_DATA"]) / "TSB-UAD-Public" / "NASA-MSL" / "D-14.test.out"
    x, y = np.loadtxt(path, delimiter=",").T
    scores = CNN(window=181, scaling="lookahead").fit(x[: len(x) // 10]).score(x)
    assert roc_auc_score(y, scores) > 0.95


def test_a_flat_past_has_the_unit_of_all_fitted_pieces():
    calm, wild = np.sin(np.arange(60.0)) / 100, 5 * np.sin(np.arange(60.0))
    assert CNN(window=15, epochs=0).fit([calm, wild]).floor_ == 0.01 * np.ptp(wild)
