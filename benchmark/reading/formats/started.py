"""Read recordings whose first two lines are the start time and the sampling rate, as Empatica's."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmark.errors import UserError
from benchmark.reading.parsing import Cells, Table, sample

START = (10**9, 2 * 10**9)  # seconds since 1970: from 2001 to 2033
BELOW = 10**8  # upper bound of the values after a start time
FASTEST = 10**6  # highest sampling rate in Hz
TIME = "time"


def with_times(table: Table, path: Path) -> Table:
    """Add a column of times if a file without a header begins with a start time and a sampling rate.

    Raises
    ------
    UserError
        If the first cell is a start time, but the second is no sampling rate.
    """
    nameless = all(name == "value" or name.startswith("column ") for name in table.names)
    first, *others = [_begin(cells) for cells in table.columns.values()]
    if not nameless or len(table) < 4 or not _is_start(first[0], next(iter(table.columns.values()))):
        return table
    if any(other != first for other in others) or not 0 < first[1] <= FASTEST:
        raise UserError(
            f"{path}: the first cell, {first[0]:.10g}, seems to be the time of the start, in seconds since 1970, and "
            "the cells below it are no times: delete that line, and name the times of the others with --since"
        )
    start, rate = round(first[0] * 1e9), first[1]
    kept = table.keep(np.arange(len(table)) >= 2)
    wall = start + np.round(np.arange(len(kept)) * (1e9 / rate)).astype(np.int64)
    columns = {TIME: pa.array(wall).cast(pa.timestamp("ns", "UTC")), **kept.columns}
    said = f"The first two lines are no data: the start, {first[0]:.10g} s since 1970, and {rate:g} samples a second."
    return replace(kept, columns=columns, total=kept.total - 2, notes=[*kept.notes, said])


def _begin(cells: Cells) -> tuple[float, float]:
    """Return the first two cells as numbers; NaN for other cells."""
    found = [np.nan, np.nan]
    for place, cell in enumerate(cells[:2].to_pylist() if pa.types.is_string(cells.type) else []):
        with suppress(TypeError, ValueError):
            found[place] = float(cell)
    return found[0], found[1]


def _is_start(first: float, cells: Cells) -> bool:
    """Return True if the first cell may be a start time, and no other cell may be one."""
    if not START[0] <= first <= START[1]:
        return False
    with suppress(ValueError):
        return all(abs(float(cell)) < BELOW for cell in sample(cells[1:]))
    return False
