"""From a flow's latent positions to scores: the choices that a paper on flows seldom states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Quantity = Literal["exp", "squares", "likelihood"]
Pooling = Literal["max", "mean", "position"]
Maps = Literal["all", "finest", "middle", "deepest"]
Latents = list[tuple["Tensor", "Tensor"]]  # of each map, see FeatureFlow.latents


@dataclass(frozen=True)
class ScoringRule:
    """How latent positions become the scores of a window's points."""

    # Of a position, with z^2 the mean over channels. ``"exp"``: -exp(-z^2 / 2), as FastFlow's public anomaly maps.
    # ``"squares"``: z^2. ``"likelihood"``: the negative log-likelihood per channel, log-determinant included.
    quantity: Quantity
    # A window's score is the maximum or the mean over its positions. ``"position"``: each keeps its own score,
    # interpolated to the window's points.
    pooling: Pooling
    maps: Maps  # which maps count, all by their mean

    def __call__(self, latents: Latents, window: int) -> Tensor:
        """Scores of the points of each window, (b, window), or (b, 1) where all points of a window share one."""
        chosen = latents if self.maps == "all" else [latents[("finest", "middle", "deepest").index(self.maps)]]
        scores = [self._pooled(self._of_position(*level), window) for level in chosen]
        return sum(scores[1:], scores[0]) / len(scores)

    def _of_position(self, squares: Tensor, log_det: Tensor) -> Tensor:
        if self.quantity == "likelihood":
            return 0.5 * squares - log_det
        return squares if self.quantity == "squares" else -(-0.5 * squares).exp()

    def _pooled(self, values: Tensor, window: int) -> Tensor:
        """(networks, b, l) to the mean over networks, (b, 1) or (b, window)."""
        if self.pooling == "max":
            return values.amax(dim=2, keepdim=True).mean(dim=0)
        if self.pooling == "mean":
            return values.mean(dim=2, keepdim=True).mean(dim=0)
        from torch.nn import functional

        return functional.interpolate(values, size=window, mode="linear").mean(dim=0)
