"""Device, reproducibility and training loop of the detectors on torch. Imports torch."""

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
    """Return the torch device; ``"auto"`` is CUDA if available, else the CPU."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)


@contextmanager
def steady(device: torch.device, seed: int | None = None) -> Iterator[None]:
    """Make results reproducible: a separate random generator, seeded if ``seed`` is given, and one CPU thread.

    On exit torch's global generator, thread count and determinism are restored. A single thread because sums over
    several threads are rounded differently, and such small batches gain nothing from a second. On CUDA torch's
    deterministic kernels are used, with a warning where there is none.
    """
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    devices = [torch.cuda.current_device() if device.index is None else device.index] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        if seed is not None:
            torch.manual_seed(seed)
        if device.type == "cuda":
            # cuBLAS reads it when it starts; without it matrix products are not deterministic.
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True, warn_only=True)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            if device.type == "cuda":  # this imports torch's compiler, which takes seconds: not needed on a CPU
                torch.use_deterministic_algorithms(strict, warn_only=warn_only)


@dataclass(frozen=True)
class Schedule:
    """Settings of a training."""

    epochs: int  # most passes over the training rows
    batch_size: int = 64
    learning_rate: float = 1e-3  # Adam's; the peak of the cycle when ``one_cycle``
    patience: int = 5  # epochs without a new lowest validation loss after which training stops; 0 = never
    keep: Literal["last", "best"] = "last"  # which epoch's weights are kept
    # rise to the learning rate and anneal to zero over all steps (Smith and Topin 2019), else constant
    one_cycle: bool = False
    clip: float | None = None  # largest norm of the gradient
    epsilon: float = 1e-7  # Adam's; Keras' by default
    validation_batch: int = 256  # batch size of the validation loss


def flow_schedule(epochs: int, batch: int, rate: float, one_cycle: bool = True) -> Schedule:
    """Return the settings for maximum likelihood: the best epoch is kept, gradients are clipped."""
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
        It is in evaluation mode afterwards.
    loss : callable
        Takes a batch of each tensor and returns the batch's mean loss; batches are summed in the precision of the loss.
    training, validation : tensors of equal first length each
        They may be row indices. Without validation rows the training loss replaces the validation loss.
    schedule : Schedule
    report : callable
        Receives ``"epoch i/n, loss x, validation y"`` after each epoch.
    order : callable or None
        Returns a random order of that many rows for an epoch; None keeps their order.

    Returns
    -------
    dict
        ``"train"`` and ``"validation"``: the mean loss of each epoch.

    Raises
    ------
    Diverged
        If a loss is not finite.
    """
    step = _make_step(network, schedule, len(training[0]))
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
    """Return the number of epochs since the first occurrence of the lowest loss."""
    return len(losses) - 1 - losses.index(min(losses))


def _batches(data: Sequence[Tensor], size: int, order: Callable[[int], Tensor] | None = None) -> Iterable[Batch]:
    if order is not None:
        # One gather for the whole epoch; drawn on the CPU, so that the order is the same on all devices.
        drawn = order(len(data[0])).to(data[0].device)
        data = [tensor[drawn] for tensor in data]
    return zip(*(torch.split(tensor, size) for tensor in data), strict=True)


def _mean(loss: Callable[..., Tensor], batches: Iterable[Batch], step: Callable[[Tensor], None]) -> float:
    """Return the mean loss over all rows; ``step`` is called with the loss of each batch."""
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


def _make_step(network: nn.Module, schedule: Schedule, rows: int) -> Callable[[Tensor], None]:
    """Return a function that updates the network from the loss of a batch."""
    optimiser = adam(network, schedule, rows)

    def step(value: Tensor) -> None:
        optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        if schedule.clip is not None:
            nn.utils.clip_grad_norm_(network.parameters(), schedule.clip)
        optimiser.step()

    return step


def adam(network: nn.Module, schedule: Schedule, rows: int) -> Adam:
    """Return the optimiser of a schedule for ``rows`` training rows."""
    steps = schedule.epochs * math.ceil(rows / schedule.batch_size)
    return Adam(network.parameters(), schedule.learning_rate, schedule.epsilon, steps if schedule.one_cycle else None)


def require_finite(history: History) -> None:
    """Raise Diverged if the last loss of the training or validation rows is not finite."""
    for part, losses in history.items():
        if not math.isfinite(losses[-1]):
            raise Diverged(
                f"the {part} loss is {losses[-1]} after epoch {len(losses)}: lower the learning rate, "
                f"or look for extreme values in the fitted data"
            )
