"""Forward and backward pass of two LSTM layers on the CPU, compiled by numba. It imports torch, numba and scipy.

Fit and score take 1.4 to 2 times less processor time than with torch; docs/performance.md has the figures.

With 64 windows, a time step has so little arithmetic that half of torch's time is dispatching. Here a step is a
few small matrix products by BLAS and one pass over the gates. Arrays are (features, windows): the four gates are
contiguous, and every elementwise loop is vectorised. No function may be compiled with ``fastmath``: the process that
compiles and those that load from numba's cache link different copies of the smaller functions. These would round
differently where multiplication and addition may be fused.

Layer 1 reads ``[h1; x; 1]``, layer 2 reads h1 and ``[h2; 1]``. For products of at most 1e6 multiply-adds OpenBLAS needs
no packed copy. One product of twice that size takes longer than two of these.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numba import njit
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from detectors.core import Float32
from detectors.kernels.layers import HALF, ONE, add

ROWS = 64  # windows scored at once


class Weights(NamedTuple):
    """Matrices of the forward pass, with ``h`` hidden cells per layer; the two biases of a layer are summed."""

    first: Float32  # (4 h, h + 2), [recurrent, input, bias] of layer 1
    between: Float32  # (4 h, h), input weights of layer 2
    third: Float32  # (4 h, h + 1), [recurrent, bias] of layer 2
    last: Float32  # (1, h + 1), [weight, bias] of the dense layer


class Recurrent(NamedTuple):
    """Matrices of the backward pass, with ``h`` hidden cells per layer."""

    first: Float32  # (4 h, h), of layer 1
    between: Float32  # (4 h, h), input weights of layer 2
    second: Float32  # (4 h, h), of layer 2
    dense: Float32  # (1, h)


class Work(NamedTuple):
    """Arrays that the forward pass stores for the backward pass, (slots, features, windows), one slot per time step."""

    read1: Float32  # [h1 of the previous step; x; 1]
    read2: Float32  # [h2 of the previous step; 1]
    gates1: Float32  # i, f, g, o in torch's order
    gates2: Float32
    cell1: Float32  # before the step
    cell2: Float32

    @classmethod
    def empty(cls, slots: int, hidden: int, rows: int) -> Work:
        features = (hidden + 2, hidden + 1, 4 * hidden, 4 * hidden, hidden, hidden)
        # torch aligns memory to cache lines, which is fastest for vector registers; NumPy need not.
        return cls(*(torch.empty(slots, each, rows, dtype=torch.float32).numpy() for each in features))


class Forecast:
    """The dense output of a two-layer ``nn.LSTM`` with one input per step: (k, w) float32 -> (k,).

    It is differentiable once, with respect to the weights. The memory of one batch is kept for the next, since new
    pages take a third of a batch's time. It is freed when no gradient is needed.
    """

    def __init__(self) -> None:
        self.spare: Work | None = None

    def __call__(self, lstm: nn.LSTM, dense: nn.Linear, x: Tensor) -> Tensor:
        parameters = *lstm.parameters(), *dense.parameters()
        if torch.is_grad_enabled():
            given: Tensor = _Differentiable.apply(self, x, *parameters)  # type: ignore[no-untyped-call]
            return given
        self.spare = None
        weights, blocks = _concatenate(*parameters), torch.split(x, ROWS)
        return torch.cat([_forward(part, weights, Work.empty(2, lstm.hidden_size, len(part))) for part in blocks])

    def work(self, slots: int, hidden: int, rows: int) -> Work:
        """Return the spare memory if its shape fits, else new memory; the caller owns it until it is given back."""
        work, self.spare = self.spare, None
        if work is None or work.cell1.shape != (slots, hidden, rows):
            work = Work.empty(slots, hidden, rows)
        return work


class _Differentiable(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, owner: Forecast, x: Tensor, *parameters: Tensor) -> Tensor:
        _, recurrent1, _, _, input2, recurrent2, _, _, dense, _ = parameters
        ctx.owner = owner
        ctx.work = owner.work(x.shape[1] + 1, recurrent1.shape[1], len(x))
        ctx.save_for_backward(recurrent1, input2, recurrent2, dense)
        return _forward(x, _concatenate(*parameters), ctx.work)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        if ctx.work is None:
            raise RuntimeError("the gates were overwritten by their gradients: a second backward needs a new forward")
        work, ctx.work = ctx.work, None
        weights = Recurrent(*(weight.numpy() for weight in ctx.saved_tensors))
        slopes = backward(np.ascontiguousarray(slope.numpy())[None], weights, work)
        ctx.owner.spare = work
        first, second, third, last = (torch.from_numpy(each) for each in slopes)
        h = work.cell1.shape[1]
        layer1 = first[:, h : h + 1], first[:, :h], first[:, h + 1], first[:, h + 1]
        return None, None, *layer1, second, third[:, :h], third[:, h], third[:, h], last[:, :h], last[:, h]


def _concatenate(*parameters: Tensor) -> Weights:
    """Build the matrices from torch's parameters of both layers and the dense layer, in torch's order."""
    with torch.no_grad():
        input1, recurrent1, bias1, other1, input2, recurrent2, bias2, other2, dense, bias = parameters
        first = torch.cat([recurrent1, input1, (bias1 + other1)[:, None]], dim=1)
        third = torch.cat([recurrent2, (bias2 + other2)[:, None]], dim=1)
        last = torch.cat([dense, bias[:, None]], dim=1)
    return Weights(*(each.detach().numpy() for each in (first, input2, third, last)))


def _forward(x: Tensor, weights: Weights, work: Work) -> Tensor:
    forecasts: Float32 = forward(np.ascontiguousarray(x.numpy().T), weights, work)
    return torch.from_numpy(forecasts[0])


@njit(nogil=True, cache=True)
def forward(x: Float32, weights: Weights, work: Work) -> Float32:
    """Compute (1, k) forecasts from (w, k) series; with fewer slots than steps the oldest slot is overwritten."""
    first, between, third, last = weights
    read1, read2, gates1, gates2, cell1, cell2 = work
    slots, hidden, rows = cell1.shape
    read1[0], read2[0], cell1[0], cell2[0] = 0.0, 0.0, 0.0, 0.0
    read1[:, hidden + 1], read2[:, hidden] = 1.0, 1.0
    inner = np.empty((4 * hidden, rows), dtype=np.float32)
    for t in range(x.shape[0]):
        now, after = t % slots, (t + 1) % slots
        read1[now, hidden] = x[t]
        np.dot(first, read1[now], gates1[now])
        _step(_flat(gates1[now]), _flat(cell1[now]), _flat(cell1[after]), _flat(read1[after, :hidden]))
        np.dot(between, read1[after, :hidden], inner)
        np.dot(third, read2[now], gates2[now])
        add(_flat(gates2[now]), _flat(inner))
        _step(_flat(gates2[now]), _flat(cell2[now]), _flat(cell2[after]), _flat(read2[after, :hidden]))
    forecasts: Float32 = np.dot(last, read2[x.shape[0] % slots])
    return forecasts


@njit(nogil=True, cache=True)
def backward(slope: Float32, weights: Recurrent, work: Work) -> tuple[Float32, Float32, Float32, Float32]:
    """Compute gradients of the :class:`Weights` from (1, k) of the forecasts; those of the gates replace the gates."""
    recurrent1, between, recurrent2, dense = weights
    read1, read2, gates1, gates2, cell1, cell2 = work
    slots, hidden, rows = cell1.shape
    state1, below = np.zeros((hidden, rows), dtype=np.float32), np.empty((hidden, rows), dtype=np.float32)
    state2, last = np.dot(dense.T, slope), np.dot(slope, read2[slots - 1].T)
    carry1, carry2 = np.zeros(hidden * rows, dtype=np.float32), np.zeros(hidden * rows, dtype=np.float32)
    first = np.zeros((4 * hidden, hidden + 2), dtype=np.float32)
    second, third = np.zeros_like(between), np.zeros((4 * hidden, hidden + 1), dtype=np.float32)
    of_first, of_second, of_third = np.empty_like(first), np.empty_like(second), np.empty_like(third)
    for t in range(slots - 2, -1, -1):
        _step_back(_flat(gates2[t]), _flat(cell2[t]), _flat(cell2[t + 1]), _flat(state2), carry2)
        _accumulate(third, of_third, gates2[t], read2[t])
        _accumulate(second, of_second, gates2[t], read1[t + 1, :hidden])
        np.dot(recurrent2.T, gates2[t], state2)
        np.dot(between.T, gates2[t], below)
        add(_flat(state1), _flat(below))
        _step_back(_flat(gates1[t]), _flat(cell1[t]), _flat(cell1[t + 1]), _flat(state1), carry1)
        _accumulate(first, of_first, gates1[t], read1[t])
        np.dot(recurrent1.T, gates1[t], state1)
    return first, second, third, last


@njit(nogil=True, cache=True)
def _accumulate(total: Float32, part: Float32, slopes: Float32, read: Float32) -> None:
    np.dot(slopes, read.T, part)
    add(_flat(total), _flat(part))


@njit(nogil=True, cache=True)
def _flat(a: Float32) -> Float32:
    return a.reshape(a.size)


# tanh x = x p(x^2) / q(x^2) on 0..END; beyond, tanh is 1 in float32. The minimax relative error is 2.1e-8 before
# rounding, found by Lawson's reweighted least squares on 4,001 Chebyshev points.
END = np.float32(9.02)
P0, P1, P2, P3, P4 = np.array(
    [9.999999790e-01, 1.337971681e-01, 3.494033222e-03, 2.058345999e-05, 1.331904410e-08], dtype=np.float32
)
Q1, Q2, Q3, Q4 = np.array([4.671303205e-01, 2.587106809e-02, 3.283090681e-04, 7.762007694e-07], dtype=np.float32)


# Everywhere below, division follows NumPy: Python's test for zero would prevent vectorisation.
@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _tanh(x: np.float32) -> np.float32:
    x = END if x > END else x
    x = -END if x < -END else x
    u = x * x
    over = (((P4 * u + P3) * u + P2) * u + P1) * u + P0
    ratio: np.float32 = x * over / ((((Q4 * u + Q3) * u + Q2) * u + Q1) * u + ONE)
    return ratio


@njit(nogil=True, cache=True, error_model="numpy")
def _tanh_in_place(values: Float32) -> None:
    for k in range(values.shape[0]):
        values[k] = _tanh(values[k])


@njit(nogil=True, cache=True, error_model="numpy")
def _sigmoid_in_place(values: Float32) -> None:
    for k in range(values.shape[0]):
        values[k] = HALF + HALF * _tanh(HALF * values[k])


@njit(nogil=True, cache=True, error_model="numpy")
def _step(gates: Float32, cell: Float32, new_cell: Float32, state: Float32) -> None:
    """Apply the nonlinearities of the gates in place, then compute cell and output."""
    n = cell.shape[0]
    _sigmoid_in_place(gates[: 2 * n])
    _tanh_in_place(gates[2 * n : 3 * n])
    _sigmoid_in_place(gates[3 * n :])
    i, f, g, o = gates[:n], gates[n : 2 * n], gates[2 * n : 3 * n], gates[3 * n :]
    for k in range(n):
        new_cell[k] = f[k] * cell[k] + i[k] * g[k]
    for k in range(n):
        state[k] = o[k] * _tanh(new_cell[k])


@njit(nogil=True, cache=True, error_model="numpy")
def _step_back(gates: Float32, cell: Float32, new_cell: Float32, state: Float32, carry: Float32) -> None:
    """Replace the gates by the gradients of their sums, and ``carry``, the gradient of the new cell, by the old cell's.

    ``state`` is the gradient of the output. A single loop over all these arrays would not be vectorised.
    """
    n = cell.shape[0]
    i, f, g, o = gates[:n], gates[n : 2 * n], gates[2 * n : 3 * n], gates[3 * n :]
    for k in range(n):
        t, out = _tanh(new_cell[k]), o[k]
        carry[k] += state[k] * out * (ONE - t * t)
        o[k] = state[k] * t * out * (ONE - out)
    for k in range(n):
        i_k, g_k = i[k], g[k]
        i[k] = carry[k] * g_k * i_k * (ONE - i_k)
        g[k] = carry[k] * i_k * (ONE - g_k * g_k)
    for k in range(n):
        f_k = f[k]
        f[k] = carry[k] * cell[k] * f_k * (ONE - f_k)
        carry[k] *= f_k
