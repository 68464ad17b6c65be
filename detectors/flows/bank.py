"""Several flows of equal shape that are trained together, one or more per scale of ScaleFlow. Imports torch."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from detectors.core import Float32
from detectors.flows.layers import soft_clamp
from detectors.neural.training import flow_schedule, train


class FlowBank(nn.Module):
    """``count`` flows of equal shape in one matrix product: a step takes about as long as for a single flow.

    Each block is an affine coupling with two dense layers as subnet. The two halves of a window's ``points``
    coordinates, an even number, are swapped after each block.
    """

    def __init__(self, count: int, points: int, blocks: int, hidden: int) -> None:
        super().__init__()
        self.blocks, self.split = blocks, points // 2

        def uniform(inputs: int, outputs: int, gain: float) -> nn.Parameter:
            bound = gain / math.sqrt(inputs)
            return nn.Parameter(torch.empty(blocks, count, inputs, outputs).uniform_(-bound, bound))

        self.first, self.first_bias = uniform(self.split, hidden, 1.0), uniform(1, hidden, 0.1)
        # Initialised near the identity, because whitened windows are nearly normal.
        self.last, self.last_bias = uniform(hidden, 2 * self.split, 0.05), uniform(1, 2 * self.split, 0.0)

    def _affine(self, block: int, kept: Tensor, which: slice) -> tuple[Tensor, Tensor]:
        hidden = torch.baddbmm(self.first_bias[block, which], kept, self.first[block, which]).relu()
        out = torch.baddbmm(self.last_bias[block, which], hidden, self.last[block, which])
        raw, shift = torch.split(out, self.split, dim=-1)
        return soft_clamp(raw), shift

    def forward(self, x: Tensor, which: slice = slice(None)) -> tuple[Tensor, Tensor]:
        """Map (flows, b, points) by the flows ``which`` to z of that shape and log-determinants (flows, b)."""
        log_det = x.new_zeros(x.shape[:2])
        kept, moved = torch.split(x, self.split, dim=-1)
        for block in range(self.blocks):
            log_scale, shift = self._affine(block, kept, which)
            kept, moved = moved * log_scale.exp() + shift, kept
            log_det = log_det + log_scale.sum(dim=-1)
        return torch.cat([kept, moved], dim=-1), log_det

    def nll(self, x: Tensor, which: slice = slice(None)) -> Tensor:
        """Return (flows, b) negative log-likelihoods of (flows, b, points) windows, in nats per coordinate."""
        z, log_det = self(x, which)
        per_coordinate: Tensor = (0.5 * z.square().sum(dim=-1) - log_det) / x.shape[-1]
        return per_coordinate + 0.5 * math.log(2 * math.pi)


def train_bank(
    bank: FlowBank,
    data: Float32,
    noise: Float32,
    held: int,
    schedule: tuple[int, int, float],
    rng: np.random.Generator,
    report: Callable[[str], None],
) -> dict[str, list[float]]:
    """Train all flows at once by maximum likelihood, each on its own windows.

    ``data`` are whitened windows, (flows, rows, points); the last ``held`` rows only choose the best epoch. ``noise``,
    (flows, points, points), maps white noise to dequantisation noise in whitened coordinates. It is redrawn in each
    batch. ``schedule`` is (steps, batch, rate).
    """
    steps, batch, rate = schedule
    device = bank.first.device
    windows, shape = torch.from_numpy(data).to(device), torch.from_numpy(noise).to(device)
    training, validation = torch.arange(data.shape[1], device=device).tensor_split([data.shape[1] - held])
    batch = min(batch, len(training))

    def loss(index: Tensor) -> Tensor:
        clean = windows[:, index]
        nll = bank.nll(clean + torch.bmm(torch.randn_like(clean), shape))
        # Validation uses the median, so that a regime of the held-out part alone does not choose the epoch.
        return (nll.mean() if bank.training else nll.median(dim=1).values.mean()).double()

    def order(rows: int) -> Tensor:
        return torch.from_numpy(rng.permutation(rows))

    epochs = max(1, round(steps / math.ceil(len(training) / batch)))
    return train(bank, loss, [training], [validation], flow_schedule(epochs, batch, rate), report, order)
