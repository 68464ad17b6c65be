"""Candidate components of ScaleFlow, computed beside its own, for :mod:`tests.trials.joins`.

Two components are of the whole series, under a span of one point: ScaleFlow's own durations of states, and how far a
point is from what is usual at its phase.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from scipy.ndimage import uniform_filter1d

from detectors.core import Array, Index, evenly_spaced
from detectors.flows.components import Distance, Evidence, view_tensor
from detectors.flows.scale import CoarseWindows, Scale, mean_over_windows
from detectors.scaleflow import COMPONENTS, ScaleFlow

TRIM = 0.02  # of the references
FLOOR = 0.1  # of the mean distance: where windows repeat, the neighbours' own is 0
ENOUGH = 5  # cycles
ODD = 3.0  # times the upper spread of the fitted scores
DISTANCES = ("distance", "shape", "spectrum")

Rows = dict[tuple[int, str], Array]


class Local:
    """A distance divided by that of the neighbours found: how much sparser it is here than around them.

    Source: Breunig, Kriegel, Ng and Sander, "LOF: Identifying Density-Based Local Outliers", SIGMOD 2000, with the
    k-distance in place of the reachability.
    """

    def __init__(self, distance: Distance, references: Array, places: Index) -> None:
        self.distance = distance
        own = distance(references, places)
        self.own = own + FLOOR * float(own.mean()) + 1e-6

    @torch.no_grad()
    def __call__(self, windows: Array, places: Index | None = None) -> Array:
        ratio = self.distance(windows, places)
        for a in range(0, len(windows), 1024):
            mine = view_tensor(windows[a : a + 1024], self.distance.view, self.distance.references.device)
            own = None if places is None else torch.from_numpy(places[a : a + 1024])
            ratio[a : a + 1024] /= self.own[self.distance._nearest(mine, own).numpy()].mean(axis=1)
        return ratio


class Own(ScaleFlow):
    """ScaleFlow whose surprises are read one by one; its flow is also asked whether a window is likely, one-sided."""

    def _fit_components(self, scale: Scale, windows: CoarseWindows, known: Index, unseen: Index) -> None:
        super()._fit_components(scale, windows, known, unseen)
        flow, usual = scale.components["likelihood"]
        scale.components["one-sided"] = flow, Evidence(usual.normal, 0)

    def rows(self, x: Array) -> Iterator[tuple[tuple[int, str], Array]]:
        """``(span, component)`` and its (n,) surprises."""
        scaled, place = self._standardise(x), self._fitted_row(x)
        for scale in self._usable_scales(len(x)):
            if isinstance(scale, Scale):
                starts, found = scale.window_surprises(scaled, place)
                for (kind, name), values in self._kinds(scale, starts, found, max(len(x), scale.span)):
                    yield (scale.span, kind + name), np.maximum(values[: len(x)], 0)
        for runs in self.runs_:
            yield (1, "duration"), runs.surprises(scaled, place)[0]

    def _kinds(self, scale: Scale, starts: Index, found: Array, n: int) -> Iterator[tuple[tuple[str, str], Array]]:
        """A kind and a component, and the (n,) surprises of points, from the (components, k) ones of windows."""
        for name, row in zip(scale.components, found, strict=True):
            yield ("", name), mean_over_windows(row, starts, scale.span, n)


class Wider(Own):
    """ScaleFlow with components that it might have.

    "log" is the mean of logarithms of the windows that cover a point, "least" the least of their surprises.
    """

    def _fit_components(self, scale: Scale, windows: CoarseWindows, known: Index, unseen: Index) -> None:
        super()._fit_components(scale, windows, known, unseen)
        every = evenly_spaced(len(windows), self.max_windows)
        some = evenly_spaced(len(every), max(1, self.max_windows // 4))
        references, places = windows.take(every), windows.places(every)
        for name in DISTANCES:
            component = scale.components[name][0]
            assert isinstance(component, Distance)
            local = Local(component, references, places)
            scale.components[f"local {name}"] = local, Evidence(np.sort(local(references[some], places[some])), 0)
            own = component(references, places)
            kept = own <= np.quantile(own, 1 - TRIM)
            view = view_tensor(references[kept], name, torch.device("cpu"))
            trimmed = Distance(view, torch.from_numpy(places[kept]), scale.span, name)
            asked = np.sort(trimmed(references[some], places[some]))
            scale.components[f"trimmed {name}"] = trimmed, Evidence(asked, 0)

    def rows(self, x: Array) -> Iterator[tuple[tuple[int, str], Array]]:
        yield from super().rows(x)
        pieces = [self._standardise(piece) for piece in self.fitted_pieces_]
        season = phase_surprises(max(pieces, key=len), self._standardise(x), self.period_)
        if season is not None:
            yield (1, "season"), season

    def _kinds(self, scale: Scale, starts: Index, found: Array, n: int) -> Iterator[tuple[tuple[str, str], Array]]:
        yield from super()._kinds(scale, starts, found, n)
        for name, row, low in zip(scale.components, found, least(found, starts, scale.span, n), strict=True):
            yield ("log ", name), mean_over_windows(np.log1p(row), starts, scale.span, n)
            if name in COMPONENTS:
                yield ("least ", name), low


def least(values: Array, starts: Index, span: int, n: int) -> Array:
    """(components, n) least value of the windows that cover each point, of (components, k) values."""
    out = np.full((len(values), n), np.inf)
    for start, column in zip(starts, values.T, strict=True):
        part = out[:, start : start + span]
        np.minimum(part, column[:, None], out=part)
    return out


def trimmed_pieces(pieces: list[Array]) -> list[Array]:
    """The fitted pieces without stretches that a fit without a flow finds odd among the others.

    Odd is a score three times as far above the median as the ninth decile. All is kept where that leaves no piece of
    half the longest one.
    """
    detector = ScaleFlow(blocks=0, components=("gaussian", *DISTANCES)).fit(pieces)
    usable = [piece for piece in pieces if len(piece) >= detector.min_length()]
    scores = [detector.score(piece) for piece in usable]
    middle, upper = np.quantile(np.concatenate(scores), [0.5, 0.9])
    kept = []
    for piece, score in zip(usable, scores, strict=True):
        edges = np.flatnonzero(np.diff((score <= middle + ODD * (upper - middle)).astype(int), prepend=0, append=0))
        kept += [piece[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= detector.min_length()]
    enough = max(map(len, kept), default=0) >= max(map(len, pieces)) / 2
    return kept if enough and sum(map(len, kept)) < sum(map(len, usable)) else pieces


# -- what is usual at a phase -----------------------------------------------------------------------


def phase_surprises(fitted: Array, x: Array, period: int | None) -> Array | None:
    """(n,) surprise of the distance to the median at the same phase of the period, or of seven where that is nearer.

    None where the fitted data hold fewer than five periods, or the series none. Its phase is the one that fits best.
    """
    if period is None or len(fitted) < ENOUGH * period or len(x) < period:
        return None
    wanted = [cycle for cycle in (period, 7 * period) if len(fitted) >= ENOUGH * cycle and len(x) >= cycle]
    half = len(fitted) // 2
    cycle = min(wanted, key=lambda c: float(np.abs(_residual(fitted[:half], fitted[half:], c)).mean()))
    usual = np.sort(_residual(fitted, fitted, cycle))
    return Evidence(usual[evenly_spaced(len(usual), 1000)], 0)(_residual(fitted, x, cycle))


def _residual(fitted: Array, x: Array, cycle: int) -> Array:
    """(n,) distance to the profile, in its spreads, as a mean over a thirty-second of the cycle."""
    table = np.pad(fitted, (0, -len(fitted) % cycle), constant_values=np.nan).reshape(-1, cycle)
    profile = np.nanmedian(table, axis=0)
    spreads = np.nanmedian(np.abs(table - profile), axis=0)
    spreads = spreads + FLOOR * spreads.mean() + 1e-6
    mine = np.nanmean(np.pad(x, (0, -len(x) % cycle), constant_values=np.nan).reshape(-1, cycle), axis=0)
    centred = np.fft.rfft(profile - profile.mean())
    shift = int(np.fft.irfft(centred * np.conj(np.fft.rfft(mine - mine.mean())), cycle).argmax())
    phase = (np.arange(len(x)) + shift) % cycle
    return uniform_filter1d(np.abs(x - profile[phase]) / spreads[phase], max(1, cycle // 32), mode="nearest")
