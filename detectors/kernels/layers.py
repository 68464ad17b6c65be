"""Elementwise layers, normalisation and pooling of small 1-D networks, compiled by numba for one network on one core.

Arrays are float32, (channels, positions), with the windows one after the other; ``length`` is that of a window. Loops
assign single values, because assigning a slice takes three times as long. Sums are left to BLAS: without ``fastmath``
a loop that sums is not vectorised. No function may be compiled with it, see :mod:`detectors.kernels.lstm`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from detectors.core import Float32

# A Python float would make every product one of float64.
ZERO, HALF, ONE = np.float32(0), np.float32(0.5), np.float32(1)


# -- rows ------------------------------------------------------------------------------------------


@njit(nogil=True, cache=True)
def copy(row: Float32, source: Float32) -> None:
    """Copy as far as both reach."""
    for p in range(min(len(row), len(source))):
        row[p] = source[p]


@njit(nogil=True, cache=True)
def add(row: Float32, part: Float32) -> None:
    """Add as far as both reach."""
    for p in range(min(len(row), len(part))):
        row[p] += part[p]


@njit(nogil=True, cache=True)
def add_all(x: Float32, part: Float32) -> None:
    for c in range(len(x)):
        add(x[c], part[c])


@njit(nogil=True, cache=True)
def rectify(x: Float32) -> Float32:
    out = np.empty_like(x)
    for c in range(len(x)):
        row, source = out[c], x[c]
        for p in range(len(row)):
            row[p] = ZERO if source[p] < ZERO else source[p]  # NaN stays NaN, so that divergence is found
    return out


@njit(nogil=True, cache=True)
def rectify_back(slope: Float32, rectified: Float32) -> None:
    """Replace the gradient of the output by that of the input."""
    for c in range(len(slope)):
        row, mine = slope[c], rectified[c]
        for p in range(len(row)):
            row[p] = ZERO if mine[p] <= ZERO else row[p]


@njit(nogil=True, cache=True)
def sums(x: Float32) -> Float32:
    """Return the sum of each channel, (channels, 1)."""
    total: Float32 = np.dot(x, np.ones((x.shape[1], 1), dtype=np.float32))
    return total


# -- batch normalisation and pooling -----------------------------------------------------------------


@njit(nogil=True, cache=True, error_model="numpy")
def normalise(x: Float32, moments: Float32, epsilon: np.float32) -> None:
    """Replace each channel by its values at mean 0 and variance 1.

    ``moments``, (channels, 3), receive mean, variance and number of values.
    """
    count = np.float32(x.shape[1])
    means = sums(x)
    for c in range(len(x)):
        row, mean = x[c], means[c, 0] / count
        for p in range(len(row)):
            row[p] -= mean
        variance = np.dot(row, row) / count
        factor = ONE / np.sqrt(variance + epsilon)
        for p in range(len(row)):
            row[p] *= factor
        moments[c, 0], moments[c, 1], moments[c, 2] = mean, variance, count


@njit(nogil=True, cache=True)
def scale(normal: Float32, weight: Float32, bias: Float32) -> Float32:
    """Return normalised channels times (channels,) weights plus biases."""
    out = np.empty_like(normal)
    for c in range(len(out)):
        row, source, factor, mine = out[c], normal[c], weight[c], bias[c]
        for p in range(len(row)):
            row[p] = source[p] * factor + mine
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def normalise_back(
    slope: Float32,
    normal: Float32,
    moments: Float32,
    epsilon: np.float32,
    weight: Float32,
    of_weight: Float32,
    of_bias: Float32,
) -> None:
    """Replace the gradient of what :func:`scale` returns by that of what :func:`normalise` was given."""
    count = np.float32(slope.shape[1])
    totals = sums(slope)
    for c in range(len(slope)):
        of_bias[c], of_weight[c] = totals[c, 0], np.dot(slope[c], normal[c])
        factor = weight[c] / np.sqrt(moments[c, 1] + epsilon)
        _combine(slope[c], normal[c], factor, -factor * of_weight[c] / count, -factor * of_bias[c] / count)


@njit(nogil=True, cache=True)
def _combine(row: Float32, other: Float32, factor: np.float32, of_other: np.float32, number: np.float32) -> None:
    """Replace a row by a combination of both rows and a number."""
    for p in range(len(row)):
        row[p] = factor * row[p] + of_other * other[p] + number


@njit(nogil=True, cache=True)
def pool(x: Float32, length: int) -> Float32:
    """Return the maxima of three neighbours at every second position of each window."""
    channels, positions = x.shape
    after = (length - 1) // 2 + 1
    out = np.empty((channels, positions // length * after), dtype=np.float32)
    for c in range(channels):
        row, source = out[c], x[c]
        for w in range(positions // length):
            for p in range(after):
                at = w * length + 2 * p
                most = source[at]
                if p > 0:
                    most = max(most, source[at - 1])
                if 2 * p + 1 < length:
                    most = max(most, source[at + 1])
                row[w * after + p] = most
    return out


@njit(nogil=True, cache=True)
def pool_back(slope: Float32, x: Float32, length: int) -> Float32:
    """Return the gradient of the input, which is that of the first maximum."""
    channels, positions = x.shape
    after = (length - 1) // 2 + 1
    of_x = np.zeros_like(x)
    # What the left and the right neighbour of every second position receive, found without branches.
    to_left, to_right = np.zeros(after + 1, dtype=np.float32), np.zeros(after + 1, dtype=np.float32)
    for c in range(channels):
        row, source, mine = of_x[c], x[c], slope[c]
        for w in range(positions // length):
            a, b = w * length, w * after
            for p in range(1, length // 2):
                left, middle, right = source[a + 2 * p - 1], source[a + 2 * p], source[a + 2 * p + 1]
                to_left[p] = mine[b + p] if (left >= middle) & (left >= right) else ZERO
                to_right[p] = mine[b + p] if (right > middle) & (right > left) else ZERO
            if length > 1:  # the first position has no left neighbour
                to_right[0] = mine[b] if source[a + 1] > source[a] else ZERO
            if length % 2 and length > 1:  # the last position has no right neighbour
                to_left[after - 1] = mine[b + after - 1] if source[a + length - 2] >= source[a + length - 1] else ZERO
            for p in range(after):
                row[a + 2 * p] = mine[b + p] - to_left[p] - to_right[p]
            for p in range(length // 2):
                row[a + 2 * p + 1] = to_right[p] + to_left[p + 1]
    return of_x
