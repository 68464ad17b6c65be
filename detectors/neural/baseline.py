"""What the three neural baselines share: scaled windows in, an error per window out, saving. Costs only numpy."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import numpy as np

from detectors.core import (
    SEED,
    WINDOW,
    Alignment,
    Array,
    Diet,
    Float32,
    Group,
    Window,
    Windows,
    evenly_spaced,
    known_window,
    min_max,
    one_of,
    parameter,
    parameters,
    real,
    resolve_window,
    whole,
    windows_to_points,
)
from detectors.neural.saved import Facts, SavedDetector, Tensors

if TYPE_CHECKING:
    from torch import Tensor, nn

Scaling = Literal["lookahead", "past"]

# A model needs something to learn from and something to stop by: 8 windows are 6 and 2 of them.
FEWEST_WINDOWS = 8


@parameters
class NeuralDetector(SavedDetector):
    """A network that learns windows of normal data; the window's error is its score.

    Subclasses define a window (:meth:`_span`), its scaling (:meth:`_scaled`), the network and its error. Training
    follows Keras' ``fit`` with early stopping. The last 15 % of the windows are the validation set, and the last
    weights are kept.

    Parameters
    ----------
    window : int or "auto"
        Points per window, or past points that a forecaster reads. "auto" is one period of the fitted values, at most
        half of the longest piece.
    epochs : int
        Passes over the training windows at most; 0 leaves the network untrained.
    batch_size : int
    learning_rate : float
    patience : int
        Epochs without a better validation loss after which training stops.
    max_windows : int
        Training windows at most, evenly spread over the fitted data; under the published protocol all are used. Other
        protocols offer ten times as many of the same kind.
    device : str
        "auto" is CUDA where there is one, else the CPU.
    random_state : int

    Attributes
    ----------
    history_ : dict
        "train" and "validation": mean squared error per epoch.

    Raises
    ------
    Diverged
        By ``fit``, when a loss is not finite.
    """

    learns_from: ClassVar[Diet] = "normal"
    group: ClassVar[Group] = "neural"
    conformance = "invariance"
    blind_to = "level and amplitude: each window is scaled by its own extremes"
    source: ClassVar[str] = "TSB-UAD (Paparrizos et al., PVLDB 2022), package 0.0.3"
    shuffle: ClassVar[bool] = True
    rows: ClassVar[int] = 4096
    _learnt: ClassVar[tuple[str, ...]] = ("window_", "history_")

    window: Window = parameter(default="auto", must_be=WINDOW)
    epochs: int = parameter(default=100, must_be=whole(0))
    batch_size: int = parameter(default=64, must_be=whole(1))
    learning_rate: float = parameter(default=1e-3, must_be=real(0, ends="(]"))
    patience: int = parameter(default=5, must_be=whole(1))
    max_windows: int = parameter(default=20_000, must_be=whole(FEWEST_WINDOWS))
    device: str = "auto"
    random_state: int = parameter(default=0, must_be=SEED)

    # -- what a subclass writes ----------------------------------------------------------------

    @abstractmethod
    def _span(self) -> int:
        """Points that one window needs."""

    @abstractmethod
    def _scaled(self, windows: Array) -> Float32:
        """(k, span) windows on the network's scale."""

    @abstractmethod
    def _network(self) -> nn.Module:
        """A freshly initialised network."""

    @abstractmethod
    def _in_and_out(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """What the network reads and what it should give, of (k, span) scaled windows."""

    @abstractmethod
    def _error(self, given: Tensor, wanted: Tensor) -> Tensor:
        """(k,) errors of the network's output, the scores."""

    @abstractmethod
    def _alignment(self) -> Alignment:
        """Where in its span a window's score belongs."""

    # -- fit and score -------------------------------------------------------------------------

    def min_length(self) -> int:
        """Points for eight windows; twice that many for ``window="auto"``, which never exceeds half the series."""
        window = known_window(self)
        return 2 * FEWEST_WINDOWS if window is None else window + FEWEST_WINDOWS

    def _fit(self, pieces: list[Array]) -> None:
        self.window_ = resolve_window(self.window, pieces)
        self._learn_scale(pieces)
        windows = Windows(pieces, self._span())
        scaled = self._scaled(windows.take(evenly_spaced(len(windows), self.max_windows)))
        with self._steady(self.random_state):
            self.network_: nn.Module = self._network().to(self._device()).eval()
            self.history_: dict[str, list[float]] = self._train(scaled) if self.epochs else {}

    def _learn_scale(self, pieces: list[Array]) -> None:
        """Learn from the fitted values what :meth:`_scaled` needs; nothing by default."""

    def _train(self, scaled: Float32) -> dict[str, list[float]]:
        import torch
        from torch.nn.functional import mse_loss

        from detectors.neural import training

        network = self.network_
        data = [tensor.contiguous() for tensor in self._in_and_out(self._tensor(scaled))]
        kept = int(len(scaled) * 0.85)
        schedule = training.Schedule(self.epochs, self.batch_size, self.learning_rate, self.patience)
        return training.train(
            network,
            lambda given, wanted: mse_loss(network(given), wanted),
            [tensor[:kept] for tensor in data],
            [tensor[kept:] for tensor in data],
            schedule,
            self._report,
            torch.randperm if self.shuffle else None,
        )

    def _score(self, x: Array) -> Array:
        import torch

        from detectors.neural import training

        windows = Windows([x], self._span())
        errors = np.empty(len(windows))
        with training.steady(next(self.network_.parameters()).device), torch.no_grad():
            for rows, block in windows.chunks(self.rows):
                given, wanted = self._in_and_out(self._tensor(self._scaled(block)))
                errors[rows] = self._error(self.network_(given), wanted).cpu().numpy()
        return windows_to_points(errors, self._span(), self._alignment())

    def _tensor(self, scaled: Float32) -> Tensor:
        import torch

        return torch.from_numpy(scaled).to(next(self.network_.parameters()).device)

    # -- save and load -------------------------------------------------------------------------

    def _state(self) -> tuple[Tensors, Facts]:
        return self.network_.state_dict(), {name: getattr(self, name) for name in self._learnt}

    def _restore(self, tensors: Tensors, facts: Facts) -> None:
        vars(self).update(facts)
        self.network_ = self._network().eval()
        self.network_.load_state_dict(tensors)
        self.network_.to(self._device())


@parameters
class Forecaster(NeuralDetector):
    """A network that predicts the next point from ``window`` past ones; the score is its absolute error.

    The first ``window`` points, which nothing predicts, take the score of the first predicted one.

    Parameters
    ----------
    window, epochs, batch_size, learning_rate, patience, max_windows, device, random_state
        As in :class:`NeuralDetector`.
    scaling : {"past", "lookahead"}
        Each window is min-max scaled. "past": by its past points alone. A past with a range below 1 % of the fitted
        range is scaled by that 1 %. The target is cut off at ten ranges outside, so that scores are bounded.
        "lookahead": together with the point to predict, as published, which lets the network see whether that point is
        an extreme. A flat window becomes zeros.
    """

    scaling: Scaling = parameter(default="past", must_be=one_of(*get_args(Scaling)))
    _learnt: ClassVar[tuple[str, ...]] = ("window_", "history_", "floor_")

    def _span(self) -> int:
        return self.window_ + 1

    def _alignment(self) -> Alignment:
        return "end"

    def _learn_scale(self, pieces: list[Array]) -> None:
        values = np.concatenate(pieces)
        # A flat series has no range of its own: any unit will do.
        self.floor_ = FLAT_SHARE * float(np.ptp(values)) or 1.0

    def _scaled(self, windows: Array) -> Float32:
        return min_max_each(windows) if self.scaling == "lookahead" else min_max_past(windows, self.floor_)

    def _in_and_out(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        return windows[:, :-1], windows[:, -1]

    def _error(self, given: Tensor, wanted: Tensor) -> Tensor:
        return (given - wanted).abs()


# Share of the fitted range below which a window's own range is not trusted as a scale.
FLAT_SHARE = 0.01
# Where a target scaled from the past alone is cut off, in ranges of that past.
FARTHEST = 10.0


def min_max_each(windows: Array) -> Float32:
    """Each window scaled to 0..1 by its own extremes; a flat one becomes zeros, as by scikit-learn's MinMaxScaler."""
    return np.ascontiguousarray(min_max(windows, 10 * np.finfo(np.float64).eps), dtype=np.float32)


def min_max_past(windows: Array, floor: float) -> Float32:
    """Each window scaled by the extremes of all points but the last, which may then leave 0..1.

    A range below ``floor`` counts as ``floor``: a flat past makes no enormous step of a small one. The last point is
    cut off at ten ranges outside.
    """
    past = windows[:, :-1]
    low = past.min(axis=1, keepdims=True)
    spread = np.maximum(past.max(axis=1, keepdims=True) - low, floor)
    scaled = (windows - low) / spread
    np.clip(scaled[:, -1], -FARTHEST, 1 + FARTHEST, out=scaled[:, -1])
    return np.asarray(scaled, dtype=np.float32)
