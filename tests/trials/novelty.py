"""Candidate components of ScaleFlow that also know the scored series, for :mod:`tests.trials.joins`.

Two distances ask whether a window occurs again, among the fitted windows or in the scored series itself. A likelihood
ratio compares a Gaussian of the fitted windows with one of the scored series.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from detectors.core import Array, Index, evenly_spaced, offset_in
from detectors.flows.components import FAR, NEAREST, Distance, Evidence, Gaussian, view_tensor
from detectors.flows.scale import CoarseWindows, Scale, WindowWhitening, mean_over_windows
from tests.trials.components import Own

VIEWS = ("distance", "shape")


class Occurrences(Distance):
    """Distance to the third nearest occurrence: references that overlap a nearer one found do not count.

    Else three windows a point apart would be three neighbours. Where fewer occur, the farthest of them counts.
    """

    def _nearest(self, mine: torch.Tensor, own: torch.Tensor | None) -> torch.Tensor:
        near = torch.addmm(self._squares, mine, self._padded.T, alpha=-2)
        if own is not None:
            self._put_overlapping_last(near, own)
        found: list[torch.Tensor] = []
        for _ in range(NEAREST):
            value, best = near.min(dim=1)
            found.append(torch.where(value < FAR / 2, best, found[-1]) if found else best)
            self._put_overlapping_last(near, self.places[found[-1]])
        return torch.stack(found, dim=1)


class Novel(Own):
    """ScaleFlow with components that also know the scored series.

    "novel" distances refer to fitted and scored windows, and are surprising relative to fitted windows among
    themselves. "within" are the same distances, surprising relative to those of the scored series. "ratio" is the log
    of the ratio of two Gaussians, of the scored windows to the fitted ones, relative to held-out fitted windows.
    """

    def _learn(self, pieces: list[Array], noise: float) -> None:
        self.noise_ = noise
        self.usual_: dict[tuple[int, str], Array] = {}
        super()._learn(pieces, noise)

    def _fit_components(self, scale: Scale, windows: CoarseWindows, known: Index, unseen: Index) -> None:
        super()._fit_components(scale, windows, known, unseen)
        every = evenly_spaced(len(windows), self.max_windows)
        some = every[evenly_spaced(len(every), max(1, self.max_windows // 4))]
        for view in VIEWS:
            plain = scale.components[view][0]
            assert isinstance(plain, Distance)
            among = Occurrences(plain.references, plain.places, scale.span, view)
            self.usual_[scale.span, view] = np.sort(among(windows.take(some), windows.places(some)))
        self.usual_[scale.span, "held-out windows"] = windows.take(unseen)

    def rows(self, x: Array) -> Iterator[tuple[tuple[int, str], Array]]:
        yield from super().rows(x)
        known = all(offset_in(x, piece) >= 0 for piece in self.fitted_pieces_)
        scaled = self._standardise(x)
        for scale in self._usable_scales(len(x)):
            if isinstance(scale, Scale):
                padded = np.pad(scaled, (0, max(0, scale.span - len(x))), mode="edge")
                windows = CoarseWindows([padded], scale.points, scale.factor)
                starts = np.unique(np.append(np.arange(0, len(windows), scale.stride), len(windows) - 1))
                for name, row in self._novelties(scale, windows, starts, known):
                    values = mean_over_windows(row, starts, scale.span, len(padded))
                    yield (scale.span, name), np.maximum(values[: len(x)], 0)

    def _novelties(
        self, scale: Scale, windows: CoarseWindows, starts: Index, known: bool
    ) -> Iterator[tuple[str, Array]]:
        """Names and surprises of windows by their starts. ``known``: the fitted series is a part of the scored one."""
        mine, every = windows.take(starts), evenly_spaced(len(windows), self.max_windows)
        references = windows.take(every)
        for view in VIEWS:
            plain = scale.components[view][0]
            assert isinstance(plain, Distance)
            here, places = view_tensor(references, view, plain.references.device), torch.from_numpy(every)
            if not known:
                here = torch.cat([here, plain.references])
                places = torch.cat([places, plain.places + len(windows) + 2 * scale.span])
            found = Occurrences(here, places, scale.span, view)(mine, starts)
            yield f"novel {view}", Evidence(self.usual_[scale.span, view], 0)(found)
            yield f"within {view}", Evidence(np.sort(found), 0)(found)
        fitted = Gaussian(scale.whitening)
        scored = Gaussian(WindowWhitening.fit(references, self.noise_ / scale.factor**0.5, self.rotate))
        held = self.usual_[scale.span, "held-out windows"]
        yield "ratio", Evidence(np.sort(fitted(held) - scored(held)), 0)(fitted(mine) - scored(mine))
