"""Peak memory of every detector on one long series, each in a fresh process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark import registry
from benchmark.bench import measure, series
from benchmark.bench.peers import Match
from benchmark.bench.tables import grid
from datasets import Series

Array = NDArray[np.float64]
EXACT_N = 50_000  # where the exact scores are there to compare with
# The variants for series on which all pairs take hours: only used when asked for, here and in a run.
BOUNDED = {"LOF": ("sample", 0.005), "MP": ("share", 0.02)}
HEAD = ["detector", "parameters", "n", "W", "seconds", "CPU seconds", "peak MiB", "of it working memory", "note"]


def table(
    matches: list[Match], n: int, window: int, budget: float, about: list[str], say: Callable[[str], None]
) -> str:
    """The Markdown page; LOF and MP appear with their bounded variants."""
    one = series.make("mackey-glass", n)
    known = {match.detector for match in matches}
    others = [Match(name) for name, cls in registry.detectors().items() if cls.group in ("neural", "successor")]
    rows = []
    for match in [*matches, *(m for m in others if m.detector not in known)]:
        if match.detector != "VUS":
            asked = replace(match, params=_params(match.detector, n, window))
            rows.append(_row(asked, one, window, budget, say))
    errors = [_error(name, window, budget) for name in BOUNDED if name in known]
    parts = ["# Memory", "\n".join(f"- {line}" for line in about), EXPLAINED, grid(HEAD, rows)]
    if errors:
        head = ["detector", "parameters", "n", "rank correlation with exact", "AUROC bounded - exact"]
        parts += [f"## Error of the bounded variants, at {EXACT_N:,} points", grid(head, errors)]
    return "\n\n".join(parts) + "\n"


EXPLAINED = (
    "Mackey-Glass, one thread, fresh processes; peak = resident memory with all libraries, working memory = above the "
    "level before the call. Networks train one epoch: its number does not change the memory. LOF and MP compare a "
    "share of all pairs; the table below says what that costs in accuracy. A window matrix alone would take "
    "n x W x 8 bytes."
)


def _params(name: str, n: int, window: int) -> dict[str, object]:
    if name not in BOUNDED:
        return {}
    key, share = BOUNDED[name]
    return {key: int(share * n) if key == "sample" else share}


def _call(match: Match, one: Series, window: int, budget: float) -> tuple[dict[str, float], Array]:
    return measure.call(match.ours, Path(sys.executable), match, one, window, 1, budget, epochs=1)


def _row(match: Match, one: Series, window: int, budget: float, say: Callable[[str], None]) -> list[object]:
    shown = ", ".join(f"{key}={value}" for key, value in match.params.items())
    about: list[object] = [match.detector, shown, f"{len(one):,}", window]
    try:
        reply, _ = _call(match, one, window, budget)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        say(f"{match.detector}: {error}")
        return [*about, "", "", "", "", f"failed: {error}"[:160]]
    say(f"{match.detector}: {reply['seconds']:.1f} s, {reply['peak_mb']:.0f} MiB")
    figures = [f"{reply['seconds']:.1f}", f"{reply['cpu_seconds']:.1f}", f"{reply['peak_mb']:.0f}"]
    return [*about, *figures, f"{reply['peak_mb'] - reply['level_mb']:.0f}", ""]


def _error(name: str, window: int, budget: float) -> list[object]:
    one = series.make("mackey-glass", EXACT_N)
    params = _params(name, EXACT_N, window)
    exact, bounded = (_call(Match(name, params=p), one, window, budget)[1] for p in ({}, params))
    found = measure.agree(exact, bounded, one, window)
    shown = ", ".join(f"{key}={value}" for key, value in params.items())
    return [name, shown, f"{EXACT_N:,}", f"{found['rank_correlation']:.4f}", f"{found['auroc_difference']:+.4f}"]
