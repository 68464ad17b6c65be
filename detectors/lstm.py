"""LSTM: a recurrent network that predicts the next point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from detectors.core import Array
from detectors.neural.baseline import Float32, Forecaster, Scaling, Window

if TYPE_CHECKING:
    from torch import nn


class LSTM(Forecaster):
    """LSTM forecaster: a point that a network, trained on normal data, predicts badly is anomalous.

    Two layers of 50 cells, then dense 1; the score is the absolute error on the window's scale.

    Parameters
    ----------
    window : int or "auto"
        Past points that the network reads; "auto" is one period of the fitted values, at most half of
        the longest piece.
    scaling : {"past", "lookahead"}
        Each window is min-max scaled. "past": by its past points alone; a past with a range below 1 % of the fitted
        range is scaled by that 1 %, and the target is cut off at ten ranges outside, so that scores are bounded.
        "lookahead": together with the point to predict, as published, which lets the network see whether
        that point is an extreme; a flat window becomes zeros.
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
    Malhotra et al., "Long short term memory networks for anomaly detection in time series", ESANN 2015; the
    settings are those of TSB-UAD 0.0.3's ``lstm``.
    """

    version: ClassVar[int] = 3
    rows: ClassVar[int] = 256  # more windows at once leave the cache and take longer each
    quick: ClassVar[dict[str, Any]] = {"epochs": 1, "max_windows": 1_000}

    def __init__(
        self,
        window: Window = "auto",
        scaling: Scaling = "past",
        epochs: int = 50,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        patience: int = 5,
        max_windows: int = 20_000,
        device: str = "auto",
        random_state: int = 0,
    ) -> None:
        self.window = window
        self.scaling = scaling
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.max_windows = max_windows
        self.device = device
        self.random_state = random_state

    def _network(self) -> nn.Module:
        from detectors.neural.networks import LSTMForecaster

        return LSTMForecaster()

    def _train(self, scaled: Float32) -> dict[str, list[float]]:
        from detectors.kernels.lstm import one_thread

        with one_thread():
            return super()._train(scaled)

    def _score(self, x: Array) -> Array:
        from detectors.kernels.lstm import one_thread

        with one_thread():
            return super()._score(x)
