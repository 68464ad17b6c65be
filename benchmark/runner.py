"""Run a plan: skip what is stored, execute the rest, commit each outcome as it arrives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from benchmark import evaluate
from benchmark.backends import Backend, Board
from benchmark.cells import Outcome
from benchmark.execute import Task
from benchmark.plan import longest_first
from benchmark.store import Store
from datasets._base import Series

AT_ONCE = ("auroc", "auprc")
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


def pending(
    work: Iterable[tuple[Task, Series]], store: Store, retry_failed: bool
) -> tuple[list[tuple[Task, Series]], Summary]:
    """What is not stored yet, longest first; with ``retry_failed`` also what is stored as failed."""
    known = store.statuses()
    summary = Summary()
    todo: dict[str, tuple[Task, Series]] = {}
    for task, series in work:
        key = task.cell.key
        summary.planned += 1
        status = known.get(key)
        if status is None or (retry_failed and status in RETRIED):
            todo[key] = (task, series)
        else:
            summary.cached += 1
            summary.statuses[status] += 1
    return longest_first(list(todo.values())), summary


def run(
    todo: list[tuple[Task, Series]],
    summary: Summary,
    backend: Backend,
    store: Store,
    board: Board,
    on_done: Callable[[Task, Outcome], None] = lambda _task, _outcome: None,
) -> Summary:
    """Execute and store; Ctrl-C keeps what arrived and marks the summary as interrupted."""
    by_key = {task.cell.key: series for task, series in todo}
    for series in {s.sha256: s for s in by_key.values()}.values():
        store.put_series(series.sha256, series.dataset, series.name, series.source, series.values, series.labels)
    results = backend.map(todo, board)
    try:
        for task, outcome in results:
            keep(store, task, outcome, by_key[task.cell.key])
            summary.statuses[outcome.status] += 1
            on_done(task, outcome)
    except KeyboardInterrupt:
        summary.interrupted = True
    finally:
        close(results)
    return summary


def keep(store: Store, task: Task, outcome: Outcome, series: Series) -> None:
    """Commit an outcome, and the figures that every table shows."""
    outcome.n = outcome.n or len(series)
    outcome.n_anomalous = outcome.n_anomalous or series.n_anomalous
    store.put(task.cell, outcome, task.group, task.quick)
    if outcome.scores is not None:
        labels = series.labels[outcome.first_row :]
        cell = task.cell
        store.put_metrics(evaluate.measure(cell.key, AT_ONCE, labels, outcome.scores, cell.protocol, outcome.window))


def close(results: Iterator[object]) -> None:
    """Stop the workers behind an unfinished generator."""
    stop = getattr(results, "close", None)
    if stop is not None:
        stop()
