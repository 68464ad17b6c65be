"""Losses of Proposed's networks with their gradients, and its flow, by the compiled kernels. Imports torch and numba.

They are for the CPU. On other devices, and in other precisions, torch computes the same from the modules themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from detectors.core import Float32
from detectors.kernels import autoencoder, flow

WINDOWS = 32  # computed at once without gradients: more exceed the cache of a core


class _Losses(torch.autograd.Function):
    """Losses of several networks by a function that computes the gradients of the parameters, too."""

    @staticmethod
    def forward(ctx: Any, compute: Callable[[list[Tensor]], Tensor], *parameters: Tensor) -> Tensor:
        slopes = [torch.empty_like(parameter) for parameter in parameters]
        losses = compute(slopes)
        ctx.save_for_backward(*slopes)
        return losses

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_losses: Tensor) -> tuple[Tensor | None, ...]:
        factors, slopes = of_losses[:, None], ctx.saved_tensors
        if bool((of_losses == 1).all()):  # as always in training, where losses are added
            return None, *slopes
        return None, *((slope.view(len(factors), -1) * factors).view(slope.shape) for slope in slopes)


def _losses(compute: Callable[[list[Tensor]], Tensor], parameters: Sequence[Tensor]) -> Tensor:
    losses: Tensor = _Losses.apply(compute, *parameters)  # type: ignore[no-untyped-call]
    return losses


# -- flow --------------------------------------------------------------------------------------------


def mean_nll(orders: Sequence[Tensor], parameters: Sequence[Tensor], x: Tensor) -> Tensor:
    """Return the (networks,) mean negative log-likelihoods of (networks, channels, b, l) x, in nats per channel.

    ``orders`` are the permutations before each block, and ``parameters`` weight and bias of its two convolutions.
    """

    def compute(slopes: list[Tensor]) -> Tensor:
        known = _flat(x), x.shape[3], _orders(orders, x), _flow_weights(parameters)
        squares, log_dets = flow.likelihood(*known, _flow_weights(slopes))
        return torch.from_numpy(squares - log_dets) + 0.5 * math.log(2 * math.pi)

    return _losses(compute, parameters)


def transform(orders: Sequence[Tensor], parameters: Sequence[Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """Return z as (networks, channels, b, l) x, and the log-determinants (networks, b, l), without gradients."""
    known, found = (x.shape[3], _orders(orders, x), _flow_weights(parameters)), []
    for part in torch.split(x, WINDOWS, dim=2):
        z, log_det = flow.transform(_flat(part), *known)
        found.append((torch.from_numpy(z).view(part.shape), torch.from_numpy(log_det).view(part[:, 0].shape)))
    parts, log_dets = zip(*found, strict=True)
    return torch.cat(parts, dim=2), torch.cat(log_dets, dim=1)


def _orders(orders: Sequence[Tensor], x: Tensor) -> tuple[NDArray[np.int64], ...]:
    """Return the order of each network's channels, counted from 0, (networks, channels)."""
    return tuple(order.numpy().reshape(x.shape[:2]) % x.shape[1] for order in orders)


def _flow_weights(parameters: Sequence[Tensor]) -> flow.Weights:
    arrays = [parameter.detach().numpy() for parameter in parameters]
    return flow.Weights(*(tuple(arrays[k::4]) for k in range(4)))


def _flat(x: Tensor) -> Float32:
    """Return (networks, channels, b, l) as a (networks, channels, b l) array, which shares the memory if contiguous."""
    array: Float32 = x.detach().flatten(2).contiguous().numpy()
    return array


# -- autoencoder -------------------------------------------------------------------------------------


class Layers(NamedTuple):
    """The layers of :class:`~detectors.flows.resnet.Autoencoder`, in the order of its forward pass."""

    convolutions: Sequence[nn.Module]
    norms: Sequence[nn.BatchNorm1d]
    upsamplings: Sequence[nn.Module]
    shape: autoencoder.Shape

    @property
    def parameters(self) -> list[Tensor]:
        """Weights and biases in the order of :class:`autoencoder.Weights`."""
        kinds = self.convolutions, self.norms, self.upsamplings
        return [getattr(layer, name) for kind in kinds for name in ("weight", "bias") for layer in kind]

    def weights(self, tensors: Sequence[Tensor], networks: int) -> autoencoder.Weights:
        """Arrange the parameters or their gradients; the norms' are (networks channels,)."""
        arrays = iter([tensor.detach().numpy() for tensor in tensors])
        lengths = [len(kind) for kind in self[:3] for _ in range(2)]
        groups = [tuple(next(arrays) for _ in range(length)) for length in lengths]
        for k in (2, 3):
            groups[k] = tuple(array.reshape(networks, -1) for array in groups[k])
        groups[5] = tuple(array[..., 0] for array in groups[5])
        return autoencoder.Weights(*groups)


def reconstruction_error(layers: Layers, x: Tensor) -> Tensor:
    """Return each network's mean squared error: (networks, 1, b, w) windows to (networks,).

    The running moments of the norms follow the batch, as torch's do in training.
    """
    networks, parameters = len(x), layers.parameters
    moments = [torch.empty(networks, norm.num_features // networks, 3) for norm in layers.norms]

    def compute(slopes: list[Tensor]) -> Tensor:
        weights, gradients = (layers.weights(tensors, networks) for tensors in (parameters, slopes))
        into = tuple(each.numpy() for each in moments)
        return torch.from_numpy(autoencoder.reconstruct(_flat(x), x.shape[3], layers.shape, weights, gradients, into))

    error = _losses(compute, parameters)
    for norm, each in zip(layers.norms, moments, strict=True):
        mean, variance, count = each.flatten(0, 1).T
        _follow(norm, mean, variance * count / (count - 1))
    return error


def _follow(norm: nn.BatchNorm1d, mean: Tensor, variance: Tensor) -> None:
    """Update the running moments by the (channels,) mean and unbiased variance of a batch."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    assert norm.momentum is not None
    norm.running_mean.lerp_(mean, norm.momentum)
    norm.running_var.lerp_(variance, norm.momentum)
    norm.num_batches_tracked += 1


def encode(layers: Layers, x: Tensor, shapes: Sequence[tuple[int, int]]) -> list[Tensor]:
    """Return the feature maps of (networks, 1, b, w) windows, by the running moments of the norms, without gradients.

    ``shapes`` are channels and length of each map.
    """
    networks, weights = len(x), layers.weights(layers.parameters, len(x))
    running = [torch.stack([norm.running_mean, norm.running_var], dim=1) for norm in layers.norms]  # type: ignore[list-item]
    moments = tuple(each.view(networks, -1, 2).numpy() for each in running)
    found = []
    for part in torch.split(x, WINDOWS, dim=2):
        maps = [torch.empty(networks, channels, part.shape[2], length) for channels, length in shapes]
        into = tuple(_flat(each) for each in maps)
        autoencoder.encode(_flat(part), x.shape[3], layers.shape, weights, moments, into)
        found.append(maps)
    return [torch.cat(parts, dim=2) for parts in zip(*found, strict=True)]
