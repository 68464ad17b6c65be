"""Scores are equal bit by bit with cold and warm caches of compiled code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = """
import hashlib
import numpy as np
from benchmark.catalogue.registry import detectors
from detectors import LOF
from detectors.kernels import window_tree


def show(name, detector, x, fitted):
    scores = detector.fit(x[:fitted]).score(x)
    print(name, hashlib.sha256(scores.tobytes()).hexdigest())


rng = np.random.default_rng(0)
noise = rng.normal(size=1500)
x = np.sin(np.arange(1500) / 8) + 0.1 * noise
for name, detector in sorted(detectors().items()):
    show(name, detector(**detector.quick), x, 800)

window_tree.PER_PAIR = 1.0  # a pair is so dear that a tree pays for short series, too
smooth = np.cumsum(np.cumsum(noise)) / 100
assert window_tree.tree_for([smooth], 30, len(smooth), 21) is not None
show("LOF by its tree", LOF(window=30), smooth, len(smooth))
"""


def test_scores_are_equal_with_a_cold_and_a_warm_cache(tmp_path: Path) -> None:
    cache = tmp_path / "numba"
    cold, warm = (_scores(cache) for _ in range(2))
    assert list(cache.rglob("*.nbc")), "nothing was compiled into the new cache, so that nothing was compared"
    assert cold == warm != []


def _scores(cache: Path) -> list[str]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
