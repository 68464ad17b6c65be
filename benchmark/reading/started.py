"""Recordings whose first lines hold the time of the start and the samples a second, as Empatica's do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmark.errors import UserError
from benchmark.reading.numbers import sample
from benchmark.reading.table import Cells, Table

START = (10**9, 2 * 10**9)  # seconds since 1970: from 2001 to 2033
BELOW = 10**8  # what no value behind a start may reach
FASTEST = 10**6  # samples a second
TIME = "time"


def with_times(table: Table, path: Path) -> Table:
    """The table with a column of times, where a file without a header begins with a start and a rate.

    Raises
    ------
    UserError
        If the first cell is such a start and no rate stands below it.
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
    """The first two cells as numbers; NaN where they are none."""
    found = [np.nan, np.nan]
    for place, cell in enumerate(cells[:2].to_pylist() if pa.types.is_string(cells.type) else []):
        with suppress(TypeError, ValueError):
            found[place] = float(cell)
    return found[0], found[1]


def _is_start(first: float, cells: Cells) -> bool:
    """Whether the first cell may be a start, and none below it."""
    if not START[0] <= first <= START[1]:
        return False
    with suppress(ValueError):
        return all(abs(float(cell)) < BELOW for cell in sample(cells[1:]))
    return False
