"""The components of ScaleFlow's score of a window, and how such a score becomes a surprise. Needs torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from detectors.core import Array
from detectors.flows.bank import FlowBank

Component = Callable[[Array], Array]
NEAREST = 3  # a lone odd window among the fitted ones excuses nothing
GROUP = 64  # references searched as one
FLATTEST = 0.1  # deviation, in deviations of the series, below which a window counts as flat


class Likelihood:
    """Mean negative log-likelihood per coordinate under some flows of a bank: (k, points) whitened windows -> (k,)."""

    def __init__(self, bank: FlowBank, flows: slice, whitening: Component) -> None:
        self.bank, self.flows, self.whitening = bank, flows, whitening

    @torch.no_grad()
    def __call__(self, windows: Array) -> Array:
        white = torch.from_numpy(self.whitening(windows).astype(np.float32)).to(self.bank.first.device)
        nll = self.bank.nll(white.expand(self.flows.stop - self.flows.start, -1, -1), self.flows)
        return np.asarray(nll.mean(dim=0).cpu().numpy(), dtype=np.float64)


class Distance:
    """Euclidean distance to the third nearest of the reference windows: (k, points) -> (k,).

    The distance-based outlier of Ramaswamy et al., "Efficient algorithms for mining outliers from large data sets",
    SIGMOD 2000, with normal references apart from the scored windows (semi-supervised).

    Parameters
    ----------
    references : (m, points) tensor
        As :func:`prepared` makes it.
    shape : bool
        Compare windows each brought to mean 0 and deviation 1 first.
    """

    def __init__(self, references: torch.Tensor, shape: bool) -> None:
        self.references, self.shape = references, shape
        missing = -len(references) % GROUP
        self._padded = functional.pad(references, (0, 0, 0, missing))
        self._squares = functional.pad(references.square().sum(dim=1), (0, missing), value=math.inf)

    @torch.no_grad()
    def __call__(self, windows: Array) -> Array:
        out = np.empty(len(windows))
        for a in range(0, len(windows), 1024):
            mine = prepared(windows[a : a + 1024], self.shape, self.references.device)
            # The product finds them; for small distances only the difference itself is exact enough.
            exact = (self.references[self._nearest(mine)] - mine[:, None]).square().sum(dim=2).amax(dim=1).sqrt()
            out[a : a + 1024] = exact.cpu().numpy()
        return out

    def _nearest(self, mine: torch.Tensor) -> torch.Tensor:
        """(k, 3) numbers of the nearest references: the third is in one of the three groups that come nearest."""
        k = min(NEAREST, len(self.references))
        near = torch.addmm(self._squares, mine, self._padded.T, alpha=-2).view(len(mine), -1, GROUP)
        groups = near.amin(dim=2).topk(min(k, near.shape[1]), dim=1, largest=False).indices
        within = near.gather(1, groups[:, :, None].expand(-1, -1, GROUP)).flatten(1)
        found = within.topk(k, dim=1, largest=False).indices
        return groups.gather(1, found // GROUP) * GROUP + found % GROUP


def prepared(windows: Array, shape: bool, device: torch.device) -> torch.Tensor:
    """(k, points) windows as float32; for ``shape`` as :func:`prepared_rows` makes them."""
    return torch.from_numpy(prepared_rows(windows, shape).astype(np.float32)).to(device)


def prepared_rows(windows: Array, shape: bool) -> Array:
    """(k, points) windows as they are; for ``shape`` each at mean 0 and deviation 1.

    A window flatter than a tenth of the series' deviation is not blown up beyond that.
    """
    if not shape:
        return windows
    deviation = np.maximum(windows.std(axis=1, keepdims=True), FLATTEST)
    return np.asarray((windows - windows.mean(axis=1, keepdims=True)) / deviation)


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
