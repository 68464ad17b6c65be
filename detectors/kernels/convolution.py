"""Convolutions of small 1-D networks, forward and backward, compiled by numba for one network on one core.

Arrays are float32, (channels, positions), with the windows one after the other; ``length`` is that of a window. What
the taps of a convolution read is copied in one pass, for a single product by BLAS. See :mod:`detectors.kernels.layers`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from detectors.core import Float32
from detectors.kernels.layers import ZERO, add, copy, sums

# -- padded by half its kernel; the inputs of a weight are sorted tap by tap ---------------------------


@njit(nogil=True, cache=True)
def convolve(x: Float32, weight: Float32, bias: Float32, length: int, stride: int) -> Float32:
    """Compute (outputs, positions) by (outputs, kernel inputs) weights and (outputs, 1) biases."""
    out: Float32 = np.dot(weight, _taps(x, length, stride, weight.shape[1] // len(x)))
    for c in range(len(out)):
        row, mine = out[c], bias[c, 0]
        for p in range(len(row)):
            row[p] += mine
    return out


@njit(nogil=True, cache=True)
def convolve_back(
    slope: Float32, x: Float32, weight: Float32, length: int, stride: int, of_weight: Float32, of_bias: Float32
) -> Float32:
    """Return the gradient of the input; compute those of weight and bias."""
    kernel = weight.shape[1] // len(x)
    np.dot(slope, _taps(x, length, stride, kernel).T, of_weight)
    of_bias[:] = sums(slope)
    of_taps = np.dot(weight.T, slope)
    return of_taps if kernel == 1 and stride == 1 else _sum_taps(of_taps, x.shape, length, stride)


@njit(nogil=True, cache=True)
def _taps(x: Float32, length: int, stride: int, kernel: int, direction: int = 1) -> Float32:
    """Return what each tap reads, (kernel channels, positions of the output); beyond a window are zeros.

    The direction is -1 if the first tap reads what comes after a position.
    """
    channels, positions = x.shape
    if kernel == 1 and stride == 1:
        return x
    after = _length_after(length, stride, kernel)
    taps = np.empty((kernel * channels, positions // length * after), dtype=np.float32)
    for t in range(kernel):
        offset = direction * (t - kernel // 2)
        first, stop = _reach(offset, length, stride, after)
        for c in range(channels):
            row, source = taps[t * channels + c], x[c]
            if stride == 1:  # all windows at once, whose ends are then corrected
                copy(row[max(0, -offset) :], source[max(0, offset) :])
            elif length == stride * after:
                for p in range(first, len(row) - after + stop):
                    row[p] = source[p * stride + offset]
            else:
                for w in range(positions // length):
                    for p in range(first, stop):
                        row[w * after + p] = source[w * length + p * stride + offset]
            _zero_ends(row, after, first, stop)
    return taps


@njit(nogil=True, cache=True)
def _sum_taps(taps: Float32, shape: tuple[int, int], length: int, stride: int, direction: int = 1) -> Float32:
    """Return the gradient of the input from that of its taps, which is overwritten."""
    channels, positions = shape
    kernel = len(taps) // channels
    after = _length_after(length, stride, kernel)
    x = np.empty(shape, dtype=np.float32)
    for c in range(channels):
        row = x[c]
        if stride == 1:
            copy(row, taps[kernel // 2 * channels + c])
        else:
            for p in range(positions):
                row[p] = ZERO
        for t in range(kernel):
            offset, part = direction * (t - kernel // 2), taps[t * channels + c]
            first, stop = _reach(offset, length, stride, after)
            _zero_ends(part, after, first, stop)
            if stride == 1 and offset != 0:
                add(row[max(0, offset) :], part[max(0, -offset) :])
            elif stride > 1 and length == stride * after:
                for p in range(first, len(part) - after + stop):
                    row[p * stride + offset] += part[p]
            elif stride > 1:
                for w in range(positions // length):
                    for p in range(first, stop):
                        row[w * length + p * stride + offset] += part[w * after + p]
    return x


@njit(nogil=True, cache=True)
def _length_after(length: int, stride: int, kernel: int) -> int:
    return (length + kernel // 2 * 2 - kernel) // stride + 1


@njit(nogil=True, cache=True)
def _reach(offset: int, length: int, stride: int, after: int) -> tuple[int, int]:
    """Return the first output of a window whose tap lies within it, and the one behind the last."""
    first = min(after, max(0, (-offset + stride - 1) // stride))
    return first, max(first, min(after, (length - 1 - offset) // stride + 1))


@njit(nogil=True, cache=True)
def _zero_ends(row: Float32, length: int, first: int, stop: int) -> None:
    """Set each window to zero but for its positions ``first`` to ``stop - 1``."""
    for e in range(first):
        for p in range(e, len(row), length):
            row[p] = ZERO
    for e in range(stop, length):
        for p in range(e, len(row), length):
            row[p] = ZERO


@njit(nogil=True, cache=True)
def convolve_to_one(x: Float32, weight: Float32, bias: Float32, length: int) -> Float32:
    """Convolve to a single channel with stride 1, where shifting the products copies less than shifting the inputs."""
    kernel = weight.shape[1] // len(x)
    taps = np.dot(weight.reshape(kernel, len(x)), x)
    out = _sum_taps(taps, (1, x.shape[1]), length, 1, -1)
    for p in range(out.shape[1]):
        out[0, p] += bias[0, 0]
    return out


@njit(nogil=True, cache=True)
def convolve_to_one_back(
    slope: Float32, x: Float32, weight: Float32, length: int, of_weight: Float32, of_bias: Float32
) -> Float32:
    """Return the gradient of the input; compute those of weight and bias."""
    kernel = weight.shape[1] // len(x)
    taps = _taps(slope, length, 1, kernel, -1)
    np.dot(taps, x.T, of_weight.reshape(kernel, len(x)))
    of_bias[:] = sums(slope)
    of_x: Float32 = np.dot(weight.reshape(kernel, len(x)).T, taps)
    return of_x


# -- transposed convolution that doubles the length: kernel 4, stride 2, padding 1 --------------------
# The rows of a weight are sorted by where a position adds: to the odd output before, the even, the odd, the even after.


@njit(nogil=True, cache=True)
def upsample(x: Float32, weight: Float32, bias: Float32, length: int) -> Float32:
    """Compute (outputs, 2 positions) by (4 outputs, inputs) weights and (outputs, 1) biases."""
    taps = np.dot(weight, x)
    channels, positions = len(taps) // 4, x.shape[1]
    out = np.empty((channels, 2 * positions), dtype=np.float32)
    for c in range(channels):
        row, mine = out[c], bias[c, 0]
        before, even, odd, after = taps[c], taps[channels + c], taps[2 * channels + c], taps[3 * channels + c]
        _zero_ends(before, length, 1, length)
        _zero_ends(after, length, 0, length - 1)
        add(even[1:], after)
        add(odd, before[1:])
        for p in range(positions):
            row[2 * p] = even[p] + mine
        for p in range(positions):
            row[2 * p + 1] = odd[p] + mine
    return out


@njit(nogil=True, cache=True)
def upsample_back(
    slope: Float32, x: Float32, weight: Float32, length: int, of_weight: Float32, of_bias: Float32
) -> Float32:
    """Return the gradient of the input; compute those of weight and bias."""
    channels, positions = len(slope), x.shape[1]
    taps = np.empty((4 * channels, positions), dtype=np.float32)
    for c in range(channels):
        row = slope[c]
        before, even, odd, after = taps[c], taps[channels + c], taps[2 * channels + c], taps[3 * channels + c]
        for p in range(positions):
            even[p] = row[2 * p]
        for p in range(positions):
            odd[p] = row[2 * p + 1]
        copy(before[1:], odd)
        copy(after, even[1:])
        _zero_ends(before, length, 1, length)
        _zero_ends(after, length, 0, length - 1)
    np.dot(taps, x.T, of_weight)
    of_bias[:] = sums(slope)
    of_x: Float32 = np.dot(weight.T, taps)
    return of_x
