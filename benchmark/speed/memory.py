"""Peak memory of each detector on one long series, each in a new process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from benchmark.report import markdown
from benchmark.speed import measure, series
from benchmark.speed.others import Match
from datasets import Series
from detectors import Array

EXACT_N = 50_000  # points of the series on which bounded variants are compared with exact scores
# Variants for series on which all pairs of windows take too long; here and in a run they are used only on request.
BOUNDED = {"LOF": ("sample", 0.005), "MP": ("share", 0.02)}
HEAD = ["detector", "parameters", "n", "W", "seconds", "CPU seconds", "peak MiB", "of it working memory", "note"]
EXPLAINED = (
    "Mackey-Glass, one thread, fresh processes; peak = resident memory with all libraries, working memory = above the "
    "level before the call. Networks train one epoch (ScaleFlow its usual steps): more would not take more memory. "
    "A window matrix alone would take n x W x 8 bytes. Stopped = over the time limit (--budget), with the peak until "
    "then. LOF with a sample and MP with a share compare a part of all pairs; the last table says what that costs."
)


def table(names: list[str], n: int, window: int, budget: float, about: list[str], say: Callable[[str], None]) -> str:
    """Measure these detectors (LOF and MP exact and bounded); return a Markdown page. Ctrl-C ends it early."""
    one = series.make("mackey-glass", n)
    rows: list[list[object]] = []
    errors: list[list[object]] = []
    try:
        for name in names:
            rows += [_row(match, one, window, budget, say) for match in cases(name, n)]
        errors += [_error(name, window, budget) for name in BOUNDED if name in names]
    except KeyboardInterrupt:
        say("interrupted: the page has what was measured until now")
    parts = ["# Memory", "\n".join(f"- {line}" for line in about), EXPLAINED, markdown.table(HEAD, rows, left=2)]
    if errors:
        head = ["detector", "parameters", "n", "rank correlation with exact", "AUROC bounded - exact"]
        parts += [f"## Error of the bounded variants, at {EXACT_N:,} points", markdown.table(head, errors, left=2)]
    return "\n\n".join(parts) + "\n"


def cases(name: str, n: int) -> list[Match]:
    """Return a detector with its defaults, and its bounded variant if there is one."""
    return [Match(name), *([Match(name, params=_params(name, n))] if name in BOUNDED else [])]


def _params(name: str, n: int) -> dict[str, object]:
    key, share = BOUNDED[name]
    return {key: int(share * n) if key == "sample" else share}


def _call(match: Match, one: Series, window: int, budget: float) -> tuple[dict[str, float], Array]:
    return measure.call(match.ours, Path(sys.executable), match, one, window, 1, budget, epochs=1)


def _row(match: Match, one: Series, window: int, budget: float, say: Callable[[str], None]) -> list[object]:
    shown = ", ".join(f"{key}={value}" for key, value in match.params.items())
    about: list[object] = [match.detector, shown, f"{len(one):,}", window]
    say(f"{match.detector} ({shown or 'as it is'}) ...")
    try:
        reply, _ = _call(match, one, window, budget)
    except measure.Stopped as stopped:
        say(f"{match.detector}: {stopped}, {stopped.peak_mb:.0f} MiB")
        return [*about, f"> {budget:g}", "", f"{stopped.peak_mb:.0f}", "", "stopped: memory so far"]
    except RuntimeError as error:
        say(f"{match.detector}: {error}")
        return [*about, "", "", "", "", f"failed: {error}"[:160]]
    say(f"{match.detector}: {reply['seconds']:.1f} s, {reply['peak_mb']:.0f} MiB")
    figures = [f"{reply['seconds']:.1f}", f"{reply['cpu_seconds']:.1f}", f"{reply['peak_mb']:.0f}"]
    return [*about, *figures, f"{reply['peak_mb'] - reply['level_mb']:.0f}", ""]


def _error(name: str, window: int, budget: float) -> list[object]:
    one = series.make("mackey-glass", EXACT_N)
    params = _params(name, EXACT_N)
    about = [name, ", ".join(f"{key}={value}" for key, value in params.items()), f"{EXACT_N:,}"]
    try:
        exact, bounded = (_call(Match(name, params=p), one, window, budget)[1] for p in ({}, params))
    except (measure.Stopped, RuntimeError) as error:
        return [*about, f"not compared: {error}"[:160], ""]
    found = measure.agree(exact, bounded, one, window)
    return [*about, f"{found['rank_correlation']:.4f}", f"{found['auroc_difference']:+.4f}"]
