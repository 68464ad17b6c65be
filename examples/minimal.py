"""Three detectors on a series with one anomaly: fit, score, measure. Takes a few seconds.

python examples/minimal.py
"""

from __future__ import annotations

import numpy as np

from benchmark.metrics import auroc
from detectors import LOF, IForest, MovingStd

rng = np.random.default_rng(0)
x = np.sin(np.arange(3_000) * 2 * np.pi / 50) + rng.normal(0, 0.05, 3_000)
labels = np.zeros(3_000, dtype=int)
x[2_000:2_025] = x[2_000:2_025][::-1]  # half a cycle runs backwards
labels[2_000:2_025] = 1

for detector in (IForest(), LOF(), MovingStd()):
    scores = detector.fit(x).score(x)
    print(f"{detector!r:12} AUROC {auroc(labels, scores):.3f}, highest score at row {scores.argmax()}")
