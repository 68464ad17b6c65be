"""A folder with all names of TSB-AD-U and synthetic contents."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import datasets
from datasets import Facts


def whole_list() -> tuple[Facts, ...]:
    """The 350 series with their published lengths."""
    return datasets.get("TSB-AD-U").series


def put(folder: Path, rows: int | None = None, every: int = 1) -> Path:
    """Write each file of the list, or one of ``every`` so many: as long as published, or ``rows`` rows."""
    home = folder / "TSB-AD-U"
    home.mkdir(parents=True)
    for number, facts in enumerate(whole_list()[::every]):
        n = rows or facts.n
        count = facts.n_anomalous if rows is None else n // 10
        labels = np.zeros(n, dtype=np.uint8)
        labels[(n - count) // 2 : (n - count) // 2 + count] = 1
        t, rng = np.arange(n), np.random.default_rng(number)
        values = np.sin(2 * np.pi * t / (20 + number % 60)) + rng.normal(0, 0.1, n) + 2 * labels
        lines = [f"{value:.4f},{label}\n" for value, label in zip(values.tolist(), labels.tolist(), strict=True)]
        (home / facts.name).write_text("Data,Label\n" + "".join(lines))
    return folder
