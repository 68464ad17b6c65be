"""A fitted network in one safetensors file, nothing pickled. Costs only numpy until it is used."""

from __future__ import annotations

import re
from abc import abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from detectors.core import Detector, Rule, one_of, saved

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# torch itself looks up whether there is such a one
DEVICE = one_of("auto") | Rule(
    "a torch device, as 'cpu' or 'cuda:0'",
    lambda value: isinstance(value, str) and re.fullmatch(r"(cpu|cuda|mps|xpu)(:\d+)?", value) is not None,
)
Tensors = dict[str, "Tensor"]
Facts = saved.Facts


class SavedDetector(Detector):
    """A detector on torch that can be saved after ``fit`` and loaded without fitting.

    Subclasses say what they have learnt (:meth:`_state`) and take it back (:meth:`_restore`).
    """

    rules: ClassVar[dict[str, Rule]] = {"device": DEVICE}
    device: str

    def _device(self) -> torch.device:
        from detectors.neural.training import resolve_device

        return resolve_device(self.device)

    def _steady(self, seed: int | None = None) -> AbstractContextManager[None]:
        """Equal results inside, whatever ran before; see :func:`detectors.neural.training.steady`."""
        from detectors.neural.training import steady

        return steady(self._device(), seed)

    @abstractmethod
    def _state(self) -> tuple[Tensors, Facts]:
        """What ``fit`` has learnt: tensors by name, and what JSON can hold."""

    @abstractmethod
    def _restore(self, tensors: Tensors, facts: Facts) -> None:
        """Become what :meth:`_state` described, on ``self.device``."""

    def save(self, path: str | Path) -> None:
        """As :meth:`Detector.save`: one safetensors file, nothing pickled."""
        import torch

        scores = torch.from_numpy(self.fitted_scores())
        tensors, learnt = self._state()
        facts = {"detector": type(self).__name__, "version": self.version, "params": self.get_params()}
        write(path, tensors | {"fitted_scores": scores}, facts | {"learnt": learnt})

    @classmethod
    def load(cls, path: str | Path, device: str | None = None) -> Self:
        """As :meth:`Detector.load`, onto ``device`` where one is given in place of the saved parameter."""
        tensors, facts = read(path)
        saved.check(path, facts, cls.__name__, cls.version)
        # JSON knows no tuples.
        params = {name: tuple(value) if isinstance(value, list) else value for name, value in facts["params"].items()}
        self = cls(**params | ({"device": device} if device else {}))
        self.fitted_pieces_ = []
        self._fitted_scores = tensors.pop("fitted_scores").numpy()
        self._restore(tensors, facts["learnt"])
        return self


def write(path: str | Path, tensors: Tensors, facts: Facts) -> None:
    """One safetensors file; ``facts`` travel in its header as JSON."""
    saved.write(path, {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}, facts)


def read(path: str | Path) -> tuple[Tensors, Facts]:
    """Tensors and facts of :func:`write`; a file of another origin, a pickle for one, raises ValueError."""
    import torch

    arrays, facts = saved.read(path)
    return {name: torch.from_numpy(array) for name, array in arrays.items()}, facts
