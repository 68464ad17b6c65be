"""CNN: a convolutional network that predicts the next point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from detectors.neural.baseline import Forecaster

if TYPE_CHECKING:
    from torch import nn


class CNN(Forecaster):
    """Convolutional forecaster, trained on normal data; the score of a point is its prediction error.

    Three convolutions (8, 16, 32 channels, kernel 2) with max-pooling, then dense 64 - dropout .2 - dense 1. The score
    is the absolute error on the scale of the window.

    Parameters
    ----------
    window, scaling, epochs, batch_size, learning_rate, patience, max_windows, device, random_state
        As in :class:`~detectors.neural.baseline.Forecaster`. A window below 14, too short for three poolings, is padded
        at its start with its first value.

    References
    ----------
    Munir et al., "DeepAnT: a deep learning approach for unsupervised anomaly detection in time series", IEEE
    Access 2019; the settings are those of TSB-UAD 0.0.3's ``cnn``.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = CNN(window=40, epochs=5).fit(x[:800]).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    rows: ClassVar[int] = 512  # more windows at once exceed the cache and take longer each
    quick: ClassVar[dict[str, Any]] = {"epochs": 2, "max_windows": 2_000}

    def _network(self) -> nn.Module:
        from detectors.neural.networks import ConvForecaster

        return ConvForecaster(self.window_)
