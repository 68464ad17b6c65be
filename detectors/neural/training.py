"""What detectors built on torch share: device, seeding, a training loop. Imported lazily: it needs torch."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from detectors.core import Diverged
from detectors.neural.adam import Adam

History = dict[str, list[float]]
Batch = tuple[Tensor, ...]


def resolve_device(device: str) -> torch.device:
    """``"auto"`` is CUDA where there is one, else the CPU; any other name is torch's own."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)


@contextmanager
def steady(device: torch.device, seed: int | None = None) -> Iterator[None]:
    """Equal results whatever ran before: inside, a generator of its own, seeded if there is a seed, and one CPU thread.

    On leaving, torch's global generator, thread count and determinism are as they were. One thread because sums split
    over threads round differently, and because batches this small gain nothing from a second. On CUDA torch's
    deterministic kernels are asked for, with a warning where it has none.
    """
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    devices = [torch.cuda.current_device() if device.index is None else device.index] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        if seed is not None:
            torch.manual_seed(seed)
        if device.type == "cuda":
            # cuBLAS reads it when it starts; without it torch cannot promise equal matrix products.
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True, warn_only=True)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            if device.type == "cuda":  # which loads torch's compiler: seconds that a CPU need not wait
                torch.use_deterministic_algorithms(strict, warn_only=warn_only)


@dataclass(frozen=True)
class Schedule:
    """How long and in which steps a network learns."""

    epochs: int  # passes over the training rows at most
    batch_size: int = 64
    learning_rate: float = 1e-3  # Adam's; the peak of the cycle when ``one_cycle``
    patience: int = 5  # epochs without a new lowest validation loss after which training stops; 0 = never
    keep: Literal["last", "best"] = "last"  # which epoch's weights are kept
    # rise to the learning rate and anneal to zero over all steps (Smith and Topin 2019), else constant
    one_cycle: bool = False
    clip: float | None = None  # largest norm of the gradient
    epsilon: float = 1e-7  # Adam's; Keras' by default
    validation_batch: int = 256  # rows of which the validation loss is taken at once


def flow_schedule(epochs: int, batch: int, rate: float, one_cycle: bool = True) -> Schedule:
    """For maximum likelihood: the best epoch is kept, gradients are clipped."""
    return Schedule(epochs, batch, rate, 0, "best", one_cycle, clip=5.0, epsilon=1e-8, validation_batch=512)


def train(
    network: nn.Module,
    loss: Callable[..., Tensor],
    training: Sequence[Tensor],
    validation: Sequence[Tensor],
    schedule: Schedule,
    report: Callable[[str], None] = lambda message: None,
    order: Callable[[int], Tensor] | None = torch.randperm,
) -> History:
    """Minimise a loss by Adam with early stopping.

    Parameters
    ----------
    network : nn.Module
        Left in evaluation mode.
    loss : callable
        Takes a batch of each tensor and returns the batch's mean loss; batches are summed in that loss' precision.
    training, validation : tensors of equal first length each
        Row numbers serve, too. Without validation rows the training loss takes the validation loss' place.
    schedule : Schedule
    report : callable
        Receives ``"epoch i/n, loss x, validation y"`` after each epoch.
    order : callable or None
        Draws an epoch's order of that many rows; None keeps their order.

    Returns
    -------
    dict
        ``"train"`` and ``"validation"``: the mean loss of each epoch.

    Raises
    ------
    Diverged
        When a loss is not finite.
    """
    step = _stepper(network, schedule, len(training[0]))
    history: History = {"train": [], "validation": []}
    best: dict[str, Tensor] = {}
    for epoch in range(schedule.epochs):
        network.train()
        history["train"].append(_mean(loss, _batches(training, schedule.batch_size, order), step))
        history["validation"].append(_validation_loss(network, loss, validation, schedule, history["train"][-1]))
        current = {part: losses[-1] for part, losses in history.items()}
        report(
            f"epoch {epoch + 1}/{schedule.epochs}, loss {current['train']:.4g}, validation {current['validation']:.4g}"
        )
        require_finite(history)
        since = epochs_since_best(history["validation"])
        if schedule.keep == "best" and since == 0:
            best = copy.deepcopy(network.state_dict())
        if schedule.patience and since >= schedule.patience:
            break
    if best:
        network.load_state_dict(best)
    network.eval()
    return history


def epochs_since_best(losses: Sequence[float]) -> int:
    """Epochs since the first occurrence of the lowest loss."""
    return len(losses) - 1 - losses.index(min(losses))


def _batches(data: Sequence[Tensor], size: int, order: Callable[[int], Tensor] | None = None) -> Iterable[Batch]:
    if order is not None:
        # One gather for the whole epoch; drawn on the CPU, so that each device sees the same order.
        drawn = order(len(data[0])).to(data[0].device)
        data = [tensor[drawn] for tensor in data]
    return zip(*(torch.split(tensor, size) for tensor in data), strict=True)


def _mean(loss: Callable[..., Tensor], batches: Iterable[Batch], step: Callable[[Tensor], None]) -> float:
    """Mean loss over all rows; ``step`` receives each batch's."""
    total, rows = torch.zeros(()), 0
    for batch in batches:
        value = loss(*batch)
        step(value)
        total = total.to(value) + value.detach() * len(batch[0])
        rows += len(batch[0])
    return float(total) / rows


def _validation_loss(
    network: nn.Module, loss: Callable[..., Tensor], data: Sequence[Tensor], schedule: Schedule, otherwise: float
) -> float:
    if not len(data[0]):
        return otherwise
    network.eval()
    with torch.no_grad():
        return _mean(loss, _batches(data, schedule.validation_batch), lambda value: None)


def _stepper(network: nn.Module, schedule: Schedule, rows: int) -> Callable[[Tensor], None]:
    """One step down the gradient of a batch's loss."""
    optimiser = adam(network, schedule, rows)

    def step(value: Tensor) -> None:
        optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        if schedule.clip is not None:
            nn.utils.clip_grad_norm_(network.parameters(), schedule.clip)
        optimiser.step()

    return step


def adam(network: nn.Module, schedule: Schedule, rows: int) -> Adam:
    """The optimiser of a schedule over so many training rows."""
    steps = schedule.epochs * math.ceil(rows / schedule.batch_size)
    return Adam(network.parameters(), schedule.learning_rate, schedule.epsilon, steps if schedule.one_cycle else None)


def require_finite(history: History) -> None:
    """Raise Diverged when a last loss is not finite."""
    for part, losses in history.items():
        if not math.isfinite(losses[-1]):
            raise Diverged(
                f"the {part} loss is {losses[-1]} after epoch {len(losses)}: lower the learning rate, "
                f"or look for extreme values in the fitted data"
            )
