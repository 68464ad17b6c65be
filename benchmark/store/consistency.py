"""Check that a stored cell is consistent with its scores, its series and its detector."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

import datasets
from benchmark.catalogue import registry
from benchmark.grid import count_fitted, protocol_version, protocols, was_cut
from benchmark.store.evaluate import differing_metrics
from benchmark.store.store import Store
from benchmark.store.validity import fault_of_cell
from datasets import Series

DAY = 24 * 3600


def wrong_metrics(store: Store, row: Any, names: Iterable[str] | None = None) -> list[str]:
    """Return the stored metrics of a row of the table ``cells`` that differ from those recomputed from its scores.

    ``names`` are the metrics to recompute; None for all that are stored.

    Raises
    ------
    UserError
        If its scores or its series are damaged.
    """
    if row["status"] != "ok":
        return []
    scores = store.scores(row["key"])[1]
    return differing_metrics(store, row, store.load_series(row["data_hash"]), scores, names)


def faults(store: Store, row: Any) -> list[str]:
    """Return what makes a cell unusable: values that no benchmark writes, a wrong key, or another series.

    Raises
    ------
    UserError
        If its scores or its series are damaged.
    """
    if fault := fault_of_cell(row):
        return [fault]
    if row["finished"] > time.time() + DAY:
        return ["it ended in the future, and would hide what is computed later: is the clock right?"]
    if row["status"] != "ok":
        held = "SELECT key FROM scores WHERE key = ? UNION SELECT key FROM metrics WHERE key = ?"
        has_results = store.database.rows(held, row["key"], row["key"])
        return ["its status is not ok, but it has scores or metrics"] if has_results else []
    try:
        first, scores = store.scores(row["key"])
        series = store.load_series(row["data_hash"])
    except KeyError:
        return ["its scores or its series are not in the store"]
    stated = {name: row[name] for name in ("n", "n_anomalous")}  # the names may differ, the content must not
    stated |= {"simulated": row["source"] == "simulated", "last row": first + len(scores)}
    actual = {"n": len(series), "n_anomalous": series.n_anomalous}
    actual |= {"simulated": series.simulated, "last row": len(series)}
    if row["window"] > len(series):
        return [f"its window is {row['window']:,}, but its series has {len(series):,} points"]
    stated |= {name: row[name] for name in ("n_fit", "n_fit_anomalous", "group")}
    actual |= _expected_fit(row, series)
    found = [
        f"{name} {stated[name]!r}, but {actual[name]!r} by its series"
        for name in actual
        if stated[name] != actual[name]
    ]
    published = series.simulated or datasets.is_published(row["dataset"], row["series"], series.values, series.labels)
    if not (published or was_cut(row["quick"], len(series))):
        found.append(f"its series is not the one published as {row['dataset']}/{row['series']}")
    return found or ([] if np.isfinite(scores).all() else ["some of its scores are not finite"])


def _expected_fit(row: Any, series: Series) -> dict[str, Any]:
    """Return the detector's group, the number of points in ``fit``, and how many of these are anomalous, if known.

    Unknown (an empty dict) for ``normal-crossfit``, whose folds depend on the window, and for plug-ins and other
    versions of a detector.
    """
    cls, protocol = registry.detectors().get(row["detector"]), protocols.get(row["protocol"])
    known = cls is not None and row["version"] == str(cls.version) + protocol_version(row["protocol"], row["detector"])
    if cls is None or not known or protocol.name.startswith("normal-crossfit"):
        return {}
    detector = registry.build(cls, json.loads(row["params"]))
    counts = count_fitted(series, protocol.splits(series, detector, protocol.first_row))
    return {"group": cls.group, "n_fit": counts[0], "n_fit_anomalous": counts[1]}
