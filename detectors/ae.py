"""AE: a dense autoencoder that reconstructs min-max scaled windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from detectors.core import Alignment, Array
from detectors.neural.baseline import Float32, NeuralDetector, Window, min_max

if TYPE_CHECKING:
    from torch import Tensor, nn


class AE(NeuralDetector):
    """Autoencoder: a window that a narrow network, trained on normal windows, reconstructs badly is anomalous.

    Each window is min-max scaled by itself (a flat one becomes zeros), read by dense layers 32 - 16 - 32 with batch
    normalisation and scored by the mean absolute error of its reconstruction. Trained as published: Adam, mean
    squared error, no shuffling.

    Parameters
    ----------
    window : int or "auto"
        Points per window; "auto" is one period of the fitted values, at most half of the longest piece.
    align : str
        How window scores become point scores; the published scripts use "centre" (offset ``window // 2``).
    epochs : int
        Passes over the training windows at most; 0 leaves the network untrained.
    batch_size : int
    learning_rate : float
    patience : int
        Epochs without a better validation loss after which training stops.
    max_windows : int
        Training windows at most, evenly spread over the fitted data: the published protocol has fewer
        than 10,000, all of them used; other protocols offer ten times as many of the same kind.
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

    References
    ----------
    Sakurada and Yairi, "Anomaly detection using autoencoders with nonlinear dimensionality reduction", MLSDA
    2014; the settings are those of TSB-UAD 0.0.3's ``AE_MLP2``.
    """

    shuffle: ClassVar[bool] = False
    quick: ClassVar[dict[str, Any]] = {"epochs": 30, "max_windows": 2_000}  # fewer learn no shape yet

    def __init__(
        self,
        window: Window = "auto",
        align: Alignment = "centre",
        epochs: int = 100,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        patience: int = 5,
        max_windows: int = 20_000,
        device: str = "auto",
        random_state: int = 0,
    ) -> None:
        self.window = window
        self.align = align
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.max_windows = max_windows
        self.device = device
        self.random_state = random_state

    align: Alignment

    def _span(self) -> int:
        return self.window_

    def _alignment(self) -> Alignment:
        return self.align

    def _scaled(self, windows: Array) -> Float32:
        return min_max(windows)

    def _network(self) -> nn.Module:
        from detectors.neural.networks import DenseAutoencoder

        return DenseAutoencoder(self.window_)

    def _in_and_out(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        return windows, windows

    def _error(self, given: Tensor, wanted: Tensor) -> Tensor:
        return (given - wanted).abs().mean(dim=1)
