"""A cell of the grid, the task that carries it to a worker, and what became of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmark.catalogue import registry
from benchmark.errors import encodable
from detectors import Detector

Status = Literal["ok", "failed", "timeout", "oom", "crashed", "skipped", "diverged"]
Params = tuple[tuple[str, Any], ...]


def params_text(params: Params) -> str:
    """Parameters as results are stored and found by them: JSON, sorted by name."""
    return json.dumps(dict(params), sort_keys=True)


@dataclass(frozen=True)
class Cell:
    """One unit of work, only strings and numbers: hashable, JSON, fit to travel to another machine.

    ``params`` are the detector's changed parameters, sorted by name; ``version`` the detector's;
    ``data_hash`` the series' SHA-256. Equal cells have equal :attr:`key`, hence one stored outcome.
    """

    dataset: str
    series: str
    detector: str
    protocol: str
    seed: int = 0
    params: Params = ()
    version: str = "1"
    data_hash: str = ""
    source: str = ""

    @cached_property
    def key(self) -> str:
        """Content key: everything that can change the scores, nothing else."""
        names = [encodable(name) for name in (self.dataset, self.series, self.detector, self.protocol)]
        parts = [*names, self.seed, list(self.params), self.version, self.data_hash]
        text = json.dumps(parts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def random_state(self) -> int:
        """Seed of this cell alone, independent of the order and place in which cells run."""
        text = json.dumps([self.seed, self.dataset, self.series, self.detector])
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little") >> 1

    def __str__(self) -> str:
        return f"{self.detector} on {self.dataset}/{self.series} ({self.protocol}, seed {self.seed})"


@dataclass(frozen=True)
class Task:
    """A cell with what it takes to execute it elsewhere."""

    cell: Cell
    spec: str  # names the detector's class (``benchmark.catalogue.registry.load``)
    group: str = ""  # kept with the result, as is ``quick``
    quick: bool = False
    explicit: frozenset[str] = frozenset()  # parameters that the user set, which no protocol overrides
    timeout: float = 0.0  # limits in seconds, and in MiB above the worker's level; 0 = none
    memory: float = 0.0
    n: int = 0  # length of the series
    plugin: str = ""  # text of the file that the detector comes from: no other machine needs the file
    device: str = ""  # where a network runs that has no device of its own

    @property
    def detector_class(self) -> type[Detector]:
        return registry.load(self.spec, self.plugin)


@dataclass
class Outcome:
    """What became of a cell."""

    status: Status
    reason: str = ""
    traceback: str = ""
    # (m,) float64, anomaly scores of rows ``first_row .. first_row + m`` of the series
    scores: NDArray[np.float64] | None = None
    first_row: int = 0
    n: int = 0
    n_anomalous: int = 0
    n_fit: int = 0  # points that ``fit`` saw, and how many of them are labelled anomalous
    n_fit_anomalous: int = 0
    window: int = 0
    fit_seconds: float = 0.0  # wall time, as is the next; then peak resident memory over the level before the cell
    score_seconds: float = 0.0
    peak_mb: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)
