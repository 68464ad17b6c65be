"""AE: a dense autoencoder that reconstructs min-max scaled windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, get_args

from detectors.core import Alignment, Array, Float32, one_of, parameter, parameters
from detectors.neural.baseline import NeuralDetector, min_max_each

if TYPE_CHECKING:
    from torch import Tensor, nn


@parameters
class AE(NeuralDetector):
    """Autoencoder, trained on normal windows; the score of a window is its reconstruction error.

    Each window is scaled to 0..1 by its own minimum and maximum; constant windows become zeros. Dense layers
    32 - 16 - 32 with batch normalisation reconstruct it. The score is the mean absolute error. Training is as
    published: Adam, mean squared error, no shuffling.

    Parameters
    ----------
    window, epochs, batch_size, learning_rate, patience, max_windows, device, random_state
        As in :class:`~detectors.neural.baseline.NeuralDetector`.
    align : str
        How point scores follow from window scores; the published scripts use "centre" (offset ``window // 2``).

    References
    ----------
    Sakurada and Yairi, "Anomaly detection using autoencoders with nonlinear dimensionality reduction", MLSDA
    2014; the settings are those of TSB-UAD 0.0.3's ``AE_MLP2``.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = AE(window=40, epochs=20).fit(x[:800]).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    shuffle: ClassVar[bool] = False
    quick: ClassVar[dict[str, Any]] = {"epochs": 30, "max_windows": 2_000}  # fewer epochs learn no shape

    align: Alignment = parameter(default="centre", must_be=one_of(*get_args(Alignment)))

    def _span(self) -> int:
        return self.window_

    def _alignment(self) -> Alignment:
        return self.align

    def _scaled(self, windows: Array) -> Float32:
        return min_max_each(windows)

    def _network(self) -> nn.Module:
        from detectors.neural.networks import DenseAutoencoder

        return DenseAutoencoder(self.window_)

    def _in_and_out(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        return windows, windows

    def _error(self, given: Tensor, wanted: Tensor) -> Tensor:
        return (given - wanted).abs().mean(dim=1)
