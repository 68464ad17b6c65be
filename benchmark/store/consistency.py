"""Whether a cell is borne out by its scores and its series, and by what the program knows of its detector."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

import datasets
from benchmark.catalogue import registry
from benchmark.grid import labelled_in_fit, protocol_version, protocols
from benchmark.store.evaluate import disagreements
from benchmark.store.sound import fault_of_cell
from benchmark.store.store import Store
from datasets import Series

DAY = 24 * 3600


def contradictions(store: Store, row: Any, names: Iterable[str] | None = None) -> list[str]:
    """What a row of the table ``cells`` says that its scores and its series do not bear out.

    ``names`` are the metrics to recompute; None for all that are stored.

    Raises
    ------
    UserError
        If its scores or its series are damaged.
    """
    if row["status"] != "ok":
        return []
    scores = store.scores(row["key"])[1]
    return disagreements(store, row, store.load_series(row["data_hash"]), scores, names)


def faults(store: Store, row: Any) -> list[str]:
    """What makes a cell unusable: values that no benchmark writes, another key, a series that is not its own.

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
        return ["it is no success, but has scores or figures"] if _has_results(store, row["key"]) else []
    try:
        first, scores = store.scores(row["key"])
        series = store.load_series(row["data_hash"])
    except KeyError:
        return ["its scores or its series are not in the store"]
    told = {name: row[name] for name in ("n", "n_anomalous")}  # names may differ: content counts
    told |= {"simulated": row["source"] == "simulated", "last row": first + len(scores)}
    true = {"n": len(series), "n_anomalous": series.n_anomalous}
    true |= {"simulated": series.simulated, "last row": len(series)}
    told |= {name: row[name] for name in ("n_fit", "n_fit_anomalous", "group")}
    true |= _fitted(row, series)
    found = [f"{name} {told[name]!r}, but {true[name]!r} by its series" for name in true if told[name] != true[name]]
    if not (row["quick"] or series.simulated or _named_rightly(row, series)):
        found.append(f"its series is not the one published as {row['dataset']}/{row['series']}")
    return found or ([] if np.isfinite(scores).all() else ["some of its scores are not finite"])


def _has_results(store: Store, key: str) -> bool:
    return bool(
        store.database.rows("SELECT 1 FROM scores WHERE key = ? UNION SELECT 1 FROM metrics WHERE key = ?", key, key)
    )


def _named_rightly(row: Any, series: Series) -> bool:
    return datasets.is_published(row["dataset"], row["series"], series.values, series.labels)


def _fitted(row: Any, series: Series) -> dict[str, Any]:
    """The detector's group, how many points ``fit`` saw, and how many of them anomalous, where that is known.

    Not known: the folds of ``normal-crossfit``, which depend on the window; a quick run's settings; what a detector of
    another version or origin learns from.
    """
    cls, protocol = registry.detectors().get(row["detector"]), protocols.get(row["protocol"])
    known = cls is not None and row["version"] == str(cls.version) + protocol_version(row["protocol"])
    if cls is None or not known or row["quick"] or protocol.name.startswith("normal-crossfit"):
        return {}
    detector = registry.build(cls, json.loads(row["params"]))
    counts = labelled_in_fit(series, protocol.splits(series, detector, protocol.first_row))
    return {"group": cls.group, "n_fit": counts[0], "n_fit_anomalous": counts[1]}
