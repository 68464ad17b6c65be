"""A training stage with one weight, whose losses, gradients and best epoch are known."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from detectors.flows.learning import _train
from detectors.neural.training import Schedule


class Weight(torch.nn.Module):
    """The loss of a batch is its mean value times the one weight."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([start]))

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean() * self.weight


@dataclass
class Rows:
    """What a stage asks of a learner: rows of numbers in place of windows."""

    values: torch.Tensor
    training: np.ndarray
    validation: np.ndarray
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    history: dict[str, list[float]] = field(default_factory=dict)
    error: None = None

    def batch(self, index: np.ndarray) -> torch.Tensor:
        return self.values[torch.from_numpy(index)]

    def report(self, line: str) -> None:
        pass


def run(values: list[float], held: int, start: float, **schedule: float) -> tuple[Weight, dict[str, list[float]]]:
    part, rows = Weight(start), np.arange(len(values))
    learner = Rows(torch.tensor(values), rows[: len(values) - held], rows[len(values) - held :])
    _train(1, part, part.loss, [learner], Schedule(batch_size=2, patience=0, keep="best", **schedule))
    return part, learner.history


def test_the_loss_of_an_epoch_is_the_mean_over_its_rows_though_the_last_batch_is_smaller():
    _, history = run([1.0, 2.0, 9.0, 5.0], held=1, start=1.0, epochs=1, learning_rate=0.0)
    assert history == {"stage 1 train": [pytest.approx(4.0)], "stage 1 validation": [pytest.approx(5.0)]}


def test_the_weights_kept_are_those_of_the_best_validation_loss():
    part, history = run([1.0, 1.0, -1.0], held=1, start=0.0, epochs=3, learning_rate=0.1)
    train, validation = history["stage 1 train"], history["stage 1 validation"]
    assert train == sorted(train, reverse=True)
    assert validation == sorted(validation)
    assert validation[0] < validation[2]
    assert part.weight.item() == pytest.approx(-validation[0])


@pytest.mark.parametrize(("gradient", "clipped"), [(0.25, 0.25), (5.0, 1.0)])
def test_only_a_gradient_beyond_the_clip_is_shortened(gradient, clipped):
    part, _ = run([gradient, gradient], held=0, start=1.0, epochs=1, clip=1.0)
    assert part.weight.grad.item() == pytest.approx(clipped, rel=1e-5)


def test_batches_are_learnt_in_training_mode_and_validated_in_evaluation_mode(monkeypatch):
    seen, loss = [], Weight.loss
    monkeypatch.setattr(Weight, "loss", lambda self, x: seen.append(self.training) or loss(self, x))
    run([1.0, 2.0, 3.0, 4.0], held=1, start=1.0, epochs=2)
    assert seen == [True, True, False] * 2
