"""Compute stored cells again: the only proof that a detector gave the stored scores."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmark import metrics
from benchmark.catalogue import registry
from benchmark.execution import Backend, Board
from benchmark.grid import Outcome, Place, Selection, Task, plan, protocol_version, protocols, rows
from benchmark.metrics import Labels
from benchmark.store import Store
from detectors import Array

CONSIDERED = "cells that are ok, of the present versions of the package's detectors"
TOLERANCE = 0.01  # of AUROC: on another processor or library a network learns other weights


@dataclass(frozen=True)
class Recomputed:
    """A cell that was computed again, and how its new scores differ from the stored ones."""

    cell: str
    reason: str  # why there are no new scores; empty if there are
    stored: float = np.nan  # AUROC, nan where it is undefined
    now: float = np.nan
    difference: float = 0.0  # the largest of one score, as a share of the range of the stored scores

    @property
    def confirmed(self) -> bool:
        """True if the AUROC agrees within ``TOLERANCE``, or, where it is undefined, each score does."""
        change = self.difference if np.isnan(self.stored) else abs(self.stored - self.now)
        return not self.reason and change <= TOLERANCE

    def __str__(self) -> str:
        if self.reason:
            return f"{self.cell}: {self.reason}"
        scores = (
            "equal scores" if not self.difference else f"scores differ by at most {self.difference:.2g} of their range"
        )
        return f"{self.cell}: AUROC {self.stored:.4f} stored, {self.now:.4f} now; {scores}"


def choose(store: Store, count: int, detector: str = "") -> tuple[list[Task], int]:
    """Choose cells at random, of one detector or of all; return their tasks, and the number of cells to choose from.

    Only current versions of the package's detectors are considered: nothing that a store names is loaded or executed.
    The choice cannot be predicted.
    """
    frame = store.frame()
    usable = [row for row in frame[frame["status"] == "ok"].to_dict("records") if _is_computable(row, detector)]
    chosen = random.SystemRandom().sample(usable, min(count, len(usable)))
    return [_task(row) for row in chosen], len(usable)


def _is_computable(row: dict[Any, Any], detector: str) -> bool:
    cls = registry.detectors().get(row["detector"])
    if cls is None or (detector and detector != row["detector"]):
        return False
    return bool(row["version"] == str(cls.version) + protocol_version(row["protocol"], row["detector"]))


def _task(row: dict[Any, Any]) -> Task:
    """Plan the cell of a row as ``run`` did: parameters of a quick run count as not given by the user."""
    name, params = row["detector"], json.loads(row["params"])
    cheap = registry.detectors()[name].quick if row["quick"] else {}
    selection = Selection((name,), (row["protocol"],), (int(row["seed"]),), {name: params}, timeout=0, memory=0)
    place = Place(row["dataset"], row["series"], row["source"], row["data_hash"], int(row["n"]))
    ((task, _),) = plan(selection, rows(selection), [place])
    return replace(task, explicit=frozenset(k for k, v in params.items() if k not in cheap or cheap[k] != v))


def recompute(store: Store, tasks: list[Task], jobs: int) -> Iterator[Recomputed]:
    """Execute tasks in ``jobs`` worker processes, and compare each outcome with the stored one as it arrives."""
    work = ((task, store.load_series(task.cell.data_hash)) for task in tasks)
    with closing(Backend(jobs=jobs).map(work, Board())) as results:  # type: ignore[type-var]
        for task, outcome in results:
            yield _compare(store, task, outcome)


def _compare(store: Store, task: Task, outcome: Outcome) -> Recomputed:
    name, now = str(task.cell), outcome.scores
    if now is None:
        return Recomputed(name, f"{outcome.status}: {outcome.reason}")
    first, scores = store.scores(task.cell.key)
    if len(now) != len(scores):
        return Recomputed(name, f"{len(scores):,} scores are stored, {len(now):,} were computed")
    labels = store.load_series(task.cell.data_hash).labels[first:]
    difference = float(np.abs(scores - now).max()) / (float(np.ptp(scores)) or 1.0)
    return Recomputed(name, "", _auroc(task, labels, scores), _auroc(task, labels, now), difference)


def _auroc(task: Task, labels: Labels, scores: Array) -> float:
    taken = protocols.get(task.cell.protocol).scores_for_metric(scores)
    return metrics.evaluate(labels, taken, 0, ("auroc",))["auroc"].value
