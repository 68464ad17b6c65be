"""A cell of the grid, the task that a worker needs to compute it, and the outcome."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmark.catalogue import registry
from benchmark.errors import UserError, encodable
from detectors import Detector

Status = Literal["ok", "failed", "timeout", "oom", "crashed", "skipped", "diverged"]
Params = tuple[tuple[str, Any], ...]


def as_seed(given: object) -> int:
    """Return a seed given as a number or as text; NumPy, scikit-learn and torch accept those below 2**32.

    Raises
    ------
    UserError
        If it is no such number.
    """
    number = int(given) if isinstance(given, str) and given.isdecimal() else given
    if isinstance(number, bool) or not isinstance(number, Integral) or not 0 <= int(number) < 2**32:
        raise UserError(f"a seed is a whole number from 0 to {2**32 - 1}, got {given!r}")
    return int(number)


def params_text(params: Params) -> str:
    """Format parameters as they are stored: JSON, sorted by name."""
    return json.dumps(dict(params), sort_keys=True)


@dataclass(frozen=True)
class Cell:
    """One unit of work. It has only strings and numbers, so it is hashable and can be sent to another machine as JSON.

    ``params`` are the detector's changed parameters, sorted by name; ``version`` is the detector's version and
    ``data_hash`` the SHA-256 of the series. Equal cells have an equal :attr:`key`, and so one stored outcome.
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
        """Hash of everything that can change the scores, and of nothing else."""
        names = [encodable(name) for name in (self.dataset, self.series, self.detector, self.protocol)]
        parts = [*names, self.seed, list(self.params), self.version, self.data_hash]
        text = json.dumps(parts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def random_state(self) -> int:
        """Seed of this cell, independent of the order in which cells run and of the machine."""
        text = json.dumps([self.seed, self.dataset, self.series, self.detector])
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little") >> 1

    def __str__(self) -> str:
        return f"{self.detector} on {self.dataset}/{self.series} ({self.protocol}, seed {self.seed})"


@dataclass(frozen=True)
class Task:
    """A cell with all that another process or machine needs to compute it."""

    cell: Cell
    spec: str  # names the detector's class (``benchmark.catalogue.registry.load``)
    group: str = ""  # stored with the result, as is ``quick``
    quick: bool = False
    explicit: frozenset[str] = frozenset()  # parameters that the user set, which no protocol overrides
    timeout: float = 0.0  # limits: seconds, and MiB above the worker's memory before the cell; 0 = no limit
    memory: float = 0.0
    n: int = 0  # length of the series
    plugin: str = ""  # text of the detector's file, so that no other machine needs the file
    device: str = ""  # device for networks whose parameters do not name one

    @property
    def detector_class(self) -> type[Detector]:
        return registry.load(self.spec, self.plugin)


@dataclass
class Outcome:
    """The result of a cell, or the reason why there is none."""

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
    fit_seconds: float = 0.0  # wall time
    score_seconds: float = 0.0  # wall time
    peak_mb: float = 0.0  # peak resident memory minus the memory before the cell, in MiB
    extra: dict[str, Any] = field(default_factory=dict)
