"""What detectors built on torch share: device, seeding, a training loop. Imported lazily: it needs torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from detectors.core import Diverged

History = dict[str, list[float]]


def resolve_device(device: str) -> torch.device:
    """``"auto"`` is CUDA where there is one, else the CPU; any other name is torch's own."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)


@contextmanager
def steady(device: torch.device, seed: int | None = None) -> Iterator[None]:
    """Equal results whatever ran before: inside, a seeded generator of its own and one CPU thread.

    On leaving, torch's global generator, thread count and determinism are as they were. One thread because
    sums split over threads round differently, and because batches this small gain nothing from a second.
    On CUDA torch's deterministic kernels are asked for, with a warning where it has none.

    Parameters
    ----------
    device : torch.device
    seed : int, optional
        Seeds torch's generators inside; without it they are left alone.
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
            torch.use_deterministic_algorithms(strict, warn_only=warn_only)


@dataclass(frozen=True)
class Schedule:
    """How long and in which steps a network learns.

    Parameters
    ----------
    epochs : int
        Passes over the training rows at most.
    batch_size : int
    learning_rate : float
        Adam's.
    patience : int
        Epochs without a new lowest validation loss after which training stops; the last weights are kept.
    shuffle : bool
        Draw the rows in a new order each epoch.
    """

    epochs: int
    batch_size: int = 64
    learning_rate: float = 1e-3
    patience: int = 5
    shuffle: bool = True


def train(
    network: nn.Module,
    loss: Callable[..., Tensor],
    training: Sequence[Tensor],
    validation: Sequence[Tensor],
    schedule: Schedule,
    report: Callable[[str], None] = lambda message: None,
) -> History:
    """Minimise a loss by Adam with early stopping, as Keras' ``fit`` with ``EarlyStopping`` does.

    Parameters
    ----------
    network : nn.Module
        Left in evaluation mode with the last weights.
    loss : callable
        Takes a batch of each tensor and returns the batch's mean loss.
    training, validation : tensors of equal first length each
    schedule : Schedule
    report : callable
        Receives ``"epoch i/n, loss x"`` after each epoch.

    Returns
    -------
    dict
        ``"train"`` and ``"validation"``: the mean loss of each epoch.

    Raises
    ------
    Diverged
        When a loss is not finite.
    """
    optimiser = torch.optim.Adam(network.parameters(), schedule.learning_rate, eps=1e-7, fused=True)
    history: History = {"train": [], "validation": []}
    for epoch in range(schedule.epochs):
        history["train"].append(_epoch(network, loss, training, schedule, optimiser))
        history["validation"].append(_mean_loss(network, loss, validation))
        report(f"epoch {epoch + 1}/{schedule.epochs}, loss {history['train'][-1]:.4g}")
        _require_finite(history)
        if epochs_since_best(history["validation"]) >= schedule.patience:
            break
    network.eval()
    return history


def epochs_since_best(losses: Sequence[float]) -> int:
    """Epochs since the first occurrence of the lowest loss."""
    return len(losses) - 1 - losses.index(min(losses))


def _epoch(
    network: nn.Module,
    loss: Callable[..., Tensor],
    training: Sequence[Tensor],
    schedule: Schedule,
    optimiser: torch.optim.Optimizer,
) -> float:
    network.train()
    rows = len(training[0])
    if schedule.shuffle:
        # One gather for the whole epoch; drawn on the CPU, so that each device sees the same order.
        order = torch.randperm(rows).to(training[0].device)
        training = [tensor[order] for tensor in training]
    total = torch.zeros((), device=training[0].device)
    for batch in zip(*(torch.split(tensor, schedule.batch_size) for tensor in training), strict=True):
        optimiser.zero_grad()
        value = loss(*batch)
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        total += value.detach() * len(batch[0])
    return float(total) / rows


def _mean_loss(network: nn.Module, loss: Callable[..., Tensor], data: Sequence[Tensor], rows: int = 256) -> float:
    network.eval()
    with torch.no_grad():
        batches = zip(*(torch.split(tensor, rows) for tensor in data), strict=True)
        return float(sum(loss(*batch) * len(batch[0]) for batch in batches)) / len(data[0])


def _require_finite(history: History) -> None:
    for part, losses in history.items():
        if not abs(losses[-1]) < float("inf"):
            raise Diverged(
                f"the {part} loss is {losses[-1]} after epoch {len(losses)}: lower learning_rate, "
                f"or look for extreme values in the fitted data"
            )
