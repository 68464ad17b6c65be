"""Planning and storing many cells needs little memory; ``tests.trials.scale`` measures the speed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trials.scale import measure

pytestmark = pytest.mark.slow


def test_planning_and_storing_count_right(tmp_path: Path) -> None:
    figures = measure(tmp_path, cells=1_000, stored=300, n=50)
    assert figures["cells planned"] == 1_000
    assert figures["left after a resume"] == 700
    assert figures["outcomes stored a second"] > 0
