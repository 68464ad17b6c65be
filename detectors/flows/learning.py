"""The two training stages of Proposed, for several models of equal shape at once. Imports torch.

Each model has its own data, random numbers, clipping and best epoch, so that the result is that of training it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from detectors.core import Diverged, Index, Windows, evenly_spaced
from detectors.flows.resnet import FeatureFlow, compress
from detectors.neural.training import Record, Schedule, adam, minimise

WHITENED = 512  # windows used to fit the whitening of the feature maps
Loss = Callable[[Tensor], Tensor]  # (networks, 1, b, w) windows to (networks,) mean losses


@dataclass
class Learner:
    """A model with its training data and history."""

    model: FeatureFlow
    windows: Windows
    scale: tuple[float, float, float]  # mean, deviation and grid step of the fitted values
    # (rows, networks), indices of the training and validation windows of each network of the model
    training: Index
    validation: Index
    rng: np.random.Generator  # draws the order of the windows and their noise
    report: Callable[[str], None] = lambda line: None  # receives a line after each epoch
    # losses by stage, see ``detectors.proposed.Proposed``
    history: dict[str, list[float]] = field(default_factory=dict)
    error: Diverged | None = None  # set if a loss was not finite: the model is then invalid

    @property
    def shape(self) -> tuple[int, ...]:
        """The shapes that must be equal for learners to be trained together."""
        return (*self.training.shape, len(self.validation), min(len(self.windows), WHITENED), self.windows.window)

    def batch(self, index: Index) -> Tensor:
        """Return the windows with (b, networks) indices as a tensor, with noise."""
        return windows_tensor(self.windows, index, self.scale, self.rng)


def windows_tensor(
    windows: Windows, index: Index, scale: tuple[float, float, float], rng: np.random.Generator | None = None
) -> Tensor:
    """Return windows with (b, networks) indices as a standardised (networks, 1, b, w) tensor; ``rng`` adds noise."""
    mean, deviation, step = scale
    # The windows of one network are contiguous, as its layers need them.
    values = windows.take(index.T.ravel()).reshape(index.shape[1], 1, len(index), windows.window)
    values = compress((values - mean) / deviation)
    if rng is not None:
        # Always add some noise: on a constant or discrete input the density of a flow is unbounded.
        values += rng.uniform(-0.5, 0.5, values.shape) * max(step / deviation, 0.02)
    return torch.from_numpy(values.astype(np.float32))


def learn(learners: Sequence[Learner], schedules: tuple[Schedule, Schedule]) -> None:
    """Train models of equal shape: first the autoencoders, then the whitening of their maps, then the flows.

    If a loss of a learner is not finite, its :attr:`Learner.error` is set, and the others continue.
    """
    model = FeatureFlow.join([learner.model for learner in learners])
    autoencoder = model.autoencoder
    _train(1, autoencoder, autoencoder.reconstruction_error, learners, schedules[0])
    if all(learner.error for learner in learners):
        return
    whiten(model, learners)
    _train(2, model.flows, lambda x: model.loss(model.maps(x)), learners, schedules[1])
    model.split_into([learner.model for learner in learners])


def whiten(model: FeatureFlow, learners: Sequence[Learner]) -> None:
    """Fit the whitening of each feature map to the maps of some of the windows."""
    model.eval()
    everywhere = [evenly_spaced(len(learner.windows), WHITENED)[:, None] for learner in learners]
    rows = [
        np.repeat(index, learner.training.shape[1], axis=1) for index, learner in zip(everywhere, learners, strict=True)
    ]
    model.fit_scales(model.maps(_batch(learners, rows, model)))


def _batch(learners: Sequence[Learner], rows: Sequence[Index], part: nn.Module) -> Tensor:
    """Return windows of all learners by index as one tensor, on the device of the networks."""
    device = next(part.parameters()).device
    return torch.cat([learner.batch(index) for learner, index in zip(learners, rows, strict=True)]).to(device)


def _train(number: int, part: nn.Module, loss: Loss, learners: Sequence[Learner], schedule: Schedule) -> None:
    """Run one stage on all networks of several learners at once, to the best epoch of each learner."""

    def losses(*rows: Index) -> Tensor:
        return loss(_batch(learners, rows, part)).view(len(learners), -1).sum(dim=1).double()

    def training() -> Iterator[list[Index]]:
        return _batches([learner.rng.permutation(learner.training) for learner in learners], schedule.batch_size)

    def validation() -> Iterator[list[Index]]:
        return _batches([learner.validation for learner in learners], schedule.validation_batch)

    records = [Record(learner.report, f"stage {number} ", learner.error) for learner in learners]
    optimiser = adam(part, schedule, len(learners[0].training))
    minimise(part, losses, training, validation, optimiser, schedule, records)
    for learner, record in zip(learners, records, strict=True):
        learner.error = record.error
        learner.history |= {f"stage {number} {kind}": values for kind, values in record.history.items() if values}


def _batches(rows: Sequence[Index], size: int) -> Iterator[list[Index]]:
    for a in range(0, len(rows[0]), size):
        yield [mine[a : a + size] for mine in rows]
