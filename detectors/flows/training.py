"""How flows are trained: the best epoch is kept, gradients are clipped, NumPy draws the order. Needs torch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from detectors.neural.training import Schedule


def flow_schedule(epochs: int, batch: int, rate: float, one_cycle: bool = True) -> Schedule:
    """A :class:`~detectors.neural.training.Schedule` for maximum likelihood."""
    return Schedule(epochs, batch, rate, 0, "best", one_cycle, clip=5.0, epsilon=1e-8, validation_batch=512)


def permutation(rng: np.random.Generator) -> Callable[[int], Tensor]:
    """An epoch's order from the generator that also draws the noise."""
    return lambda rows: torch.from_numpy(rng.permutation(rows))
