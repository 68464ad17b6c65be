"""Proposed: the paper's model, a normalizing flow on the feature maps of a 1-D ResNet autoencoder.

Over 300 lines: half of them document the parameters, their rules, the ablations and the choices, which belong together.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from detectors.core import (
    SEED,
    Array,
    Diet,
    Group,
    Index,
    Windows,
    as_series,
    evenly_spaced,
    one_of,
    parameter,
    parameters,
    whole,
)
from detectors.neural.saved import Facts, SavedDetector, Tensors

if TYPE_CHECKING:
    from detectors.flows.learning import Learner
    from detectors.flows.resnet import Stem
    from detectors.flows.rules import Latents, Maps, Pooling, Quantity, ScoringRule
    from detectors.neural.training import Schedule

Preset = Literal["default", "paper"]

VALIDATED = 96  # windows of the last tenth that are used to choose the best epoch
ON_CPU, ON_GPU = 30, 1536  # most networks trained together: more gain nothing, or exceed the memory of a GPU


@parameters
class Proposed(SavedDetector):
    """The 2023 paper's model: the likelihood of an autoencoder's features under a 1-D FastFlow.

    Stage 1 trains a 1-D ResNet encoder with a transposed-convolution decoder to reconstruct windows of normal data.
    Stage 2 freezes the encoder and trains one flow per feature map by maximum likelihood. A flow has 6 blocks of
    channel permutation and affine coupling. Their subnets are convolutions of kernel 3 and 1 in turn, with the
    log-scale softly clamped at 1.9. A point's score is the mean over all windows that cover it. On the CPU the
    networks are compiled by numba, which takes some 20 s once; on a GPU torch computes them.

    The paper states neither window, stride, input scaling, stem and widths, nor how maps are normalised and likelihoods
    become scores. The defaults below were chosen on 40 series outside the table; ``docs/networks.md`` has the figures.
    :attr:`choices` lists the other values. The series is standardised by the fitted data's mean and deviation. A
    series on a grid (integers, binary) is fitted with uniform noise one step wide and scored without noise.

    Parameters
    ----------
    window : int
        Points per window, at least 8.
    stride : int
        Distance between scored windows.
    preset : {"default", "paper"}
        ``"paper"``: one network, 500 epochs per stage, batches of 32, Adam at 1e-4, every
        ``training_stride``-th window.
        ``"default"``: ``members`` networks, about ``steps`` steps of 32 windows for any number of windows, one-cycle
        learning rate up to 1e-2. Windows of the last tenth choose the best epoch.
    epochs : int or None
        Epochs per stage; None takes those of the preset.
    steps : (int, int)
        Least number of steps of each stage with the preset ``"default"``.
    max_windows : int
        Largest number of training windows of each network, drawn at random; no limit with the preset ``"paper"``.
    training_stride : int
        Distance between the training windows of the preset ``"paper"``.
    stem : {"strided", "full"}
        ResNet's stem, a convolution and a max-pooling that each halve the length, or a convolution that keeps it.
    channels : int
        Channels of the finest map; the coarser ones have two and four times as many.
    whiten : bool
        Whiten the channels of a map to covariance 1 for its flow; False only scales them to deviation 1.
    blocks : int
        Coupling blocks per flow.
    members : int
        Independent networks, trained together, whose scores are averaged.
    quantity : {"exp", "squares", "likelihood"}
        Score of a position of a map, with z^2 the mean over channels. ``"exp"``: -exp(-z^2 / 2), as FastFlow's
        public anomaly maps. ``"squares"``: z^2. ``"likelihood"``: the negative log-likelihood per channel.
    pooling : {"max", "mean", "position"}
        A window's score is the maximum or the mean over its positions; ``"position"`` interpolates them to its points.
    maps : {"all", "finest", "middle", "deepest"}
        The maps that are scored; ``"all"`` averages them.
    device : str
        ``"auto"`` is CUDA if available, else the CPU.
    random_state : int

    Attributes
    ----------
    history_ : dict
        ``"stage 1 train"``, ``"stage 1 validation"`` and the same for stage 2: a loss per epoch. Stage 1: the mean
        squared error of the reconstruction. Stage 2: the negative log-likelihood summed over the maps. Both are sums
        over members.

    Raises
    ------
    Diverged
        By ``fit``, if a loss is not finite.

    References
    ----------
    The architecture: the 2023 paper whose table this project recomputes. The flow: Yu et al., "FastFlow:
    unsupervised anomaly detection and localization via 2D normalizing flows", 2021, Section 3.3. The encoder: He et
    al., "Deep residual learning for image recognition", 2015, Fig. 2.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> detector = Proposed(window=32, stride=4, members=1, channels=4, steps=(20, 20))
    >>> scores = detector.fit(x[:800]).score(x)
    >>> bool(970 <= scores.argmax() < 1040)
    True
    """

    learns_from: ClassVar[Diet] = "normal"
    group: ClassVar[Group] = "neural"
    conformance = "invariance"
    blind_to = "anomalies much longer than a window, and any in the series that it was fitted on"
    version: ClassVar[int] = 5
    side_by_side: ClassVar[bool] = True
    source: ClassVar[str] = "2023 paper (architecture); Yu et al. 2021 (FastFlow)"
    quick: ClassVar[dict[str, Any]] = {"epochs": 2, "channels": 4, "stride": 16, "members": 1}

    window: int = parameter(default=128, must_be=whole(8))
    stride: int = parameter(default=8, must_be=whole(1))
    preset: Preset = parameter(default="default", must_be=one_of("default", "paper"))
    epochs: int | None = parameter(default=None, must_be=whole(1) | one_of(None))
    steps: tuple[int, int] = (128, 100)
    max_windows: int = parameter(default=2048, must_be=whole(1))
    training_stride: int = parameter(default=8, must_be=whole(1))
    stem: Stem = parameter(default="strided", must_be=one_of("strided", "full"))
    channels: int = parameter(default=16, must_be=whole(2))
    whiten: bool = parameter(default=True, must_be=one_of(False, True))
    blocks: int = parameter(default=6, must_be=whole(1))
    members: int = parameter(default=3, must_be=whole(1))
    quantity: Quantity = parameter(default="exp", must_be=one_of("exp", "squares", "likelihood"))
    pooling: Pooling = parameter(default="max", must_be=one_of("max", "mean", "position"))
    maps: Maps = parameter(default="all", must_be=one_of("all", "finest", "middle", "deepest"))
    device: str = "auto"
    random_state: int = parameter(default=0, must_be=SEED)
    ablations: ClassVar[dict[str, dict[str, Any]]] = {
        "window of 128 points (64)": {"window": 64},
        "strided stem (full resolution)": {"stem": "full"},
        "16 channels (8)": {"channels": 8},
        "whitened maps (standardised)": {"whiten": False},
        "exponential (z squared)": {"quantity": "squares"},
        "z squared (likelihood)": {"quantity": "likelihood"},
        "score of a window (of a position)": {"pooling": "position"},
        "maximum over positions (mean)": {"pooling": "mean"},
        "all maps (the deepest)": {"maps": "deepest"},
        "average of networks (one)": {"members": 1},
        "all of these (version 3)": {
            **{"window": 64, "stem": "full", "channels": 8, "whiten": False, "steps": (400, 200)},
            **{"quantity": "likelihood", "pooling": "position", "members": 1},
        },
    }

    choices: ClassVar[dict[str, tuple[Any, ...]]] = {
        "window": (64, 128, 256),
        "stem": ("strided", "full"),
        "whiten": (True, False),
        "steps": ((128, 100), (400, 200)),
        "quantity": ("exp", "squares", "likelihood"),
        "pooling": ("max", "mean", "position"),
        "maps": ("all", "finest", "middle", "deepest"),
    }
    rescored: ClassVar[frozenset[str]] = frozenset({"quantity", "pooling", "maps"})

    def check_params(self) -> None:
        super().check_params()
        if self.stride > self.window:
            raise ValueError(f"stride must be at most window, got {self.stride} and {self.window}")

    def min_length(self) -> int:
        """Return twice the window, for one training and one validation window."""
        return 2 * self.window

    # -- fit -----------------------------------------------------------------------------------

    def _fit(self, pieces: list[Array]) -> None:
        learner = self._learner(pieces)
        self._learn([learner])
        self.history_ = learner.history
        if learner.error:
            raise learner.error

    @classmethod
    def fit_together(
        cls, detectors: Sequence[Self], data: Sequence[ArrayLike | Sequence[ArrayLike]]
    ) -> list[Exception | None]:
        """Fit as :meth:`Detector.fit_together` does; those that differ only in data and seed are trained together."""
        errors: list[Exception | None] = [None] * len(detectors)
        groups: dict[str, list[tuple[int, Learner]]] = {}
        for k, (detector, x) in enumerate(zip(detectors, data, strict=True)):
            try:
                learner = detector._learner(detector._check_input(x))
            except Exception as error:  # noqa: BLE001 - the caller decides whether to raise it
                errors[k] = error
            else:
                params = {name: value for name, value in detector.get_params().items() if name != "random_state"}
                groups.setdefault(repr((params, learner.shape)), []).append((k, learner))
        for group in groups.values():
            detectors[group[0][0]]._learn([learner for _, learner in group])
            for k, learner in group:
                detectors[k].history_, errors[k] = learner.history, learner.error
        return errors

    def _learner(self, pieces: list[Array]) -> Learner:
        """Build the networks, and return them with their training data."""
        from detectors.flows.learning import Learner
        from detectors.flows.resnet import series_scale

        self.scale_ = series_scale(np.concatenate(pieces))
        self.window_ = self.window
        with self._steady(self.random_state):
            self._build()
        windows, rng = Windows(pieces, self.window), np.random.default_rng(self.random_state)
        return Learner(self.model_, windows, self.scale_, *self._training_rows(windows, rng), rng, self._report)

    def _learn(self, learners: Sequence[Learner]) -> None:
        """Train models of equal shape with this detector's settings."""
        from detectors.flows.learning import learn
        from detectors.kernels.threads import one_thread

        most = ON_CPU if self._device().type == "cpu" else ON_GPU
        together = max(1, most // self._networks())
        rows = len(learners[0].training)
        with self._steady(), one_thread():
            for a in range(0, len(learners), together):
                learn(learners[a : a + together], (self._schedule(1, rows), self._schedule(2, rows)))

    def _networks(self) -> int:
        return 1 if self.preset == "paper" else self.members

    def _build(self) -> None:
        from detectors.flows.resnet import FeatureFlow

        model = FeatureFlow(self._networks(), self.channels, self.blocks, self.stem, self.whiten)
        self.model_ = model.to(self._device())

    def _training_rows(self, windows: Windows, rng: np.random.Generator) -> tuple[Index, Index]:
        """Return the indices of training and validation windows, with a column for each network."""
        if self.preset == "paper":
            rows = np.arange(0, len(windows), self.training_stride)
            return rows[:, None], rows[:0, None]
        first = max(1, len(windows) * 9 // 10)
        validation = first + evenly_spaced(len(windows) - first, VALIDATED)
        count = min(first, self.max_windows)
        training = [rng.choice(first, count, replace=False) for _ in range(self.members)]
        return np.stack(training, axis=1), np.repeat(validation[:, None], self.members, axis=1)

    def _schedule(self, stage: int, rows: int) -> Schedule:
        from detectors.neural.training import flow_schedule

        if self.preset == "paper":
            return flow_schedule(self.epochs or 500, batch=32, rate=1e-4, one_cycle=False)
        epochs = self.epochs or math.ceil(self.steps[stage - 1] / math.ceil(rows / 32))
        return flow_schedule(epochs, batch=32, rate=1e-2)

    # -- score ---------------------------------------------------------------------------------

    def _score(self, x: Array) -> Array:
        return self._scores_by(x, [{}])[0]

    def scores_by(self, x: ArrayLike, rules: Sequence[dict[str, Any]]) -> list[Array]:
        """Score as :meth:`Detector.scores_by` does, with a single pass through the networks."""
        return self._scores_by(as_series(x), rules)

    def _scores_by(self, x: Array, rules: Sequence[dict[str, Any]]) -> list[Array]:
        from detectors.kernels.threads import one_thread

        chosen = [copy.copy(self).set_params(**rule)._rule() for rule in rules]
        totals, covering = np.zeros((len(rules), len(x))), np.zeros(len(x))
        with one_thread():
            for starts, latents in self._latents(x):
                first, last = starts[0], starts[-1] + self.window
                points = (starts[:, None] + np.arange(self.window) - first).ravel()
                covering[first:last] += np.bincount(points)
                for total, rule in zip(totals, chosen, strict=True):
                    scores = rule(latents, self.window).cpu().numpy().astype(np.float64)
                    shared = np.broadcast_to(scores, (len(starts), self.window)).ravel()
                    total[first:last] += np.bincount(points, shared)
        return list(totals / covering)

    def _rule(self) -> ScoringRule:
        from detectors.flows.rules import ScoringRule

        self.check_params()
        return ScoringRule(self.quantity, self.pooling, self.maps)

    def _latents(self, x: Array) -> Iterator[tuple[Index, Latents]]:
        """Yield blocks of scored windows: their starts, and the latents of their feature maps."""
        from detectors.flows.learning import windows_tensor

        windows, device = Windows([x], self.window), self._device()
        starts = np.unique(np.append(np.arange(0, len(windows), self.stride), len(windows) - 1))
        size = 256 if device.type == "cpu" else 4096
        for a in range(0, len(starts), size):
            block = starts[a : a + size]
            with self._steady():
                shared = windows_tensor(windows, block[:, None], self.scale_).to(device)
                yield block, self.model_.latents(shared.expand(self._networks(), -1, -1, -1))

    # -- save and load -------------------------------------------------------------------------

    def _state(self) -> tuple[Tensors, Facts]:
        return self.model_.state_dict(), {"scale": list(self.scale_), "history": self.history_}

    def _restore(self, tensors: Tensors, facts: Facts) -> None:
        mean, deviation, step = facts["scale"]
        self.scale_ = (mean, deviation, step)
        self.history_, self.window_ = facts["history"], self.window
        self._build()
        self.model_.load_state_dict(tensors)
        self.model_.eval()


class UntrainedProposed(Proposed):
    """Proposed with random weights: only the scale of the series and of its feature maps is taken from the data.

    It shows what the architecture reaches without training. Untrained networks belong in every comparison: Kim et
    al., "Towards a rigorous evaluation of time-series anomaly detection", AAAI 2022.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(600) / 5)
    >>> detector = UntrainedProposed(window=32, stride=4, members=1, channels=4).fit(x)
    >>> detector.history_  # nothing is learnt
    {}
    >>> detector.score(x).shape
    (600,)
    """

    group: ClassVar[Group] = "untrained"
    ablations: ClassVar[dict[str, dict[str, Any]]] = {}
    choices: ClassVar[dict[str, tuple[Any, ...]]] = {}

    def _training_rows(self, windows: Windows, rng: np.random.Generator) -> tuple[Index, Index]:
        none = np.zeros((0, self._networks()), dtype=np.intp)
        return none, none

    def _learn(self, learners: Sequence[Learner]) -> None:
        from detectors.flows.learning import whiten

        with self._steady():
            for learner in learners:
                whiten(learner.model, [learner])
