"""SR: spectral residual, deviations from the smoothed spectrum of the series."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

import numpy as np

from detectors.core import Array, Detector, one_of, parameter, parameters, whole

Padding = Literal["spectrum", "series"]


@parameters
class SR(Detector):
    """Spectral residual: a saliency map of the whole series.

    The moving mean over ``width`` frequencies is subtracted from the logarithm of the Fourier amplitudes. The inverse
    transform uses the original phases. The score is the absolute value of the result. Frequency 0 gets amplitude 1.

    Parameters
    ----------
    width : int
        Number of frequencies of the moving mean.
    padding : {"spectrum", "series"}
        Values that continue the spectrum at its ends: its own first and last, or those of the scaled series (a mistake
        of TSB-AD). The latter is needed only to reproduce its published figures exactly.

    References
    ----------
    Ren et al., "Time-series anomaly detection service at Microsoft", KDD 2019; without its network and its local
    averages, and with the width, as in Liu and Paparrizos, "TSB-AD", NeurIPS 2024.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = SR().fit(x).score(x)
    >>> bool(990 <= scores.argmax() < 1020)
    True
    """

    learns_from = "nothing"
    group = "field"
    source = "Ren et al., KDD 2019; TSB-AD"
    conformance = "invariance"
    blind_to = "an anomaly that recurs as often as the series does, and one of few frequencies"

    width: int = parameter(default=100, must_be=whole(1, 1_000_000))
    padding: Padding = parameter(default="spectrum", must_be=one_of(*get_args(Padding)))
    exempt: ClassVar[dict[str, str]] = dict.fromkeys(
        ("huge value scored", "huge value fitted"),
        "each frequency holds every point: beside one of 1e20 the digits of all others are lost",
    )

    def _fit(self, pieces: list[Array]) -> None:
        """Do nothing."""

    def _score(self, x: Array) -> Array:
        spread = np.ptp(x)
        if spread == 0:
            return np.zeros(len(x))
        scaled = (x - x.min()) / spread
        spectrum = np.fft.fft(scaled)
        amplitude = np.abs(spectrum)
        amplitude[amplitude == 0] = np.finfo(np.float64).tiny
        level = np.log(amplitude)
        half = level[1 : len(level) // 2 + 1]
        ends = (scaled[0], scaled[-1]) if self.padding == "series" else (half[0], half[-1])
        mean = _moving_mean(half, self.width, ends)
        mirrored = mean[: len(level) - 1 - len(half)][::-1]
        residual = level - np.concatenate([level[:1], mean, mirrored])
        return np.asarray(np.abs(np.fft.ifft(np.exp(residual + 1j * np.angle(spectrum)))))


def _moving_mean(x: Array, width: int, ends: tuple[float, float]) -> Array:
    """Return (n,) means over ``width`` values, floor((width - 1) / 2) of them before; ``ends`` continue the values."""
    before = (width - 1) // 2
    padded = np.concatenate([np.full(before, ends[0]), x, np.full(width - 1 - before, ends[1])])
    return np.asarray(np.convolve(padded, np.ones(width) / width, "valid"))
