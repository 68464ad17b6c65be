"""Execute one cell: a pure function of the cell and its series, run in a worker."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.catalogue import build, published_order
from benchmark.execution.isolation import (
    PeakMemory,
    describe,
    fingerprint,
    no_forks_come_back,
    seed_global_generators,
    tail,
)
from benchmark.execution.warm_up import warm_up
from benchmark.grid import Inapplicable, Outcome, Protocol, Split, Task, fitted_parts, labelled_in_fit, protocols
from datasets import Series
from detectors import Detector, Diverged

Array = NDArray[np.float64]


def execute(task: Task, series: Series, progress: Callable[[str], None] | None = None) -> Outcome:
    """Fit and score; whatever goes wrong becomes an Outcome with its reason, never an exception.

    Parameters
    ----------
    task : Task
    series : Series
        The cell's series; its labels go no further than the protocol.
    progress : callable, optional
        Receives a line now and then from long fits.
    """
    series = replace(series)  # unpickled arrays are writable; __post_init__ locks them
    outcome = Outcome("ok", n=len(series), n_anomalous=series.n_anomalous)
    try:
        with no_forks_come_back():
            _fill(outcome, task, series, progress)
    except Inapplicable as reason:
        outcome.status, outcome.reason = "skipped", str(reason)
    except Diverged as reason:
        outcome.status, outcome.reason = "diverged", str(reason)
        outcome.traceback = tail(traceback.format_exc())
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a detector may raise anything; it is recorded
        outcome.status, outcome.reason = "failed", describe(error)
        if isinstance(error, MemoryError) or "can't allocate memory" in outcome.reason:  # the latter is torch's
            outcome.status, outcome.reason = "oom", f"the process could not get more memory: {outcome.reason}"
        outcome.traceback = tail(traceback.format_exc())
    return outcome


def _fill(outcome: Outcome, task: Task, series: Series, progress: Callable[[str], None] | None) -> None:
    cell = task.cell
    protocol = protocols.get(cell.protocol)
    detector = prepared(task, protocol, series)
    splits = protocol.splits(series, detector, protocol.first_row)
    outcome.n_fit, outcome.n_fit_anomalous = labelled_in_fit(series, splits)
    warm_up(task)
    seed_global_generators(cell.random_state)
    detector.on_progress = progress
    scores = np.full(len(series), np.nan)
    with PeakMemory() as memory:
        for number, split in enumerate(splits):
            fit_seconds, score_seconds = _fit_and_score(detector, series, split, scores, outcome, first=number == 0)
            outcome.fit_seconds += fit_seconds
            outcome.score_seconds += score_seconds
    outcome.peak_mb = memory.megabytes
    outcome.first_row = protocol.first_row
    kept = scores[protocol.first_row :]
    if not np.isfinite(kept).all():
        raise FloatingPointError(f"{cell.detector} left {int((~np.isfinite(kept)).sum())} rows without a finite score")
    if cell.data_hash and fingerprint(series) != cell.data_hash:
        raise RuntimeError(f"{cell.detector} changed the series that it was given: its scores mean nothing")
    outcome.scores = kept


def _fit_and_score(
    detector: Detector, series: Series, split: Split, scores: Array, outcome: Outcome, first: bool
) -> tuple[float, float]:
    pieces = fitted_parts(series, split)
    shorten_window(detector, pieces, outcome)
    started = time.perf_counter()
    detector.fit(pieces[0] if len(pieces) == 1 else pieces)
    fitted = time.perf_counter()
    note(outcome, detector.notes_)
    (a, b), (c, d) = split.test, split.keep
    given = np.asarray(detector.score(series.values[a:b]), dtype=np.float64)
    if given.shape != (b - a,):
        raise RuntimeError(f"{type(detector).__name__} gave {given.shape} scores for {b - a} points")
    scores[c:d] = given[c - a : d - a]
    done = time.perf_counter()
    if first:
        outcome.window = int(getattr(detector, "window_", 0))
        history = getattr(detector, "history_", None)
        if history:
            outcome.extra["history"] = {k: [float(v) for v in values] for k, values in history.items()}
    return fitted - started, done - fitted


def scores_by(task: Task, series: Series, rules: Sequence[dict[str, Any]]) -> list[tuple[int, Array]]:
    """First scored row and scores of a cell under each of several rules, one fit a round for all of them.

    Parameters
    ----------
    task : Task
    series : Series
    rules : sequence of dict
        Values of the parameters in the detector's :attr:`~detectors.core.contract.Detector.rescored`.

    Raises
    ------
    Exception
        Whatever the detector raises.
    """
    protocol = protocols.get(task.cell.protocol)
    detector = prepared(task, protocol, series)
    outcome = Outcome("ok")
    seed_global_generators(task.cell.random_state)
    scores = np.full((len(rules), len(series)), np.nan)
    for split in protocol.splits(series, detector, protocol.first_row):
        pieces = fitted_parts(series, split)
        shorten_window(detector, pieces, outcome)
        detector.fit(pieces[0] if len(pieces) == 1 else pieces)
        (a, b), (c, d) = split.test, split.keep
        for mine, given in zip(scores, detector.scores_by(series.values[a:b], rules), strict=True):
            mine[c:d] = given[c - a : d - a]
    kept = scores[:, protocol.first_row :]
    if not np.isfinite(kept).all():
        raise FloatingPointError(f"{task.cell.detector} left rows without a finite score")
    return [(protocol.first_row, mine) for mine in kept]


def prepared(task: Task, protocol: Protocol, series: Series) -> Detector:
    """The cell's detector with the protocol's window and parameters, and the cell's seed."""
    cls = task.detector_class
    if protocol.published_rows_only and cls.__name__ not in published_order()[:-1]:
        raise Inapplicable(f"{protocol.name} repeats the authors' twelve baselines, {cls.__name__} is none of them")
    seed = task.cell.seed if protocol.plain_seeds else task.cell.random_state
    detector = build(cls, dict(task.cell.params), seed=seed)
    protocol.configure(detector, series, task.explicit)
    return detector


def shorten_window(detector: Detector, pieces: list[Array], outcome: Outcome) -> None:
    """Halve a window that the fitted part cannot hold, and say so with the cell."""
    window = getattr(detector, "window", None)
    longest = max(map(len, pieces))
    if isinstance(window, int) and longest < detector.min_length() and window > 1:
        shorter = max(1, longest // 2)
        note(outcome, (f"window {window} cut to {shorter}: the longest fitted piece has {longest} points",))
        detector.set_params(window=shorter)


def note(outcome: Outcome, sentences: Sequence[str]) -> None:
    """Keep with the cell what is to be said of it, each sentence once."""
    for sentence in sentences:
        said = outcome.extra.get("note", "")
        if sentence not in said:
            outcome.extra["note"] = f"{said}; {sentence}" if said else sentence
