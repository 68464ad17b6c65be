"""Read a column of two words as states 0 and 1."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmark.errors import UserError, counted
from benchmark.reading.parsing.cell import NOTHING
from benchmark.reading.parsing.numbers import Numbers
from benchmark.reading.parsing.table import Cells, as_mask

NAMED = """off/on closed/open close/open false/true f/t no/yes n/y inactive/active disabled/enabled down/up low/high
    stopped/running stop/run idle/busy offline/online unlocked/locked absent/present clear/detected
    ok/fault ok/error ok/alarm normal/alarm not_home/home"""
PAIRS = [(low, high) for low, high in (pair.split("/") for pair in NAMED.split())]  # read as 0 and as 1
STATES = {word for pair in PAIRS for word in pair}
MOST = 20


def count_words(cells: Cells, missing: frozenset[str] = frozenset()) -> dict[str, int]:
    """Count different words, the most frequent first, without words for missing values and those in ``missing``."""
    counts = pc.value_counts(pc.utf8_lower(pc.utf8_trim_whitespace(cells.drop_null())))
    found = {str(entry["values"]): int(entry["counts"]) for entry in counts.to_pylist()}
    found = {word: n for word, n in found.items() if word not in missing}
    known = {word: n for word, n in found.items() if word not in NOTHING or (word in STATES and len(found) <= 2)}
    return dict(sorted(known.items(), key=lambda pair: (-pair[1], pair[0])))


def read_states(
    cells: Cells, name: str, path: str, missing: frozenset[str] = frozenset(), known: tuple[str, ...] = ()
) -> Numbers:
    """Read two words as 0 and 1: in the order of ``known``, of the usual pairs, or else the more frequent one as 0.

    Raises
    ------
    UserError
        If there are more than two words.
    """
    words = count_words(cells, missing)
    if len(words) > 2 and not known:
        shown = ", ".join(list(words)[:5]) + (", ..." if len(words) > 5 else "")
        raise UserError(
            f"{path}: {name!r} holds {len(words)} different words ({shown}): two can be read as states 0 and 1, "
            "more have no order; write numbers for them, name another --value, or leave one out with --missing WORD"
        )
    low, high = known or _order(list(words))
    text = pc.utf8_lower(pc.utf8_trim_whitespace(cells))
    values = np.full(len(cells), np.nan)
    for state, word in ((0.0, low), (1.0, high)):
        values[as_mask(pc.equal(text, pa.scalar(word)))] = state
    notes = [f"The words of {name!r} are states: {low!r} is read as 0, {high!r} as 1."]
    lacking = int(np.isnan(values).sum())
    if lacking:
        notes.append(f"Missing values of {name!r}: {counted(lacking, 'cell')} with another word or nothing.")
    return Numbers(values, notes=notes, states=(low, high))


def _order(words: list[str]) -> tuple[str, str]:
    for low, high in PAIRS:
        if set(words) <= {low, high}:
            return low, high
    return (words[0], words[1]) if len(words) == 2 else (words[0], "")
