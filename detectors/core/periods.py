"""How long one period of a series is: two estimates."""

from __future__ import annotations

import numpy as np

from detectors.core.arrays import Array


def estimate_window(x: Array, fallback: int = 125, lags: int = 400, points: int = 20_000, rank: int = 1) -> int:
    """One period of the series, as TSB-UAD's ``find_length`` estimates it.

    It is the highest strict local maximum of the autocorrelation of the first ``points`` values at lags 3..``lags``.
    Its index, counted from lag 3, must lie in 3..300. Else it is ``fallback``: 125 in the published runs, 100 in the
    package since August 2024.

    Parameters
    ----------
    x : (n,) array
    fallback : int
        Used when there is no acceptable maximum.
    rank : int
        2: the next highest maximum at a longer lag than the highest, where there is one (TSB-AD).

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
    """Biased autocorrelation at lags 0..min(lags, n - 1), by FFT: 1 at lag 0; zeros behind it for a constant series."""
    centred = x - x.mean()
    size = 1 << (2 * len(x) - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    covariance = np.fft.irfft(spectrum * spectrum.conj(), size)[: min(lags, len(x) - 1) + 1]
    return np.asarray(covariance / covariance[0] if covariance[0] > 0 else np.eye(1, len(covariance))[0])


def period(x: Array) -> int | None:
    """The series' period in points: the first lag at which it resembles itself nearly as well as at any.

    The autocorrelation is taken for lags up to a third of the series. Only peaks behind the first zero crossing count,
    so that noise on a slow wave is no period. The first that reaches nine tenths of the highest is taken, so that a
    week does not hide its day. None when the highest is below .2. Unlike TSB-UAD's ``find_length`` it has neither a
    longest period nor a fall-back.
    """
    lags = len(x) // 3
    # Its own is biased: a period of a third of the series would count for two thirds.
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
