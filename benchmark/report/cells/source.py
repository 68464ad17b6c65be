"""The source of a report: a store, and the cache of values that earlier reports derived from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.metrics import Labels
from benchmark.report.cells.derived import Derived
from benchmark.store import Store

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


class Source:
    """A store whose series are unpacked once, and the cache ``derived`` of values from series and scores."""

    def __init__(self, store: Store, derived: Derived | None = None) -> None:
        self.store, self.derived = store, derived or Derived()
        self.series = cache(store.series)  # hash -> (n,) values and (n,) labels; KeyError if not available

    def scored(self, key: str, data_hash: str) -> tuple[int, Labels, Array]:
        """:meth:`Store.scored`; KeyError also if the series is not at hand."""
        return self.store.scored(key, self.series(data_hash)[1])

    def from_scores(
        self, what: str, key: str, data_hash: str, more: Sequence[Any], make: Callable[[int, Labels, Array], Any]
    ) -> Any:
        """Return JSON that ``make`` derives from :meth:`scored` and ``more``; KeyError if they are not available."""
        inputs = [self.store.content(key), data_hash, *more]
        return self.derived.get_json(what, inputs, lambda: make(*self.scored(key, data_hash)))

    def from_series(self, what: str, data_hash: str, more: Sequence[Any], make: Callable[[Array, Labels], Any]) -> Any:
        """Return JSON that ``make`` derives from a series' values and labels; KeyError if they are not available."""
        return self.derived.get_json(what, [data_hash, *more], lambda: make(*self.series(data_hash)))


def lines(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a frame as tuples, much faster than pandas."""
    return zip(*(frame[name].tolist() for name in columns), strict=True)
