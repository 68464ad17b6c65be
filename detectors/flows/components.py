"""The components of ScaleFlow's score of a window, and the conversion of their scores to surprises. Imports torch."""

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

NEAREST = 3  # the third nearest, so that a single anomalous fitted window does not make others normal
GROUP = 64  # references per group of the search
FAR = 1e12  # larger than the squared distance of any two standardised windows
FLATTEST = 0.1  # least divisor of a window's shape, in standard deviations of the series


class Component(Protocol):
    """A score of windows; higher means more anomalous."""

    def __call__(self, windows: Array, places: Index | None = None) -> Array:
        """Return the (k,) scores of (k, points) windows.

        If the windows were fitted, ``places`` are their (k,) first rows in the fitted data
        (:meth:`~detectors.flows.scale.CoarseWindows.places`). They are not compared with windows that they overlap.
        """
        ...


class Likelihood:
    """Mean negative log-likelihood per coordinate under several flows of a bank: (k, points) windows -> (k,)."""

    def __init__(self, bank: FlowBank, flows: slice, whitening: Callable[[Array], Array]) -> None:
        self.bank, self.flows, self.whitening = bank, flows, whitening

    @torch.no_grad()
    def __call__(self, windows: Array, places: Index | None = None) -> Array:
        white = torch.from_numpy(self.whitening(windows).astype(np.float32)).to(self.bank.first.device)
        nll = self.bank.nll(white.expand(self.flows.stop - self.flows.start, -1, -1), self.flows)
        return np.asarray(nll.mean(dim=0).cpu().numpy(), dtype=np.float64)


class Gaussian:
    """Half the mean square of a whitened window: its negative log-likelihood under a Gaussian, up to a constant."""

    def __init__(self, whitening: Callable[[Array], Array]) -> None:
        self.whitening = whitening

    def __call__(self, windows: Array, places: Index | None = None) -> Array:
        return np.asarray(0.5 * np.square(self.whitening(windows)).mean(axis=1))


class Distance:
    """Euclidean distance to the third nearest reference window: (k, points) -> (k,).

    Semi-supervised: the references are normal. Source: Ramaswamy et al., "Efficient algorithms for mining outliers from
    large data sets", SIGMOD 2000. A fitted window is compared with those that share no point with it, as in a matrix
    profile.

    The (m, points) references come from :func:`view_tensor`, and ``places`` are their (m,) first rows in the fitted
    data, ascending. Windows whose places differ by less than ``span`` overlap. ``view`` is the representation that is
    compared, see :func:`apply_view`.
    """

    def __init__(self, references: torch.Tensor, places: torch.Tensor, span: int, view: str) -> None:
        self.references, self.places, self.span, self.view = references, places, span, view
        missing = GROUP - len(references) % GROUP  # at least one
        self._padded = functional.pad(references, (0, 0, 0, missing))
        self._squares = functional.pad(references.square().sum(dim=1), (0, missing), value=math.inf)

    @torch.no_grad()
    def __call__(self, windows: Array, places: Index | None = None) -> Array:
        out = np.empty(len(windows))
        for a in range(0, len(windows), 1024):
            mine = view_tensor(windows[a : a + 1024], self.view, self.references.device)
            own = None if places is None else torch.from_numpy(places[a : a + 1024]).to(mine.device)
            # The matrix product finds the neighbours; small distances are only exact from differences.
            exact = (self.references[self._nearest(mine, own)] - mine[:, None]).square().sum(dim=2).amax(dim=1).sqrt()
            out[a : a + 1024] = exact.cpu().numpy()
        return out

    def _nearest(self, mine: torch.Tensor, own: torch.Tensor | None) -> torch.Tensor:
        """Return the (k, 3) indices of the nearest references, which are in the three nearest groups."""
        k = min(NEAREST, len(self.references))
        near = torch.addmm(self._squares, mine, self._padded.T, alpha=-2)
        if own is not None:
            self._put_overlapping_last(near, own)
        near = near.view(len(mine), -1, GROUP)
        groups = near.amin(dim=2).topk(min(k, near.shape[1]), dim=1, largest=False).indices
        within = near.gather(1, groups[:, :, None].expand(-1, -1, GROUP)).flatten(1)
        found = within.topk(k, dim=1, largest=False).indices
        return groups.gather(1, found // GROUP) * GROUP + found % GROUP

    def _put_overlapping_last(self, near: torch.Tensor, own: torch.Tensor) -> None:
        """Give overlapping references a huge distance; they are needed if fewer than three others exist."""
        count = len(self.references)
        first, behind = (torch.searchsorted(self.places, own + by) for by in (1 - self.span, self.span))
        columns = first[:, None] + torch.arange(int((behind - first).max()), device=near.device)
        near.scatter_(1, torch.where(columns < behind[:, None], columns, count), FAR)
        near[:, count:] = math.inf  # the padding, which received the unused columns


def view_tensor(windows: Array, view: str, device: torch.device) -> torch.Tensor:
    """Return :func:`apply_view` of (k, points) windows as a float32 tensor."""
    return torch.from_numpy(apply_view(windows, view).astype(np.float32)).to(device)


def apply_view(windows: Array, view: str) -> Array:
    """Return the representation of (k, points) windows that a distance compares.

    ``"distance"``: the values. ``"shape"``: each window with mean 0 and deviation 1; deviations below a tenth of the
    series' are replaced by that tenth. ``"spectrum"``: the amplitudes of the discrete Fourier transform without the
    mean, which are invariant to circular shifts.
    """
    if view == "distance":
        return windows
    centred = windows - windows.mean(axis=1, keepdims=True)
    if view == "spectrum":
        return np.asarray(np.abs(np.fft.rfft(centred, axis=1))[:, 1:])
    return np.asarray(centred / np.maximum(windows.std(axis=1, keepdims=True), FLATTEST))


@dataclass(frozen=True)
class Evidence:
    """Conversion of a score to its surprise in nats, by the scores of held-out normal windows.

    Up to the ninth decile it is minus the logarithm of the share of normal scores that are at least as high. Above, an
    exponential tail continues it. ``typicality`` is the weight of the same surprise in the lower tail: windows that are
    *too* likely are not typical either. Source: Nalisnick et al., "Detecting out-of-distribution inputs to deep
    generative models using typicality", 2019.
    """

    normal: Array  # (k,), sorted scores of held-out normal windows
    typicality: float = 0.5  # in [0, 1]
    least: float = 1e-6  # least scale of the tail, above 0, needed if all normal scores are equal

    def __call__(self, scores: Array) -> Array:
        """Return the (m,) surprises of (m,) scores, each at least 0."""
        upper = _surprise(self.normal, scores, self.least)
        if self.typicality == 0:
            return upper
        return np.asarray(np.maximum(upper, self.typicality * _surprise(-self.normal[::-1], -scores, self.least)))


def _surprise(normal: Array, scores: Array, least: float) -> Array:
    count = len(normal)
    share = (count - np.searchsorted(normal, scores, side="left") + 1) / (count + 1)
    edge = float(np.quantile(normal, 0.9))
    excess = normal[normal > edge] - edge
    # If all scores of the tail are equal its scale is 0: it is bounded from below by the range of all scores.
    scale = max(float(excess.mean()) if len(excess) else 0.0, 0.01 * float(np.ptp(normal)), least)
    beyond = np.maximum(scores - edge, 0) / scale
    return np.asarray(np.where(scores > edge, -math.log(0.1) + beyond, -np.log(np.maximum(share, 0.1))))
