"""POLY: the residual of a block of points from a polynomial fitted to its neighbourhood."""

from __future__ import annotations

import warnings
from typing import Literal, get_args

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from detectors.core import (
    WINDOW,
    Array,
    Detector,
    Window,
    known_window,
    one_of,
    parameter,
    parameters,
    resolve_window,
    whole,
)

Places = Literal["centred", "rows"]
CHUNK = 1 << 18  # values copied at a time, about 2 MiB


@parameters
class POLY(Detector):
    """Polynomial approximation of each block from the points around it.

    The series is cut into blocks of ``window`` points. A polynomial is fitted to the max(10 window, 100) points around
    a block's start, without the block. At the ends of the series the neighbourhood is shifted inwards. The score of a
    block is the norm of the Fourier transform of its residual, divided by its length. By Parseval's theorem this is
    the root mean square of the residual. Every point has the score of its block. The first min(500, n / 10) points,
    rounded up to whole blocks, get 0.

    All inner blocks of a series share one linear map from neighbourhood to coefficients.

    Parameters
    ----------
    window : int or "auto"
        Length of a block; "auto" is one period of the fitted values.
    degree : int
        Degree of the polynomial.
    stretch : bool
        Evaluate the polynomial at points spread over the block and one sample more, a mistake of TSB-UAD. Needed only
        to reproduce its published figures exactly.
    places : {"centred", "rows"}
        Domain of the polynomial. ``"centred"``: -1..1. ``"rows"``: the row numbers, for the series scaled to 0..1, as
        in TSB-UAD and TSB-AD. That fit loses rank far from the origin, which affects the published figures.

    References
    ----------
    Li, Ma and Mei, "A unifying method for outlier and change detection from data streams based on local polynomial
    fitting", PAKDD 2007, as used in Paparrizos et al., "TSB-UAD", VLDB 2022.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(np.arange(1200) / 5)
    >>> x[1000:1010] += 2
    >>> scores = POLY(window=40).fit(x).score(x)
    >>> bool(980 <= scores.argmax() < 1030)
    True
    """

    learns_from = "nothing"
    version = 2
    source = "Li, Ma and Mei, PAKDD 2007; TSB-UAD"
    conformance = "invariance"
    blind_to = "a departure as slow as a cubic over ten windows, and the first min(500, n / 10) points"

    window: Window = parameter(default="auto", must_be=WINDOW)
    degree: int = parameter(default=3, must_be=whole(0, 20))
    stretch: bool = parameter(default=False, must_be=one_of(False, True))
    places: Places = parameter(default="centred", must_be=one_of(*get_args(Places)))

    def min_length(self) -> int:
        """Return the length of two blocks, or more if the polynomial needs more points beside a block."""
        window = known_window(self)
        return 8 if window is None else max(2 * window, window + self.degree + 1)

    def _fit(self, pieces: list[Array]) -> None:
        self.window_ = resolve_window(self.window, pieces)

    def _score(self, x: Array) -> Array:
        window, n = self.window_, len(x)
        around = min(max(10 * window, 100), n)
        reach = around // 2
        starts = np.arange(-(-min(500, n // 10) // window) * window, n, window)
        inner = (starts - reach > 0) & (starts + reach < n)
        scores = np.zeros(n)
        if self.places == "rows":
            scaled = (x - x.min()) / (np.ptp(x) or 1.0)
            for first, within in zip(starts.tolist(), inner, strict=True):
                at, size = (first - reach, 2 * reach) if within else (min(max(first - reach, 0), n - around), around)
                scores[first : first + window] = self._residual_rms_by_rows(scaled, at, size, first)
            return scores
        if inner.any():
            # The neighbourhoods of the inner blocks are every window-th row of a view.
            begin = int(starts[inner][0])
            hoods = sliding_window_view(x[begin - reach :], 2 * reach)[::window][: inner.sum()]
            blocks = np.repeat(self._residual_rms(hoods, reach), window)
            scores[begin : begin + len(blocks)] = blocks
        for start in starts[~inner]:
            begin = int(np.clip(start - reach, 0, n - around))
            scores[start : start + window] = self._residual_rms(x[None, begin : begin + around], int(start) - begin)
        return scores

    def _residual_rms(self, hoods: Array, offset: int) -> Array:
        """Return the (k,) root mean square residuals of the blocks at ``offset`` of (k, m) neighbourhoods."""
        coefficients, values = local_fit(hoods.shape[1], offset, self.window_, self.degree, self.stretch)
        block = slice(offset, offset + len(values))
        step = max(1, CHUNK // hoods.shape[1])
        residuals = []
        for a in range(0, len(hoods), step):
            # The level cancels in the residual; subtracting it first avoids rounding errors for series far from 0.
            part = hoods[a : a + step] - hoods[a : a + step].mean(axis=1, keepdims=True)
            residual = part[:, block] - (part @ coefficients) @ values.T
            residuals.append(np.sqrt((residual**2).mean(axis=1)))
        return np.concatenate(residuals)

    def _residual_rms_by_rows(self, x: Array, begin: int, size: int, start: int) -> float:
        """Return the root mean square residual of one block from a polynomial in the row number."""
        stop = min(start + self.window_, begin + size)
        rows = np.r_[begin:start, stop : begin + size]
        whole = self.stretch and stop - start == self.window_
        at = np.linspace(start, stop, stop - start) if whole else np.arange(start, stop)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.RankWarning)
            fitted = np.polyval(np.polyfit(rows, x[rows], self.degree), at)
        return float(np.sqrt(((x[start:stop] - fitted) ** 2).mean()))


def local_fit(m: int, offset: int, window: int, degree: int, stretch: bool) -> tuple[Array, Array]:
    """Return two matrices: one fits a polynomial to m points without a block, one evaluates it on the block.

    The block starts at ``offset`` and has ``window`` points, or fewer at the end of the m points. The first matrix,
    (m, degree + 1), maps m values to coefficients. The second, (block, degree + 1), holds the values of the Legendre
    polynomials at the points of the block.
    """
    stop = min(offset + window, m)
    block = np.arange(offset, stop)
    at = np.linspace(offset, stop, len(block)) if stretch and len(block) == window else block
    outside = np.r_[0:offset, stop:m]
    # With Legendre polynomials on -1..1 the fit is well conditioned at any length.
    fitted, values = (np.polynomial.legendre.legvander(2 * rows / (m - 1) - 1, degree) for rows in (outside, at))
    coefficients = np.zeros((m, degree + 1))
    coefficients[outside] = np.linalg.pinv(fitted).T
    return coefficients, values
