"""SAND: weighted distance of a window from recurring shapes that follow the scored series."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar, Literal

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

MEMBERS = 500  # most stretches kept per centre, the newest; bounds the memory of a long stream


@parameters
class SAND(WindowDetector):
    """Distance to a normal model of k-Shape centres that is updated batch by batch.

    The fitted data give the first model; each scored series updates a copy of it. A batch is scored after the model has
    taken it in. Its stretches are clustered by k-Shape. A new cluster joins the nearest centre if it lies within the
    centre's reach, the mean distance of the centre's members; otherwise it becomes a centre. The weight of a centre is
    the square of its number of members divided by the sum of its distances to the other centres. The weight decays once
    the centre has had no new member for more batches than it has members. A window's score is the weighted sum of its
    smallest z-normalised distances to the windows of each centre. Distances change with the model, so the scores of a
    batch are standardised by a running mean and deviation. If the series begins with the one fitted piece, that part is
    scored by the first model and updates nothing.

    The initial assignment is random, so clusters are sensitive to rounding. Measured: noise of 1e-9 left scores with a
    rank correlation of at least .978, a level of -3e8 with one of .957.

    Parameters
    ----------
    window, align
        As in :class:`~detectors.core.window_detector.WindowDetector`.
    n_clusters : int
        Number of shapes per batch, at most its number of stretches.
    length : int
        Length of a shape in windows; a shape is at most as long as the longest fitted piece.
    batch : float
        Length of a batch as a share of the scored series, in (0, 1]; at least five windows, and at least a shape and a
        window.
    rate : float
        Weight of the newest batch in the running mean and deviation, in (0, 1].
    max_stretches : int
        Largest number of stretches that are clustered at a time, evenly spaced over the batch.
    random_state : int or None
        Seed of the initial assignments, anew in each call.
    stretches : {"inside", "starting"}
        Stretches of a batch lie inside it, or start in it and may reach into the next, as in the published program.
        With "starting", a series that begins with the fitted piece also has its first model built anew. That model's
        shapes may be longer than the piece.

    References
    ----------
    Boniol, Paparrizos, Palpanas and Franklin, "SAND: streaming subsequence anomaly detection", PVLDB 2021; Paparrizos
    and Gravano, "k-Shape", SIGMOD 2015.

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
    align: Alignment = parameter(default="mean", kw_only=True)
    stretches: Literal["inside", "starting"] = parameter(
        default="inside", must_be=one_of("inside", "starting"), kw_only=True
    )

    def _fit_windows(self, windows: Windows) -> None:
        self.model_ = Model.empty(shape_length(windows, self.length))
        self._update(self.model_, windows.pieces, np.random.default_rng(self.random_state))

    def _score_windows(self, windows: Windows) -> Array:
        [x] = windows.pieces
        rng = np.random.default_rng(self.random_state)
        seen = self._fitted_beginning(x)
        model = self._first_model(x, seen, rng)
        size = max(int(self.batch * len(x)), 5 * self.window_, model.length + self.window_)
        scores = []
        for first, last in batches(seen, len(x), size):
            taken = x[first : last + self._overhang(model)]
            if first >= seen and len(taken) > model.length:
                self._update(model, [taken], rng)
            reached = x[first : last + self.window_ - 1]
            scores.append(distance_from_shapes(reached, self.window_, model.centres, model.weights()))
        return np.concatenate(standardise(scores, self.rate))

    def _fitted_beginning(self, x: Array) -> int:
        """Return the number of fitted points if ``x`` begins with the only fitted piece, else 0."""
        piece = self.fitted_pieces_[0]
        begins = len(self.fitted_pieces_) == 1 and np.array_equal(x[: len(piece)], piece)
        return len(piece) if begins else 0

    def _first_model(self, x: Array, seen: int, rng: np.random.Generator) -> Model:
        """Return a model that the stream may change: a copy of the fitted one, or one of the stretches seen."""
        if self.stretches == "inside" or not seen:
            return deepcopy(self.model_)
        model = Model.empty(shape_length(Windows([x], self.window_), self.length))
        self._update(model, [x[: seen + self._overhang(model)]], rng)
        return model

    def _overhang(self, model: Model) -> int:
        """Return how many points a stretch may reach beyond its batch."""
        return model.length - 1 if self.stretches == "starting" else 0

    def _update(self, model: Model, pieces: list[Array], rng: np.random.Generator) -> None:
        stretches = cut_stretches(Windows(pieces, self.window_), model.length, self.max_stretches)
        model.update(stretches, self.n_clusters, rng)


@dataclass
class Model:
    """Centres with their members; all but ``length`` change with each update."""

    length: int  # of a centre, in points
    centres: Array  # (k, length), z-normalised
    rows: list[Array] = field(default_factory=list)  # k times (n, length), the newest members
    members: Array = field(default_factory=lambda: np.empty(0))  # (k,), number of members ever
    reach: Array = field(default_factory=lambda: np.empty(0))  # (k,), mean distance of members when clustered, 0..2
    idle: Array = field(default_factory=lambda: np.empty(0))  # (k,), updates since the last new member

    @classmethod
    def empty(cls, length: int) -> Model:
        """Return a model without centres."""
        return cls(length, np.empty((0, length)))

    def update(self, stretches: Array, clusters: int, rng: np.random.Generator) -> None:
        """Cluster (n, length) z-normalised stretches; each cluster joins a centre known before or becomes one."""
        shapes = k_shape(stretches, clusters, rng)
        known = len(self.centres)
        self.idle += 1
        for label, centre in enumerate(shapes.centres):
            mine = shapes.labels == label
            rows, reach = stretches[mine], shapes.distances[mine].mean()
            joined = self._within_reach(centre, known)
            if joined is None:
                self._add(centre, rows, reach)
            else:
                self._join(joined, rows, reach)

    def _within_reach(self, centre: Array, known: int) -> int | None:
        """Return the nearest of the first ``known`` centres; None if it is farther than its reach."""
        if known == 0:
            return None
        distances = shape_distance(spectrum(self.centres[:known]), centre, self.length)[0]
        nearest = int(distances.argmin())
        return nearest if distances[nearest] <= self.reach[nearest] else None

    def _add(self, centre: Array, rows: Array, reach: float) -> None:
        self.centres = np.vstack([self.centres, centre])
        self.rows.append(rows[-MEMBERS:])
        self.members = np.append(self.members, float(len(rows)))
        self.reach = np.append(self.reach, reach)
        self.idle = np.append(self.idle, 0.0)

    def _join(self, j: int, rows: Array, reach: float) -> None:
        total = self.members[j] + len(rows)
        self.reach[j] = (self.members[j] * self.reach[j] + len(rows) * reach) / total
        self.rows[j] = np.vstack([self.rows[j], rows])[-MEMBERS:]
        self.centres[j] = leading_shape(align_to(self.rows[j], spectrum(self.rows[j]), self.centres[j]))
        self.members[j] = total
        self.idle[j] = 0

    def weights(self) -> Array:
        """Return the (k,) weights of the centres, with sum 1; long idle ones decay."""
        weights = centre_weights(self.centres, self.members) / np.maximum(1, self.idle - self.members)
        return np.asarray(weights / weights.sum())


def batches(seen: int, n: int, size: int) -> list[tuple[int, int]]:
    """Return row ranges of n points: the ``seen`` ones, then equal batches of at least ``size``.

    Fewer points than half a batch are not worth an update: they stay with those seen.
    """
    left = n - seen
    if seen and left < size // 2:
        return [(0, n)]
    edges = np.linspace(seen, n, max(1, left // size) + 1).astype(int).tolist()
    return [(0, seen)] * (seen > 0) + list(pairwise(edges))


def standardise(parts: list[Array], rate: float) -> list[Array]:
    """Subtract a running mean from each batch of scores and divide by a running deviation, both moved by ``rate``."""
    level, spread = parts[0].mean(), parts[0].std()
    scaled = []
    for part in parts:
        level = (1 - rate) * level + rate * part.mean()
        spread = (1 - rate) * spread + rate * part.std()
        scaled.append((part - level) / (spread or 1.0))
    return scaled
