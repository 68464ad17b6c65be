"""SAND: a set of weighted shapes that is updated with each batch of a stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar, Literal, get_args

import numpy as np

from detectors.core import (
    SEED,
    Alignment,
    Array,
    Window,
    WindowDetector,
    Windows,
    one_of,
    parameter,
    parameters,
    real,
    whole,
)
from detectors.kernels.shapes import align_to, k_shape, leading_shape, shape_distance, spectrum
from detectors.kshape import centre_weights, cut_stretches, distance_from_shapes, shape_length

Stretches = Literal["inside", "starting"]
MEMBERS = 500  # last members of a centre that are kept to recompute it


@parameters
class SAND(WindowDetector):
    """Streaming anomaly detection by k-Shape: fitted data give the first model, the scored series updates it.

    Each batch of the scored series is clustered by shape. A new cluster is merged with the nearest centre if its
    distance is at most the mean distance of that centre's members. Otherwise it becomes a new centre. The weight of a
    centre is the square of its number of members divided by its distance to the others. It decreases after more batches
    without a new member than the centre has members. A batch is scored after the model is updated with it. Scores are
    standardised by a running mean and standard deviation, because the distances change with the model.

    Clustering starts from random assignments, so rounding errors may lead to other clusters. With noise of 1e-9 the
    rank correlation was at least .978. At a level of -3e8, where float64 rounds by 6e-8, it was .957.

    Parameters
    ----------
    window, align
        As in :class:`~detectors.core.window_detector.WindowDetector`.
    n_clusters : int
        Number of shapes of each batch.
    length : int
        Length of a shape in windows.
    batch : float
        Size of a batch as a share of the scored series, in (0, 1]; at least five windows and ``length`` + 1.
    rate : float
        Weight of the newest batch in the running mean and deviation, in (0, 1].
    max_stretches : int
        Largest number of stretches of a batch that are clustered.
    stretches : {"inside", "starting"}
        Stretches of a batch: those inside it, or those that start in it. The latter, as in the published program, may
        continue into later rows of the scored series. If that series begins with the fitted rows, the first model is
        built again from the stretches that start in these.
    random_state : int or None
        Seed of the initial assignments.

    References
    ----------
    Boniol, Paparrizos, Palpanas and Franklin, "SAND: streaming subsequence anomaly detection", PVLDB 14(10), 2021.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = SAND(window=40).fit(x[:500]).score(x)
    >>> bool(960 <= scores.argmax() < 1050)
    True
    """

    learns_from = "normal"
    group = "field"
    version = 3
    source = "Boniol et al., PVLDB 2021"
    conformance = "invariance"
    blind_to = "an anomaly that stays: the model takes it in; and a change of level or scale alone"
    exempt: ClassVar[dict[str, str]] = {"huge value scored": "the model follows the scored stream, that value included"}

    window: Window = parameter(default="auto", must_be=whole(3) | one_of("auto"))
    n_clusters: int = parameter(default=6, must_be=whole(1))
    length: int = parameter(default=4, must_be=whole(1))
    batch: float = parameter(default=0.1, must_be=real(0, 1, "(]"))
    rate: float = parameter(default=0.5, must_be=real(0, 1, "(]"))
    max_stretches: int = parameter(default=2000, must_be=whole(1))
    random_state: int | None = parameter(default=0, must_be=SEED | one_of(None))
    stretches: Stretches = parameter(default="inside", must_be=one_of(*get_args(Stretches)), kw_only=True)
    align: Alignment = parameter(default="mean", kw_only=True)

    def _fit_windows(self, windows: Windows) -> None:
        rng = np.random.default_rng(self.random_state)
        stretches = cut_stretches(windows, shape_length(windows, self.length), self.max_stretches)
        self.model_ = Model.empty(stretches.shape[1])
        self.model_.update(stretches, self.n_clusters, rng)

    def _score_windows(self, windows: Windows) -> Array:
        [x] = windows.pieces
        rng, seen = np.random.default_rng(self.random_state), self._fitted_prefix(x)
        model = self._first_model(x, seen, rng)
        size = max(int(self.batch * len(x)), 5 * self.window_, model.length + self.window_)
        parts = []
        for first, last in batches(seen, len(x), size):
            rows = self._rows_of_stretches(x, first, last, model.length)
            if first >= seen and len(rows) > model.length:
                model.update(self._cut(rows, model.length), self.n_clusters, rng)
            upto = min(last + self.window_ - 1, len(x))  # windows that begin in the batch
            parts.append(distance_from_shapes(x[first:upto], self.window_, model.centres, model.weights()))
        return np.concatenate(standardise(parts, self.rate))

    def _first_model(self, x: Array, seen: int, rng: np.random.Generator) -> Model:
        """Return a copy of the fitted model, or a model of the stretches that start in the first ``seen`` rows."""
        if self.stretches == "inside" or not seen:
            return self.model_.copy()
        model = Model.empty(min(self.length * self.window_, len(x)))
        model.update(self._cut(self._rows_of_stretches(x, 0, seen, model.length), model.length), self.n_clusters, rng)
        return model

    def _rows_of_stretches(self, x: Array, first: int, last: int, length: int) -> Array:
        """Return the rows of a batch, with the later ones into which its stretches may continue."""
        return x[first : last + (length - 1 if self.stretches == "starting" else 0)]

    def _cut(self, rows: Array, length: int) -> Array:
        return cut_stretches(Windows([rows], self.window_), length, self.max_stretches)

    def _fitted_prefix(self, x: Array) -> int:
        """Return the length of the fitted data if the series begins with them, else 0."""
        first = self.fitted_pieces_[0]
        seen = len(self.fitted_pieces_) == 1 and len(x) >= len(first) and np.array_equal(x[: len(first)], first)
        return len(first) if seen else 0


def standardise(parts: list[Array], rate: float) -> list[Array]:
    """Standardise each batch by exponential moving averages of mean and deviation, with weight ``rate``."""
    level, spread, done = float(parts[0].mean()), float(parts[0].std()), []
    for part in parts:
        level = (1 - rate) * level + rate * float(part.mean())
        spread = (1 - rate) * spread + rate * float(part.std())
        done.append((part - level) / (spread or 1.0))
    return done


def batches(seen: int, n: int, size: int) -> list[tuple[int, int]]:
    """Return row ranges: the first ``seen`` rows, then batches of ``size`` rows or a little more."""
    rest = n - seen
    edges = np.linspace(seen, n, max(1, rest // size) + 1).astype(int) if rest else np.array([n])
    spans = [(int(a), int(b)) for a, b in pairwise(edges)]
    head = [(0, seen)] if seen else []
    if head and spans and spans[0][1] - spans[0][0] < size // 2:  # too short for a batch
        return [(0, n)]
    return head + spans


@dataclass
class Model:
    """Centres of the clusters, with what is needed to update them."""

    length: int
    centres: Array  # (k, m)
    # the last members of each centre, (n_k, m), from which it is recomputed
    rows: list[Array] = field(default_factory=list)
    # (k,) each: number of members, their mean distance to the centre, and batches since the last new member
    members: Array = field(default_factory=lambda: np.zeros(0))
    reach: Array = field(default_factory=lambda: np.zeros(0))
    idle: Array = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def empty(cls, length: int) -> Model:
        return cls(length, np.zeros((0, length)))

    def copy(self) -> Model:
        """Return an independent copy."""
        arrays = (self.centres.copy(), list(self.rows), self.members.copy(), self.reach.copy(), self.idle.copy())
        return Model(self.length, *arrays)

    def weights(self) -> Array:
        """Return the weight of each centre; it is reduced if ``idle`` exceeds the number of members."""
        weights = centre_weights(self.centres, self.members) / np.maximum(1.0, self.idle - self.members)
        return np.asarray(weights / weights.sum())

    def update(self, stretches: Array, clusters: int, rng: np.random.Generator) -> None:
        """Cluster new stretches, then merge each cluster with a centre or add it as a new one."""
        shapes = k_shape(stretches, clusters, rng)
        known = len(self.centres)
        self.idle += 1
        for c, centre in enumerate(shapes.centres):
            mine = shapes.labels == c
            rows, reach = stretches[mine], float(shapes.distances[mine].mean())
            if known:
                apart = shape_distance(spectrum(self.centres[:known]), centre, self.length)[0]
                nearest = int(apart.argmin())
                if apart[nearest] <= self.reach[nearest]:
                    self._merge(nearest, rows, reach)
                    continue
            self._add(centre, rows, reach)

    def _merge(self, k: int, rows: Array, reach: float) -> None:
        total = self.members[k] + len(rows)
        self.reach[k] = (self.members[k] * self.reach[k] + len(rows) * reach) / total
        self.rows[k] = np.concatenate([self.rows[k], rows])[-MEMBERS:]
        self.centres[k] = leading_shape(align_to(self.rows[k], spectrum(self.rows[k]), self.centres[k]))
        self.members[k], self.idle[k] = total, 0.0

    def _add(self, centre: Array, rows: Array, reach: float) -> None:
        self.centres = np.vstack([self.centres, centre])
        self.rows.append(rows[-MEMBERS:])
        self.members, self.reach = np.append(self.members, float(len(rows))), np.append(self.reach, reach)
        self.idle = np.append(self.idle, 0.0)
