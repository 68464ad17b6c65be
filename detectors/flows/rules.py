"""Rules that convert the latent positions of a flow to scores, which papers on flows seldom state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Quantity = Literal["exp", "squares", "likelihood"]
Pooling = Literal["max", "mean", "position"]
Maps = Literal["all", "finest", "middle", "deepest"]
Latents = list[tuple["Tensor", "Tensor"]]  # one per map, see FeatureFlow.latents


@dataclass(frozen=True)
class ScoringRule:
    """A rule that converts latent positions to the scores of a window's points, see ``Proposed`` for its parts."""

    quantity: Quantity
    pooling: Pooling
    maps: Maps

    def __call__(self, latents: Latents, window: int) -> Tensor:
        """Return the scores of the points of each window, (b, window), or (b, 1) if all points have the same."""
        chosen = latents if self.maps == "all" else [latents[("finest", "middle", "deepest").index(self.maps)]]
        scores = [self._pool(self._position_scores(*level), window) for level in chosen]
        return sum(scores[1:], scores[0]) / len(scores)

    def _position_scores(self, squares: Tensor, log_det: Tensor) -> Tensor:
        if self.quantity == "likelihood":
            return 0.5 * squares - log_det
        return squares if self.quantity == "squares" else -(-0.5 * squares).exp()

    def _pool(self, values: Tensor, window: int) -> Tensor:
        """Pool (networks, b, l) and average over networks: (b, 1) or (b, window)."""
        if self.pooling == "max":
            return values.amax(dim=2, keepdim=True).mean(dim=0)
        if self.pooling == "mean":
            return values.mean(dim=2, keepdim=True).mean(dim=0)
        from torch.nn import functional

        return functional.interpolate(values, size=window, mode="linear").mean(dim=0)
