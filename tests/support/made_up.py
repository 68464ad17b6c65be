"""Synthetic cells, series and scores for the tests of tables, pictures and pages."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

SIZES = {"Dodgers": 1, "MGAB": 3, "NASA-MSL": 4, "Genesis": 2}
DETECTORS = {
    "IForest": "classical",
    "LOF": "classical",
    "AE": "neural",
    "Proposed": "neural",
    "TimeIndex": "one-liner",
    "Random": "one-liner",
}


def cell(dataset: str, series: str, detector: str, auroc: float = 0.7, **given: Any) -> dict[str, Any]:
    """One tidy row with plausible values for all that is not given."""
    row = {
        "dataset": dataset,
        "series": series,
        "detector": detector,
        "group": DETECTORS.get(detector, "plug-in"),
        "params": "{}",
        "protocol": "normal-only" if detector == "Proposed" else "tsb-uad",
        "seed": 0,
        "source": "local",
        "status": "ok",
        "reason": "",
        "auroc": auroc,
        "auprc": auroc / 2,
        "n": 2000,
        "n_anomalous": 60,
        "n_fit": 200,
        "n_fit_anomalous": 0,
        "window": 20,
        "fit_seconds": 1.5,
        "score_seconds": 0.5,
        "peak_mb": 80.0,
        "quick": False,
        "finished": 0.0,
    } | given
    if row["status"] != "ok":
        row |= {"auroc": np.nan, "auprc": np.nan}
    place = [row[k] for k in ("dataset", "series", "source")]
    row["data_hash"] = hashlib.sha256(repr(place).encode()).hexdigest()
    row["key"] = hashlib.sha256(repr(sorted(row.items(), key=str)).encode()).hexdigest()[:32]
    return row


def frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Rows as the store's frame."""
    return pd.DataFrame(list(rows))


def grid(protocols: tuple[str, ...] = ("tsb-uad", "normal-only"), **given: Any) -> pd.DataFrame:
    """Every detector on every series under every protocol, all ok."""
    rng = np.random.default_rng(0)
    return frame(
        cell(d, f"{k}.test.out", detector, float(rng.uniform(0.4, 0.9)), protocol=protocol, **given)
        for protocol in protocols
        for detector in DETECTORS
        for d, size in SIZES.items()
        for k in range(1, size + 1)
        if not (detector == "Proposed" and protocol == "tsb-uad")
    )


class StandIn(ABC):
    """What stands in for a store: scores as they are, unchecked."""

    @abstractmethod
    def scores(self, key: str) -> tuple[int, np.ndarray]: ...

    def scored(self, key: str, labels: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
        first, scores = self.scores(key)
        return first, labels[first:], scores


class MadeUpResults(StandIn):
    """Results with series and scores invented from their keys."""

    def __init__(self, cells: pd.DataFrame, missing: tuple[str, ...] = ()) -> None:
        self.cells = cells
        self.missing = missing

    def frame(self) -> pd.DataFrame:
        return self.cells

    def series(self, data_hash: str) -> tuple[np.ndarray, np.ndarray]:
        if data_hash in self.missing:
            raise KeyError(data_hash)
        row = self.cells[self.cells["data_hash"] == data_hash].iloc[0]
        rng = np.random.default_rng(int(data_hash[:8], 16))
        labels = np.zeros(row["n"], dtype=np.uint8)
        for start in rng.integers(row["n"] // 4, row["n"] - 40, 3):
            labels[start : start + 20] = 1
        return np.sin(np.arange(row["n"]) / 9) + 0.1 * rng.normal(size=row["n"]) + labels, labels

    def scores(self, key: str) -> tuple[int, np.ndarray]:
        row = self.cells[self.cells["key"] == key].iloc[0]
        if row["status"] != "ok":
            raise KeyError(key)
        labels = self.series(row["data_hash"])[1]
        noise = np.random.default_rng(int(key[:8], 16)).normal(size=len(labels))
        return 0, noise + 6 * max(0.0, row["auroc"] - 0.5) * labels

    def content(self, key: str) -> str:
        return key

    def fingerprint(self) -> str:
        return hashlib.sha256(self.cells.to_csv().encode() + repr(self.missing).encode()).hexdigest()

    def extra(self, key: str) -> dict[str, Any]:
        row = self.cells[self.cells["key"] == key].iloc[0]
        losses = [float(v) for v in np.exp(-np.arange(5.0))]
        return {"history": {"train": losses, "validation": losses}} if row["group"] == "neural" else {}

    def runs(self) -> list[dict[str, Any]]:
        facts = {"python": "3.11", "host": "<here>", "jobs": 2, "git": "", "versions": {"numpy": "2.4"}}
        return [{"id": 1, "started": 1.7e9, "command": "python -m benchmark run --all", "provenance": facts}]
