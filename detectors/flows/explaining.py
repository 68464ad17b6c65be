"""Why ScaleFlow's score of a stretch is high: the main scale and component, and the nearest normal window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core import Array, offset_in
from detectors.flows.components import viewed
from detectors.flows.runs import DURATION, Runs, runs_of
from detectors.flows.scale import CoarseWindows, Scale, spread

CHUNK = 65_536


class Part(NamedTuple):
    """What a component of a scale says of a stretch: its most surprising window or run, and its part of the score."""

    scale: Scale | Runs
    component: str
    span: int
    row: int
    surprise: float
    sum: float


def largest_contribution(
    x: Array, scales: list[Scale | Runs], start: int, stop: int, place: int | None
) -> tuple[Part, dict[tuple[int, str], float]]:
    """Of an (n,) standardised series the largest part of a stretch's score, and the shares by span and component.

    Shares are those of the weighted mean of log(1 + surprise) over the stretch.
    ``place`` is that of a part of the fitted data. Only windows near the stretch are scored, where
    :meth:`Scale.surprises` scores them.
    """
    parts: list[Part] = []
    for scale in scales:
        if isinstance(scale, Runs):
            parts.append(_of_runs(scale, x, start, stop, place))
        else:
            parts += _of_windows(scale, x, start, stop, place)
    total = sum(part.sum for part in parts) or 1.0
    shares = {(part.span, part.component): part.sum / total for part in parts}
    return max(parts, key=lambda part: part.sum), shares


def _of_windows(scale: Scale, x: Array, start: int, stop: int, place: int | None) -> Iterator[Part]:
    first = max(0, start - scale.span + 1) // scale.stride * scale.stride
    near = x[first : stop + scale.span + scale.stride]
    starts, surprises = scale.window_surprises(near, None if place is None else place + first)
    overlap = (starts < stop - first) & (starts + scale.span > start - first)
    for name, row, weight in zip(scale.components, surprises, scale.weights, strict=True):
        points = spread(row, starts, scale.span, max(len(near), scale.span))[start - first : stop - first]
        best = int(np.argmax(np.where(overlap, row, -1.0)))
        part = weight * float(np.log1p(np.maximum(points, 0)).sum())
        yield Part(scale, name, scale.span, first + int(starts[best]), float(row[best]), part)


def _of_runs(runs: Runs, x: Array, start: int, stop: int, place: int | None) -> Part:
    first, lengths, surprises = runs.run_surprises(x, place)
    inside = np.searchsorted(first, np.arange(start, stop), side="right") - 1  # the run of each point
    best = int(inside[np.argmax(surprises[inside])])
    span, part = round(float(np.exp(lengths[best]))), runs.weight * float(np.log1p(surprises[inside]).sum())
    return Part(runs, DURATION, span, int(first[best]), float(surprises[best]), part)


def nearest_run(x: Array, found: Part, pieces: list[Array]) -> tuple[int, int]:
    """(piece, first row there) of the fitted run nearest in value, then in length, to the one found."""
    value, length = x[found.row], np.log(found.span)
    best = (np.inf, np.inf, -1, -1)
    for number, piece in enumerate(pieces):
        first, values, lengths = runs_of(piece)
        own = _same_row(x, piece, found.row)
        for k in np.flatnonzero(first != own):
            best = min(best, (abs(values[k] - value), abs(lengths[k] - length), number, int(first[k])))
    return best[2:]


def nearest_window(x: Array, found: Part, pieces: list[Array]) -> tuple[int, int]:
    """(piece, first row there) of the fitted window nearest to the one found.

    Block means are compared, by shape or spectrum where that is the component, else by value. Windows that share a row
    with it do not count. A span is a third of the longest piece at most, so that some window is left.
    """
    scale = found.scale
    if isinstance(scale, Runs):
        return nearest_run(x, found, pieces)
    view = found.component if found.component in ("shape", "spectrum") else "distance"
    padded = np.pad(x[found.row : found.row + scale.span], (0, max(0, found.row + scale.span - len(x))), mode="edge")
    mine = viewed(CoarseWindows([padded], scale.points, scale.factor).take(np.zeros(1, dtype=np.intp)), view)
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
    """(k,) squared distances of all windows of a piece to one."""
    parts = [np.arange(a, min(a + CHUNK, len(windows))) for a in range(0, len(windows), CHUNK)]
    return np.concatenate(
        [np.square(viewed(windows.take(part), view) - mine).sum(axis=1) for part in parts] or [np.empty(0)]
    )


def _same_row(x: Array, piece: Array, row: int) -> int | None:
    """The piece's row that is row ``row`` of the series, where one of them is a part of the other."""
    at = offset_in(x, piece) if len(piece) <= len(x) else offset_in(piece, x)
    if at < 0:
        return None
    return row - at if len(piece) <= len(x) else row + at
