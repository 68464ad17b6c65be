"""Base classes of the three neural baselines: training on scaled windows, scoring by errors, saving."""

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

# 8 windows give 6 for training and 2 for validation.
FEWEST_WINDOWS = 8


@parameters
class NeuralDetector(SavedDetector):
    """A network trained on windows of normal data; the error of a window is its score.

    Subclasses define a window (:meth:`_span`), its scaling (:meth:`_scaled`), the network and its error. Training
    follows Keras' ``fit`` with early stopping: the last 15 % of the windows are the validation set, and the weights of
    the last epoch are kept.

    Parameters
    ----------
    window : int or "auto"
        Points per window, or past points that a forecaster reads. "auto" is one period of the fitted values, at most
        half of the longest piece.
    epochs : int
        Largest number of passes over the training windows; 0 leaves the network untrained.
    batch_size : int
    learning_rate : float
    patience : int
        Epochs without a better validation loss after which training stops.
    max_windows : int
        Largest number of training windows, evenly spaced over the fitted data. Under the published protocol all are
        used; other protocols have ten times as many similar windows.
    device : str
        "auto" is CUDA if available, else the CPU.
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

    # -- methods of subclasses -----------------------------------------------------------------

    @abstractmethod
    def _span(self) -> int:
        """Return the number of points of one window."""

    @abstractmethod
    def _scaled(self, windows: Array) -> Float32:
        """Scale (k, span) windows for the network."""

    @abstractmethod
    def _network(self) -> nn.Module:
        """Build and initialise the network."""

    @abstractmethod
    def _in_and_out(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Return the network's inputs and targets for (k, span) scaled windows."""

    @abstractmethod
    def _error(self, given: Tensor, wanted: Tensor) -> Tensor:
        """Return the (k,) errors of the network's outputs, which are the scores."""

    @abstractmethod
    def _alignment(self) -> Alignment:
        """Return how window scores become point scores."""

    # -- fit and score -------------------------------------------------------------------------

    def min_length(self) -> int:
        """Return the points that hold at least eight windows; "auto" is at most half of the series."""
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
    """A network that predicts the next point from ``window`` past points; the score is its absolute error.

    The first ``window`` points, which are not predicted, have the score of the first predicted point.

    Parameters
    ----------
    window, epochs, batch_size, learning_rate, patience, max_windows, device, random_state
        As in :class:`NeuralDetector`.
    scaling : {"past", "lookahead"}
        Each window is min-max scaled. "past": by its past points alone. A range below 1 % of the fitted range is
        replaced by that 1 %, and the target is clipped at ten ranges outside, so that scores are bounded. "lookahead":
        together with the point to predict, as published. The network then knows whether that point is an extreme.
        Constant windows become zeros.
    """

    scaling: Scaling = parameter(default="past", must_be=one_of(*get_args(Scaling)))
    _learnt: ClassVar[tuple[str, ...]] = ("window_", "history_", "floor_")

    def _span(self) -> int:
        return self.window_ + 1

    def _alignment(self) -> Alignment:
        return "end"

    def _learn_scale(self, pieces: list[Array]) -> None:
        values = np.concatenate(pieces)
        # A constant series has range 0: any positive unit will do.
        self.floor_ = FLAT_SHARE * float(np.ptp(values)) or 1.0

    def _scaled(self, windows: Array) -> Float32:
        return min_max_each(windows) if self.scaling == "lookahead" else min_max_past(windows, self.floor_)

    def _in_and_out(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        return windows[:, :-1], windows[:, -1]

    def _error(self, given: Tensor, wanted: Tensor) -> Tensor:
        return (given - wanted).abs()


# Share of the fitted range below which a window's own range is not used as a scale.
FLAT_SHARE = 0.01
# Targets scaled from the past alone are clipped at this many ranges of the past.
FARTHEST = 10.0


def min_max_each(windows: Array) -> Float32:
    """Scale each window to 0..1 by its own extremes; constant ones become zeros, as in scikit-learn's MinMaxScaler."""
    return np.ascontiguousarray(min_max(windows, 10 * np.finfo(np.float64).eps), dtype=np.float32)


def min_max_past(windows: Array, floor: float) -> Float32:
    """Scale each window by the extremes of all points but the last, which may then be outside of 0..1.

    A range below ``floor`` is replaced by ``floor``, so that small steps after a constant past stay small. The last
    point is clipped at ten ranges outside.
    """
    past = windows[:, :-1]
    low = past.min(axis=1, keepdims=True)
    spread = np.maximum(past.max(axis=1, keepdims=True) - low, floor)
    scaled = (windows - low) / spread
    np.clip(scaled[:, -1], -FARTHEST, 1 + FARTHEST, out=scaled[:, -1])
    return np.asarray(scaled, dtype=np.float32)
