"""Device, reproducibility and training loop of the detectors on torch. Imports torch."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

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
    """Minimise a loss by Adam with early stopping; return the mean losses of each epoch.

    ``loss`` takes a batch of each tensor and returns the batch's mean loss; batches are summed in its precision.
    ``training`` and ``validation`` are tensors of equal first length each, perhaps row indices. Without validation rows
    the training loss replaces the validation loss. ``report`` receives a line after each epoch. ``order`` returns a
    random order of that many rows for an epoch; None keeps their order. The network ends in evaluation mode.

    Raises
    ------
    Diverged
        If a loss is not finite.
    """
    record = Record(report)
    minimise(
        network,
        lambda *batch: loss(*batch).reshape(1),
        lambda: _batches(training, schedule.batch_size, order),
        lambda: _batches(validation, schedule.validation_batch) if len(validation[0]) else (),
        adam(network, schedule, len(training[0])),
        schedule,
        [record],
    )
    if record.error:
        raise record.error
    return record.history


@dataclass
class Record:
    """The losses of one learner by epoch, and the error that ended its training."""

    report: Callable[[str], None]  # receives a line after each epoch
    stage: str = ""  # begins that line
    error: Diverged | None = None  # set if a loss was not finite
    history: History = field(default_factory=lambda: {"train": [], "validation": []})

    @property
    def since_best(self) -> int:
        """The number of epochs since the first occurrence of the lowest validation loss."""
        losses = self.history["validation"]
        return len(losses) - 1 - losses.index(min(losses))

    def add(self, losses: tuple[float, float], epochs: int) -> None:
        """Append the training and validation loss of an epoch, and report them."""
        for part, loss in zip(self.history, losses, strict=True):
            self.history[part].append(loss)
            if self.error is None and not math.isfinite(loss):
                self.error = Diverged(
                    f"the {part} loss is {loss} after epoch {len(self.history[part])}: lower the learning rate, "
                    f"or look for extreme values in the fitted data"
                )
        epoch = f"{self.stage}epoch {len(self.history['train'])}/{epochs}"
        self.report(f"{epoch}, loss {losses[0]:.4g}, validation {losses[1]:.4g}")


def minimise(
    network: nn.Module,
    loss: Callable[..., Tensor],
    training: Callable[[], Iterable[Sequence[Any]]],
    validation: Callable[[], Iterable[Sequence[Any]]],
    optimiser: Adam,
    schedule: Schedule,
    records: Sequence[Record],
) -> None:
    """Train one learner, or several whose parameters are equal parts of the network's, as if each were alone.

    ``loss`` takes a batch and returns the (learners,) mean losses. ``training`` and ``validation`` return the batches
    of an epoch; without validation batches the training losses replace the validation losses.
    """
    best: dict[int, dict[str, Tensor]] = {}

    def step(losses: Tensor) -> None:
        optimiser.zero_grad()
        losses.sum().backward()  # type: ignore[no-untyped-call]
        if schedule.clip is not None:
            _clip(network, schedule.clip, len(records))
        optimiser.step()

    for _ in range(schedule.epochs):
        network.train()
        trained = _mean(loss, training(), step)
        network.eval()
        with torch.no_grad():
            validated = _mean(loss, validation(), lambda losses: None) or trained
        for k, record in enumerate(records):
            if not record.error:
                record.add((trained[k], validated[k]), schedule.epochs)
                if schedule.keep == "best" and not record.error and record.since_best == 0:
                    best[k] = {name: mine.clone() for name, mine in _state(network, len(records), k).items()}
        if all(record.error or 0 < schedule.patience <= record.since_best for record in records):
            break
    for k, state in best.items():
        for name, mine in _state(network, len(records), k).items():
            mine.copy_(state[name])


def _batches(data: Sequence[Tensor], size: int, order: Callable[[int], Tensor] | None = None) -> Iterable[Batch]:
    if order is not None:
        # One gather for the whole epoch; drawn on the CPU, so that the order is the same on all devices.
        drawn = order(len(data[0])).to(data[0].device)
        data = [tensor[drawn] for tensor in data]
    return zip(*(torch.split(tensor, size) for tensor in data), strict=True)


def _mean(loss: Callable[..., Tensor], batches: Iterable[Sequence[Any]], step: Callable[[Tensor], None]) -> list[float]:
    """Return each learner's mean loss over all rows, if any; ``step`` is called with the losses of each batch."""
    total, rows = torch.zeros(()), 0
    for batch in batches:
        losses = loss(*batch)
        step(losses)
        total = total.to(losses) + losses.detach() * len(batch[0])
        rows += len(batch[0])
    return [value / rows for value in total.tolist()] if rows else []


def _clip(network: nn.Module, limit: float, count: int) -> None:
    """Shorten the gradient of each of ``count`` learners to a norm of at most ``limit``."""
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    for mine in zip(*(gradient.chunk(count) for gradient in gradients), strict=True):
        norm = nn.utils.get_total_norm(mine)
        torch._foreach_mul_(list(mine), (limit / (norm + 1e-6)).clamp(max=1.0))


def _state(network: nn.Module, count: int, k: int) -> dict[str, Tensor]:
    """Return the tensors of the ``k``-th of ``count`` learners, as views of the network's, by name."""
    state = network.state_dict()
    return {name: value.chunk(count)[k] for name, value in state.items() if value.is_floating_point()}


def adam(network: nn.Module, schedule: Schedule, rows: int) -> Adam:
    """Return the optimiser of a schedule for ``rows`` training rows."""
    steps = schedule.epochs * math.ceil(rows / schedule.batch_size)
    return Adam(network.parameters(), schedule.learning_rate, schedule.epsilon, steps if schedule.one_cycle else None)
