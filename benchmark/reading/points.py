"""Points of a growing series."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
KINDS = (np.float64, np.bool_, np.int64, np.int64)


class Points(NamedTuple):
    """Points of a series, (n,) each: values, True where filled, local times, and offsets to UTC in minutes."""

    values: NDArray[np.float64]
    filled: NDArray[np.bool_]
    wall: Ints
    offset: Ints

    def take(self, part: slice) -> Points:
        """Return a slice of the points."""
        return Points(self.values[part], self.filled[part], self.wall[part], self.offset[part])

    @classmethod
    def of(cls, columns: list[list[Any]]) -> Points:
        """Build points from the lists of JSON."""
        return cls(*(np.array(column, dtype=kind) for column, kind in zip(columns, KINDS, strict=True)))

    @classmethod
    def join(cls, parts: list[Points]) -> Points:
        """Concatenate points."""
        return cls(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def no_points() -> Points:
    """Return zero points."""
    return Points(np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
