"""Encoder, loss and gradients of Proposed's autoencoder on the CPU, compiled by numba for one network at a time.

A training step takes half of torch's processor time; docs/performance.md has the figures. The layers are small, so
torch spends most of its time on copies and on starting operations. Imports numba and scipy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from detectors.core import Float32
from detectors.kernels.convolution import (
    convolve,
    convolve_back,
    convolve_to_one,
    convolve_to_one_back,
    upsample,
    upsample_back,
)
from detectors.kernels.layers import (
    add_all,
    copy,
    normalise,
    normalise_back,
    pool,
    pool_back,
    rectify,
    rectify_back,
    scale,
)

Arrays = tuple[Float32, ...]


class Weights(NamedTuple):
    """Weights of all layers in the order of the forward pass, or their gradients; the first axis is the networks.

    Convolutions and their norms: the stem, then two for each stage and the one of its shortcut, if any. The last
    convolution has a single output and no norm.
    """

    convolution: Arrays  # (networks, outputs, kernel inputs)
    convolution_bias: Arrays  # (networks, outputs, 1)
    norm: Arrays  # (networks, channels)
    norm_bias: Arrays  # (networks, channels)
    upsampling: Arrays  # (networks, 4 outputs, inputs)
    upsampling_bias: Arrays  # (networks, outputs, 1)


class Shape(NamedTuple):
    """What the weights do not tell."""

    pooled: bool  # whether the stem ends with a pooling
    strides: tuple[int, ...]  # of the convolutions that have a norm
    shortcuts: tuple[bool, ...]  # which stages have a convolution as shortcut
    epsilon: float  # added to the variances by the norms


@njit(nogil=True, cache=True)
def reconstruct(x: Float32, window: int, shape: Shape, weights: Weights, slopes: Weights, moments: Arrays) -> Float32:
    """Return each network's mean squared error of (networks, 1, windows window) x; compute the gradients.

    ``moments`` receive mean, variance and number of values of each norm's channels, (networks, channels, 3).
    """
    errors, windows = np.empty(len(x), dtype=np.float32), x.shape[2] // window
    for i in range(len(x)):
        # What each convolution was given, and what its norm returns before weight and bias.
        inputs, normals = [x[i]], [x[i]]  # a list has the type of an element
        inputs.clear()
        normals.clear()
        stem = rectify(_step(inputs, normals, x[i], i, windows, shape, weights, moments))
        now = pool(stem, stem.shape[1] // windows) if shape.pooled else stem
        for shortcut in shape.shortcuts:
            body = rectify(_step(inputs, normals, now, i, windows, shape, weights, moments))
            body = _step(inputs, normals, body, i, windows, shape, weights, moments)
            if shortcut:
                now = _step(inputs, normals, now, i, windows, shape, weights, moments)
            add_all(body, now)
            now = rectify(body)
        levels = [now]  # inputs of the upsamplings and of the last convolution
        for k in range(len(weights.upsampling)):
            weight, bias = weights.upsampling[k][i], weights.upsampling_bias[k][i]
            now = rectify(upsample(now, weight, bias, now.shape[1] // windows))
            levels.append(now)
        n, length = len(inputs), now.shape[1] // windows
        last, of_last, of_bias = weights.convolution[n][i], slopes.convolution[n][i], slopes.convolution_bias[n][i]
        out = convolve_to_one(now, last, weights.convolution_bias[n][i], length)
        errors[i] = _compare(out, x[i], length, window)  # now ``out`` is the gradient

        slope = convolve_to_one_back(out, now, last, length, of_last, of_bias)
        for k in range(len(weights.upsampling) - 1, -1, -1):
            rectify_back(slope, levels[k + 1])
            of_weight, of_bias = slopes.upsampling[k][i], slopes.upsampling_bias[k][i]
            length = levels[k].shape[1] // windows
            slope = upsample_back(slope, levels[k], weights.upsampling[k][i], length, of_weight, of_bias)
        after = levels[0]
        for k in range(len(shape.shortcuts) - 1, -1, -1):
            rectify_back(slope, after)
            of_now = slope.copy()
            if shape.shortcuts[k]:
                n -= 1
                of_now = _step_back(of_now, inputs[n], normals[n], i, n, windows, shape, weights, slopes, moments)
            n -= 1
            slope = _step_back(slope, inputs[n], normals[n], i, n, windows, shape, weights, slopes, moments)
            rectify_back(slope, inputs[n])
            n -= 1
            slope = _step_back(slope, inputs[n], normals[n], i, n, windows, shape, weights, slopes, moments)
            add_all(slope, of_now)
            after = inputs[n]
        if shape.pooled:
            slope = pool_back(slope, stem, stem.shape[1] // windows)
        rectify_back(slope, stem)
        n -= 1
        _step_back(slope, inputs[n], normals[n], i, n, windows, shape, weights, slopes, moments)
    return errors


@njit(nogil=True, cache=True)
def encode(x: Float32, window: int, shape: Shape, weights: Weights, moments: Arrays, maps: Arrays) -> None:
    """Compute the stages' outputs of (networks, 1, windows window) x: ``maps``, (networks, channels, positions) each.

    Norms use the given mean and variance of each channel, (networks, channels, 2).
    """
    windows = x.shape[2] // window
    for i in range(len(x)):
        stem = rectify(_frozen_step(x[i], i, 0, windows, shape, weights, moments))
        now = pool(stem, stem.shape[1] // windows) if shape.pooled else stem
        n = 1
        for k in range(len(maps)):
            body = rectify(_frozen_step(now, i, n, windows, shape, weights, moments))
            body = _frozen_step(body, i, n + 1, windows, shape, weights, moments)
            if shape.shortcuts[k]:
                now = _frozen_step(now, i, n + 2, windows, shape, weights, moments)
                n += 1
            n += 2
            add_all(body, now)
            for c in range(len(body)):
                copy(maps[k][i, c], body[c])
            now = rectify(body)


@njit(nogil=True, cache=True, error_model="numpy")
def _frozen_step(x: Float32, i: int, n: int, windows: int, shape: Shape, weights: Weights, moments: Arrays) -> Float32:
    out = convolve(
        x, weights.convolution[n][i], weights.convolution_bias[n][i], x.shape[1] // windows, shape.strides[n]
    )
    factor, number = np.empty(len(out), dtype=np.float32), np.empty(len(out), dtype=np.float32)
    for c in range(len(out)):
        factor[c] = weights.norm[n][i, c] / np.sqrt(moments[n][i, c, 1] + np.float32(shape.epsilon))
        number[c] = weights.norm_bias[n][i, c] - moments[n][i, c, 0] * factor[c]
    return scale(out, factor, number)


@njit(nogil=True, cache=True)
def _step(
    inputs: list[Float32],
    normals: list[Float32],
    x: Float32,
    i: int,
    windows: int,
    shape: Shape,
    weights: Weights,
    moments: Arrays,
) -> Float32:
    """Apply the next convolution and its norm to x; remember what the backward pass needs."""
    n, length = len(inputs), x.shape[1] // windows
    normal = convolve(x, weights.convolution[n][i], weights.convolution_bias[n][i], length, shape.strides[n])
    normalise(normal, moments[n][i], np.float32(shape.epsilon))
    inputs.append(x)
    normals.append(normal)
    return scale(normal, weights.norm[n][i], weights.norm_bias[n][i])


@njit(nogil=True, cache=True)
def _step_back(
    slope: Float32,
    x: Float32,
    normal: Float32,
    i: int,
    n: int,
    windows: int,
    shape: Shape,
    weights: Weights,
    slopes: Weights,
    moments: Arrays,
) -> Float32:
    """Return the gradient of the input of convolution ``n``; compute those of its weights. ``slope`` is overwritten."""
    of_norm, of_norm_bias = slopes.norm[n][i], slopes.norm_bias[n][i]
    epsilon = np.float32(shape.epsilon)
    normalise_back(slope, normal, moments[n][i], epsilon, weights.norm[n][i], of_norm, of_norm_bias)
    of_weight, of_bias = slopes.convolution[n][i], slopes.convolution_bias[n][i]
    length = x.shape[1] // windows
    return convolve_back(slope, x, weights.convolution[n][i], length, shape.strides[n], of_weight, of_bias)


@njit(nogil=True, cache=True, error_model="numpy")
def _compare(out: Float32, x: Float32, length: int, window: int) -> np.float32:
    """Return the mean squared error of each window's first positions; replace ``out`` by its gradient."""
    row, target = out[0], x[0]
    for w in range(x.shape[1] // window):
        for p in range(window):
            row[w * length + p] -= target[w * window + p]
        for p in range(window, length):
            row[w * length + p] = 0
    error: np.float32 = np.dot(row, row) / np.float32(x.size)
    factor = np.float32(2) / np.float32(x.size)
    for p in range(len(row)):
        row[p] *= factor
    return error
