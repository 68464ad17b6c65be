"""What a report reads: a store, and what earlier reports have derived from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.report.derived import Derived
from benchmark.report.tables import Sheet, Table
from benchmark.store import Store

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]


class Source:
    """A store whose series are unpacked once; what is derived from a series or from scores is kept in ``derived``."""

    def __init__(self, store: Store, derived: Derived | None = None) -> None:
        self.store, self.derived = store, derived or Derived()
        self.series = cache(store.series)  # hash -> (n,) values and (n,) labels; KeyError when they are not at hand

    def scored(self, key: str, data_hash: str) -> tuple[int, Labels, Array]:
        """:meth:`Store.scored`; KeyError also if the series is not at hand."""
        return self.store.scored(key, self.series(data_hash)[1])

    def from_scores(
        self, what: str, key: str, data_hash: str, more: Sequence[Any], make: Callable[[int, Labels, Array], Any]
    ) -> Any:
        """JSON that ``make`` derives of :meth:`scored` and of ``more``; KeyError where they are not at hand."""
        inputs = [self.store.content(key), data_hash, *more]
        return self.derived.get_json(what, inputs, lambda: make(*self.scored(key, data_hash)))

    def from_series(self, what: str, data_hash: str, more: Sequence[Any], make: Callable[[Array, Labels], Any]) -> Any:
        """The same of a series' values and labels."""
        return self.derived.get_json(what, [data_hash, *more], lambda: make(*self.series(data_hash)))


@dataclass(frozen=True)
class Report:
    """What every file of a report is made of."""

    source: Source
    tidy: pd.DataFrame  # the cells that count
    built: list[Table]  # for AUROC
    sizes: Mapping[str, int]  # series that each data set has
    checked: str = ""  # which figures were recomputed for this report
    series: Sequence[str] = ()  # patterns of the series whose traces the page shows; by default as many as it holds
    beyond: Sequence[Sheet] = ()  # comparisons with figures of others, behind the main tables


def lines(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a frame as tuples, many times faster than pandas gives them."""
    return zip(*(frame[name].tolist() for name in columns), strict=True)
