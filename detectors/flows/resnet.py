"""The proposed model's networks: 1-D ResNet encoder, transposed-convolution decoder, scaling of series. Needs torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from detectors.flows.layers import Flow, conv_flow


class Residual(nn.Module):
    """Two convolutions beside a shortcut, normalisation first (He et al. 2016, Fig. 4e)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _norm(inputs),
            nn.ReLU(),
            nn.Conv1d(inputs, outputs, 3, stride, padding=1),
            _norm(outputs),
            nn.ReLU(),
            nn.Conv1d(outputs, outputs, 3, padding=1),
        )
        self.shortcut: nn.Module = nn.Conv1d(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.shortcut(x) + self.body(x)
        return out


def _norm(channels: int) -> nn.BatchNorm1d:
    # A large epsilon: a channel that is flat on the fitted data must not turn a later change into an overflow.
    return nn.BatchNorm1d(channels, eps=1e-3)


class Encoder(nn.Module):
    """(b, 1, w) windows to feature maps of full, half and quarter resolution, with c, 2c and 4c channels.

    The finest map is not pooled, so that little of the window is lost before the flows see it.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = [channels, 2 * channels, 4 * channels]
        self.stem = nn.Conv1d(1, channels, 7, padding=3)
        self.stages = nn.ModuleList(
            [
                Residual(channels, channels, 1),
                Residual(channels, 2 * channels, 2),
                Residual(2 * channels, 4 * channels, 2),
            ]
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        x, maps = self.stem(x), []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


class Decoder(nn.Module):
    """The deepest map back to a (b, 1, w) window by transposed convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        c = channels
        self.up = nn.Sequential(
            nn.ReLU(),
            nn.ConvTranspose1d(4 * c, 2 * c, 4, 2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose1d(2 * c, c, 4, 2, padding=1),
            nn.ReLU(),
            nn.Conv1d(c, 1, 3, padding=1),
        )

    def forward(self, deepest: Tensor, window: int) -> Tensor:
        out: Tensor = self.up(deepest)
        return out[..., :window]


class Autoencoder(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(channels), Decoder(channels)

    def reconstruction_error(self, x: Tensor) -> Tensor:
        """Mean squared error over a batch of windows, (b, 1, w) -> scalar."""
        return functional.mse_loss(self.decoder(self.encoder(x)[-1], x.shape[-1]), x)


class ChannelScale(nn.Module):
    """Each channel to mean 0 and deviation 1 over the fitted maps; a constant channel keeps its scale."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels, 1))
        self.register_buffer("deviation", torch.ones(channels, 1))

    @torch.no_grad()
    def fit(self, maps: Tensor) -> None:
        """Moments of (k, channels, l) maps."""
        self.mean.copy_(maps.mean(dim=(0, 2))[:, None])
        deviation = maps.std(dim=(0, 2))[:, None]
        self.deviation.copy_(torch.where(deviation > 1e-3, deviation, 1.0))

    def forward(self, maps: Tensor) -> Tensor:
        return (maps - self.mean) / self.deviation


class FeatureFlow(nn.Module):
    """Autoencoder, the scale of its feature maps' channels, and one flow per map."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        self.autoencoder = Autoencoder(channels)
        widths = self.autoencoder.encoder.channels
        self.scales = nn.ModuleList([ChannelScale(c) for c in widths])
        self.flows = nn.ModuleList([conv_flow(c, blocks) for c in widths])

    @torch.no_grad()
    def maps(self, x: Tensor) -> list[Tensor]:
        """Feature maps of the frozen encoder, as they leave it."""
        maps: list[Tensor] = self.autoencoder.encoder(x)
        return maps

    def fit_scales(self, maps: list[Tensor]) -> None:
        for scale, level in zip(self.scales, maps, strict=True):
            assert isinstance(scale, ChannelScale)
            scale.fit(level)

    def levels(self, maps: list[Tensor]) -> list[Tensor]:
        """Negative log-likelihood per channel and position of each map, (b, l) each."""
        out = []
        for flow, scale, level in zip(self.flows, self.scales, maps, strict=True):
            assert isinstance(flow, Flow)
            out.append(flow.nll(scale(level)))
        return out

    def loss(self, maps: list[Tensor]) -> Tensor:
        """Mean negative log-likelihood, summed over maps."""
        return torch.stack([level.mean() for level in self.levels(maps)]).sum()

    @torch.no_grad()
    def scores(self, x: Tensor) -> Tensor:
        """(b, 1, w) windows to (b, w) scores: the maps' likelihoods interpolated to w, then their mean."""
        window = x.shape[-1]
        levels = [level[:, None] for level in self.levels(self.maps(x))]
        full = [functional.interpolate(level, size=window, mode="linear") for level in levels]
        return torch.cat(full, dim=1).mean(dim=1)


def series_scale(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean, deviation and grid step of the fitted values.

    Returns
    -------
    mean, deviation : float
        The deviation of a constant series is its grid step: 1.
    step : float
        Distance of neighbouring values where the series lies on a grid (integers, binary), else 0.
    """
    mean, deviation = float(values.mean()), float(values.std())
    distinct = np.unique(values)
    if len(distinct) == 1 or deviation <= 4 * np.finfo(np.float64).eps * abs(mean):  # constant but for rounding
        return mean, 1.0, 0.0
    if len(distinct) > 0.05 * len(values):
        return mean, deviation, 0.0
    gap = float(np.diff(distinct).min())
    multiples = (distinct - distinct[0]) / gap
    on_grid = bool(np.abs(multiples - multiples.round()).max() < 1e-3)
    return mean, deviation, min(gap, deviation) if on_grid else 0.0


def compress(x: NDArray[np.float64], limit: float = 10.0) -> NDArray[np.float64]:
    """Logarithmic beyond ``limit``: order is kept and float32 holds an outlier of any size."""
    size = np.abs(x)
    beyond = np.maximum(size, limit)
    return np.asarray(np.where(size <= limit, x, np.sign(x) * (limit + np.log1p(beyond - limit))))
