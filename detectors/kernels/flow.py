"""A 1-D FastFlow on the CPU, its likelihood and gradients, compiled by numba for one network at a time.

A training step takes half of torch's processor time; docs/performance.md has the figures. Imports numba and scipy.
Subnets are two convolutions of kernel 1 or 3. Arrays are (channels, positions), with the windows one after the other.
No function may be compiled with ``fastmath``, see :mod:`detectors.kernels.lstm`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from detectors.core import Float32
from detectors.kernels.convolution import convolve, convolve_back
from detectors.kernels.layers import HALF, ONE, ZERO, add, copy, rectify, rectify_back, sums

Arrays = tuple[Float32, ...]
Orders = tuple[NDArray[np.int64], ...]


class Weights(NamedTuple):
    """Weights of the two convolutions of each block, or their gradients; ``a`` kept, ``b`` moved, ``c`` channels."""

    first: Arrays  # (networks, c, kernel a)
    first_bias: Arrays  # (networks, c, 1)
    last: Arrays  # (networks, 2 b, kernel c): of log-scales, then of shifts
    last_bias: Arrays  # (networks, 2 b, 1)


@njit(nogil=True, cache=True)
def transform(x: Float32, length: int, orders: Orders, weights: Weights) -> tuple[Float32, Float32]:
    """Return z as (networks, c, positions) x, and the log-determinants (networks, positions).

    ``orders`` are the (networks, c) permutations before each block.
    """
    z, log_det = np.empty_like(x), np.zeros((len(x), x.shape[2]), dtype=np.float32)
    for i in range(len(x)):
        now = x[i]
        for k in range(len(orders)):
            now = _block(now, i, k, length, orders, weights, log_det[i])[0]
        for c in range(len(now)):
            copy(z[i, c], now[c])
    return z, log_det


@njit(nogil=True, cache=True, error_model="numpy")
def likelihood(x: Float32, length: int, orders: Orders, weights: Weights, slopes: Weights) -> tuple[Float32, Float32]:
    """Compute the gradients of each network's mean negative log-likelihood, in nats per channel but for a constant.

    Return the (networks,) means over positions of z squared / 2 and of the log-determinants, both per channel.
    """
    (networks, channels, positions), kept = x.shape, x.shape[1] // 2
    squares, log_dets = np.empty(networks, dtype=np.float32), np.empty(networks, dtype=np.float32)
    each = ONE / np.float32(channels * positions)
    for i in range(networks):
        log_det = np.zeros((1, positions), dtype=np.float32)
        tape = [_block(x[i], i, 0, length, orders, weights, log_det[0])]
        for k in range(1, len(orders)):
            tape.append(_block(tape[k - 1][0], i, k, length, orders, weights, log_det[0]))
        z = tape[-1][0]
        squares[i] = HALF * each * np.vdot(z.ravel(), z.ravel())
        log_dets[i] = each * sums(log_det)[0, 0]

        slope = np.empty_like(z)
        for c in range(channels):
            row, mine = slope[c], z[c]
            for p in range(positions):
                row[p] = mine[p] * each
        for k in range(len(orders) - 1, -1, -1):
            z, hidden, rate, factor, shift = tape[k]
            last, of_last, of_bias = weights.last[k][i], slopes.last[k][i], slopes.last_bias[k][i]
            of_out = _couple_back(slope[kept:], -each, z[kept:], rate, factor, shift)
            of_hidden = convolve_back(of_out, hidden, last, length, 1, of_last, of_bias)
            rectify_back(of_hidden, hidden)
            first, of_first, of_bias = weights.first[k][i], slopes.first[k][i], slopes.first_bias[k][i]
            # A block does not change the channels that it keeps.
            of_kept = convolve_back(of_hidden, z[:kept], first, length, 1, of_first, of_bias)
            before, order = np.empty_like(slope), orders[k][i]
            for c in range(channels):
                copy(before[order[c]], slope[c])
            for c in range(kept):
                add(before[order[c]], of_kept[c])
            slope = before
    return squares, log_dets


@njit(nogil=True, cache=True)
def _block(
    x: Float32, i: int, k: int, length: int, orders: Orders, weights: Weights, log_det: Float32
) -> tuple[Float32, Float32, Float32, Float32, Float32]:
    """Return z and what the backward pass needs, see :func:`_couple`; add to the log-determinants."""
    order, kept = orders[k][i], len(x) // 2
    z = np.empty_like(x)
    for c in range(len(x)):
        copy(z[c], x[order[c]])
    hidden = rectify(convolve(z[:kept], weights.first[k][i], weights.first_bias[k][i], length, 1))
    out = convolve(hidden, weights.last[k][i], weights.last_bias[k][i], length, 1)
    moved = len(x) - kept
    rate = np.empty((moved, x.shape[1]), dtype=np.float32)
    _couple(out, z[kept:], rate, log_det)
    return z, hidden, rate, out[:moved], out[moved:]


# -- the coupling's elementwise part ------------------------------------------------------------------

CLAMP = 1.9  # bound of a log-scale, as in FastFlow
OF_CLAMP, RATE, LIMIT, QUARTER = np.array([1 / CLAMP, 2 / np.pi, CLAMP * 2 / np.pi, np.pi / 2], dtype=np.float32)
# atan x = x p(x^2) on -1..1, with an error of at most 2e-8 (Abramowitz and Stegun 1964, 4.4.49).
A1, A2, A3, A4, A5, A6, A7, A8 = np.array(
    [
        *(-0.3333314528, 0.1999355085, -0.1420889944, 0.1065626393),
        *(-0.0752896400, 0.0429096138, -0.0161657367, 0.0028662257),
    ],
    dtype=np.float32,
)
# exp s is the square of the Taylor polynomial of s / 2, whose relative error is 4e-8 for |s| <= CLAMP.
E2, E3, E4, E5, E6, E7, E8, E9, E10 = np.cumprod(1 / np.arange(2.0, 11.0)).astype(np.float32)


# Division follows NumPy: Python's test for zero would prevent vectorisation.
@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _atan(x: np.float32) -> np.float32:
    size = -x if x < ZERO else x
    y = ONE / size if size > ONE else size
    q = y * y
    near = y * ((((((((A8 * q + A7) * q + A6) * q + A5) * q + A4) * q + A3) * q + A2) * q + A1) * q + ONE)
    angle = QUARTER - near if size > ONE else near
    signed: np.float32 = -angle if x < ZERO else angle
    return signed


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _exp(s: np.float32) -> np.float32:
    h = HALF * s
    root = ((((((((E10 * h + E9) * h + E8) * h + E7) * h + E6) * h + E5) * h + E4) * h + E3) * h + E2) * h * h + h + ONE
    squared: np.float32 = root * root
    return squared


@njit(nogil=True, cache=True, error_model="numpy")
def _couple(out: Float32, moved: Float32, rate: Float32, log_det: Float32) -> None:
    """Scale and shift the moved channels by the subnet's output, whose raw log-scales are replaced by scales.

    ``rate`` receives the derivative of the log-scale by the raw one.
    """
    channels, positions = moved.shape
    for c in range(channels):
        raw, shift, d, z = out[c], out[channels + c], rate[c], moved[c]
        for p in range(positions):
            u = raw[p] * OF_CLAMP
            d[p] = RATE / (ONE + u * u)
            raw[p] = LIMIT * _atan(u)
        for p in range(positions):
            log_det[p] += raw[p]
            raw[p] = _exp(raw[p])
        for p in range(positions):
            z[p] = z[p] * raw[p] + shift[p]


@njit(nogil=True, cache=True, error_model="numpy")
def _couple_back(
    slope: Float32, of_log_det: np.float32, z: Float32, rate: Float32, factor: Float32, shift: Float32
) -> Float32:
    """Return the gradient of the subnet's output; replace that of the scaled channels by that of the moved ones."""
    channels, positions = z.shape
    of_out = np.empty((2 * channels, positions), dtype=np.float32)
    for c in range(channels):
        g, mine, d, e, t, raw, added = slope[c], z[c], rate[c], factor[c], shift[c], of_out[c], of_out[channels + c]
        for p in range(positions):
            raw[p] = (g[p] * (mine[p] - t[p]) + of_log_det) * d[p]
        for p in range(positions):
            added[p] = g[p]
            g[p] *= e[p]
    return of_out
