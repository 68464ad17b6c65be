"""What detectors built on torch share: device, seeding, a training loop, saving. Imported lazily: it needs torch."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from detectors._base import Detector, Diverged

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


def save_file(path: str | Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """One safetensors file, nothing pickled; ``facts`` travel in its header as JSON."""
    from safetensors.torch import save_file as save

    contiguous = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    save(contiguous, str(path), metadata={"facts": json.dumps(facts)})


def load_model(path: str | Path, cls: type[Detector]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """:func:`load_file`, refused with ValueError when another detector or another version of its scores wrote it."""
    tensors, facts = load_file(path)
    if (facts["detector"], facts.get("version")) != (cls.__name__, cls.version):
        raise ValueError(
            f"{path} holds {facts['detector']} version {facts.get('version')}, not {cls.__name__} "
            f"version {cls.version}: load it with that class, or fit again"
        )
    return tensors, facts


def load_file(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts of :func:`save_file`; a file of another origin, a pickle for one, raises ValueError."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            if "facts" not in metadata:
                raise ValueError(f"{path} was not saved by one of these detectors: its header holds no 'facts'")
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(metadata["facts"])  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(
            f"{path} is not a safetensors file ({error}); pickled models are not read, save the model with .save(path)"
        ) from error
