"""What the report reads: any source of cells, scores and series; a store is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


class Results(Protocol):
    """What the report reads; :class:`~benchmark.store.Store` has it."""

    def frame(self) -> pd.DataFrame:
        """Tidy cells."""

    def scores(self, key: str) -> tuple[int, Array]:
        """First scored row and (m,) scores of a cell; KeyError when it has none."""

    def content(self, key: str) -> str:
        """Hash of a cell's scores and of the row they begin at; KeyError when it has none."""

    def fingerprint(self) -> str:
        """Hash of all that is here."""

    def series(self, data_hash: str) -> tuple[Array, NDArray[np.uint8]]:
        """(n,) values and (n,) labels; KeyError when they are not at hand."""

    def extra(self, key: str) -> dict[str, Any]:
        """What a cell recorded besides, e.g. ``{"history": {"stage 1": [...]}}``."""

    def runs(self) -> list[dict[str, Any]]:
        """Runs: ``started``, ``command``, ``provenance``."""


def scored(results: Results, key: str, data_hash: str) -> tuple[int, NDArray[np.uint8], Array]:
    """First scored row, and the (m,) labels and scores of a cell.

    Raises
    ------
    KeyError
        If scores or series are not at hand.
    UserError
        If they do not fit each other: no benchmark wrote such a cell.
    """
    first, scores = results.scores(key)
    labels = results.series(data_hash)[1]
    if not (0 <= first == len(labels) - len(scores) and np.isfinite(scores).all()):
        raise UserError(
            f"cell {key} has {len(scores)} scores from row {first} for a series of {len(labels)} points, or "
            "some are not finite: `results verify` names such cells, `--repair` drops them"
        )
    return first, labels[first : first + len(scores)], scores


def lines(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a frame as tuples, many times faster than pandas gives them."""
    return zip(*(frame[name].tolist() for name in columns), strict=True)


class Remembered:
    """Results that unpack each series, and read the cells, once."""

    def __init__(self, results: Results) -> None:
        self.frame = cache(results.frame)
        self.series = cache(results.series)
        self.scores, self.extra, self.runs = results.scores, results.extra, results.runs
        self.content, self.fingerprint = results.content, results.fingerprint
