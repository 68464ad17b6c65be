"""Where windows repeat exactly, the rounding of scikit-learn's matrix product decides Sub-KNN's published figures.

``BENCHMARK_SKLEARN=path/to/python`` names an interpreter with another scikit-learn, NumPy and pandas; else this one.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmark import metrics
from benchmark.leaderboard import published_figures
from benchmark.system.settings import data_dir
from datasets import Series, iter_series
from detectors import KNN, estimate_window

KERNELS = ("Prescott", "Haswell")  # of OpenBLAS: the same product, summed in another order
NAME = "538_SMAP_id_8_Sensor_tr_2007_1st_3650.csv"  # 7,874 of its 8,029 values are 1
NEIGHBOURS = """
import sys
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.neighbors import NearestNeighbors
x, window = np.load(sys.argv[1]), int(sys.argv[2])
rows = np.array(sliding_window_view(x, window))
with np.errstate(invalid="ignore"):
    rows = np.nan_to_num((rows - rows.mean(axis=1)[:, None]) / rows.std(axis=1, ddof=1)[:, None])
np.save(sys.argv[3], NearestNeighbors(n_neighbors=50, algorithm="brute").fit(rows).kneighbors()[0][:, -1])
"""


def by_library(folder: Path, values: np.ndarray, window: int, kernel: str) -> np.ndarray:
    """Window scores of scikit-learn in a process of its own, with one kernel of OpenBLAS."""
    np.save(folder / "x.npy", values)
    python = os.environ.get("BENCHMARK_SKLEARN", sys.executable)
    given = os.environ | {"OPENBLAS_CORETYPE": kernel, "OMP_NUM_THREADS": "1"}
    line = [python, "-c", NEIGHBOURS, str(folder / "x.npy"), str(window), str(folder / "scores.npy")]
    subprocess.run(line, env=given, check=True)
    return np.asarray(np.load(folder / "scores.npy"))


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.skipif(platform.machine() != "x86_64", reason="names kernels of x86-64")
def test_rounding_moves_the_figure_of_a_series_whose_windows_repeat(tmp_path: Path) -> None:
    folder = data_dir()
    if folder is None or not (folder / "TSB-AD-U" / NAME).is_file():
        pytest.skip("needs TSB-AD-U in BENCHMARK_DATA")
    found = iter_series("TSB-AD-U", data_dir=folder, cache_dir=tmp_path, announce=str)
    series = next(one for one in found if isinstance(one, Series) and one.name == NAME)
    window, buffer = estimate_window(series.values, rank=2), estimate_window(series.values)
    ours = KNN(window=window, n_neighbors=50, scaling="z").fit(series.values).score(series.values)
    front = -(-(window - 1) // 2)
    figures = []
    for kernel in KERNELS:
        scores = by_library(tmp_path, series.values, window, kernel)
        point = np.pad(scores, (front, (window - 1) // 2), mode="edge")
        np.testing.assert_allclose(point, ours, atol=1e-5)  # the same distances but for rounding near 0
        figures.append(metrics.METRICS["vus_pr"](series.labels, point, buffer))
    assert abs(figures[0] - figures[1]) > 1e-4
    assert abs(np.mean(figures) - published_figures()["Sub-KNN"][NAME]) > 1e-4
