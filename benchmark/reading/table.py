"""The raw cells of a file: named columns of text, or of the types that the file itself has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Cells = Any  # a pyarrow array


@dataclass
class Table:
    """Columns of equal length.

    Attributes
    ----------
    columns : dict
        Name -> pyarrow array of strings, or of numbers, time stamps or booleans where the file has types.
    rows : (n,) int64 array
        Data row of the file, counted from 0.
    total : int
        Data rows of the file, those that were lost among them.
    form : str
        What kind of file it is, e.g. ``CSV, UTF-8, separated by ';'``.
    separator : str
        Of a text file; empty for others.
    series_columns : tuple of str
        Columns that name a row's series, where the format itself says so.
    """

    columns: dict[str, Cells]
    rows: NDArray[np.int64]
    total: int
    form: str
    separator: str = ""
    series_columns: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return list(self.columns)

    def __len__(self) -> int:
        return len(self.rows)

    def keep(self, mask: NDArray[np.bool_]) -> Table:
        """The rows where the mask holds."""
        chosen = pa.array(mask)
        columns = {name: cells.filter(chosen) for name, cells in self.columns.items()}
        return Table(
            columns, self.rows[mask], self.total, self.form, self.separator, self.series_columns, list(self.notes)
        )


def from_columns(columns: dict[str, Cells], form: str, notes: list[str] | None = None, separator: str = "") -> Table:
    """A table all of whose rows are there."""
    count = len(next(iter(columns.values()))) if columns else 0
    return Table(columns, np.arange(count), count, form, separator, notes=notes or [])


def unique_names(names: list[str], notes: list[str]) -> list[str]:
    """Names stripped, none empty, none twice."""
    found: list[str] = []
    for place, name in enumerate(names, start=1):
        clean = " ".join(name.split()) or f"column {place}"
        again = 2
        unique = clean
        while unique in found:
            unique, again = f"{clean} ({again})", again + 1
        if unique != clean:
            notes.append(f"Two columns are called {clean!r}; the later one is called {unique!r} here.")
        found.append(unique)
    return found


def as_mask(found: Any) -> NDArray[np.bool_]:
    """Rows where a pyarrow array of booleans holds; where it is null it does not."""
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False))


def count_true(found: Any) -> int:
    """In how many rows a pyarrow array of booleans holds."""
    return int(pc.sum(found).as_py() or 0)  # the sum of nulls alone is null
