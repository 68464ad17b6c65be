"""Real series with published figures, or figures of the package TSB-UAD 0.0.3."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

Array = NDArray[np.float64]

P10, T8, M1 = "NASA-MSL/P-10.test.out", "NASA-MSL/T-8.test.out", "NASA-MSL/M-1.test.out"
GENESIS1 = "Genesis/genesis-anomalies.test.csv@1.out"


def real_series(name: str, first_row: int = 0) -> tuple[Array, Array]:
    """Values and labels of ``<data set>/<file>``; skips where the real series are not at hand."""
    folder = os.environ.get("BENCHMARK_DATA")
    if not folder:
        pytest.skip("BENCHMARK_DATA does not name the folder of the real series")
    table = np.loadtxt(Path(folder) / "TSB-UAD-Public" / name, delimiter=",")[first_row:]
    return table[:, 0], table[:, 1]


def auroc_as_published(labels: Array, scores: Array) -> float:
    """The authors' per-series figure: min-max scores rounded to two decimals."""
    return float(roc_auc_score(labels, np.round((scores - scores.min()) / np.ptp(scores), 2)))
