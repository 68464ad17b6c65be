"""Rows at the end of a table that sum the others up."""

from __future__ import annotations

import re

import numpy as np

from benchmark.reading.table import Table, counted

LAST = 12  # rows in which they are looked for
_WORD = (
    "total|totals|totale|totaux|sum|summe|somme|suma|soma|gesamt|insgesamt|average|avg|mean|mittelwert|mittel"
    "|durchschnitt|moyenne|media|promedio|median|min|max|minimum|maximum|count|anzahl|stdev|std"
)
SUMS_UP = rf"(?i)^((grand|sub)[ -]?)?({_WORD})[:.]?( +[\d.,+-]+)?$"


def without_totals(table: Table) -> Table:
    """The table without rows such as ``Total`` and ``Average`` at its end; said with the first of their words."""
    import pyarrow as pa

    size = min(LAST, len(table) // 2)
    found, word = np.zeros(size, dtype=bool), ""
    for cells in table.columns.values():
        if not pa.types.is_string(cells.type):
            continue
        tail = [bool(cell) and bool(re.match(SUMS_UP, cell.strip())) for cell in cells[len(table) - size :].to_pylist()]
        if any(tail) and not _earlier(cells[: len(table) - size]):
            found |= np.array(tail)
            word = word or str(cells[len(table) - size + tail.index(True)])
    if not found.any():
        return table
    kept = table.keep(np.concatenate([np.ones(len(table) - size, dtype=bool), ~found]))
    kept.total -= int(found.sum())
    kept.notes.append(f"Left out: {counted(int(found.sum()), 'row')} at the end, the sum of others ({word!r}).")
    return kept


def _earlier(cells: object) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(pc.match_substring_regex(pc.utf8_trim_whitespace(cells), SUMS_UP)).as_py())
