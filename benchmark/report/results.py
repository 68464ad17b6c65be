"""What the report reads: any source of cells, scores and series; a store is one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


class Results(Protocol):
    """What the report reads; :class:`~benchmark.store.Store` has it."""

    def frame(self) -> pd.DataFrame:
        """Tidy cells."""

    def scores(self, key: str) -> tuple[int, Array]:
        """First scored row and (m,) scores of a cell; KeyError when it has none."""

    def series(self, data_hash: str) -> tuple[Array, NDArray[np.uint8]]:
        """(n,) values and (n,) labels; KeyError when they are not at hand."""

    def extra(self, key: str) -> dict[str, Any]:
        """What a cell recorded besides, e.g. ``{"history": {"stage 1": [...]}}``."""

    def runs(self) -> list[dict[str, Any]]:
        """Runs: ``started``, ``command``, ``provenance``."""


class Remembered:
    """Results that unpack each series, and read the cells, once."""

    def __init__(self, results: Results) -> None:
        self.frame = cache(results.frame)
        self.series = cache(results.series)
        self.scores, self.extra, self.runs = results.scores, results.extra, results.runs
