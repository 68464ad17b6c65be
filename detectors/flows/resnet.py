"""The networks of Proposed: ResNet encoder, decoder, flows on the feature maps; scaling of series. Imports torch.

Modules hold several networks of equal shape; tensors are (networks, channels, batch, length), see
:mod:`detectors.flows.layers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from detectors.flows.layers import Conv, ConvFlow, Flow, Norm, Upsampling, is_compiled

if TYPE_CHECKING:
    from detectors.flows.compiled import Layers

Stem = Literal["strided", "full"]


class Residual(nn.Module):
    """Two convolutions with a shortcut, the basic block of He et al. 2015, without the final ReLU."""

    def __init__(self, networks: int, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        n = networks
        self.body = nn.Sequential(
            *(Conv(n, inputs, outputs, 3, stride), Norm(n, outputs), nn.ReLU()),
            *(Conv(n, outputs, outputs, 3), Norm(n, outputs)),
        )
        same = inputs == outputs and stride == 1
        self.shortcut: nn.Module = (
            nn.Identity() if same else nn.Sequential(Conv(n, inputs, outputs, 1, stride), Norm(n, outputs))
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.shortcut(x) + self.body(x)
        return out


class Encoder(nn.Module):
    """Encoder of (networks, 1, b, w) windows to three feature maps with c, 2c and 4c channels.

    The stem ``"strided"`` is that of ResNet: a convolution of kernel 7 and stride 2, then max-pooling. Maps have a
    quarter, an eighth and a sixteenth of the window's length. ``"full"`` has stride 1 and no pooling: full, half and
    quarter length.
    """

    def __init__(self, networks: int, channels: int, stem: Stem) -> None:
        super().__init__()
        self.channels = [channels, 2 * channels, 4 * channels]
        self.strided = stem == "strided"
        self.shrinking = 16 if self.strided else 4  # length of a window in positions of the deepest map, rounded up
        self.stem = nn.Sequential(
            Conv(networks, 1, channels, 7, 2 if self.strided else 1), Norm(networks, channels), nn.ReLU()
        )
        shapes = [(channels, channels, 1), (channels, 2 * channels, 2), (2 * channels, 4 * channels, 2)]
        self.stages = nn.ModuleList(Residual(networks, *shape) for shape in shapes)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the maps, each before the final ReLU of its stage, because a flow needs both signs."""
        x, maps = self.stem(x), []
        if self.strided:
            pooled = functional.max_pool1d(x.flatten(0, 1), 3, 2, 1)
            x = pooled.view(*x.shape[:3], -1)
        for stage in self.stages:
            maps.append(stage(x))
            x = maps[-1].relu()
        return maps


class Decoder(nn.Module):
    """Decoder of the deepest map to (networks, 1, b, w) windows by transposed convolutions."""

    def __init__(self, networks: int, channels: int, stem: Stem) -> None:
        super().__init__()
        c = channels
        widths = [4 * c, 2 * c, c, c, c] if stem == "strided" else [4 * c, 2 * c, c]
        ups = [(nn.ReLU(), Upsampling(networks, a, b)) for a, b in pairwise(widths)]
        self.up = nn.Sequential(*(layer for pair in ups for layer in pair), nn.ReLU(), Conv(networks, c, 1, 3))

    def forward(self, deepest: Tensor, window: int) -> Tensor:
        out: Tensor = self.up(deepest)
        return out[..., :window]


class Autoencoder(nn.Module):
    def __init__(self, networks: int, channels: int, stem: Stem) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(networks, channels, stem), Decoder(networks, channels, stem)

    def reconstruction_error(self, x: Tensor) -> Tensor:
        """Return the mean squared error of each network over its batch: (networks, 1, b, w) to (networks,).

        In training on the CPU it is compiled, with its gradients.
        """
        # A batch of one window that is mapped to one position has no variance, see :class:`Norm`.
        varies = x.shape[2] > 1 or x.shape[3] > self.encoder.shrinking
        if self.training and varies and torch.is_grad_enabled() and is_compiled(x):
            from detectors.flows.compiled import reconstruction_error

            return reconstruction_error(self._layers(), x)
        error: Tensor = self.decoder(self.encoder(x)[-1], x.shape[-1]) - x
        return error.square().mean(dim=(1, 2, 3))

    @torch.no_grad()
    def maps(self, x: Tensor) -> list[Tensor]:
        """Return the encoder's feature maps without gradients, on the CPU in evaluation mode by the compiled kernel."""
        if self.training or not is_compiled(x):
            maps: list[Tensor] = self.encoder(x)
            return maps
        from detectors.flows.compiled import encode

        lengths = [-(-x.shape[3] * shorter // self.encoder.shrinking) for shorter in (4, 2, 1)]
        return encode(self._layers(), x, list(zip(self.encoder.channels, lengths, strict=True)))

    def _layers(self) -> Layers:
        from detectors.flows.compiled import Layers
        from detectors.kernels.autoencoder import Shape

        layers = list(self.modules())
        convolutions = [layer for layer in layers if isinstance(layer, Conv)]
        norms = [layer for layer in layers if isinstance(layer, Norm)]
        shape = Shape(
            self.encoder.strided,
            tuple(each.stride for each in convolutions[: len(norms)]),
            tuple(isinstance(layer.shortcut, nn.Sequential) for layer in layers if isinstance(layer, Residual)),
            norms[0].eps,
        )
        return Layers(convolutions, norms, [layer for layer in layers if isinstance(layer, Upsampling)], shape)


class MapWhitening(nn.Module):
    """Whitening of each network's channels to mean 0 and covariance 1; lossless and fixed after :meth:`fit`.

    Without ``rotate`` each channel is only scaled to deviation 1.
    """

    shift: Tensor
    matrix: Tensor

    def __init__(self, networks: int, channels: int, rotate: bool) -> None:
        super().__init__()
        self.rotate = rotate
        self.register_buffer("shift", torch.zeros(networks, channels, 1))
        self.register_buffer("matrix", torch.eye(channels).repeat(networks, 1, 1))

    @torch.no_grad()
    def fit(self, maps: Tensor) -> None:
        """Fit to (networks, channels, k, l) maps; deviations below 1 % of the largest are replaced by that 1 %."""
        values = maps.flatten(2).double()
        centred = values - values.mean(dim=2, keepdim=True)
        covariance = centred @ centred.transpose(1, 2) / values.shape[2]
        if not self.rotate:
            covariance = torch.diag_embed(torch.diagonal(covariance, dim1=1, dim2=2))
        # A diverged network must not stop the others. On the CPU, because eigenvectors' signs depend on the device.
        variances, directions = torch.linalg.eigh(covariance.nan_to_num(0, 0, 0).cpu())
        least = 1e-4 * variances.amax(dim=1, keepdim=True) + 1e-8
        matrix = (directions.transpose(1, 2) / torch.maximum(variances, least).sqrt()[:, :, None]).to(maps.device)
        self.matrix.copy_(matrix)
        self.shift.copy_(-matrix @ values.mean(dim=2, keepdim=True))

    def forward(self, maps: Tensor) -> Tensor:
        return torch.baddbmm(self.shift, self.matrix, maps.flatten(2)).view(maps.shape)


class FeatureFlow(nn.Module):
    """``networks`` independent autoencoders, the whitening of their feature maps, and a flow of ``blocks`` per map.

    ``channels`` is the number of channels of the finest map.
    """

    def __init__(self, networks: int, channels: int, blocks: int, stem: Stem, rotate: bool) -> None:
        super().__init__()
        self.shape = (networks, channels, blocks, stem, rotate)
        self.autoencoder = Autoencoder(networks, channels, stem)
        widths = self.autoencoder.encoder.channels
        self.scales = nn.ModuleList(MapWhitening(networks, c, rotate) for c in widths)
        self.flows = nn.ModuleList(ConvFlow(networks, c, blocks) for c in widths)

    @classmethod
    def join(cls, models: Sequence[FeatureFlow]) -> FeatureFlow:
        """Combine the networks of several models of equal shape in one model; return a single model itself."""
        if len(models) == 1:
            return models[0]
        networks = sum(model.shape[0] for model in models)
        together = cls(networks, *models[0].shape[1:]).to(next(models[0].parameters()).device)
        states = [model.state_dict() for model in models]
        together.load_state_dict({name: _join([state[name] for state in states]) for name in states[0]})
        return together

    def split_into(self, models: Sequence[FeatureFlow]) -> None:
        """Copy the state of the networks back to the models that were joined."""
        if len(models) == 1:
            return
        counts = [model.shape[0] for model in models]
        state = {name: _split(value, counts) for name, value in self.state_dict().items()}
        for k, model in enumerate(models):
            model.load_state_dict({name: values[k] for name, values in state.items()})
            model.eval()

    @torch.no_grad()
    def maps(self, x: Tensor) -> list[Tensor]:
        """Return the feature maps of the frozen encoders, before the whitening."""
        return self.autoencoder.maps(x)

    def fit_scales(self, maps: list[Tensor]) -> None:
        for scale, level in zip(self.scales, maps, strict=True):
            assert isinstance(scale, MapWhitening)
            scale.fit(level)

    def loss(self, maps: list[Tensor]) -> Tensor:
        """Return the mean negative log-likelihood of each network, summed over maps: (networks,)."""
        losses = []
        for flow, scale, level in zip(self.flows, self.scales, maps, strict=True):
            assert isinstance(flow, Flow)
            losses.append(flow.mean_nll(scale(level)))
        return torch.stack(losses).sum(dim=0)

    @torch.no_grad()
    def latents(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return for each map z squared and the log-determinant per channel of each position, (networks, b, l) each."""
        from detectors.flows.compiled import WINDOWS

        count = x.shape[2]
        # Products of one shape round equal windows alike.
        x = torch.cat([x, x[:, :, -1:].expand(-1, -1, -count % WINDOWS, -1)], dim=2)
        out = []
        for flow, scale, level in zip(self.flows, self.scales, self.maps(x), strict=True):
            assert isinstance(flow, Flow)
            z, log_det = flow(scale(level))
            out.append((z.square().mean(dim=1)[:, :count], log_det[:, :count] / z.shape[1]))
        return out


def _join(tensors: list[Tensor]) -> Tensor:
    """Concatenate tensors of several models; integers are channel indices, which are shifted, or batch counts."""
    if not tensors[0].ndim:
        return tensors[0]
    if tensors[0].is_floating_point():
        return torch.cat(tensors)
    starts = np.cumsum([0] + [len(tensor) for tensor in tensors])
    return torch.cat([tensor + int(start) for tensor, start in zip(tensors, starts, strict=False)])


def _split(tensor: Tensor, counts: list[int]) -> list[Tensor]:
    """Undo :func:`_join` for models with ``counts`` networks each."""
    if not tensor.ndim:
        return [tensor] * len(counts)
    each = len(tensor) // sum(counts)
    parts = list(torch.split(tensor, [each * count for count in counts]))
    if tensor.is_floating_point():
        return parts
    return [part - part.min() for part in parts]


def series_scale(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return mean, standard deviation and grid step of the fitted values.

    The deviation of a series that is constant up to rounding is 1. The step is the distance of neighbouring values if
    the values are on a grid (integers, binary), else 0.
    """
    mean, deviation = float(values.mean()), float(values.std())
    distinct = np.unique(values)
    if len(distinct) == 1 or deviation <= 4 * np.finfo(np.float64).eps * abs(mean):  # constant up to rounding
        return mean, 1.0, 0.0
    if len(distinct) > 0.05 * len(values):
        return mean, deviation, 0.0
    gap = float(np.diff(distinct).min())
    multiples = (distinct - distinct[0]) / gap
    on_grid = bool(np.abs(multiples - multiples.round()).max() < 1e-3)
    return mean, deviation, min(gap, deviation) if on_grid else 0.0


def compress(x: NDArray[np.float64], limit: float = 10.0) -> NDArray[np.float64]:
    """Compress absolute values above ``limit`` logarithmically: the order is kept and float32 cannot overflow."""
    size = np.abs(x)
    beyond = np.maximum(size, limit)
    return np.asarray(np.where(size <= limit, x, np.sign(x) * (limit + np.log1p(beyond - limit))))
