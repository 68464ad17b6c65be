"""Profile a run: seconds by detector, and idle time of the workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def profile(cells: pd.DataFrame, wall: float, jobs: int) -> str:
    """Format seconds by detector, and how the workers' time (``wall`` seconds times ``jobs``) was spent.

    ``cells`` are those of the run, as returned by :meth:`benchmark.store.Store.frame`.
    """
    if cells.empty:
        return "no cell ran: everything was stored\n"
    return _by_detector(cells).to_string() + "\n\n" + "\n".join(_shares(cells, wall, jobs)) + "\n"


def _by_detector(cells: pd.DataFrame) -> pd.DataFrame:
    groups = cells.groupby("detector")
    spent = groups[["fit_seconds", "score_seconds"]].sum()
    spent.columns = ["fit s", "score s"]
    spent.insert(0, "cells", groups.size())
    spent["s"] = spent["fit s"] + spent["score s"]
    spent["%"] = 100 * spent["s"] / max(float(spent["s"].sum()), 1e-9)
    longest = cells.assign(both=cells["fit_seconds"] + cells["score_seconds"]).groupby("detector")["both"].max()
    spent["longest cell s"], spent["peak MiB"] = longest, groups["peak_mb"].max()
    return spent.sort_values("s", ascending=False).round(1)


def _shares(cells: pd.DataFrame, wall: float, jobs: int) -> list[str]:
    total = max(wall * jobs, 1e-9)
    fit, score = float(cells["fit_seconds"].sum()), float(cells["score_seconds"].sum())
    waiting = waiting_at_the_end(cells, jobs)
    rest = max(0.0, total - fit - score - waiting)
    parts = {
        "fit": fit,
        "score": score,
        "waiting at the end for the last cells": waiting,
        "start-up, compilers, hand-over, metrics, storing": rest,
    }
    lines = [f"{wall:.1f} s x {jobs} workers:"]
    return lines + [f"  {100 * seconds / total:5.1f} %  {seconds:8.1f} s  {name}" for name, seconds in parts.items()]


def waiting_at_the_end(cells: pd.DataFrame, jobs: int) -> float:
    """Return the sum of seconds for which workers had no cell left while others were still running."""
    ends = np.sort(cells["finished"].to_numpy(dtype=float))[-jobs:]
    # A worker without any cell counts as waiting from the first end: there were too few cells.
    return float((ends[-1] - ends).sum())
