"""Metrics of stored scores: a new metric never refits a detector."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark import metrics, protocols
from benchmark.store import Store

MetricRow = tuple[str, str, float | None, str]


def measure(
    key: str,
    names: Sequence[str],
    labels: NDArray[np.uint8],
    scores: NDArray[np.float64],
    protocol: str,
    window: int,
) -> list[MetricRow]:
    """Values of these metrics for one cell; an undefined one is None with its reason.

    Parameters
    ----------
    labels, scores : (m,) arrays
        Of the scored rows.
    protocol : str
        Says how the figure is taken from the scores (rounding).
    window : int
        Buffer of the range-aware metrics.
    """
    taken = protocols.get(protocol).scores_for_metric(scores) if protocol in protocols.PROTOCOLS else scores
    rows: list[MetricRow] = []
    for name in names:
        try:
            rows.append((key, name, float(metrics.METRICS[name](labels, taken, window)), ""))
        except metrics.Undefined as reason:
            rows.append((key, name, None, str(reason)))
    return rows


def fill(store: Store, names: Iterable[str], jobs: int = 1) -> int:
    """Compute what the store lacks of these metrics and keep it; returns how many values were added."""
    from joblib import Parallel, delayed

    todo = list(store.missing_metrics(names))
    labels: dict[str, NDArray[np.uint8]] = {}
    for row, _ in todo:
        if row["data_hash"] not in labels:
            labels[row["data_hash"]] = store.series(row["data_hash"])[1]

    def calls() -> Iterable[object]:
        for row, lacking in todo:
            first, scores = store.scores(row["key"])
            mine = labels[row["data_hash"]][first : first + len(scores)]
            yield delayed(measure)(row["key"], lacking, mine, scores, row["protocol"], row["window"])

    added = 0
    for rows in Parallel(n_jobs=jobs if len(todo) > 50 else 1, return_as="generator_unordered")(calls()):
        store.put_metrics(rows)
        added += len(rows)
    return added
