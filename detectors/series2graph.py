"""Series2Graph: a series as a walk through a graph; a stretch is anomalous if its path takes rare edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, get_args

import numpy as np

from detectors.core import (
    WINDOW,
    Alignment,
    Array,
    Detector,
    Index,
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

Average = Literal["points", "edges"]
ROWS = 4096  # windows embedded at once: no matrix of all windows is held
BINS = 512  # of the grid on which a density is evaluated


@parameters
class Series2Graph(Detector):
    """Rarity of the edges that a stretch of the series takes in a graph of all its windows.

    A window becomes its moving sums over a third of its length, projected to their first three principal components.
    Without the direction in which the level changes a plane remains, where the series is a path around the mean. Nodes
    are the density maxima of the radii at which the path crosses half-lines from the mean. Two consecutive crossings
    are an edge from node to node, and its weight is how often that happens.

    A passage from node A to node B is worth weight(A, B) * (degree(A) - 1), where the degree counts distinct edges.
    Normality is the mean worth along a stretch of ``query`` windows; the score is -log(1 + normality), at most 0.

    Parameters
    ----------
    window : int or "auto"
        Window length in points; "auto" is one period of the fitted values.
    query : int
        Length of a scored stretch in windows. A shorter series is one stretch.
    rays : int
        Number of half-lines.
    average : {"points", "edges"}
        Divide the worth of a stretch by its steps, one a point (the paper), or by its edges (the published program).
        By edges, a stretch without any has the normality of the one before it, else of the first that has edges.
    align : {"centre", "centre-low", "start", "end", "mean", "max"}
        How point scores follow from those of stretches (:func:`~detectors.core.windows.windows_to_points`).

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
        """Return the length of two windows, because a path needs a step."""
        return two_windows(self)

    def _fit(self, pieces: list[Array]) -> None:
        self.window_ = resolve_window(self.window, pieces)
        used = [piece for piece in pieces if len(piece) > self.window_]
        if not used:
            raise ValueError(f"no piece is longer than a window of {self.window_} points: give longer pieces")
        self.plane_ = Plane.of(used, self.window_)
        walks = [crossings(self.plane_.path(piece, self.window_), self.rays) for piece in used]
        rays, radii = (np.concatenate([walk[k] for walk in walks]) for k in (0, 1))
        self.nodes_: list[Array] = [density_maxima(radii[mine]) for mine in by_ray(rays, self.rays)]
        paths = [nearest_nodes(walk, self.nodes_) for walk in walks]
        self.edges_, self.counts_ = count_edges(paths, sum(map(len, self.nodes_)))

    def _score(self, x: Array) -> Array:
        steps = len(x) - self.window_
        length = max(1, min(self.query * self.window_, len(x)) - self.window_)
        walk = crossings(self.plane_.path(x, self.window_), self.rays)
        arrived = walk.step[1:]  # a passage belongs to the step of its second crossing
        worth = passage_worth(nearest_nodes(walk, self.nodes_), self.edges_, self.counts_, sum(map(len, self.nodes_)))
        total = moving_sum(np.bincount(arrived, worth, minlength=steps), length)
        if self.average == "points":
            normality = total / length
        else:
            normality = per_edge(total, moving_sum(np.bincount(arrived, minlength=steps), length))
        return windows_to_points(-np.log1p(normality), self.window_ + length, self.align)


@dataclass
class Plane:
    """The plane in which windows are placed: the leading components, without the direction of a change of level."""

    basis: Array  # (d, 2), of the d moving sums of a window
    mean: Array  # (2,), the place of the mean window, which becomes the origin
    level: float  # subtracted from the values, against rounding
    width: int  # values of a moving sum

    @classmethod
    def of(cls, pieces: list[Array], window: int) -> Plane:
        """Learn the plane from pieces of which each has a window (the paper's embedding of subsequences)."""
        width, level = max(1, window // 3), float(np.median(np.concatenate(pieces)))
        mean, covariance = moments(sum_windows(pieces, window, width, level))
        components = leading_components(covariance)
        basis = components @ across(components.sum(axis=0))  # a constant window is a multiple of (1, ..., 1)
        return cls(basis, mean @ basis, level, width)

    def path(self, x: Array, window: int) -> Array:
        """Return the (n - window + 1, 2) places of the windows of a series."""
        sums = sum_windows([x], window, self.width, self.level)
        return np.concatenate([block @ self.basis - self.mean for _, block in sums.chunks(ROWS)])


def sum_windows(pieces: list[Array], window: int, width: int, level: float) -> Windows:
    """Return the windows of each piece as vectors of the sums of ``width`` consecutive values above ``level``."""
    # Convolved, because the differences of a running sum lose digits after a huge value.
    sums = [np.convolve(piece - level, np.ones(width), "valid") for piece in pieces]
    return Windows(sums, window - width + 1)


def moments(vectors: Windows) -> tuple[Array, Array]:
    """Return mean, (d,), and population covariance, (d, d)."""
    total, products = np.zeros(vectors.window), np.zeros((vectors.window, vectors.window))
    for _, block in vectors.chunks(ROWS):
        total += block.sum(axis=0)
        products += block.T @ block
    mean = total / len(vectors)
    return mean, products / len(vectors) - np.outer(mean, mean)


def leading_components(covariance: Array) -> Array:
    """Return (d, 3) eigenvectors, largest eigenvalue first, with sums of at least 0; missing ones are zeros."""
    vectors = np.linalg.eigh(covariance)[1][:, :-4:-1]
    vectors = np.where(vectors.sum(axis=0) < 0, -vectors, vectors)
    return np.pad(vectors, ((0, 0), (0, 3 - vectors.shape[1])))


def across(direction: Array) -> Array:
    """Return (3, 2) axes orthogonal to a direction, or the first two axes if it is 0."""
    if not direction.any():
        return np.eye(3)[:, :2]
    # The turn of the plane decides where half-lines lie: other axes of the same plane would give other scores.
    return np.asarray(np.linalg.qr(np.column_stack([direction, np.eye(3)]))[0][:, 1:])


class Crossings(NamedTuple):
    """Crossings of a path with the half-lines, in the order of passing."""

    ray: Index  # the half-line
    radius: Array  # its distance from the origin
    step: Index  # step of the path: i leads from place i to i + 1


def crossings(path: Array, rays: int) -> Crossings:
    """Return where an (n, 2) path crosses the half-lines at angles 2 pi k / rays, going the shorter way round.

    A step that ends on a half-line crosses it, one that begins there does not.
    """
    angle = np.arctan2(path[:, 1], path[:, 0])
    turn = (np.diff(angle) + np.pi) % (2 * np.pi) - np.pi
    way = np.where(turn > 0, 1, -1)
    begin, end = (np.floor(way * a * rays / (2 * np.pi)).astype(np.int64) for a in (angle[:-1], angle[:-1] + turn))
    count = end - begin
    step = np.repeat(np.arange(len(turn)), count)
    nth = np.arange(len(step)) - np.repeat(np.cumsum(count) - count, count)
    ray = way[step] * (begin[step] + 1 + nth) % rays
    return Crossings(ray, radius_on(path, step, 2 * np.pi * ray / rays), step)


def radius_on(path: Array, step: Index, angle: Array) -> Array:
    """Return how far from the origin the line through a step meets an angle; of a parallel one its first place."""
    x, y = path[step].T
    across_x, across_y = np.diff(path, axis=0)[step].T
    with np.errstate(divide="ignore", invalid="ignore"):
        radius = (x * across_y - y * across_x) / (np.cos(angle) * across_y - np.sin(angle) * across_x)
    return np.asarray(np.maximum(np.where(np.isfinite(radius), radius, np.hypot(x, y)), 0.0))


def by_ray(ray: Index, rays: int) -> list[Index]:
    """Return for each half-line the indices of its crossings, in their order."""
    order = np.argsort(ray, kind="stable")
    return np.split(order, np.searchsorted(ray[order], np.arange(1, rays)))


def density_maxima(radii: Array) -> Array:
    """Return the nodes of a half-line: ascending maxima of a Gaussian kernel density with Scott's bandwidth."""
    from scipy.ndimage import gaussian_filter1d

    if not len(radii):
        return np.zeros(1)
    if radii.std() <= 512 * np.spacing(np.abs(radii).max()):  # equal up to rounding
        return radii[:1].copy()
    bandwidth = radii.std() * len(radii) ** -0.2
    counts, edges = np.histogram(radii, BINS, (radii.min() - 3 * bandwidth, radii.max() + 3 * bandwidth))
    density = gaussian_filter1d(counts.astype(np.float64), bandwidth / (edges[1] - edges[0]), mode="constant")
    peak = (density[1:-1] > density[:-2]) & (density[1:-1] >= density[2:])
    middles = (edges[1:-2] + edges[2:-1]) / 2
    return middles[peak] if peak.any() else np.array([radii.mean()])


def nearest_nodes(walk: Crossings, nodes: list[Array]) -> Index:
    """Return the number of the node nearest to each crossing on its half-line; of two as near the lower one."""
    found = np.empty(len(walk.ray), dtype=np.int64)
    first = 0
    for mine, radii in zip(by_ray(walk.ray, len(nodes)), nodes, strict=True):
        found[mine] = first + np.searchsorted((radii[1:] + radii[:-1]) / 2, walk.radius[mine])
        first += len(radii)
    return found


def count_edges(paths: list[Index], total: int) -> tuple[Index, Array]:
    """Return the distinct edges from node A to node B, ascending as A * total + B, and how often paths take them."""
    taken = np.concatenate([path[:-1] * total + path[1:] for path in paths])
    edges, counts = np.unique(taken, return_counts=True)
    return edges, counts.astype(np.float64)


def passage_worth(path: Index, edges: Index, counts: Array, total: int) -> Array:
    """Return the worth of each passage of a path: the edge's count times the other edges of its first node."""
    degree = np.bincount(edges // total, minlength=total) + np.bincount(edges % total, minlength=total)
    taken = path[:-1] * total + path[1:]
    place = np.searchsorted(edges, taken)
    count = np.where(np.append(edges, -1)[place] == taken, np.append(counts, 0.0)[place], 0.0)
    return np.asarray(count * np.maximum(degree[path[:-1]] - 1, 0))


def per_edge(total: Array, edges: Array) -> Array:
    """Divide by the number of edges; a stretch without edges takes the quotient before it, or else the first one."""
    known = np.flatnonzero(edges > 0)
    if not len(known):
        return np.zeros(len(total))
    source = known[np.maximum(np.searchsorted(known, np.arange(len(total)), side="right") - 1, 0)]
    return total[source] / edges[source]
