"""The shared training loop: Keras' early stopping, unchanged global state, saving."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from detectors.core.contract import Diverged
from detectors.neural import training as _torch

CPU = torch.device("cpu")


class Point(torch.nn.Module):
    """One weight, whose distance from a batch's values is the loss."""

    def __init__(self) -> None:
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(1))

    def loss(self, values: torch.Tensor) -> torch.Tensor:
        return ((self.w - values) ** 2).mean()


def fail_after_drawing() -> None:
    with _torch.steady(CPU, 1):
        torch.rand(100)
        raise KeyError("one thread" if torch.get_num_threads() == 1 else "several")


def test_steady_leaves_generator_and_threads_as_they_were():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(KeyError, match="one thread"):
            fail_after_drawing()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.rand(3), expected)


def test_steady_seeds():
    draws = []
    for seed in (1, 1, 2, 0, 0):
        torch.rand(1)  # what the generator outside has come to is not the seed's
        with _torch.steady(CPU, seed):
            draws.append(torch.rand(1).item())
    assert draws[0] == draws[1] != draws[2]
    assert draws[3] == draws[4], "0 is a seed as well"


def test_stops_patience_epochs_after_the_best_and_keeps_the_last_weights():
    # Training pulls the weight to 1 while validation wants 0: the first epoch is the best.
    point = Point()
    training, validation = [torch.ones(64)], [torch.zeros(8)]
    history = _torch.train(
        point, point.loss, training, validation, _torch.Schedule(100, patience=4, learning_rate=0.01)
    )
    assert len(history["train"]) == len(history["validation"]) == 5
    assert point.w.item() ** 2 == pytest.approx(history["validation"][-1])
    assert history["validation"][-1] > history["validation"][0]
    assert not point.training


def test_keeps_the_weights_of_the_best_epoch():
    point = Point()
    seen: list[float] = []

    def loss(values: torch.Tensor) -> torch.Tensor:
        if not point.training:
            seen.append(point.w.item())
        return point.loss(values)

    history = _torch.train(
        point, loss, [torch.ones(64)], [torch.zeros(8)], _torch.Schedule(100, 64, 0.01, patience=4, keep="best")
    )
    assert len(history["train"]) == 5
    assert point.w.item() == seen[0]


def test_patience_0_never_stops():
    point = Point()
    schedule = _torch.Schedule(30, 64, 0.01, patience=0)
    assert len(_torch.train(point, point.loss, [torch.ones(8)], [torch.zeros(8)], schedule)["train"]) == 30


def test_without_validation_rows_the_training_loss_stops_the_training():
    point = Point()
    history = _torch.train(point, point.loss, [torch.ones(8)], [torch.ones(0)], _torch.Schedule(5))
    assert history["validation"] == history["train"]


def test_the_gradient_is_clipped():
    point = Point()
    norms: list[float] = []

    def loss(values: torch.Tensor) -> torch.Tensor:
        if point.w.grad is not None:
            norms.append(point.w.grad.norm().item())
        return point.loss(values)

    rows = [torch.full((8,), 100.0)]
    _torch.train(point, loss, rows, [torch.ones(0)], _torch.Schedule(3, clip=5.0))
    assert norms == [pytest.approx(5.0)] * 2


def test_the_learning_rate_of_one_cycle_rises_and_falls_over_all_steps():
    point = Point()
    weights: list[float] = []

    def loss(values: torch.Tensor) -> torch.Tensor:
        weights.append(point.w.item())
        return -point.w  # a gradient of 1: steps are near the learning rate

    _torch.train(point, loss, [torch.ones(20)], [torch.ones(0)], _torch.Schedule(10, 4, 0.1, 0, one_cycle=True))
    steps = np.diff(weights)
    assert len(steps) == 49
    assert steps.max() == pytest.approx(0.1, rel=0.15)  # the cycle moves the momentum, too
    assert steps[0] < 0.01
    assert steps[-1] < 1e-3


def test_runs_all_epochs_while_validation_improves():
    point = Point()
    data = [torch.ones(64)]
    assert len(_torch.train(point, point.loss, data, data, _torch.Schedule(20, patience=1))["train"]) == 20


@pytest.mark.parametrize(("losses", "epochs"), [([3.0], 0), ([3, 2, 1], 0), ([1, 2, 3], 2), ([1, 1, 1], 2)])
def test_epochs_since_best_wants_a_strictly_lower_loss(losses, epochs):
    record = _torch.Record(print, history={"train": losses, "validation": losses})
    assert record.since_best == epochs


@pytest.mark.parametrize("shuffle", [False, True])
def test_each_epoch_draws_each_row_once(shuffle):
    seen: list[float] = []
    point = Point()

    def loss(values: torch.Tensor) -> torch.Tensor:
        if point.training:
            seen.extend(values.tolist())
        return point.loss(values)

    rows = torch.arange(150.0)
    order = torch.randperm if shuffle else None
    _torch.train(point, loss, [rows], [rows[:5]], _torch.Schedule(2, batch_size=64), order=order)
    first, second = seen[:150], seen[150:]
    assert sorted(first) == sorted(second) == rows.tolist()
    assert (first == rows.tolist()) is not shuffle
    assert (first == second) is not shuffle


def test_losses_are_means_over_rows_the_last_short_batch_included():
    point = Point()
    rows = torch.arange(10.0)
    history = _torch.train(point, point.loss, [rows], [rows], _torch.Schedule(1, batch_size=4, learning_rate=1e-12))
    expected = float(np.mean(np.arange(10.0) ** 2))
    assert history == {"train": [pytest.approx(expected)], "validation": [pytest.approx(expected)]}


def test_a_loss_that_is_not_finite_is_refused():
    point = Point()
    with pytest.raises(Diverged, match="train loss is inf after epoch 1"):
        _torch.train(point, point.loss, [torch.full((8,), 1e30)], [torch.zeros(8)], _torch.Schedule(3))


def test_reports_each_epoch():
    lines: list[str] = []
    point = Point()
    _torch.train(point, point.loss, [torch.ones(8)], [torch.ones(8)], _torch.Schedule(2), lines.append)
    assert lines[0].startswith("epoch 1/2, loss 1")
    assert len(lines) == 2


def test_adam_has_keras_constants_and_the_flows_those_of_torch() -> None:
    keras, flows = _torch.Schedule(1), _torch.flow_schedule(1, 32, 0.1)
    for schedule, epsilon, rate in ((keras, 1e-7, 1e-3), (flows, 1e-8, 0.1)):
        optimiser = _torch.adam(Point(), schedule, 32)
        assert (optimiser.epsilon, optimiser.rate) == (epsilon, rate)
    assert (keras.batch_size, keras.patience, keras.keep, keras.clip, keras.one_cycle) == (64, 5, "last", None, False)
    assert (flows.batch_size, flows.patience, flows.keep, flows.clip, flows.one_cycle) == (32, 0, "best", 5.0, True)
