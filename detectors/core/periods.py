"""Two estimates of the period of a series."""

from __future__ import annotations

import numpy as np

from detectors.core.arrays import Array


def estimate_window(x: Array, fallback: int = 125, lags: int = 400, points: int = 20_000, rank: int = 1) -> int:
    """Estimate the period of a series as TSB-UAD's ``find_length`` does.

    It is the highest strict local maximum of the autocorrelation of the first ``points`` values at lags 3..``lags``.
    If its index, counted from lag 3, is outside of 3..300, ``fallback`` is returned: 125 in the published runs, 100 in
    the package since August 2024.

    Parameters
    ----------
    x : (n,) array
    fallback : int
        Returned when there is no acceptable maximum.
    rank : int
        2: the highest among the maxima at longer lags than the highest, if there is one (TSB-AD).

    Returns
    -------
    int
        Window length in points.

    Examples
    --------
    >>> import numpy as np
    >>> from detectors import estimate_window
    >>> estimate_window(np.sin(np.arange(1200) * 2 * np.pi / 50))
    50
    """
    head = np.asarray(x, dtype=np.float64)[:points]
    if len(head) < 8 or head.min() == head.max():
        return fallback
    correlation = autocorrelation(head, lags)[3:]
    inner = correlation[1:-1]
    peaks = 1 + np.flatnonzero((inner > correlation[:-2]) & (inner > correlation[2:]))
    if len(peaks) == 0:
        return fallback
    best = int(peaks[np.argmax(correlation[peaks])])
    later = peaks[peaks > best]
    if rank == 2 and len(later):
        best = int(later[np.argmax(correlation[later])])
    return best + 3 if 3 <= best <= 300 else fallback


def autocorrelation(x: Array, lags: int) -> Array:
    """Compute the biased autocorrelation at lags 0..min(lags, n - 1) by FFT; a constant series gives 1, 0, 0 ..."""
    centred = x - x.mean()
    size = 1 << (2 * len(x) - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    covariance = np.fft.irfft(spectrum * spectrum.conj(), size)[: min(lags, len(x) - 1) + 1]
    return np.asarray(covariance / covariance[0] if covariance[0] > 0 else np.eye(1, len(covariance))[0])


def period(x: Array) -> int | None:
    """Return the period of a series in points, or None if it has none.

    It is the lag of the first peak of the autocorrelation that reaches nine tenths of the highest peak, so that a day
    is found rather than a week. Lags go up to a third of the series. Only peaks after the first negative value count,
    so that noise on a slow wave is not taken for a period. There is no period if the highest peak is below .2. Unlike
    TSB-UAD's ``find_length`` it has neither a maximal period nor a fallback.
    """
    lags = len(x) // 3
    # Remove the bias of ``autocorrelation``: the peak at a third of the series would have two thirds of its height.
    correlation = autocorrelation(x, lags) * len(x) / (len(x) - np.arange(lags + 1))
    below = np.flatnonzero(correlation < 0)
    if not len(below):
        return None
    inner = correlation[1:-1]
    peaks = np.flatnonzero((inner > correlation[:-2]) & (inner >= correlation[2:])) + 1
    peaks = peaks[peaks > below[0]]
    heights = correlation[peaks]
    if not len(peaks) or heights.max() < 0.2:
        return None
    return int(peaks[heights >= 0.9 * heights.max()][0])
