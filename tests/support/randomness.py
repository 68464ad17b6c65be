"""Detect which source of randomness is used."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.neural import training


def only_from(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold every generator fixed but that of "torch" or "numpy"."""
    if source == "numpy":
        steady = training.steady
        monkeypatch.setattr(training, "steady", lambda device, seed=None: steady(device, None if seed is None else 0))
    else:
        fixed = np.random.default_rng
        monkeypatch.setattr(np.random, "default_rng", lambda seed=None: fixed(0))
