"""Points of a series that is followed as it grows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
KINDS = (np.float64, np.bool_, np.int64, np.int64)


class Points(NamedTuple):
    """Points of a series: values, which were filled, and their place on the clock (``None`` without one)."""

    values: NDArray[np.float64]
    filled: NDArray[np.bool_]
    wall: Ints
    offset: Ints

    def take(self, part: slice) -> Points:
        """Some of them."""
        return Points(self.values[part], self.filled[part], self.wall[part], self.offset[part])

    @classmethod
    def of(cls, columns: list[list[Any]]) -> Points:
        """From lists, as JSON has them."""
        return cls(*(np.array(column, dtype=kind) for column, kind in zip(columns, KINDS, strict=True)))

    @classmethod
    def join(cls, parts: list[Points]) -> Points:
        """One after the other."""
        return cls(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def no_points() -> Points:
    """None of them."""
    return Points(np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
