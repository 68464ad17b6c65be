"""ScaleFlow's parts: whitened windows of one span, a bank of flows, how their scores are judged. Needs torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from detectors._base import Array
from detectors._flow import Schedule, train
from detectors._windows import Windows

Index = NDArray[np.intp]


def block_means(x: Array, factor: int) -> Array:
    """(n - factor + 1,) means of ``factor`` consecutive points."""
    if factor == 1:
        return x
    summed = np.concatenate([[0.0], np.cumsum(x)])
    return np.asarray((summed[factor:] - summed[:-factor]) / factor)


class CoarseWindows:
    """Windows of ``points`` block means each, ``factor`` points a block, at every position: views, no copy.

    Parameters
    ----------
    pieces : list of (n_i,) arrays
    points, factor : int
        A window spans ``points * factor`` points of the series.
    """

    def __init__(self, pieces: list[Array], points: int, factor: int) -> None:
        self.factor = factor
        means = [block_means(p, factor) for p in pieces if len(p) >= points * factor]
        self.windows = Windows(means, (points - 1) * factor + 1)

    def __len__(self) -> int:
        return len(self.windows)

    def take(self, index: Index) -> Array:
        """(k, points) copies of the windows with these numbers."""
        return self.windows.take(index)[:, :: self.factor]


@dataclass(frozen=True)
class Whitening:
    """Rotation and scaling to unit variance: lossless, for no direction is dropped.

    Attributes
    ----------
    mean : (points,) array
    matrix : (points, points) array
    """

    mean: Array
    matrix: Array

    @classmethod
    def fit(cls, windows: Array, noise: float, rotate: bool = True) -> Whitening:
        """From (k, points) windows; no direction counts as quieter than the deviation ``noise``."""
        mean = windows.mean(axis=0)
        if not rotate:
            deviation = np.sqrt(np.maximum(windows.var(axis=0), noise**2))
            return cls(mean, np.diag(1 / deviation))
        covariance = np.atleast_2d((windows - mean).T @ (windows - mean) / len(windows))
        variances, directions = np.linalg.eigh(covariance)
        return cls(mean, directions / np.sqrt(np.maximum(variances, noise**2)))

    def __call__(self, windows: Array) -> Array:
        return np.asarray((windows - self.mean) @ self.matrix)


@dataclass(frozen=True)
class Evidence:
    """What a negative log-likelihood says, in nats of surprise under held-out normal windows.

    Up to the ninth decile it is minus the logarithm of the share of normal scores above; beyond, an exponential
    tail continues it. ``typicality`` is the weight of the same on the other side: a window far *too* likely
    is not typical either (Nalisnick et al., "Detecting out-of-distribution inputs to deep generative models
    using typicality", 2019).

    Attributes
    ----------
    normal : (k,) array
        Sorted scores of held-out normal windows.
    typicality : float
        In [0, 1].
    """

    normal: Array
    typicality: float = 0.5

    def __call__(self, scores: Array) -> Array:
        """(m,) scores to (m,) surprises, each at least 0."""
        upper = _surprise(self.normal, scores)
        if self.typicality == 0:
            return upper
        return np.asarray(np.maximum(upper, self.typicality * _surprise(-self.normal[::-1], -scores)))


def _surprise(normal: Array, scores: Array) -> Array:
    count = len(normal)
    share = (count - np.searchsorted(normal, scores, side="left") + 1) / (count + 1)
    edge = float(np.quantile(normal, 0.9))
    excess = normal[normal > edge] - edge
    # A flat tail would make any excess infinite; the spread of the bulk bounds it from below.
    scale = max(float(excess.mean()) if len(excess) else 0.0, 0.01 * float(np.ptp(normal)), 1e-6)
    beyond = np.maximum(scores - edge, 0) / scale
    return np.asarray(np.where(scores > edge, -math.log(0.1) + beyond, -np.log(np.maximum(share, 0.1))))


class FlowBank(nn.Module):
    """``count`` flows of equal shape side by side, one matrix product for all: a step costs about that of one.

    Blocks of affine coupling with two dense layers as subnet; the halves swap after each block.

    Parameters
    ----------
    count, points : int
        Flows, and coordinates of a window (even).
    blocks, hidden : int
    clamp : float
        Bound of a coupling's log-scale, see :class:`~detectors._flow.Coupling`.
    """

    def __init__(self, count: int, points: int, blocks: int, hidden: int, clamp: float = 1.9) -> None:
        super().__init__()
        self.blocks, self.split, self.clamp = blocks, points // 2, clamp

        def uniform(inputs: int, outputs: int, gain: float) -> nn.Parameter:
            bound = gain / math.sqrt(inputs)
            return nn.Parameter(torch.empty(blocks, count, inputs, outputs).uniform_(-bound, bound))

        self.first, self.first_bias = uniform(self.split, hidden, 1.0), uniform(1, hidden, 0.1)
        # Begins near the identity: whitened windows are nearly normal already.
        self.last, self.last_bias = uniform(hidden, 2 * self.split, 0.05), uniform(1, 2 * self.split, 0.0)

    def _affine(self, block: int, kept: Tensor, which: slice) -> tuple[Tensor, Tensor]:
        hidden = torch.baddbmm(self.first_bias[block, which], kept, self.first[block, which]).relu()
        out = torch.baddbmm(self.last_bias[block, which], hidden, self.last[block, which])
        raw, shift = torch.split(out, self.split, dim=-1)
        return self.clamp * 2 / math.pi * torch.atan(raw / self.clamp), shift

    def forward(self, x: Tensor, which: slice = slice(None)) -> tuple[Tensor, Tensor]:
        """(flows, b, points) to z of that shape and log-determinants (flows, b), by the flows ``which``."""
        log_det = x.new_zeros(x.shape[:2])
        for block in range(self.blocks):
            kept, moved = torch.split(x, self.split, dim=-1)
            log_scale, shift = self._affine(block, kept, which)
            x = torch.cat([moved * log_scale.exp() + shift, kept], dim=-1)
            log_det = log_det + log_scale.sum(dim=-1)
        return x, log_det

    def inverse(self, z: Tensor) -> Tensor:
        for block in reversed(range(self.blocks)):
            moved, kept = torch.split(z, self.split, dim=-1)
            log_scale, shift = self._affine(block, kept, slice(None))
            z = torch.cat([kept, (moved - shift) * (-log_scale).exp()], dim=-1)
        return z

    def nll(self, x: Tensor, which: slice = slice(None)) -> Tensor:
        """(flows, b, points) to (flows, b) negative log-likelihoods in nats per coordinate."""
        z, log_det = self(x, which)
        per_coordinate: Tensor = (0.5 * z.square().sum(dim=-1) - log_det) / x.shape[-1]
        return per_coordinate + 0.5 * math.log(2 * math.pi)


@dataclass
class Scale:
    """Windows of one span, whitened; which flows judge them; and what their likelihoods say.

    Parameters
    ----------
    points, factor : int
        A window is ``points`` block means of ``factor`` points each.
    flows : slice
        This scale's flows in the bank.
    """

    points: int
    factor: int
    flows: slice
    whitening: Whitening = field(init=False)
    evidence: Evidence = field(init=False)

    @property
    def span(self) -> int:
        """Points of the series that a window covers."""
        return self.points * self.factor

    @property
    def stride(self) -> int:
        """Distance between scored windows: 16 or more of them cover each point."""
        return max(1, self.span // 16)

    def likelihoods(self, bank: FlowBank, windows: CoarseWindows, numbers: Index) -> Array:
        """Mean negative log-likelihood per coordinate of the windows with these numbers, (k,)."""
        out, device = np.empty(len(numbers)), bank.first.device
        for a in range(0, len(numbers), 4096):
            white = torch.from_numpy(self.whitening(windows.take(numbers[a : a + 4096])).astype(np.float32))
            many = white.to(device).expand(self.flows.stop - self.flows.start, -1, -1)
            with torch.no_grad():
                out[a : a + 4096] = bank.nll(many, self.flows).mean(dim=0).cpu().numpy()
        return out

    def surprise(self, bank: FlowBank, x: Array) -> Array:
        """(n,) mean surprise of the windows that cover each point of an (n,) series.

        One shorter than a window is continued by its last value.
        """
        padded = np.pad(x, (0, max(0, self.span - len(x))), mode="edge")
        windows = CoarseWindows([padded], self.points, self.factor)
        starts = np.unique(np.append(np.arange(0, len(windows), self.stride), len(windows) - 1))
        judged = self.evidence(self.likelihoods(bank, windows, starts))
        return spread(judged, starts, self.span, len(padded))[: len(x)]


def train_bank(
    bank: FlowBank,
    data: Array,
    noise: Array,
    held: int,
    schedule: tuple[int, int, float],
    rng: np.random.Generator,
    report: Callable[[str], None],
) -> dict[str, list[float]]:
    """Train all flows at once by maximum likelihood, each on its own windows.

    Parameters
    ----------
    data : (flows, rows, points) array
        Whitened windows; the last ``held`` rows only choose the best epoch.
    noise : (flows, points, points) array
        Maps white noise to dequantisation noise in whitened coordinates, drawn afresh in each batch.
    schedule : (steps, batch, rate)
    """
    steps, batch, rate = schedule
    device = bank.first.device
    windows, shape = torch.from_numpy(data).to(device), torch.from_numpy(noise).to(device)
    training, validation = np.arange(data.shape[1] - held), np.arange(data.shape[1] - held, data.shape[1])
    batch = min(batch, len(training))

    def loss(index: Index) -> Tensor:
        clean = windows[:, torch.from_numpy(index).to(device)]
        nll = bank.nll(clean + torch.bmm(torch.randn_like(clean), shape))
        # The median judges: a regime that only the held-out part has must not decide which epoch is best.
        return nll.mean() if bank.training else nll.median(dim=1).values.mean()

    epochs = max(1, round(steps / math.ceil(len(training) / batch)))
    rows = (training, validation)
    return train(bank, loss, rows, Schedule(epochs, batch, rate, one_cycle=True), rng, report)


def spread(values: Array, starts: Index, span: int, n: int) -> Array:
    """(n,) mean of the values of the windows that cover each point; every point is covered."""
    total, covering = np.zeros(n + 1), np.zeros(n + 1)
    np.add.at(total, starts, values)
    np.add.at(total, starts + span, -values)
    np.add.at(covering, starts, 1.0)
    np.add.at(covering, starts + span, -1.0)
    return np.asarray(np.cumsum(total)[:n] / np.cumsum(covering)[:n])


def held_out(count: int, span: int) -> NDArray[np.bool_]:
    """Which of ``count`` windows to judge by: the fourth of every five contiguous blocks.

    Blocks are longer than a window where the data permit, so that most held-out windows share no point with a
    training window.
    """
    blocks = 5 * max(1, min(4, count // (10 * span)))
    return np.asarray(np.arange(count) * blocks // max(count, 1) % 5 == 3)


def evenly(numbers: Index, count: int) -> Index:
    """``count`` of the numbers, evenly spread; fewer than asked for are repeated."""
    return np.asarray(numbers[np.linspace(0, len(numbers) - 1, count).astype(np.intp)])
