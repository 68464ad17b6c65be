"""LSTM: a recurrent network that predicts the next point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from detectors.core import Array, Float32, parameters
from detectors.neural.baseline import Forecaster

if TYPE_CHECKING:
    from torch import nn


@parameters
class LSTM(Forecaster):
    """LSTM forecaster, trained on normal data; the score of a point is its prediction error.

    Two layers of 50 cells, then dense 1; the score is the absolute error on the scale of the window.

    Parameters
    ----------
    window, scaling, epochs, batch_size, learning_rate, patience, max_windows, device, random_state
        As in :class:`~detectors.neural.baseline.Forecaster`.

    References
    ----------
    Malhotra et al., "Long short term memory networks for anomaly detection in time series", ESANN 2015; the
    settings are those of TSB-UAD 0.0.3's ``lstm``.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = LSTM(window=40, epochs=3).fit(x[:800]).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    version: ClassVar[int] = 3
    rows: ClassVar[int] = 256  # more windows at once exceed the cache and take longer each
    quick: ClassVar[dict[str, Any]] = {"epochs": 1, "max_windows": 1_000}

    epochs: int = 50

    def _network(self) -> nn.Module:
        from detectors.neural.networks import LSTMForecaster

        return LSTMForecaster()

    def _train(self, scaled: Float32) -> dict[str, list[float]]:
        from detectors.kernels.threads import one_thread

        with one_thread():
            return super()._train(scaled)

    def _score(self, x: Array) -> Array:
        from detectors.kernels.threads import one_thread

        with one_thread():
            return super()._score(x)
