"""Check the values of a series, and find one series in another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from detectors.core.arrays import Array

LARGEST = 1e150  # sums of squares of larger values overflow
MISSING = "fill or drop missing values before fit or score"


def as_series(x: ArrayLike) -> Array:
    """Return ``x`` as a read-only (n,) float64 view or copy; other shapes, types and values raise ValueError."""
    series = real_numbers(x)
    if series.ndim != 1:
        raise ValueError(f"expected a one-dimensional series of shape (n,), got shape {series.shape}")
    if len(series) == 0:
        raise ValueError("the series is empty")
    if not (np.abs(series) <= LARGEST).all():
        row = int(np.flatnonzero(~(np.abs(series) <= LARGEST))[0])
        advice = "rescale the series, because its square overflows float64" if np.isfinite(series[row]) else MISSING
        raise ValueError(f"row {row} is {series[row]}: {advice}")
    series = series.view()
    series.flags.writeable = False
    return series


def real_numbers(x: ArrayLike) -> Array:
    """Return ``x`` as float64; masked, complex and text values and dates, which NumPy converts, raise ValueError."""
    if np.ma.is_masked(x):
        row = int(np.flatnonzero(np.ma.getmask(x))[0])
        raise ValueError(f"row {row} is masked: {MISSING}")
    try:
        values = np.asarray(x)
    except ValueError as error:
        raise ValueError("expected one series of shape (n,), got a list of parts of different shapes") from error
    text = values.dtype.kind == "O" and any(isinstance(value, str | bytes) for value in values.flat)
    if values.dtype.kind not in "biufO" or text:
        kind = {"c": "complex numbers", "M": "dates", "m": "durations"}.get(values.dtype.kind, "text")
        raise ValueError(f"expected real numbers, got {kind} (dtype {values.dtype}): convert them first")
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, OverflowError) as error:
        raise ValueError(f"expected real numbers, got objects: {error}") from error


def as_pieces(x: ArrayLike | Sequence[ArrayLike]) -> list[Array]:
    """Return one series, or a list of pieces, as a list of checked arrays."""
    if isinstance(x, list | tuple) and len(x) and np.ndim(x[0]) == 1:
        return [as_series(piece) for piece in x]
    return [as_series(x)]  # type: ignore[arg-type]


def frozen_copy(series: Array) -> Array:
    """Return a read-only copy."""
    copied = series.copy()
    copied.flags.writeable = False
    return copied


def offset_in(whole: Array, part: Array) -> int:
    """Return the first offset at which ``whole`` contains ``part`` with equal values, or -1."""
    haystack, needle = whole.tobytes(), part.tobytes()
    at = haystack.find(needle)
    while at % whole.itemsize and at >= 0:  # a match that starts within a value
        at = haystack.find(needle, at + 1)
    return at // whole.itemsize if at >= 0 else -1
