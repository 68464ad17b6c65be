"""Detectors whose scores show their input, to check rules by figures computed by hand."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from benchmark.grid import Cell, Task
from datasets.core.base import Series
from detectors import Array, Detector


class Echo(Detector):
    """Scores each point by its own value, and remembers which values it was handed.

    Parameters
    ----------
    window : int or "auto"
        Recorded with the cell.
    align : str
        Set by the protocol.
    """

    fitted: ClassVar[list[list[Array]]] = []
    scored: ClassVar[list[Array]] = []
    configured: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, window: int | Literal["auto"] = "auto", align: str = "centre") -> None:
        self.window = window
        self.align = align

    def _fit(self, pieces: list[Array]) -> None:
        self.window_ = int(self.window)
        self.fitted.append(pieces)
        self.configured.append(self.get_params())

    def _score(self, x: Array) -> Array:
        self.scored.append(x)
        return x.copy()


class Normal(Echo):
    """The same for a semi-supervised one."""

    learns_from = "normal"


class Mean(Normal):
    """Scores each point by the mean of what was fitted; several learn side by side."""

    side_by_side = True

    def _fit(self, pieces: list[Array]) -> None:
        super()._fit(pieces)
        self.mean_ = float(np.concatenate(pieces).mean())

    def _score(self, x: Array) -> Array:
        return np.full(len(x), self.mean_)


class Nothing(Echo):
    """The same for one that learns nothing."""

    learns_from = "nothing"


class Windowless(Detector):
    """The same for one without a window."""

    learns_from = "normal"
    fitted: ClassVar[list[list[Array]]] = []

    def _fit(self, pieces: list[Array]) -> None:
        self.fitted.append(pieces)

    def _score(self, x: Array) -> Array:
        return x.copy()


class LOF(Echo):  # the name of a published row, which ``authors-csv`` asks for
    """The same with a parameter that a protocol overrides."""

    def __init__(self, window: int | Literal["auto"] = "auto", n_neighbors: int = 20, align: str = "centre") -> None:
        super().__init__(window, align)
        self.n_neighbors = n_neighbors


class Seeded(Detector):
    """Its seed, nothing else that is random."""

    def __init__(self, random_state: int = 0) -> None:
        self.random_state = random_state

    def _fit(self, pieces: list[Array]) -> None: ...

    def _score(self, x: Array) -> Array:
        return np.full(len(x), float(self.random_state))


class GlobalNumpy(Detector):
    """Numpy's global generator, nothing else that is random."""

    def _fit(self, pieces: list[Array]) -> None: ...

    def _score(self, x: Array) -> Array:
        return np.random.random(len(x))  # noqa: NPY002 - what must be seeded


class GlobalPython(Detector):
    """Python's global generator, nothing else that is random."""

    def _fit(self, pieces: list[Array]) -> None: ...

    def _score(self, x: Array) -> Array:
        import random

        return np.array([random.random() for _ in x])


class GlobalTorch(Detector):
    """Torch's global generator, nothing else that is random."""

    def _fit(self, pieces: list[Array]) -> None: ...

    def _score(self, x: Array) -> Array:
        import torch

        return torch.rand(len(x)).numpy().astype(float)


def rows(n: int = 1000, anomalies: tuple[tuple[int, int], ...] = ((300, 310), (650, 660)), train: int = 0) -> Series:
    """A series whose values are its row numbers, so that a detector's input tells which rows it saw."""
    labels = np.zeros(n, dtype=np.uint8)
    for a, b in anomalies:
        labels[a:b] = 1
    head = np.arange(-train, 0, dtype=float) if train else None
    return Series("Toy", "rows", np.arange(n, dtype=float), labels, "file", head)


def task(name: str, protocol: str, series: Series, seed: int = 0, version: str = "1", **params: Any) -> Task:
    """A cell of one of these detectors."""
    cell = Cell(
        *(series.dataset, series.name, name, protocol, seed, tuple(sorted(params.items())), version),
        data_hash=series.sha256,
        source=series.source,
    )
    return Task(cell, f"{__name__}:{name}", "plug-in", explicit=frozenset(params), n=len(series))


def spans(pieces: list[Array]) -> list[tuple[int, int]]:
    """Half-open rows of pieces of :func:`rows`."""
    return [(int(piece[0]), int(piece[-1]) + 1) for piece in pieces]


TUNABLE = '''
import numpy as np
from detectors import Detector


class Toy(Detector):
    """Distance from the fitted median, blurred and turned round by choice: power, blur, sign."""

    source = "made up"
    learns_from = "normal"
    choices = {"power": (1, 2), "blur": (1, 9, -1), "sign": (1, -1)}
    rescored = frozenset({"sign"})
    ablations = {"blurring": {"blur": 1}, "both": {"blur": 1, "power": 1}}

    def __init__(self, power=@POWER, blur=@BLUR, sign=1):
        self.power, self.blur, self.sign = power, blur, sign

    def _fit(self, pieces):
        if self.blur < 0:
            raise ValueError("cannot blur backwards")
        self.median_ = np.median(np.concatenate(pieces))

    def _score(self, x):
        distance = np.abs(x - self.median_) ** self.power
        return self.sign * np.convolve(distance, np.ones(self.blur), "same")
'''


def tunable(power: int = 1, blur: int = 1) -> str:
    """A file with a detector that has choices, one of which needs no other fit, and ablations; its defaults."""
    return TUNABLE.replace("@POWER", str(power)).replace("@BLUR", str(blur))
