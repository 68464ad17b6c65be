"""The two training stages of Proposed, for several models of equal shape at once. Imports torch.

Each model has its own data, random numbers, clipping and best epoch, so that the result is that of training it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from detectors.core import Diverged, Index, Windows, evenly_spaced
from detectors.flows.resnet import FeatureFlow, compress
from detectors.neural.training import Schedule, adam, epochs_since_best, require_finite

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
    _Stage(1, autoencoder, autoencoder.reconstruction_error, learners, schedules[0]).run()
    if all(learner.error for learner in learners):
        return
    whiten(model, learners)
    _Stage(2, model.flows, lambda x: model.loss(model.maps(x)), learners, schedules[1]).run()
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


class _Stage:
    """One training stage of several learners, by Adam on all of their networks at once."""

    def __init__(
        self, number: int, part: nn.Module, loss: Loss, learners: Sequence[Learner], schedule: Schedule
    ) -> None:
        self.name, self.part, self.loss, self.learners = f"stage {number}", part, loss, learners
        self.schedule, self.parameters = schedule, list(part.parameters())
        self.optimiser = adam(part, schedule, len(learners[0].training))
        self.best: dict[str, Tensor] = {}

    def run(self) -> None:
        """Run all epochs, then restore the weights of each learner's best epoch."""
        for epoch in range(self.schedule.epochs):
            self.part.train()
            training = self._mean([learner.rng.permutation(learner.training) for learner in self.learners], self._step)
            self.part.eval()
            validation = self._validation() if len(self.learners[0].validation) else training
            for k, losses in enumerate(zip(training, validation, strict=True)):
                self._record(epoch, k, *losses)
            if all(learner.error for learner in self.learners):
                break
        self.part.load_state_dict(self.best, strict=False)

    def _losses(self, rows: Sequence[Index]) -> Tensor:
        """Return the loss of each learner, (learners,), in double precision."""
        return self.loss(_batch(self.learners, rows, self.part)).view(len(self.learners), -1).sum(dim=1).double()

    def _mean(self, rows: Sequence[Index], step: Callable[[Tensor], None] | None) -> list[float]:
        """Return each learner's mean loss over its rows; ``step`` is called with the losses of each batch."""
        size = self.schedule.batch_size if step else self.schedule.validation_batch
        count, total = len(rows[0]), torch.zeros(len(self.learners), dtype=torch.float64)
        for a in range(0, count, size):
            batch = [mine[a : a + size] for mine in rows]
            losses = self._losses(batch)
            if step:
                step(losses)
            total = total.to(losses) + losses.detach() * len(batch[0])
        return [value / count for value in total.tolist()]

    @torch.no_grad()
    def _validation(self) -> list[float]:
        return self._mean([learner.validation for learner in self.learners], None)

    def _step(self, losses: Tensor) -> None:
        self.optimiser.zero_grad()
        losses.sum().backward()  # type: ignore[no-untyped-call]
        if self.schedule.clip is not None:
            for mine in zip(
                *(p.grad.chunk(len(self.learners)) for p in self.parameters if p.grad is not None), strict=True
            ):
                norm = nn.utils.get_total_norm(mine)
                torch._foreach_mul_(list(mine), (self.schedule.clip / (norm + 1e-6)).clamp(max=1.0))
        self.optimiser.step()

    def _record(self, epoch: int, k: int, training: float, validation: float) -> None:
        """Append losses to the history of learner ``k``, and keep its weights if they are its best so far."""
        learner = self.learners[k]
        if learner.error:
            return
        history = {kind: learner.history.setdefault(f"{self.name} {kind}", []) for kind in ("train", "validation")}
        history["train"].append(training)
        history["validation"].append(validation)
        learner.report(
            f"{self.name} epoch {epoch + 1}/{self.schedule.epochs}, loss {training:.4g}, validation {validation:.4g}"
        )
        try:
            require_finite(history)
        except Diverged as error:
            learner.error = error
        if not self.best:
            self.best = {name: value.clone() for name, value in self.part.state_dict().items() if value.ndim}
        elif not learner.error and epochs_since_best(history["validation"]) == 0:
            for name, mine in _learner_state(self.part, len(self.learners), k).items():
                self.best[name].chunk(len(self.learners))[k].copy_(mine)


def _learner_state(part: nn.Module, count: int, k: int) -> dict[str, Tensor]:
    """Return the tensors of the ``k``-th of ``count`` learners, as views of the common state, by name."""
    state = part.state_dict()
    return {name: value.chunk(count)[k] for name, value in state.items() if value.is_floating_point()}
