"""Explanation of ScaleFlow's score of a range of rows: main scale and component, and the nearest normal window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core import Array, offset_in
from detectors.flows.components import apply_view
from detectors.flows.runs import DURATION, Runs, find_runs
from detectors.flows.scale import CoarseWindows, Scale, mean_over_windows

CHUNK = 65_536


class Part(NamedTuple):
    """The contribution of one component to a range of rows, and its most surprising window or run."""

    scale: Scale | Runs
    component: str
    span: int
    row: int
    surprise: float
    sum: float


def largest_contribution(
    x: Array, scales: list[Scale | Runs], start: int, stop: int, place: int | None
) -> tuple[Part, dict[tuple[int, str], float]]:
    """Return the largest contribution to rows ``start`` to ``stop - 1`` of an (n,) standardised series, and all shares.

    Shares are those of the weighted mean of log(1 + surprise) over the rows. ``place`` is the position of the series in
    the fitted data, or None. Only windows near the rows are scored, the same as by :meth:`Scale.surprises`.
    """
    parts: list[Part] = []
    for scale in scales:
        if isinstance(scale, Runs):
            parts.append(_run_part(scale, x, start, stop, place))
        else:
            parts += _window_parts(scale, x, start, stop, place)
    total = sum(part.sum for part in parts) or 1.0
    shares = {(part.span, part.component): part.sum / total for part in parts}
    return max(parts, key=lambda part: part.sum), shares


def _window_parts(scale: Scale, x: Array, start: int, stop: int, place: int | None) -> Iterator[Part]:
    first = max(0, start - scale.span + 1) // scale.stride * scale.stride
    near = x[first : stop + scale.span + scale.stride]
    starts, surprises = scale.window_surprises(near, None if place is None else place + first)
    overlap = (starts < stop - first) & (starts + scale.span > start - first)
    for name, row, weight in zip(scale.components, surprises, scale.weights, strict=True):
        points = mean_over_windows(row, starts, scale.span, max(len(near), scale.span))[start - first : stop - first]
        best = int(np.argmax(np.where(overlap, row, -1.0)))
        part = weight * float(np.log1p(np.maximum(points, 0)).sum())
        yield Part(scale, name, scale.span, first + int(starts[best]), float(row[best]), part)


def _run_part(runs: Runs, x: Array, start: int, stop: int, place: int | None) -> Part:
    first, lengths, surprises = runs.run_surprises(x, place)
    inside = np.searchsorted(first, np.arange(start, stop), side="right") - 1  # the run of each point
    best = int(inside[np.argmax(surprises[inside])])
    span, part = round(float(np.exp(lengths[best]))), runs.weight * float(np.log1p(surprises[inside]).sum())
    return Part(runs, DURATION, span, int(first[best]), float(surprises[best]), part)


def nearest_run(x: Array, found: Part, pieces: list[Array]) -> tuple[int, int]:
    """Return (piece, first row in it) of the fitted run nearest to the one found, by value, then by length."""
    value, length = x[found.row], np.log(found.span)
    best = (np.inf, np.inf, -1, -1)
    for number, piece in enumerate(pieces):
        first, values, lengths = find_runs(piece)
        own = _same_row(x, piece, found.row)
        for k in np.flatnonzero(first != own):
            best = min(best, (abs(values[k] - value), abs(lengths[k] - length), number, int(first[k])))
    return best[2:]


def nearest_window(x: Array, found: Part, pieces: list[Array]) -> tuple[int, int]:
    """Return (piece, first row in it) of the fitted window nearest to the one found.

    Block means are compared, by shape or spectrum if that is the component, else by value. Windows that share a row
    with it are excluded. A span is at most a third of the longest piece, so that some window remains.
    """
    scale = found.scale
    if isinstance(scale, Runs):
        return nearest_run(x, found, pieces)
    view = found.component if found.component in ("shape", "spectrum") else "distance"
    padded = np.pad(x[found.row : found.row + scale.span], (0, max(0, found.row + scale.span - len(x))), mode="edge")
    mine = apply_view(CoarseWindows([padded], scale.points, scale.factor).take(np.zeros(1, dtype=np.intp)), view)
    best = (np.inf, -1, -1)
    for number, piece in enumerate(pieces):
        own = _same_row(x, piece, found.row)
        squares = _squares(CoarseWindows([piece], scale.points, scale.factor), mine, view)
        if own is not None:
            squares[max(0, own - scale.span + 1) : max(0, own + scale.span)] = np.inf
        if len(squares) and squares.min() < best[0]:
            best = (float(squares.min()), number, int(squares.argmin()))
    return best[1:]


def _squares(windows: CoarseWindows, mine: Array, view: str) -> NDArray[np.float64]:
    """Return the (k,) squared distances of all windows of a piece to one window."""
    parts = [np.arange(a, min(a + CHUNK, len(windows))) for a in range(0, len(windows), CHUNK)]
    return np.concatenate(
        [np.square(apply_view(windows.take(part), view) - mine).sum(axis=1) for part in parts] or [np.empty(0)]
    )


def _same_row(x: Array, piece: Array, row: int) -> int | None:
    """Return the row of the piece that is row ``row`` of the series, if one of them is part of the other."""
    at = offset_in(x, piece) if len(piece) <= len(x) else offset_in(piece, x)
    if at < 0:
        return None
    return row - at if len(piece) <= len(x) else row + at
