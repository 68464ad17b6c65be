"""A process that compiles and one that finds everything compiled give equal scores, to the bit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import hashlib
import numpy as np
from benchmark.registry import detectors

rng = np.random.default_rng(0)
x = np.sin(np.arange(1500) / 8) + 0.1 * rng.normal(size=1500)
for name, detector in sorted(detectors().items()):
    scores = detector(**detector.quick).fit(x[:800]).score(x)
    print(name, hashlib.sha256(scores.tobytes()).hexdigest())
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
