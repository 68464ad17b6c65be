"""Run of a plan: stored cells are skipped, the others executed, and each outcome is stored as it arrives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field

from benchmark.execution.backends import Backend, Board
from benchmark.grid import Outcome, Task, longest_first
from benchmark.store import Store, evaluate
from benchmark.system.processes import delay_interrupt
from datasets import Series

RETRIED = ("failed", "timeout", "oom", "crashed", "diverged")


@dataclass
class Summary:
    """Result of a run: number of cells by status, of cells stored before, and of planned cells."""

    statuses: Counter[str] = field(default_factory=Counter)
    cached: int = 0
    planned: int = 0
    interrupted: bool = False

    @property
    def clean(self) -> bool:
        return not any(self.statuses[status] for status in RETRIED)


def pending(work: Iterable[tuple[Task, Series]], store: Store, retry_failed: bool) -> tuple[list[Task], Summary]:
    """Return the tasks that are not stored yet, longest first; with ``retry_failed`` also those stored as failed.

    Each planned series is put into the store (if writable), so that the caller need not keep it in memory.
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
    """Execute tasks and store their outcomes; on Ctrl-C finished cells are kept and the summary is interrupted."""
    work = ((task, store.load_series(task.cell.data_hash)) for task in todo)
    try:
        with closing(backend.map(work, board)) as results:  # type: ignore[type-var]
            for task, outcome in results:
                with delay_interrupt():
                    keep(store, task, outcome)
                summary.statuses[outcome.status] += 1
                on_done(task, outcome)
    except KeyboardInterrupt:
        summary.interrupted = True
    return summary


def keep(store: Store, task: Task, outcome: Outcome) -> None:
    """Store an outcome, with the metrics that all tables show."""
    cell = task.cell
    series = store.load_series(cell.data_hash)
    outcome.n, outcome.n_anomalous = len(series), series.n_anomalous
    if task.spec != cell.detector:
        outcome.extra["spec"] = task.spec  # where a plug-in came from
    figures: list[evaluate.MetricRow] = []
    if outcome.scores is not None:
        labels = series.labels[outcome.first_row :]
        figures = evaluate.measure(cell.key, evaluate.IMMEDIATE, labels, outcome.scores, cell.protocol, outcome.window)
    store.put(cell, outcome, task.group, task.quick, figures)
