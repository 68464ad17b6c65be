"""The times of a table, as time stamps or as numbers that only count."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.reading.parsing import Stamps


@dataclass
class Clock:
    """The times of a table: time stamps, or numbers that only count.

    Attributes
    ----------
    columns : tuple of str
        The columns that contain them.
    """

    columns: tuple[str, ...]
    stamps: Stamps | None = None
    numbers: NDArray[np.float64] | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return " and ".join(repr(c) for c in self.columns)

    @property
    def ticks(self) -> Any:
        """(n,) int64 array of nanoseconds since 1970, or the counter's numbers."""
        return self.numbers if self.stamps is None else self.stamps.instants

    def keep(self, mask: NDArray[np.bool_]) -> Clock:
        """Return the rows where the mask is True."""
        stamps = None if self.stamps is None else self.stamps.keep(mask)
        return replace(self, stamps=stamps, numbers=None if self.numbers is None else self.numbers[mask])
