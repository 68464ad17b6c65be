"""Benchmark univariate time-series anomaly detectors: run, store, compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def load(path: str | Path = "results/results.sqlite") -> pd.DataFrame:
    """Stored results as a tidy table: one row per cell, one column per metric.

    Parameters
    ----------
    path : path of a store of results

    Returns
    -------
    DataFrame
        ``dataset``, ``series``, ``detector``, ``params``, ``protocol``, ``seed``, ``source``, ``status``, ``reason``,
        times, memory, and a column for each metric (NaN where it is undefined or the cell has no scores).

    Raises
    ------
    benchmark.errors.UserError
        If there is no such file, or it is damaged, or from a newer version.
    """
    from benchmark.store import Store

    with Store(Path(path)) as store:
        return store.frame()
