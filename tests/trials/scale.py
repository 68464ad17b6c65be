"""Measure planning and storing with trivial cells.

example: python -m tests.trials.scale --cells 100000
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmark.execution.runner import keep, pending
from benchmark.grid.cells import Outcome
from benchmark.grid.plan import Selection, plan, rows
from benchmark.store.store import Store
from datasets.core.base import Series
from tests.support.cases import plugin, toy

SEEDS = 100


def many(count: int, n: int) -> Iterator[Series]:
    """Small series, one at a time."""
    return (toy(f"series{k}", n, k) for k in range(count))


def measure(folder: Path, cells: int, stored: int, n: int) -> dict[str, float]:
    """Plan ``cells`` cells, store outcomes of the first ``stored``, plan again; seconds, rates and MiB."""
    selection = Selection(detectors=(plugin(folder, "Fine"),), seeds=tuple(range(SEEDS)))
    figures: dict[str, float] = {}
    with Store(folder / "s.sqlite", write=True) as store:
        started = time.perf_counter()
        todo, _ = pending(plan(selection, rows(selection), many(cells // SEEDS, n)), store, False)
        figures["cells planned"] = len(todo)
        figures["seconds to plan"] = time.perf_counter() - started
        figures["peak MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        store.begin_run("scale", {})
        scores = np.random.default_rng(0).standard_normal(n)
        started = time.perf_counter()
        for task in todo[:stored]:
            keep(store, task, Outcome("ok", scores=scores))
        figures["outcomes stored a second"] = min(stored, len(todo)) / (time.perf_counter() - started)
        started = time.perf_counter()
        figures["left after a resume"] = len(
            pending(plan(selection, rows(selection), many(cells // SEEDS, n)), store, False)[0]
        )
        figures["seconds to plan again"] = time.perf_counter() - started
    return figures


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.trials.scale", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--cells", type=int, default=100_000, metavar="N", help="cells to plan (%(default)s)")
    parser.add_argument("--stored", type=int, default=10_000, metavar="N", help="outcomes to store (%(default)s)")
    parser.add_argument("--points", type=int, default=100, metavar="N", help="points of a series (%(default)s)")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="tsad-scale-") as folder:
        for name, value in measure(Path(folder), args.cells, args.stored, args.points).items():
            sys.stdout.write(f"{name:26} {value:,.1f}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
