"""Runs of digits in a column of cells, found for all cells at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.reading.table import Cells

CHUNK = 1 << 19
LONGEST = 9


def digit_runs(cells: Cells, most: int) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Numbers in each cell, from left to right.

    Parameters
    ----------
    cells : pyarrow array of strings
    most : int
        Runs to keep of each cell.

    Returns
    -------
    numbers : (n, most) int64 array
        0 where a cell has fewer runs; a run of more than nine digits counts by its first nine.
    lengths : (n, most) int8 array
        Digits of each run; 0 where there is none.
    """
    numbers = np.zeros((len(cells), most), dtype=np.int64)
    lengths = np.zeros((len(cells), most), dtype=np.int8)
    for start in range(0, len(cells), CHUNK):
        part = cells.slice(start, CHUNK)
        numbers[start : start + CHUNK], lengths[start : start + CHUNK] = _runs(part, most)
    return numbers, lengths


def _runs(cells: Cells, most: int) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    text, starts = _bytes(cells)
    digit = (text >= ord("0")) & (text <= ord("9"))
    edges = starts[1:-1][starts[1:-1] < len(text)]
    before, after = np.zeros_like(digit), np.zeros_like(digit)
    before[1:], after[:-1] = digit[:-1], digit[1:]
    before[edges] = False  # a cell that begins with a digit begins a run, whatever the cell before ends with
    after[edges[edges > 0] - 1] = False
    begins, stops = np.flatnonzero(digit & ~before), np.flatnonzero(digit & ~after) + 1
    first = np.searchsorted(begins, starts)
    counts = np.diff(first)
    owner = np.repeat(np.arange(len(cells)), counts)
    place = np.arange(len(begins)) - np.repeat(first[:-1], counts)
    kept = place < most
    numbers = np.zeros((len(cells), most), dtype=np.int64)
    lengths = np.zeros((len(cells), most), dtype=np.int8)
    length = np.minimum(stops - begins, LONGEST)
    numbers[owner[kept], place[kept]] = _values(text, begins, length)[kept]
    lengths[owner[kept], place[kept]] = length[kept]
    return numbers, lengths


def _bytes(cells: Cells) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    import pyarrow as pa

    flat = pa.concat_arrays([cells.fill_null("")])
    _, offsets, data = flat.buffers()
    width = np.int64 if pa.types.is_large_string(flat.type) else np.int32
    starts = np.frombuffer(offsets, dtype=width)[flat.offset : flat.offset + len(flat) + 1].astype(np.int64)
    text = np.frombuffer(data, dtype=np.uint8)[starts[0] : starts[-1]] if data is not None else np.zeros(0, np.uint8)
    return text, starts - starts[0]


def _values(text: NDArray[np.uint8], begins: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.int64]:
    values = np.zeros(len(begins), dtype=np.int64)
    for place in range(int(length.max(initial=0))):
        more = length > place
        values[more] = values[more] * 10 + (text[begins[more] + place] - 48)
    return values
