"""Cells, outcomes and a filled store."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmark.grid import Cell, Outcome
from benchmark.store import Store
from benchmark.store.evaluate import measure
from tests.support.cases import toy


def cell(detector: str = "D", **more: object) -> Cell:
    return Cell("Toy", "toy", detector, "tsb-uad", **{"data_hash": toy().sha256, "source": "file"} | more)  # type: ignore[arg-type]


def ok(seed: int = 0, n: int = 300) -> Outcome:
    return Outcome("ok", scores=np.random.default_rng(seed).standard_normal(n), n=n, n_anomalous=5)


def fill(path: Path, *names: str) -> Path:
    with Store(path, write=True) as store:
        store.begin_run("test", {"host": path.stem})
        store.put_series(toy())
        for k, name in enumerate(names):
            scores = ok(k).scores
            assert scores is not None
            store.put(cell(name), ok(k), metrics=measure(cell(name).key, ["auroc"], toy().labels, scores, "tsb-uad", 1))
    return path
