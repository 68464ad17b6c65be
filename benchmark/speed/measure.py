"""Measure sides in turn, each time in a fresh process."""

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

EPOCHS = 5  # fewer than the patience of 5 can end: both sides train equally long


@dataclass(frozen=True)
class Run:
    """One process: what was run, what it took, or why there is no figure."""

    series: str
    detector: str
    side: str
    n: int
    window: int
    threads: int
    repeat: int
    # wall and processor time of the call, and wall time of imports, compilers and one tiny call before it
    seconds: float = np.nan
    cpu_seconds: float = np.nan
    startup: float = np.nan
    peak_mb: float = np.nan  # peak resident memory of the whole process, and its level when the call began
    level_mb: float = np.nan
    # Agreement with our scores of the same case: Spearman's coefficient, the largest difference after both are scaled
    # to 0..1, and AUROC (theirs - ours). NaN for ours.
    rank_correlation: float = np.nan
    difference: float = np.nan
    auroc_difference: float = np.nan
    note: str = ""


class Stopped(Exception):
    """A process was stopped at its time limit; carries the peak memory (MiB) that it had reached by then."""

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
    """Run one side in a fresh process: its reply and its scores.

    Raises
    ------
    RuntimeError
        If the process fails, with the last line that it wrote.
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
    """Exit code and standard error of a process that has at most ``limit`` seconds."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a scheduling group of its own: no side shares its slice with our terminal
    ) as process:
        try:
            _, said = process.communicate(request, limit)
            return process.returncode, said
        except subprocess.TimeoutExpired:
            raise Stopped(limit, worker.status_mb("VmHWM", str(process.pid))) from None
        finally:
            process.kill()


class Growth:
    """Which sides are still measured at a larger n: one that would take longer than ``budget`` is left out.

    Time is taken to grow at least in proportion to n.
    """

    def __init__(self, budget: float) -> None:
        self.budget = budget
        self._last: dict[Any, tuple[int, float]] = {}

    def allows(self, key: Any, n: int) -> bool:
        """Whether ``key`` may run on ``n`` points."""
        size, seconds = self._last.get(key, (1, 0.0))
        return seconds * max(1.0, n / size) <= self.budget

    def note(self, key: Any, n: int, seconds: float) -> None:
        """``key`` took so long on ``n`` points."""
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
    """Every side once, then again, ``repeats`` times; the first to go changes with each round."""
    n, mine = len(series), np.zeros(0)
    skipped: set[str] = set()
    for repeat in range(repeats):
        for k in range(len(sides)):
            # Ours goes first in the first round: the others are compared with its scores.
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
    """How far two sets of scores agree; theirs may be one per window, for its centre."""
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
    """Brought to 0..1."""
    spread = float(np.ptp(scores))
    return np.asarray((scores - scores.min()) / (spread or 1.0))
