"""Random signals and positions of anomalies, for simulated series."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Spans = list[tuple[int, int]]


def split(rng: np.random.Generator, total: int, parts: int, least: int = 1) -> list[int]:
    """Draw ``parts`` random lengths, each at least ``least``, that sum to ``total``."""
    free = total - parts * least
    if free < 0:
        raise ValueError(f"{total} points cannot be split into {parts} parts of at least {least}")
    shares = rng.dirichlet(np.full(parts, 1.5))
    return [int(extra) + least for extra in rng.multinomial(free, shares)]


def place(rng: np.random.Generator, n: int, lengths: Sequence[int], gap: int = 1, first: int = 0) -> Spans:
    """Draw disjoint half-open spans of these lengths in ``first .. n``, at least ``gap`` points apart.

    Examples
    --------
    >>> import datasets
    >>> spans = datasets.place(datasets.random_generator("example"), 100, [5, 10])
    >>> sorted(stop - start for start, stop in spans)
    [5, 10]
    """
    free = n - first - sum(lengths) - gap * (len(lengths) - 1)
    if free < 0:
        raise ValueError(f"spans of {sum(lengths)} points do not fit into {n - first}")
    shuffled = [lengths[k] for k in rng.permutation(len(lengths))]
    offsets = np.sort(rng.integers(0, free + 1, len(lengths)))
    before = np.concatenate([[0], np.cumsum(shuffled[:-1]) + gap * np.arange(1, len(shuffled))])
    starts = first + offsets + before
    return [(int(start), int(start) + length) for start, length in zip(starts, shuffled, strict=True)]


def place_beside(rng: np.random.Generator, n: int, lengths: Sequence[int], taken: Spans) -> Spans:
    """Draw spans of these lengths in ``0 .. n`` that touch neither each other nor those already taken."""
    free = labels_of(n, taken) == 0
    spans: Spans = []
    for length in sorted(lengths, reverse=True):
        # Require a free point on either side of the span, so that two spans are never adjacent.
        blocked = np.convolve(~free, np.ones(length + 2), "valid") > 0
        start = int(rng.choice(np.flatnonzero(~blocked))) + 1
        free[start : start + length] = False
        spans.append((start, start + length))
    return spans


def labels_of(n: int, spans: Spans) -> NDArray[np.uint8]:
    """Return (n,) labels, 1 inside the spans.

    Examples
    --------
    >>> import datasets
    >>> datasets.labels_of(5, [(1, 3)])
    array([0, 1, 1, 0, 0], dtype=uint8)
    """
    labels = np.zeros(n, dtype=np.uint8)
    for start, stop in spans:
        labels[start:stop] = 1
    return labels


def mackey_glass(
    n: int, rng: np.random.Generator, tau: int = 18, power: float = 10, beta: float = 0.25, gamma: float = 0.1
) -> Array:
    """Return (n,) samples, one time unit apart, of ``x' = beta x(t - tau) / (1 + x(t - tau)^power) - gamma x``.

    Mackey and Glass, Science 197 (1977), with the parameters of MGAB. Method of steps: during one delay the delayed
    term is known and the equation is linear, so a step is one product with a fixed matrix.

    Examples
    --------
    >>> import datasets
    >>> datasets.mackey_glass(500, datasets.random_generator("example")).shape
    (500,)
    """
    per_unit = 4
    block = tau * per_unit
    decay = np.exp(-gamma / per_unit)
    lag = np.subtract.outer(np.arange(block), np.arange(block))
    kernel = np.where(lag >= 0, decay ** np.maximum(lag, 0), 0.0) / per_unit
    fading = decay ** np.arange(1, block + 1)
    x = 0.9 + 0.1 * rng.standard_normal() + 0.05 * rng.standard_normal(block + 1)
    blocks = []
    n_skip = 20  # blocks of transient behaviour that are dropped
    for _ in range(n_skip + -(-n // tau)):
        forcing = beta * x / (1 + x**power)
        trapezoids = (decay * forcing[:-1] + forcing[1:]) / 2
        x = np.concatenate([x[-1:], fading * x[-1] + kernel @ trapezoids])
        blocks.append(x[per_unit::per_unit])
    return np.concatenate(blocks[n_skip:])[:n]


def best_cut(x: Array, start: int, shortest: int = 100, choices: int = 100) -> int:
    """Return the index after ``start`` whose value and first three derivatives are nearest to those at ``start``.

    Removing ``x[start:index]`` leaves an inconspicuous join, as in MGAB.
    """
    piece = x[start - 4 : start + shortest + choices + 4]
    state = [piece]
    for _ in range(3):
        state.append(np.gradient(state[-1]))
    states = np.stack(state)[:, 4:-4]
    distance = np.linalg.norm(states[:, shortest:] - states[:, :1], axis=0)
    return start + shortest + int(distance.argmin())


def ramps(rng: np.random.Generator, n: int, period: float, low: float = -1.0, high: float = 1.0) -> Array:
    """Simulate a level that rises and drops: rising pieces of random length and height, then sudden falls."""
    pieces: list[Array] = []
    filled = 0
    while filled < n:
        length = max(int(period * rng.uniform(0.4, 1.6)), 4)
        top = low + (high - low) * rng.uniform(0.4, 1.0)
        pieces.append(low + (top - low) * np.linspace(0, 1, length) ** rng.uniform(0.7, 1.6))
        filled += length
    return np.concatenate(pieces)[:n]


def switching(rng: np.random.Generator, n: int, levels: Sequence[float], period: float) -> Array:
    """Simulate a state that jumps between levels and stays for random times of mean ``period``."""
    stays = np.maximum(rng.exponential(period, int(3 * n / period) + 10).astype(int), 2)
    steps = rng.integers(1, len(levels), len(stays)) if len(levels) > 1 else np.zeros(len(stays), dtype=int)
    states = np.cumsum(steps) % len(levels)
    signal: Array = np.resize(np.repeat(np.asarray(levels, dtype=np.float64)[states], stays), n)
    return signal


def wandering(rng: np.random.Generator, n: int, level: float, width: float) -> Array:
    """Simulate a level with slow drift and noise, like a power supply."""
    drift = np.cumsum(rng.standard_normal(n))
    drift = (drift - drift.mean()) / (drift.std() + 1e-9)
    signal: Array = level + width * drift + 0.3 * width * rng.standard_normal(n)
    return signal
