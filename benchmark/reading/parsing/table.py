"""The raw cells of a file: named columns of text, or of the types stored in the file."""

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
        Name -> pyarrow array of strings, or of numbers, time stamps or booleans if the file stores types.
    rows : (n,) int64 array
        Data row of the file, counted from 0.
    total : int
        Number of data rows of the file, including dropped ones.
    form : str
        Format of the file, e.g. ``text, UTF-8, separated by ';'``.
    separator : str
        Separator of a text file; empty for other files.
    series_columns : tuple of str
        Columns that name the series of a row, if the format defines them.
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
        """Return the rows where the mask is True."""
        chosen = pa.array(mask)
        columns = {name: cells.filter(chosen) for name, cells in self.columns.items()}
        return Table(
            columns, self.rows[mask], self.total, self.form, self.separator, self.series_columns, list(self.notes)
        )


def from_columns(columns: dict[str, Cells], form: str, notes: list[str] | None = None, separator: str = "") -> Table:
    """Build a table from all rows of a file."""
    count = len(next(iter(columns.values()))) if columns else 0
    return Table(columns, np.arange(count), count, form, separator, notes=notes or [])


def unique_names(names: list[str], notes: list[str]) -> list[str]:
    """Strip names, and make them unique and not empty, with a note on renamed ones."""
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
    """Convert a pyarrow array of booleans to numpy; null becomes False."""
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False))


def count_true(found: Any) -> int:
    """Count the True entries of a pyarrow array of booleans."""
    return int(pc.sum(found).as_py() or 0)  # the sum of nulls alone is null
