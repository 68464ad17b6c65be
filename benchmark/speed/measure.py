"""Measurement of several implementations in turn, each time in a new process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.speed import worker
from benchmark.speed.others import Match, Side
from benchmark.system import settings
from datasets import Series
from detectors import Array

EPOCHS = 5  # so few that early stopping (patience 5) has no effect, and all implementations train equally long


@dataclass(frozen=True)
class Run:
    """Measurements of one process, or a note why there are none."""

    series: str
    detector: str
    side: str
    n: int
    window: int
    threads: int
    repeat: int
    seconds: float = np.nan  # wall time of the call
    cpu_seconds: float = np.nan  # CPU time of the call
    startup: float = np.nan  # wall time of imports, compilers and one tiny call before it
    peak_mb: float = np.nan  # peak resident memory of the whole process
    level_mb: float = np.nan  # resident memory when the call began
    # Agreement with our scores of the same case: Spearman's coefficient, the largest difference after both are scaled
    # to 0..1, and the difference of AUROC (theirs - ours). NaN for ours.
    rank_correlation: float = np.nan
    difference: float = np.nan
    auroc_difference: float = np.nan
    note: str = ""


class Stopped(Exception):
    """A process was stopped at its time limit; ``peak_mb`` is its peak memory (MiB) until then."""

    def __init__(self, limit: float, peak_mb: float) -> None:
        super().__init__(f"stopped after {limit:g} s")
        self.limit, self.peak_mb = limit, peak_mb


def call(
    side: Side,
    python: Path,
    match: Match,
    series: Series,
    window: int,
    threads: int,
    limit: float,
    epochs: int = EPOCHS,
) -> tuple[dict[str, float], Array]:
    """Run one implementation in a new process; return its measurements and its scores.

    Raises
    ------
    RuntimeError
        If the process fails, with the last line of its standard error.
    Stopped
        If it takes longer than ``limit`` seconds.
    """
    settings.cap_threads(threads)
    with tempfile.TemporaryDirectory(prefix="tsad-bench-") as name:
        folder = Path(name)
        np.save(folder / "values.npy", series.values)
        np.save(folder / "labels.npy", series.labels)
        request: dict[str, Any] = {
            "call": side.call,
            "detector": match.detector,
            "params": match.params,
            "window": 1 if match.detector == "IForest1" else window,
            "epochs": epochs,
            "threads": threads,
            "path": [] if side.apart else sys.path,
        }
        request |= {key: str(folder / f"{key}.npy") for key in ("values", "labels", "scores", "reply")}
        code, said = _run([str(python), "-P", worker.__file__], json.dumps(request), limit)
        reply = Path(request["reply"])
        if code or not reply.is_file():
            raise RuntimeError((said.strip().splitlines() or [f"exit code {code}"])[-1][:200])
        return json.loads(reply.read_text()), np.load(request["scores"])


def _run(command: list[str], request: str, limit: float) -> tuple[int, str]:
    """Run a process for at most ``limit`` seconds; return its exit code and standard error."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # its own scheduling group, so that it does not share CPU time with our terminal's
    ) as process:
        try:
            _, said = process.communicate(request, limit)
            return process.returncode, said
        except subprocess.TimeoutExpired:
            raise Stopped(limit, worker.status_mb("VmHWM", str(process.pid))) from None
        finally:
            process.kill()


class Growth:
    """Decides which implementations are measured at a larger n: not those expected to exceed ``budget`` seconds.

    Times are expected to grow in proportion to n.
    """

    def __init__(self, budget: float) -> None:
        self.budget = budget
        self._last: dict[Any, tuple[int, float]] = {}

    def allows(self, key: Any, n: int) -> bool:
        """Return True if ``key`` may run on ``n`` points."""
        size, seconds = self._last.get(key, (1, 0.0))
        return seconds * max(1.0, n / size) <= self.budget

    def note(self, key: Any, n: int, seconds: float) -> None:
        """Record the seconds that ``key`` took on ``n`` points."""
        self._last[key] = (n, seconds)


def alternate(
    sides: list[tuple[Side, Path]],
    match: Match,
    series: Series,
    window: int,
    threads: int,
    repeats: int,
    growth: Growth,
    say: Callable[[str], None],
) -> Iterator[Run]:
    """Run all implementations once per round, for ``repeats`` rounds; each round starts with another one."""
    n, mine = len(series), np.zeros(0)
    skipped: set[str] = set()
    for repeat in range(repeats):
        for k in range(len(sides)):
            # Ours is the first of the first round, as the others are compared with its scores.
            side, python = sides[(k + repeat) % len(sides)]
            named = "ours" if side == match.ours else side.name
            about = (series.name, match.detector, named, n, window, threads, repeat)
            key = (series.name, match.detector, side.call, window, threads)
            if side.call in skipped:
                continue
            if not growth.allows(key, n):
                skipped.add(side.call)
                done = f"only {repeat} of {repeats} runs" if repeat else "left out"
                yield Run(*about, note=f"{done}: over the budget of {growth.budget:g} s")
                continue
            try:
                reply, scores = call(side, python, match, series, window, threads, 3 * growth.budget + 60)
            except (RuntimeError, Stopped) as error:
                skipped.add(side.call)
                growth.note(key, n, np.inf if isinstance(error, Stopped) else 0.0)
                yield Run(*about, note=f"failed: {error}"[:240])
                continue
            growth.note(key, n, reply["seconds"])
            mine = scores if side == match.ours else mine
            agreement = {} if side == match.ours or not len(mine) else agree(mine, scores, series, window)
            run = replace(Run(*about), **reply, **agreement)  # type: ignore[arg-type]
            say(f"{run.series} n={n} W={window} threads={threads} {run.detector} {run.side}: {run.seconds:.3f} s")
            yield run


def agree(ours: Array, theirs: Array, series: Series, window: int) -> dict[str, float]:
    """Measure the agreement of two arrays of scores; ``theirs`` may have one score per window (for its centre)."""
    from scipy.stats import rankdata

    from benchmark.metrics import auroc

    if len(ours) == 2:  # VUS-ROC and VUS-PR, not scores
        return {"difference": float(np.abs(ours - theirs).max())}
    labels, n = series.labels, len(ours)
    if len(theirs) == n - window + 1:
        centre = slice(window // 2, window // 2 + len(theirs))
        ours, labels = ours[centre], labels[centre]
    figures = {
        "rank_correlation": float(np.corrcoef(rankdata(ours), rankdata(theirs))[0, 1]),
        "difference": float(np.abs(scaled(ours) - scaled(theirs)).max()),
    }
    if labels.any():
        figures["auroc_difference"] = auroc(labels, theirs, 0) - auroc(labels, ours, 0)
    return figures


def scaled(scores: Array) -> Array:
    """Scale scores to 0..1."""
    spread = float(np.ptp(scores))
    return np.asarray((scores - scores.min()) / (spread or 1.0))
