"""Base class of detectors on torch, which saves them to one safetensors file. Imports torch only when used."""

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

# torch itself checks whether the device exists.
DEVICE = one_of("auto") | Rule(
    "a torch device, as 'cpu' or 'cuda:0'",
    lambda value: isinstance(value, str) and re.fullmatch(r"(cpu|cuda|mps|xpu)(:\d+)?", value) is not None,
)
Tensors = dict[str, "Tensor"]
Facts = saved.Facts


class SavedDetector(Detector):
    """A detector on torch that can be saved after ``fit`` and loaded without fitting.

    Subclasses return what they have learnt (:meth:`_state`) and restore it (:meth:`_restore`).
    """

    rules: ClassVar[dict[str, Rule]] = {"device": DEVICE}
    device: str

    def _device(self) -> torch.device:
        from detectors.neural.training import resolve_device

        return resolve_device(self.device)

    def _steady(self, seed: int | None = None) -> AbstractContextManager[None]:
        """Make results in the context reproducible; see :func:`detectors.neural.training.steady`."""
        from detectors.neural.training import steady

        return steady(self._device(), seed)

    @abstractmethod
    def _state(self) -> tuple[Tensors, Facts]:
        """Return what ``fit`` has learnt: tensors by name, and values of JSON types."""

    @abstractmethod
    def _restore(self, tensors: Tensors, facts: Facts) -> None:
        """Restore what :meth:`_state` returned, on ``self.device``."""

    def save(self, path: str | Path) -> None:
        """Write one safetensors file, without pickle, as :meth:`Detector.save` does."""
        scores = self.fitted_scores()
        tensors, learnt = self._state()
        facts = {"detector": type(self).__name__, "version": self.version, "params": self.get_params()}
        arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
        saved.write(path, arrays | {"fitted_scores": scores}, facts | {"learnt": learnt})

    @classmethod
    def load(cls, path: str | Path, device: str | None = None) -> Self:
        """Load as :meth:`Detector.load` does; ``device`` replaces the saved parameter."""
        import torch

        arrays, facts = saved.read(path)
        saved.check(path, facts, cls.__name__, cls.version)
        # JSON has no tuples.
        params = {name: tuple(value) if isinstance(value, list) else value for name, value in facts["params"].items()}
        self = cls(**params | ({"device": device} if device else {}))
        self.fitted_pieces_ = []
        self._fitted_scores = arrays.pop("fitted_scores")
        self._restore({name: torch.from_numpy(array) for name, array in arrays.items()}, facts["learnt"])
        return self
