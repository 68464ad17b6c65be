"""Synthetic files: a wave with its times, written in many forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from written import Read

from benchmark.reading import ReadOptions, Recording, read_recording

N = 300


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write a text (or bytes) and read it."""

    def written_and_read(
        text: str | bytes, name: str = "mine.csv", encoding: str = "utf-8", **options: Any
    ) -> Recording:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return read_recording(path, ReadOptions(**options))

    return written_and_read


@pytest.fixture
def wave() -> np.ndarray:
    """Values with two decimals, of three and four digits before them."""
    rng = np.random.default_rng(7)
    return np.round(1200 + 600 * np.sin(np.arange(N) / 9) + rng.normal(0, 20, N), 2)


@pytest.fixture
def times() -> pd.DatetimeIndex:
    """Half hours across the end of a month."""
    return pd.date_range("2023-06-27 18:00", periods=N, freq="30min")
