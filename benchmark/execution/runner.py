"""Run a plan: skip what is stored, execute the rest, commit each outcome as it arrives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field

from benchmark.execution.backends import Backend, Board
from benchmark.grid import Outcome, Task, longest_first
from benchmark.store import Store, evaluate
from benchmark.system.processes import uninterrupted
from datasets import Series

RETRIED = ("failed", "timeout", "oom", "crashed", "diverged")


@dataclass
class Summary:
    """What a run did: cells by status, how many were stored before, and whether it was interrupted."""

    statuses: Counter[str] = field(default_factory=Counter)
    cached: int = 0
    planned: int = 0
    interrupted: bool = False

    @property
    def clean(self) -> bool:
        return not any(self.statuses[status] for status in RETRIED)


def pending(work: Iterable[tuple[Task, Series]], store: Store, retry_failed: bool) -> tuple[list[Task], Summary]:
    """What is not stored yet, longest first; with ``retry_failed`` also what is stored as failed.

    A writable store keeps each planned series on the way, so that the caller need not hold any of them.
    """
    known = store.statuses()
    summary = Summary()
    todo: dict[str, Task] = {}
    kept = None
    for task, series in work:
        if store.writable and series is not kept:
            store.put_series(series)
            kept = series
        key = task.cell.key
        summary.planned += 1
        status = known.get(key)
        if status is None or (retry_failed and status in RETRIED):
            todo[key] = task
        else:
            summary.cached += 1
            summary.statuses[status] += 1
    return longest_first(todo.values()), summary


def run(
    todo: list[Task],
    summary: Summary,
    backend: Backend,
    store: Store,
    board: Board,
    on_done: Callable[[Task, Outcome], None] = lambda _task, _outcome: None,
) -> Summary:
    """Execute and store; Ctrl-C keeps what arrived and marks the summary as interrupted."""
    work = ((task, store.load_series(task.cell.data_hash)) for task in todo)
    try:
        with closing(backend.map(work, board)) as results:  # type: ignore[type-var]
            for task, outcome in results:
                with uninterrupted():
                    keep(store, task, outcome)
                summary.statuses[outcome.status] += 1
                on_done(task, outcome)
    except KeyboardInterrupt:
        summary.interrupted = True
    return summary


def keep(store: Store, task: Task, outcome: Outcome) -> None:
    """Commit an outcome, and the figures that every table shows."""
    cell = task.cell
    series = store.load_series(cell.data_hash)
    outcome.n, outcome.n_anomalous = len(series), series.n_anomalous
    if task.spec != cell.detector:
        outcome.extra["spec"] = task.spec  # where a plug-in came from
    figures: list[evaluate.MetricRow] = []
    if outcome.scores is not None:
        labels = series.labels[outcome.first_row :]
        figures = evaluate.measure(cell.key, evaluate.AT_ONCE, labels, outcome.scores, cell.protocol, outcome.window)
    store.put(cell, outcome, task.group, task.quick, figures)
