"""The profile of a run."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from benchmark.report.profile import profile, waiting_at_the_end

CELLS = pd.DataFrame(
    {
        "detector": ["LOF", "LOF", "HBOS", "HBOS"],
        "fit_seconds": [3.0, 5.0, 0.1, 0.1],
        "score_seconds": [1.0, 1.0, 0.2, 0.1],
        "peak_mb": [50.0, 70.0, 5.0, 6.0],
        "finished": [104.0, 107.0, 104.5, 104.0],
    }
)


def test_the_slowest_detector_comes_first_with_its_longest_cell():
    lines = profile(CELLS, 7.5, 2).splitlines()
    rows = [line.split() for line in lines if line.startswith(("LOF", "HBOS"))]
    assert rows == [
        ["LOF", "2", "8.0", "2.0", "10.0", "95.2", "6.0", "70.0"],
        ["HBOS", "2", "0.2", "0.3", "0.5", "4.8", "0.3", "6.0"],
    ]


def test_the_workers_time_is_accounted_for_whole():
    text = profile(CELLS, 7.5, 2)
    shares = [float(share) for share in re.findall(r"^ +([\d.]+) % ", text, re.MULTILINE)]
    assert len(shares) == 4
    assert sum(shares) == pytest.approx(100, abs=0.3)
    assert "2.5 s  waiting at the end" in text


@pytest.mark.parametrize(("jobs", "seconds"), [(1, 0), (2, 2.5), (3, 5.5)])
def test_waiting_is_what_passes_between_a_workers_last_cell_and_the_runs(jobs, seconds):
    assert waiting_at_the_end(CELLS, jobs) == seconds


def test_a_run_of_nothing_says_so():
    assert "everything was stored" in profile(CELLS.iloc[:0], 1.0, 2)
