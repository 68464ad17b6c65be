"""One series as a file holds it: the interface between reading and everything that works on the values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.reading.options import ReadOptions


@dataclass
class Recording:
    """One series as a file holds it, on a regular grid where its time stamps allow.

    Attributes
    ----------
    name : str
        Name of the file, and of the series where the file holds several.
    column : str
        Name of the column of the values.
    values : (n,) float64 array, finite
        Missing ones are interpolated; ``filled`` says which.
    filled : (n,) bool array
    times : pandas Series of time stamps (or numbers), or None
        Clock times as written, or with their offset to UTC.
    labels : (n,) uint8 array or None
    notes : list of str
        What was decided, dropped and repaired, one sentence each.
    rows : (n,) int64 array or None
        Data row of the file, counted from 0; -1 where a missing point was put in. None = 0, 1, 2, ...
    value_text : callable, or None
        Row of the recording -> its value as the file has it.
    time_text : callable, or None
        Row of the recording -> its time as the file means it; None = from ``times``.
    lineup : list of str
        Which column is what; first and last time; step; rows kept.
    reading : ReadOptions or None
        What was decided, as options that read a file like it the same way.
    step : float or None
        Nanoseconds (or counts of the clock) between points, where they lie on a regular grid.
    """

    name: str
    column: str
    values: NDArray[np.float64]
    filled: NDArray[np.bool_]
    times: Any = None
    labels: NDArray[np.uint8] | None = None
    notes: list[str] = field(default_factory=list)
    rows: NDArray[np.int64] | None = None
    value_text: Any = None
    time_text: Any = None
    lineup: list[str] = field(default_factory=list)
    reading: ReadOptions | None = None
    step: float | None = None

    def __len__(self) -> int:
        return len(self.values)

    def show_value(self, row: int) -> str:
        """The value of a row as the file has it; ``missing`` where it has none."""
        if self.filled[row]:
            return "missing"
        if self.value_text is None:
            return np.format_float_positional(self.values[row], trim="-")
        return str(self.value_text(row))

    def mark(self, number: str) -> str:
        """A number with the file's decimal mark."""
        return number if self.reading is None else self.reading.mark(number)

    def show_time(self, row: int) -> str:
        """The time of a row, ISO 8601 with the file's own offset; empty without times."""
        if self.time_text is not None:
            return str(self.time_text(row))
        return "" if self.times is None else str(self.times.iloc[row])
