"""Blocks and training shared by the flow detectors: coupling layers and their training loop. Needs torch."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from detectors.core import Diverged

Index = NDArray[np.intp]
History = dict[str, list[float]]


# -- flows: forward returns z and the log-determinant, inverse undoes it ---------------------------
#
# Layers hold channels first, then the batch: halves and permutations of channels are then whole blocks of memory.


class Coupling(nn.Module):
    """Affine coupling: one half of the channels scales and shifts the other (Real NVP, Dinh et al. 2017, Eq. 7-8).

    Parameters
    ----------
    subnet : nn.Module
        Maps the first ``channels // 2`` channels to twice the remaining ones: log-scales and shifts.
    channels : int
    clamp : float
        Bound of the log-scale, reached softly by an arctangent as FastFlow does (1.9 there).
    """

    def __init__(self, subnet: nn.Module, channels: int, clamp: float = 1.9) -> None:
        super().__init__()
        self.subnet, self.clamp = subnet, clamp
        self.split = [channels // 2, channels - channels // 2]

    def _affine(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        raw, shift = self.subnet(kept).chunk(2)
        return self.clamp * 2 / math.pi * torch.atan(raw / self.clamp), shift

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(channels, b, ...) to z of that shape and the log-determinant of each position, (b, ...)."""
        kept, moved = torch.split(x, self.split)
        log_scale, shift = self._affine(kept)
        return torch.cat([kept, torch.addcmul(shift, moved, log_scale.exp())]), log_scale.sum(dim=0)

    def inverse(self, z: Tensor) -> Tensor:
        kept, moved = torch.split(z, self.split)
        log_scale, shift = self._affine(kept)
        return torch.cat([kept, (moved - shift) * (-log_scale).exp()])


class Permutation(nn.Module):
    """A fixed random order of the channels, so that each half gets its turn; the log-determinant is 0."""

    order: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("order", torch.randperm(channels))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x[self.order], x.new_zeros(())

    def inverse(self, z: Tensor) -> Tensor:
        return z[torch.argsort(self.order)]


class Flow(nn.Module):
    """Invertible layers one after the other, onto a standard normal: (b, channels, ...) in and out."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def _through(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Channels first, (channels, b, ...), to z of that shape and log-determinants (b, ...)."""
        log_det = x.new_zeros(x.shape[1:])
        for layer in self.layers:
            x, step = layer(x)
            log_det = log_det + step
        return x, log_det

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z, log_det = self._through(x.transpose(0, 1).contiguous())
        return z.transpose(0, 1), log_det

    def inverse(self, z: Tensor) -> Tensor:
        x = z.transpose(0, 1).contiguous()
        for layer in reversed(self.layers):
            x = layer.inverse(x)  # type: ignore[operator]
        return x.transpose(0, 1)

    def nll(self, x: Tensor) -> Tensor:
        """Negative log-likelihood of each position in nats per channel, (b, ...)."""
        z, log_det = self._through(x.transpose(0, 1).contiguous())
        per_channel: Tensor = (0.5 * z.square().sum(dim=0) - log_det) / x.shape[1]
        return per_channel + 0.5 * math.log(2 * math.pi)


class Convolution(nn.Conv1d):
    """A 1-D convolution that keeps the length, on (channels, b, length), as one matrix product.

    With this few channels torch's own takes about twice as long in training.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        _, rows, length = x.shape
        kernel = self.kernel_size[0]
        if kernel > 1:
            padded = nn.functional.pad(x, (kernel // 2, kernel // 2))
            x = torch.cat([padded[..., k : k + length] for k in range(kernel)])
        weight = self.weight.transpose(1, 2).reshape(len(self.weight), -1)
        assert self.bias is not None
        out = torch.addmm(self.bias[:, None], weight, x.reshape(weight.shape[1], -1))
        return out.view(-1, rows, length)


def conv_flow(channels: int, blocks: int, hidden: int | None = None) -> Flow:
    """FastFlow in one dimension: couplings by two convolutions of kernel 3, 1, 3, 1, ... (Yu et al. 2021, Sec. 3.3)."""
    layers: list[nn.Module] = []
    for block in range(blocks):
        kernel = 3 if block % 2 == 0 else 1
        layers += [Permutation(channels), Coupling(_conv_subnet(channels, hidden or channels, kernel), channels)]
    return Flow(layers)


def _conv_subnet(channels: int, hidden: int, kernel: int) -> nn.Module:
    out = 2 * (channels - channels // 2)
    first, last = Convolution(channels // 2, hidden, kernel), Convolution(hidden, out, kernel)
    with torch.no_grad():  # begins near the identity, yet with a gradient for every weight
        last.weight.mul_(0.1)
        last.bias.zero_()  # type: ignore[union-attr]
    return nn.Sequential(first, nn.ReLU(), last)


# -- training --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train.

    Attributes
    ----------
    epochs, batch : int
    rate : float
        Adam's learning rate; the peak of the cycle when ``one_cycle``.
    one_cycle : bool
        Rise to the rate and anneal to zero over all steps (Smith and Topin 2019), else constant.
    patience : int
        Epochs without a better validation loss before training stops; 0 = never.
    """

    epochs: int
    batch: int
    rate: float
    one_cycle: bool = False
    patience: int = 0


def train(
    model: nn.Module,
    loss: Callable[[Index], Tensor],
    rows: tuple[Index, Index],
    schedule: Schedule,
    rng: np.random.Generator,
    report: Callable[[str], None],
) -> History:
    """Minimise ``loss`` over mini-batches of row numbers; the weights of the best epoch are kept.

    Parameters
    ----------
    loss : callable
        Mean loss of the rows with these numbers.
    rows : (training rows, validation rows)
        Without validation rows the training loss judges an epoch.

    Returns
    -------
    dict
        ``train`` and ``validation``: a loss per epoch.

    Raises
    ------
    Diverged
        When a loss is not finite.
    """
    training, validation = rows
    optimiser = torch.optim.Adam(model.parameters(), lr=schedule.rate, fused=True)
    steps = schedule.epochs * math.ceil(len(training) / schedule.batch)
    cycle = (
        torch.optim.lr_scheduler.OneCycleLR(optimiser, schedule.rate, total_steps=steps) if schedule.one_cycle else None
    )
    history: History = {"train": [], "validation": []}
    best, kept, since = math.inf, copy.deepcopy(model.state_dict()), 0
    for epoch in range(schedule.epochs):
        history["train"].append(_epoch(model, loss, rng.permutation(training), schedule.batch, optimiser, cycle))
        history["validation"].append(_mean_loss(model, loss, validation) if len(validation) else history["train"][-1])
        current = history["validation"][-1]
        report(f"epoch {epoch + 1}/{schedule.epochs}, loss {history['train'][-1]:.4g}, validation {current:.4g}")
        if not math.isfinite(current + history["train"][-1]):
            raise Diverged(
                f"the loss became {current} in epoch {epoch + 1}: lower the learning rate or check the scale"
            )
        if current < best:
            best, kept, since = current, copy.deepcopy(model.state_dict()), 0
        else:
            since += 1
        if schedule.patience and since >= schedule.patience:
            break
    model.load_state_dict(kept)
    model.eval()
    return history


def _epoch(
    model: nn.Module,
    loss: Callable[[Index], Tensor],
    order: Index,
    batch: int,
    optimiser: torch.optim.Optimizer,
    cycle: torch.optim.lr_scheduler.LRScheduler | None,
) -> float:
    model.train()
    total = 0.0
    for a in range(0, len(order), batch):
        index = order[a : a + batch]
        value = loss(index)
        optimiser.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        if cycle is not None:
            cycle.step()
        total += float(value.detach()) * len(index)
    return total / len(order)


@torch.no_grad()
def _mean_loss(model: nn.Module, loss: Callable[[Index], Tensor], rows: Index, batch: int = 512) -> float:
    model.eval()
    parts = [rows[a : a + batch] for a in range(0, len(rows), batch)]
    return sum(float(loss(part)) * len(part) for part in parts) / len(rows)
