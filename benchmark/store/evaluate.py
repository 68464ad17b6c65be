"""Metrics of stored scores: a new metric never refits a detector."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark import metrics
from benchmark.errors import UserError
from benchmark.grid import protocols
from benchmark.store.sound import fault_of_metric
from benchmark.store.store import MetricRow as MetricRow
from benchmark.store.store import Store
from datasets import Series
from detectors import estimate_window

Labels = NDArray[np.uint8]
REMEDY = "`results verify` names such cells, `results verify --repair` drops them"
AT_ONCE = ("auroc", "auprc")  # kept with each cell as it ends
TOLERANCE = 1e-9  # libraries of another version sum in another order


def measure(
    key: str,
    names: Sequence[str],
    labels: NDArray[np.uint8],
    scores: NDArray[np.float64],
    protocol: str,
    window: int,
) -> list[MetricRow]:
    """Values of these metrics for (m,) labels and scores of one cell; an undefined one is None with its reason.

    The protocol says how the figure is taken from the scores (rounding). ``window`` is a period of the series, the same
    for every detector: buffer of the range-aware metrics.
    """
    taken = protocols.get(protocol).scores_for_metric(scores)
    found = metrics.evaluate(labels, taken, window, names)
    return [(key, name, None if value.reason else value.value, value.reason) for name, value in found.items()]


def fill(
    store: Store,
    names: Iterable[str] | None = None,
    jobs: int = 1,
    keys: Collection[str] | None = None,
    at_once: int = 64,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> int:
    """Compute what the store lacks of these metrics (None: the default ones); returns how many values were added.

    Only for the cells ``keys``; None for all current ones. So many cells ``at_once`` are read and measured, so that few
    arrays are held. ``progress`` is called with the number of cells that are done, and of all.
    """
    from joblib import Parallel, delayed

    todo = list(store.missing_metrics([m.name for m in metrics.select(names)], keys))
    known: dict[str, tuple[Labels, int]] = {}
    added = 0
    with Parallel(n_jobs=jobs if len(todo) > 50 else 1) as parallel:
        for begin in range(0, len(todo), at_once):
            progress(begin, len(todo))
            calls = []
            for row, lacking in todo[begin : begin + at_once]:
                labels, period = _known(store, row["data_hash"], known)
                mine, scores = _scored(store, row, labels)
                calls.append(delayed(measure)(row["key"], lacking, mine, scores, row["protocol"], period))
            rows = [row for measured in parallel(calls) for row in measured]
            store.put_metrics(rows)
            added += len(rows)
    return added


def _known(store: Store, data_hash: str, known: dict[str, tuple[Labels, int]]) -> tuple[Labels, int]:
    """Labels and period of a series, read once."""
    if data_hash not in known:
        try:
            values, labels = store.series(data_hash)
        except KeyError as error:
            raise UserError(f"{store.path}: the series {data_hash[:12]} is not in it: {REMEDY}") from error
        known[data_hash] = labels, estimate_window(values)
    return known[data_hash]


def _scored(store: Store, row: Any, labels: Labels) -> tuple[Labels, NDArray[np.float64]]:
    """Labels and scores of a cell, of one length."""
    where = f"{store.path}: the scores of {row['detector']} on {row['dataset']}/{row['series']}"
    try:
        first, scores = store.scores(row["key"])
    except KeyError as error:
        raise UserError(f"{where} are not in it: {REMEDY}") from error
    if first < 0 or first + len(scores) != len(labels) or not np.isfinite(scores).all():
        raise UserError(f"{where} do not fit the series, or are not finite: {REMEDY}")
    return labels[first:], scores


def disagreements(
    store: Store, row: Any, series: Series, scores: NDArray[np.float64], names: Iterable[str] | None = None
) -> list[str]:
    """Stored metrics of a row of the table ``cells`` that are not what its scores and labels give, in words.

    ``names`` are the metrics to recompute; None for all that are stored and known.
    """
    kept = store.database.rows("SELECT * FROM metrics WHERE key = ?", row["key"])
    if wrong := [fault for r in kept if (fault := fault_of_metric(r))]:
        return wrong
    stored = {r["metric"]: r["value"] for r in kept}
    wanted = [name for name in stored if name in metrics.METRICS and (names is None or name in names)]
    labels = series.labels[row["first_row"] :]
    measured = measure(row["key"], wanted, labels, scores, row["protocol"], estimate_window(series.values))
    return [
        f"{metrics.METRICS[name].title} is stored as {_shown(stored[name])}, its scores give {_shown(value)}"
        for _, name, value, _ in measured
        if name in stored and not _same(stored[name], value)
    ]


def _same(stored: float | None, value: float | None) -> bool:
    if stored is None or value is None:
        return stored is value
    return abs(stored - value) <= TOLERANCE


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.6g}"
