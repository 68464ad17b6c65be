"""Small series with known periods, and labels with scores for the metrics."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Array = NDArray[np.float64]


def rhythm(n: int, seed: int = 0, noise: float = 0.3, period: float = 37.7) -> Array:
    """A noisy sine; by default its period is no whole number."""
    return np.sin(np.arange(n) * 2 * np.pi / period) + noise * np.random.default_rng(seed).standard_normal(n)


def sine(n: int = 600, period: float = 40.0, seed: int = 0) -> Array:
    """A sine with little noise."""
    return rhythm(n, seed, noise=0.05, period=period)


@st.composite
def labelled(draw: Any, min_size: int = 4, max_size: int = 40) -> Any:
    """Labels of both classes in runs, and scores with many ties."""
    lengths = draw(st.lists(st.integers(1, 6), min_size=2, max_size=12))
    labels = np.concatenate([np.full(k, i % 2) for i, k in enumerate(lengths)]).astype(np.uint8)
    labels = labels if draw(st.booleans()) else labels[::-1].copy()
    scores = draw(st.lists(st.integers(-3, 6), min_size=len(labels), max_size=len(labels)))
    return labels, np.array(scores, dtype=np.float64)


def long_series(n: int = 600) -> tuple[NDArray[np.uint8], dict[str, Array]]:
    """The series of the golden figures of VUS, PATE and others, which the authors' packages were run on once."""
    t = np.arange(n)
    labels = np.zeros(n, dtype=np.uint8)
    for a, b in ((40, 60), (66, 70), (71, 72), (300, 345), (590, 600)):
        labels[a:b] = 1
    smooth = np.sin(t * 0.37) + 0.9 * np.cos(t * 0.011) + 0.5 * labels
    ties = np.floor(4 * np.sin(t * 0.37) + 3 * np.roll(labels, 6).astype(float))
    return labels, {"smooth": smooth, "ties": ties}
