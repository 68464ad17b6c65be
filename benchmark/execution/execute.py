"""Execution of cells in a worker. An outcome depends only on the cell and its series."""

from __future__ import annotations

import copy
import os
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmark.catalogue import build, published_order
from benchmark.errors import counted
from benchmark.execution.isolation import (
    PeakMemory,
    describe,
    end_forks,
    fingerprint,
    seed_global_generators,
    tail,
)
from benchmark.execution.warm_up import warm_up
from benchmark.grid import Inapplicable, Outcome, Protocol, Split, Task, count_fitted, fitted_parts, protocols
from datasets import Series
from detectors import Array, Detector, Diverged

Progress = Callable[[str], None]


def execute(task: Task, series: Series, progress: Progress | None = None) -> Outcome:
    """Fit and score a cell. An error becomes an Outcome with the reason and is not raised.

    Only the protocol sees the labels of the series. ``progress`` is called with a line from time to time in long fits.
    """
    return execute_together([task], [series], progress)[0]


def execute_together(
    tasks: Sequence[Task], series: Sequence[Series], progress: Progress | None = None
) -> list[Outcome]:
    """Return the outcomes of several cells of a detector that can fit them together, the same as for each alone.

    The seconds of a joint fit are divided among the cells by their numbers of fits.
    """
    cells = [_Cell(task, replace(one)) for task, one in zip(tasks, series, strict=True)]
    with chdir(os.curdir):  # a detector may change it, and later cells find their files by relative paths
        for cell in cells:
            with cell.catch_errors():
                cell.prepare(progress)
        with PeakMemory() as memory:
            _fit_together([one for cell in cells for one in cell.fits])
            for cell in cells:
                with cell.catch_errors():
                    cell.score()
    for cell in cells:
        cell.outcome.peak_mb = memory.megabytes if cell.outcome.status == "ok" else 0.0
    return [cell.outcome for cell in cells]


@dataclass
class _Fit:
    """A detector and the data to fit it on, for one split of a cell."""

    detector: Detector
    split: Split
    pieces: list[Array]
    fitted: bool = False
    seconds: float = 0.0
    error: Exception | None = None

    @property
    def data(self) -> Array | list[Array]:
        return self.pieces[0] if len(self.pieces) == 1 else self.pieces

    def place(self, given: Array, scores: Array) -> None:
        """Copy from ``given``, scores of the test rows, those that the split keeps into ``scores`` of all rows."""
        (a, b), (c, d) = self.split.test, self.split.keep
        if given.shape != (b - a,):
            name = type(self.detector).__name__
            raise RuntimeError(f"{name} gave {given.shape} scores for {counted(b - a, 'point')}")
        scores[c:d] = given[c - a : d - a]


def _fit_together(fits: list[_Fit]) -> None:
    """Fit the detectors that can be fitted together; the others are fitted later, one by one."""
    joint = [fit for fit in fits if fit.detector.side_by_side]
    if not joint:
        return
    started = time.perf_counter()
    try:
        errors = type(joint[0].detector).fit_together([fit.detector for fit in joint], [fit.data for fit in joint])
    except Exception:  # noqa: BLE001 - e.g. too little memory on a GPU: then each is fitted alone, in ``score``
        return
    share = (time.perf_counter() - started) / len(joint)
    for fit, error in zip(joint, errors, strict=True):
        fit.fitted, fit.seconds, fit.error = True, share, error


class _Cell:
    """The state of a cell while it is prepared, fitted (alone or with others) and scored."""

    def __init__(self, task: Task, series: Series) -> None:
        self.task, self.series = task, series  # unpickled arrays are writable; Series.__post_init__ locks them
        self.outcome = Outcome("ok", n=len(series), n_anomalous=series.n_anomalous)
        self.fits: list[_Fit] = []
        self.first_row = 0

    @contextmanager
    def catch_errors(self) -> Iterator[None]:
        """Turn an error in the block into the outcome of the cell; later steps are then skipped."""
        outcome = self.outcome
        try:
            with end_forks():
                yield
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
        if outcome.status != "ok":
            self.fits = []

    def prepare(self, progress: Progress | None) -> None:
        """Make the detectors: one for all splits in turn, or one per split if they can be fitted together."""
        protocol = protocols.get(self.task.cell.protocol)
        detector = make_detector(self.task, protocol, self.series)
        splits = protocol.splits(self.series, detector, protocol.first_row)
        self.outcome.n_fit, self.outcome.n_fit_anomalous = count_fitted(self.series, splits)
        self.first_row = protocol.first_row
        warm_up(self.task)
        seed_global_generators(self.task.cell.random_state)
        detector.on_progress = progress
        fits = []
        for split in splits:
            mine = copy.copy(detector) if detector.side_by_side else detector
            fits.append(_Fit(mine, split, fitted_parts(self.series, split)))
            if mine.side_by_side:
                shorten_window(mine, fits[-1].pieces, self.outcome)
        self.fits = fits

    def score(self) -> None:
        """Fit the detectors that are not fitted yet, score, and check the scores."""
        if self.outcome.status != "ok":
            return
        (scores,) = self.scores_by(lambda detector, values: [detector.score(values)], 1)
        if self.task.cell.data_hash and fingerprint(self.series) != self.task.cell.data_hash:
            raise RuntimeError(
                f"{self.task.cell.detector} changed the series that it was given: its scores mean nothing"
            )
        self.outcome.scores, self.outcome.first_row = scores, self.first_row

    def scores_by(self, score: Callable[[Detector, Array], list[Array]], count: int) -> Array:
        """Fit each detector and return its (count, m) scores from the first scored row on."""
        scores = np.full((count, len(self.series)), np.nan)
        for fit in self.fits:
            self._fit(fit)
            started = time.perf_counter()
            given_each = score(fit.detector, self.series.values[slice(*fit.split.test)])
            for mine, given in zip(scores, given_each, strict=True):
                fit.place(np.asarray(given, dtype=np.float64), mine)
            self.outcome.score_seconds += time.perf_counter() - started
            if fit is self.fits[0]:
                self.outcome.window = int(getattr(fit.detector, "window_", 0))
                if history := getattr(fit.detector, "history_", None):
                    self.outcome.extra["history"] = {k: [float(v) for v in values] for k, values in history.items()}
        kept = scores[:, self.first_row :]
        if missing := int((~np.isfinite(kept)).any(axis=0).sum()):
            raise FloatingPointError(f"{self.task.cell.detector} left {counted(missing, 'row')} without a finite score")
        return kept

    def _fit(self, fit: _Fit) -> None:
        if fit.error:
            raise fit.error
        if not fit.fitted:
            started = time.perf_counter()
            shorten_window(fit.detector, fit.pieces, self.outcome)
            fit.detector.fit(fit.data)
            fit.seconds = time.perf_counter() - started
        note(self.outcome, fit.detector.notes_)
        self.outcome.fit_seconds += fit.seconds


def scores_by(task: Task, series: Series, rules: Sequence[dict[str, Any]]) -> list[tuple[int, Array]]:
    """Return the first scored row and the scores of a cell for each of several rules; each split is fitted once.

    Rules are values of the parameters in the detector's :attr:`~detectors.core.contract.Detector.rescored`. Errors of
    the detector are raised.
    """
    cell = _Cell(task, series)
    cell.prepare(None)
    scores = cell.scores_by(lambda detector, values: detector.scores_by(values, rules), len(rules))
    return [(cell.first_row, mine) for mine in scores]


def make_detector(task: Task, protocol: Protocol, series: Series) -> Detector:
    """Make the cell's detector with the protocol's window and parameters, and the cell's seed."""
    cls = task.detector_class
    if protocol.published_rows_only and cls.__name__ not in published_order()[:-1]:
        raise Inapplicable(f"{protocol.name} is only for the authors' twelve baselines, not for {cls.__name__}")
    seed = task.cell.seed if protocol.plain_seeds else task.cell.random_state
    detector = build(cls, dict(task.cell.params), seed=seed)
    protocol.configure(detector, series, task.explicit)
    if task.device and "device" in detector.param_defaults() and "device" not in task.explicit:
        detector.set_params(device=task.device)
    return detector


def shorten_window(detector: Detector, pieces: list[Array], outcome: Outcome) -> None:
    """If the window is too long for the longest piece, set it to half of that piece, with a note in the outcome."""
    window = getattr(detector, "window", None)
    longest = max(map(len, pieces))
    if isinstance(window, int) and longest < detector.min_length() and window > 1:
        shorter = max(1, longest // 2)
        note(outcome, (f"window {window} cut to {shorter}: the longest fitted piece has {counted(longest, 'point')}",))
        detector.set_params(window=shorter)


def note(outcome: Outcome, sentences: Sequence[str]) -> None:
    """Add sentences to the note of an outcome, each once."""
    for sentence in sentences:
        said = outcome.extra.get("note", "")
        if f"; {sentence}; " not in f"; {said}; ":
            outcome.extra["note"] = f"{said}; {sentence}" if said else sentence
