"""CNN: a convolutional network that predicts the next point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from detectors.neural.baseline import Forecaster, Scaling, Window

if TYPE_CHECKING:
    from torch import nn


class CNN(Forecaster):
    """Convolutional forecaster: a point that a network, trained on normal data, predicts badly is anomalous.

    Three convolutions (8, 16, 32 channels, kernel 2) with max-pooling, then dense 64 - dropout .2 - dense 1; the score
    is the absolute error on the window's scale.

    Parameters
    ----------
    window : int or "auto"
        Past points that the network reads; "auto" is one period of the fitted values, at most half of
        the longest piece. One below 14, too short for the three pools, is continued backwards by its first value.
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
    Munir et al., "DeepAnT: a deep learning approach for unsupervised anomaly detection in time series", IEEE
    Access 2019; the settings are those of TSB-UAD 0.0.3's ``cnn``.
    """

    rows: ClassVar[int] = 512  # more windows at once leave the cache and take longer each
    quick: ClassVar[dict[str, Any]] = {"epochs": 2, "max_windows": 2_000}

    def __init__(
        self,
        window: Window = "auto",
        scaling: Scaling = "past",
        epochs: int = 100,
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
        from detectors.neural.networks import ConvForecaster

        return ConvForecaster(self.window_)
