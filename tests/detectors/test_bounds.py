"""The compiled kernels do not read outside their arrays: numba's bounds checks on random shapes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SHAPES = """
import numpy as np
from detectors import HBOS, KNN, LOF, LSTM, MP, IForest, KShapeAD
from detectors.kernels import window_tree

rng = np.random.default_rng(0)
for trial in range(40):
    window, unit = int(rng.integers(3, 25)), 10.0 ** rng.integers(-12, 7)
    lengths = [int(rng.integers(1, 5)) * window + int(rng.integers(6, 300)) for _ in range(rng.integers(1, 4))]
    if trial % 10 == 9:
        lengths = [2600]  # more than a block of diagonals
    pieces = [unit * np.round(rng.normal(size=n), int(rng.integers(0, 4))) for n in lengths]
    other = unit * rng.normal(size=2 * window + int(rng.integers(6, 200)))
    if trial % 4 == 3:
        pieces[0][5] = other[7] = 1e20
    window_tree.PER_PAIR = 1.0 if trial % 2 else 0.4e-9  # a tree for every other
    k = int(rng.integers(1, 40))
    chosen = [LOF(window, k), MP(window), IForest(window, 5, int(rng.integers(1, 60))), HBOS(window)]
    chosen += [LOF(window, k, sample=int(rng.integers(2, 200))), MP(window, constants="zero", share=0.3)]
    chosen += [KNN(window, n_neighbors=k), HBOS(window, int(rng.integers(1, 30)), scaling="z"), KShapeAD(window)]
    chosen += [cls(window, n_neighbors=k, scaling="z") for cls in (KNN, LOF)]
    if trial % 8 == 0:
        chosen.append(LSTM(window, epochs=1, batch_size=int(rng.integers(1, 70)), max_windows=80))
    for detector in chosen:
        detector.fit(pieces).score(other)
        detector.score(pieces[0])
        detector.score(pieces[0][: len(pieces[0]) - 2])
"""


@pytest.mark.slow  # everything is compiled anew
def test_no_kernel_reads_outside_of_its_arrays(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        **{"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
    }
    done = subprocess.run([sys.executable, "-c", SHAPES], capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_the_checks_are_on(tmp_path: Path) -> None:
    code = "import numba, numpy; numba.njit(lambda x: x[7])(numpy.zeros(3))"
    environment = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert "IndexError" in done.stderr
