"""Series2Graph: subsequences as paths through a graph of recurring shapes; rare paths score high."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from detectors.core import (
    WINDOW,
    Alignment,
    Array,
    Detector,
    Window,
    Windows,
    moving_sum,
    one_of,
    parameter,
    parameters,
    resolve_window,
    two_windows,
    whole,
    windows_to_points,
)

ROWS = 4096  # windows embedded at a time
GRID = 512  # grid points of the density on a ray
Index = NDArray[np.int64]
Average = Literal["points", "edges"]


@parameters
class Series2Graph(Detector):
    """Subsequences as a path through a graph: rare edges between nodes of low degree score high.

    A window is embedded by moving sums over a third of its length, reduced to three principal components. The direction
    in which the level changes is removed. In the remaining plane, ``rays`` half-lines from the mean cross the path of
    all windows. The nodes are the maxima of the density of the crossings on each half-line. The weight of an edge is
    the number of times that the path takes it. The normality of a stretch of ``query`` windows is the sum over its
    edges of weight * (degree of the edge's start node - 1), per point or per edge. The score is -log(1 + normality).

    Parameters
    ----------
    window : int or "auto"
        Length of the windows that are embedded; "auto" is one period of the fitted values.
    query : int
        Length of a scored stretch in windows.
    rays : int
        Number of half-lines.
    average : {"points", "edges"}
        Divisor of a stretch's normality: its points (the paper), or its edges (the published program). With "edges" a
        stretch without edges has the score of the previous one.
    align : {"centre", "centre-low", "start", "end", "mean", "max"}
        How point scores follow from the scores of stretches (:func:`~detectors.core.windows.windows_to_points`).

    References
    ----------
    Boniol and Palpanas, "Series2Graph: graph-based subsequence anomaly detection for time series", PVLDB 13(11), 2020.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = Series2Graph(window=40).fit(x).score(x)
    >>> bool(940 <= scores.argmax() < 1070)
    True
    """

    group = "field"
    version = 2
    source = "Boniol and Palpanas, PVLDB 2020"
    conformance = "invariance"
    blind_to = "an anomaly whose path keeps to common edges, and a change of level alone"
    exempt: ClassVar[dict[str, str]] = {
        "huge value fitted": "the principal components are those of all windows, that value included",
        "spike": "its loop crosses rays at well-known places too, and each crossing counts",
    }

    window: Window = parameter(default="auto", must_be=WINDOW)
    query: int = parameter(default=2, must_be=whole(1))
    rays: int = parameter(default=50, must_be=whole(3, 10_000))
    average: Average = parameter(default="points", must_be=one_of(*get_args(Average)))
    align: Alignment = parameter(default="centre", must_be=one_of(*get_args(Alignment)))

    def min_length(self) -> int:
        """Return the length of two windows, because a path needs an edge."""
        return two_windows(self)

    def _fit(self, pieces: list[Array]) -> None:
        self.window_ = resolve_window(self.window, pieces)
        usable = [piece for piece in pieces if len(piece) > self.window_]
        if not usable:
            raise ValueError(f"no piece is longer than a window of {self.window_} points: give longer pieces")
        self.plane_ = fit_plane(usable, self.window_)
        paths = [self.plane_.path(piece, self.window_) for piece in usable]
        crossed = [crossings(path, self.rays) for path in paths]
        self.nodes_: list[Array] = [
            density_maxima(np.concatenate([c.radius[c.ray == ray] for c in crossed])) for ray in range(self.rays)
        ]
        self.edges_, self.counts_ = count_edges([self._path(c) for c in crossed], sum(map(len, self.nodes_)))

    def _score(self, x: Array) -> Array:
        crossed = crossings(self.plane_.path(x, self.window_), self.rays)
        nodes = self._path(crossed)
        steps = len(x) - self.window_  # steps of the path, one less than windows
        covered = max(1, min(min(self.query * self.window_, len(x)) - self.window_, steps))
        total = sum_stretches(np.bincount(crossed.step[1:], self._edge_weights(nodes), steps), covered)
        if self.average == "points":
            normality = total / covered
        else:
            normality = per_edge(total, sum_stretches(np.bincount(crossed.step[1:], None, steps), covered))
        scores = -np.log1p(normality)
        return windows_to_points(scores, len(x) - len(scores) + 1, self.align)

    def _path(self, crossed: Crossings) -> Index:
        """Return the node nearest to each crossing; nodes are numbered ray by ray."""
        first = np.concatenate([[0], np.cumsum([len(nodes) for nodes in self.nodes_])])
        found = np.zeros(len(crossed.ray), dtype=np.int64)
        for ray, nodes in enumerate(self.nodes_):
            mine = crossed.ray == ray
            if mine.any():
                middles = (nodes[1:] + nodes[:-1]) / 2
                found[mine] = first[ray] + np.searchsorted(middles, crossed.radius[mine])
        return found

    def _edge_weights(self, nodes: Index) -> Array:
        """Return weight * (degree of the start node - 1) of the edge between each crossing and the next."""
        if len(nodes) < 2:
            return np.zeros(0)
        total = sum(map(len, self.nodes_))
        degree = np.bincount(self.edges_ // total, minlength=total) + np.bincount(self.edges_ % total, minlength=total)
        edges = nodes[:-1] * total + nodes[1:]
        at = np.minimum(np.searchsorted(self.edges_, edges), max(len(self.edges_) - 1, 0))
        if not len(self.edges_):
            return np.zeros(len(edges))
        weight = np.where(self.edges_[at] == edges, self.counts_[at], 0.0)
        return np.asarray(weight * np.maximum(degree[nodes[:-1]] - 1, 0))


def sum_stretches(steps: NDArray[Any], length: int) -> Array:
    """Return sums of ``length`` consecutive steps, clipped at 0 against rounding."""
    return np.maximum(moving_sum(steps, length), 0.0)


def per_edge(total: Array, edges: Array) -> Array:
    """Divide totals of stretches by their numbers of edges; 0 edges give the value of the previous (else first) one."""
    last = np.maximum.accumulate(np.where(edges > 0, np.arange(len(edges)), -1))
    first = int(np.argmax(edges > 0))
    at = np.where(last < 0, first, last)
    return np.asarray(total[at] / np.maximum(edges[at], 1.0))


class Crossings(NamedTuple):
    """The crossings of a path with the rays, in order: index of the ray, distance from the origin, step of the path."""

    ray: Index
    radius: Array
    step: Index


@dataclass
class Plane:
    """Plane of the embedding: (m, 2) basis of moving sums, their mean in it, level of the series, width of a sum."""

    basis: Array
    mean: Array
    level: float
    width: int

    def path(self, x: Array, window: int) -> Array:
        """Return the (n_windows, 2) coordinates of the windows of one series."""
        sums = Windows([np.convolve(x - self.level, np.ones(self.width), "valid")], window - self.width + 1)
        places = np.empty((len(sums), 2))
        for rows, block in sums.chunks(ROWS):
            places[rows] = block @ self.basis
        return places - self.mean


def fit_plane(pieces: list[Array], window: int) -> Plane:
    """Fit three principal components of the moving sums and remove the direction in which constant windows differ."""
    width = max(1, window // 3)
    level = float(np.median(np.concatenate(pieces)))
    sums = Windows([np.convolve(p - level, np.ones(width), "valid") for p in pieces], window - width + 1)
    total, products = np.zeros(sums.window), np.zeros((sums.window, sums.window))
    for _, block in sums.chunks(ROWS):
        total += block.sum(axis=0)
        products += block.T @ block
    mean = total / len(sums)
    _, vectors = np.linalg.eigh(products / len(sums) - np.outer(mean, mean))
    components = np.zeros((sums.window, 3))
    components[:, : min(3, sums.window)] = vectors[:, ::-1][:, :3]
    components *= np.where(components.sum(axis=0) < 0, -1.0, 1.0)  # fix the arbitrary sign of the eigenvectors
    reference = components.sum(axis=0)
    frame = np.linalg.qr(np.column_stack([reference, np.eye(3)]))[0] if reference.any() else np.eye(3)[:, [2, 0, 1]]
    basis = components @ frame[:, 1:3]
    return Plane(basis, mean @ basis, level, width)


def crossings(path: Array, rays: int) -> Crossings:
    """Find where the steps of a path cross the rays; each step takes the shorter way around the origin."""
    angle = np.arctan2(path[:, 1], path[:, 0])
    turn = (np.diff(angle) + np.pi) % (2 * np.pi) - np.pi
    begin, end = angle[:-1] * rays / (2 * np.pi), (angle[:-1] + turn) * rays / (2 * np.pi)
    forth = np.maximum(np.floor(end) - np.floor(begin), 0).astype(np.int64)
    back = np.maximum(np.ceil(begin) - np.ceil(end), 0).astype(np.int64)
    count = np.where(turn > 0, forth, back)
    step = np.repeat(np.arange(len(turn)), count)
    nth = np.arange(len(step)) - np.repeat(np.cumsum(count) - count, count)
    first = np.where(turn > 0, np.floor(begin) + 1, np.ceil(begin) - 1)
    number = (first[step] + np.where(turn[step] > 0, nth, -nth)).astype(np.int64)
    across = 2 * np.pi * number / rays
    rays_at, start = np.stack([np.cos(across), np.sin(across)], axis=1), path[step]
    move = path[step + 1] - start
    with np.errstate(divide="ignore", invalid="ignore"):
        radius = _cross(start, move) / _cross(rays_at, move)
    radius = np.where(np.isfinite(radius), np.maximum(radius, 0.0), np.hypot(*start.T))
    return Crossings(number % rays, radius, step)


def _cross(a: Array, b: Array) -> Array:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def density_maxima(values: Array) -> Array:
    """Return the maxima, ascending, of a Gaussian kernel density of the values with Scott's bandwidth."""
    from scipy.ndimage import gaussian_filter1d

    spread = float(values.std()) if len(values) else 0.0
    if spread <= GRID * float(np.spacing(np.abs(values).max(initial=0.0))):  # equal values, up to rounding
        return values[:1] if len(values) else np.zeros(1)
    width = spread * len(values) ** -0.2
    low, high = float(values.min()) - 3 * width, float(values.max()) + 3 * width
    counts, edges = np.histogram(values, GRID, (low, high))
    density = gaussian_filter1d(counts.astype(np.float64), width / (edges[1] - edges[0]), mode="constant")
    inner = density[1:-1]
    tops = 1 + np.flatnonzero((inner > density[:-2]) & (inner >= density[2:]))
    return np.asarray((edges[tops] + edges[tops + 1]) / 2) if len(tops) else np.array([float(values.mean())])


def count_edges(paths: list[Index], total: int) -> tuple[Index, Array]:
    """Return the edges of the paths, as ascending numbers start * total + end, and how often each is taken."""
    taken = np.concatenate([path[:-1] * total + path[1:] for path in paths]) if paths else np.zeros(0, dtype=np.int64)
    edges, counts = np.unique(taken, return_counts=True)
    return edges, counts.astype(np.float64)
