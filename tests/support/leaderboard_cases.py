"""Fifty labelled scores with what TSB-AD's own code makes of them; see tests/metrics/test_leaderboard_metrics.py.

``PYTHON tests/support/leaderboard_cases.py FILE.npz`` prints the figures of its cases, with the Python of the
environment that ``python -m benchmark environment tsb-ad`` makes. Needs NumPy alone until then.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

SEEDS = range(5)


class Case(NamedTuple):
    """A name, (n,) labels of both kinds, (n,) scores in 0..1 and a window."""

    name: str
    labels: np.ndarray
    scores: np.ndarray
    window: int


def marked(n: int, *runs: tuple[int, int]) -> np.ndarray:
    """Labels that are 1 in some half-open runs."""
    labels = np.zeros(n, dtype=np.int64)
    for first, last in runs:
        labels[first:last] = 1
    return labels


def several(rng: np.random.Generator, n: int) -> np.ndarray:
    """Three runs of random place and length, none at an edge."""
    starts = 5 + np.sort(rng.choice(n // 10 - 2, 3, replace=False)) * 10
    return marked(n, *((int(s), int(s + rng.integers(1, 9))) for s in starts))


def near(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Scores that know the labels, a few rows late and with noise."""
    return np.convolve(labels, np.ones(7) / 7, "same") + 0.6 * rng.random(len(labels))


Made = tuple[np.ndarray, np.ndarray]
KINDS: dict[str, Callable[[np.random.Generator], Made]] = {
    "random": lambda rng: (several(rng, 200), rng.random(200)),
    "informed": lambda rng: (labels := several(rng, 300), near(rng, labels)),
    "ties": lambda rng: (several(rng, 150), rng.integers(0, 5, 150) / 4),
    "yes or no": lambda rng: (several(rng, 120), rng.integers(0, 2, 120).astype(float)),
    "constant": lambda rng: (several(rng, 80), np.zeros(80)),
    "at the start": lambda rng: (labels := marked(90, (0, int(rng.integers(1, 20)))), near(rng, labels)),
    "at the end": lambda rng: (labels := marked(90, (90 - int(rng.integers(1, 20)), 90)), near(rng, labels)),
    "at both edges": lambda rng: (labels := marked(100, (0, 6), (50, 53), (92, 100)), near(rng, labels)),
    "short": lambda rng: (marked(12, (int(rng.integers(0, 9)), 11)), rng.random(12)),
    "mostly anomalous": lambda rng: (labels := 1 - several(rng, 160), near(rng, labels)),
}


def cases() -> Iterator[Case]:
    """All of them; scores brought to 0..1, as the leaderboard does before it measures."""
    for kind, make in KINDS.items():
        for seed in SEEDS:
            labels, scores = make(np.random.default_rng(seed))
            span = np.ptp(scores)
            scores = (scores - scores.min()) / span if span else scores
            yield Case(f"{kind} {seed}", labels, scores, min(3 + 4 * seed, len(labels) // 2))


def by_their_code(path: Path) -> None:
    """Print one line a case: its number and nine figures."""
    from TSB_AD.evaluation.metrics import get_metrics

    with np.load(path) as given:
        for k in range(len(given.files) // 3):
            found = get_metrics(given[f"scores{k}"], given[f"labels{k}"], int(given[f"window{k}"]))
            print(k, *(repr(float(value)) for value in found.values()))


if __name__ == "__main__":
    by_their_code(Path(sys.argv[1]))
