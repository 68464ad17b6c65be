"""Layers that hold several networks of equal shape, and the flow that is composed of them. Imports torch.

Tensors are (networks, channels, batch, length). One matrix product computes all networks, so that a step of five small
ones takes far less time than five steps. Halves and permutations of channels are contiguous blocks of memory.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

CLAMP = 1.9  # bound of a log-scale, as in FastFlow

# -- layers, and flows, whose forward returns z and the log-determinant -----------------------------


class Conv(nn.Module):
    """A 1-D convolution per network, padded by half its kernel.

    With so few channels torch's own takes about twice as long in training.
    """

    def __init__(self, networks: int, inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.weight = _uniform(networks, outputs, inputs * kernel, fan=inputs * kernel)
        self.bias = _uniform(networks, outputs, 1, fan=inputs * kernel)

    def forward(self, x: Tensor) -> Tensor:
        half = self.kernel // 2
        rows, length = x.shape[2], (x.shape[3] + 2 * half - self.kernel) // self.stride + 1
        if half:
            x = functional.pad(x, (half, half))
        if half or self.stride > 1:
            last = self.stride * (length - 1) + 1
            x = torch.cat([x[..., k : k + last : self.stride] for k in range(self.kernel)], dim=1)
        return torch.baddbmm(self.bias, self.weight, x.flatten(2)).view(len(x), -1, rows, length)


class Upsampling(nn.Module):
    """A transposed convolution per network that doubles the length: kernel 4, stride 2, padding 1."""

    def __init__(self, networks: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = _uniform(networks, 4 * outputs, inputs, fan=2 * inputs)
        self.bias = _uniform(networks, outputs, 1, 1, fan=2 * inputs)

    def forward(self, x: Tensor) -> Tensor:
        taps = torch.bmm(self.weight, x.flatten(2)).view(len(x), -1, *x.shape[2:])
        after, even, odd, before = taps.chunk(4, dim=1)
        even = even + functional.pad(before, (1, 0))[..., :-1]
        odd = odd + functional.pad(after, (0, 1))[..., 1:]
        return torch.stack([even, odd], dim=-1).flatten(-2) + self.bias


class Norm(nn.BatchNorm1d):
    """Batch normalisation of each network's channels."""

    def __init__(self, networks: int, channels: int) -> None:
        # A large epsilon, so that a later change in a channel that is constant on the fitted data does not overflow.
        super().__init__(networks * channels, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        values = x.reshape(1, self.num_features, -1)
        if values.shape[2] > 1:
            return super().forward(values).view(x.shape)
        # A last batch of one window, mapped to one position, has no variance: use that of the previous batches.
        moments = self.running_mean, self.running_var
        return functional.batch_norm(values, *moments, self.weight, self.bias, eps=self.eps).view(x.shape)


def is_compiled(x: Tensor) -> bool:
    """Return whether Proposed's networks compute this by :mod:`detectors.flows.compiled`, not by torch's operations."""
    return x.device.type == "cpu" and x.dtype == torch.float32


def soft_clamp(raw: Tensor) -> Tensor:
    """Bound a log-scale to plus or minus :data:`CLAMP` by an arctangent, as in FastFlow."""
    return CLAMP * 2 / math.pi * torch.atan(raw / CLAMP)


class Coupling(nn.Module):
    """Affine coupling: one half of the channels scales and shifts the other (Real NVP, Dinh et al. 2017, Eq. 7-8).

    ``subnet`` maps the first ``channels // 2`` channels to twice the remaining ones: log-scales and shifts.
    """

    def __init__(self, subnet: nn.Module, channels: int) -> None:
        super().__init__()
        self.subnet = subnet
        self.split = [channels // 2, channels - channels // 2]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (networks, channels, b, l) to z of that shape and log-determinants (networks, b, l)."""
        kept, moved = torch.split(x, self.split, dim=1)
        raw, shift = self.subnet(kept).chunk(2, dim=1)
        log_scale = soft_clamp(raw)
        return torch.cat([kept, torch.addcmul(shift, moved, log_scale.exp())], dim=1), log_scale.sum(dim=1)


class Permutation(nn.Module):
    """A fixed random permutation of each network's channels, so that all are transformed; the log-determinant is 0."""

    order: Tensor

    def __init__(self, networks: int, channels: int) -> None:
        super().__init__()
        orders = [k * channels + torch.randperm(channels) for k in range(networks)]
        self.register_buffer("order", torch.cat(orders))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.flatten(0, 1)[self.order].view(x.shape), x.new_zeros(())


class Flow(nn.Module):
    """A sequence of invertible layers that maps to a standard normal: (networks, channels, b, l) to the same shape."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return z and the log-determinants of the positions, (networks, b, l)."""
        log_det = x.new_zeros(x[:, 0].shape)
        for layer in self.layers:
            x, step = layer(x)
            log_det = log_det + step
        return x, log_det

    def nll(self, x: Tensor) -> Tensor:
        """Return the negative log-likelihood of each position in nats per channel, (networks, b, l)."""
        z, log_det = self(x)
        per_channel: Tensor = 0.5 * z.square().mean(dim=1) - log_det / x.shape[1]
        return per_channel + 0.5 * math.log(2 * math.pi)

    def mean_nll(self, x: Tensor) -> Tensor:
        """Return the mean of :meth:`nll` over windows and positions, (networks,)."""
        return self.nll(x).mean(dim=(1, 2))


class ConvFlow(Flow):
    """A 1-D FastFlow: subnets of two convolutions with kernel 3, 1, 3, 1, ... (Yu et al. 2021, Sec. 3.3).

    On the CPU it is compiled: the likelihood with its gradients in training, else z and the log-determinants.
    """

    def __init__(self, networks: int, channels: int, blocks: int) -> None:
        layers: list[nn.Module] = []
        for block in range(blocks):
            subnet = _subnet(networks, channels, kernel=3 if block % 2 == 0 else 1)
            layers += [Permutation(networks, channels), Coupling(subnet, channels)]
        super().__init__(layers)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if torch.is_grad_enabled() or not is_compiled(x):
            return super().forward(x)
        from detectors.flows.compiled import transform

        return transform(*self._parts(), x)

    def mean_nll(self, x: Tensor) -> Tensor:
        if not torch.is_grad_enabled() or not is_compiled(x):
            return super().mean_nll(x)
        from detectors.flows.compiled import mean_nll

        return mean_nll(*self._parts(), x)

    def _parts(self) -> tuple[list[Tensor], list[nn.Parameter]]:
        """Return the permutations, and weight and bias of both convolutions of each block."""
        orders = [layer.order for layer in self.layers if isinstance(layer, Permutation)]
        subnets = [layer.subnet for layer in self.layers if isinstance(layer, Coupling)]
        convolutions = [layer for subnet in subnets for layer in subnet.children() if isinstance(layer, Conv)]
        return orders, [parameter for layer in convolutions for parameter in (layer.weight, layer.bias)]


def _subnet(networks: int, channels: int, kernel: int) -> nn.Module:
    first = Conv(networks, channels // 2, channels, kernel)
    last = Conv(networks, channels, 2 * (channels - channels // 2), kernel)
    with torch.no_grad():  # initialised near the identity, but all weights have a gradient
        last.weight.mul_(0.1)
        last.bias.zero_()
    return nn.Sequential(first, nn.ReLU(), last)


def _uniform(*shape: int, fan: int) -> nn.Parameter:
    """Initialise weights as torch's own layers do."""
    bound = 1 / math.sqrt(fan)
    return nn.Parameter(torch.empty(*shape).uniform_(-bound, bound))
