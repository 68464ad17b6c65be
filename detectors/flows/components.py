"""The components of ScaleFlow's score of a window, and how such a score becomes a surprise. Needs torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch.nn import functional

from detectors.core import Array, Index
from detectors.flows.bank import FlowBank

LIKELIHOODS = ("likelihood", "gaussian")

NEAREST = 3  # a lone odd window among the fitted ones excuses nothing
GROUP = 64  # references searched as one
FAR = 1e12  # beyond the squared distance of any two standardised windows
FLATTEST = 0.1  # deviation, in deviations of the series, below which a window counts as flat


class Component(Protocol):
    """A score of windows, higher = more anomalous."""

    def __call__(self, windows: Array, places: Index | None = None) -> Array:
        """(k, points) windows -> (k,).

        ``places`` are those of fitted windows in the fitted data, (k,) of :func:`~detectors.flows.scale.places`. Such a
        window is not compared with windows that it overlaps.
        """
        ...


class Likelihood:
    """Mean negative log-likelihood per coordinate under some flows of a bank: (k, points) windows -> (k,)."""

    def __init__(self, bank: FlowBank, flows: slice, whitening: Callable[[Array], Array]) -> None:
        self.bank, self.flows, self.whitening = bank, flows, whitening

    @torch.no_grad()
    def __call__(self, windows: Array, places: Index | None = None) -> Array:
        white = torch.from_numpy(self.whitening(windows).astype(np.float32)).to(self.bank.first.device)
        nll = self.bank.nll(white.expand(self.flows.stop - self.flows.start, -1, -1), self.flows)
        return np.asarray(nll.mean(dim=0).cpu().numpy(), dtype=np.float64)


class Gaussian:
    """Half the mean square of a whitened window, its negative log-likelihood without a flow up to a constant."""

    def __init__(self, whitening: Callable[[Array], Array]) -> None:
        self.whitening = whitening

    def __call__(self, windows: Array, places: Index | None = None) -> Array:
        return np.asarray(0.5 * np.square(self.whitening(windows)).mean(axis=1))


class Distance:
    """Euclidean distance to the third nearest of the reference windows: (k, points) -> (k,).

    Semi-supervised: the references are normal. Source: Ramaswamy et al., "Efficient algorithms for mining outliers from
    large data sets", SIGMOD 2000. A fitted window is compared with those that share no point with it, as in a matrix
    profile.

    The (m, points) references are as :func:`prepared` makes them, ``places`` where they stand in the fitted data, (m,)
    ascending. Windows overlap whose places differ by less than ``span``. ``view`` is what is compared, see
    :func:`viewed`.
    """

    def __init__(self, references: torch.Tensor, places: torch.Tensor, span: int, view: str) -> None:
        self.references, self.places, self.span, self.view = references, places, span, view
        missing = GROUP - len(references) % GROUP  # one at least
        self._padded = functional.pad(references, (0, 0, 0, missing))
        self._squares = functional.pad(references.square().sum(dim=1), (0, missing), value=math.inf)

    @torch.no_grad()
    def __call__(self, windows: Array, places: Index | None = None) -> Array:
        out = np.empty(len(windows))
        for a in range(0, len(windows), 1024):
            mine = prepared(windows[a : a + 1024], self.view, self.references.device)
            own = None if places is None else torch.from_numpy(places[a : a + 1024]).to(mine.device)
            # The product finds them; for small distances only the difference itself is exact enough.
            exact = (self.references[self._nearest(mine, own)] - mine[:, None]).square().sum(dim=2).amax(dim=1).sqrt()
            out[a : a + 1024] = exact.cpu().numpy()
        return out

    def _nearest(self, mine: torch.Tensor, own: torch.Tensor | None) -> torch.Tensor:
        """(k, 3) numbers of the nearest references: the third is in one of the three groups that come nearest."""
        k = min(NEAREST, len(self.references))
        near = torch.addmm(self._squares, mine, self._padded.T, alpha=-2)
        if own is not None:
            self._put_off(near, own)
        near = near.view(len(mine), -1, GROUP)
        groups = near.amin(dim=2).topk(min(k, near.shape[1]), dim=1, largest=False).indices
        within = near.gather(1, groups[:, :, None].expand(-1, -1, GROUP)).flatten(1)
        found = within.topk(k, dim=1, largest=False).indices
        return groups.gather(1, found // GROUP) * GROUP + found % GROUP

    def _put_off(self, near: torch.Tensor, own: torch.Tensor) -> None:
        """Put overlapping references last, but keep them: the shortest fit may leave fewer than three others."""
        count = len(self.references)
        first, behind = (torch.searchsorted(self.places, own + by) for by in (1 - self.span, self.span))
        columns = first[:, None] + torch.arange(int((behind - first).max()), device=near.device)
        near.scatter_(1, torch.where(columns < behind[:, None], columns, count), FAR)
        near[:, count:] = math.inf  # the padding, into which went what is not to be written


def prepared(windows: Array, view: str, device: torch.device) -> torch.Tensor:
    """(k, points) windows as :func:`viewed`, in float32."""
    return torch.from_numpy(viewed(windows, view).astype(np.float32)).to(device)


def viewed(windows: Array, view: str) -> Array:
    """What a distance compares of (k, points) windows.

    ``"distance"``: the values as they are. ``"shape"``: each window with mean 0 and deviation 1; a window flatter than
    a tenth of the series' deviation is divided by that tenth. ``"spectrum"``: the amplitudes of its discrete Fourier
    transform, without the mean, whatever the position in the window.
    """
    if view == "distance":
        return windows
    centred = windows - windows.mean(axis=1, keepdims=True)
    if view == "spectrum":
        return np.asarray(np.abs(np.fft.rfft(centred, axis=1))[:, 1:])
    return np.asarray(centred / np.maximum(windows.std(axis=1, keepdims=True), FLATTEST))


@dataclass(frozen=True)
class Evidence:
    """What a negative log-likelihood says, in nats of surprise under held-out normal windows.

    Up to the ninth decile it is minus the logarithm of the share of normal scores above. Beyond, an exponential tail
    continues it. ``typicality`` weighs the same on the other side: a window far *too* likely is not typical either.
    Source: Nalisnick et al., "Detecting out-of-distribution inputs to deep generative models using typicality", 2019.
    """

    normal: Array  # (k,), sorted scores of held-out normal windows
    typicality: float = 0.5  # in [0, 1]
    least: float = 1e-6  # of the tail's scale, above 0: where the usual scores are all equal

    def __call__(self, scores: Array) -> Array:
        """(m,) scores to (m,) surprises, each at least 0."""
        upper = _surprise(self.normal, scores, self.least)
        if self.typicality == 0:
            return upper
        return np.asarray(np.maximum(upper, self.typicality * _surprise(-self.normal[::-1], -scores, self.least)))


def _surprise(normal: Array, scores: Array, least: float) -> Array:
    count = len(normal)
    share = (count - np.searchsorted(normal, scores, side="left") + 1) / (count + 1)
    edge = float(np.quantile(normal, 0.9))
    excess = normal[normal > edge] - edge
    # A flat tail would make any excess infinite; the spread of the bulk bounds it from below.
    scale = max(float(excess.mean()) if len(excess) else 0.0, 0.01 * float(np.ptp(normal)), least)
    beyond = np.maximum(scores - edge, 0) / scale
    return np.asarray(np.where(scores > edge, -math.log(0.1) + beyond, -np.log(np.maximum(share, 0.1))))
