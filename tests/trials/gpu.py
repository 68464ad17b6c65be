"""Fit and score the networks on the CPU and on a GPU: seconds, agreement of scores, memory.

example: BENCHMARK_DATA=../data python -m tests.trials.gpu --minutes 8

The GPU takes every series, the CPU the first of each data set. Proposed comes once more with all series and five seeds
in groups, as ``run --device cuda`` has them. What time is left goes to its published schedule.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import datasets
from benchmark.execution import execute, execute_together
from benchmark.grid import Outcome, Selection, plan, rows
from benchmark.system import settings
from datasets import DataError, Series

NETWORKS = ("Proposed", "ScaleFlow", "AE", "CNN", "LSTM")
PUBLISHED = {"preset": "paper", "training_stride": 64}


@dataclass
class Measured:
    """One network on several series."""

    name: str
    cpu: list[float] = field(default_factory=list)
    gpu: list[float] = field(default_factory=list)
    agreement: list[float] = field(default_factory=list)
    megabytes: float = 0.0
    failed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        shared = f"{sum(self.cpu):.1f} ({len(self.cpu)})" if self.cpu else ""
        least = f"{min(self.agreement):.5f}" if self.agreement else ""
        cells = (self.name, shared, f"{sum(self.gpu):.1f} ({len(self.gpu)})", least, f"{self.megabytes:.0f}")
        return "| " + " | ".join((*cells, "; ".join(self.failed))) + " |"


TITLES = ("network", "CPU seconds (series)", "GPU seconds (series)", "least rank correlation", "GPU MiB", "failed")
HEAD = f"| {' | '.join(TITLES)} |\n" + "|---" * len(TITLES) + "|"


def cell(name: str, device: str, series: Series, params: dict[str, Any]) -> Outcome:
    """One cell of the paper's comparison on this device."""
    selection = Selection(detectors=(name,), params={name: params | {"device": device}})
    ((task, _),) = plan(selection, rows(selection), [series])
    return execute(task, series)


def agreement(a: Outcome, b: Outcome) -> float:
    """Rank correlation of two cells' scores."""
    from scipy.stats import spearmanr

    return float(spearmanr(a.scores, b.scores).statistic)


def measure(
    name: str, series: Sequence[Series], device: str, until: float, params: dict[str, Any], label: str = ""
) -> Measured:
    """The network on as many of the series as fit before ``until``; the CPU beside it for the first of a data set."""
    found = Measured(label or name)
    seen: set[str] = set()
    for one in series:
        if time.monotonic() > until:
            break
        _clear(device)
        there = cell(name, device, one, params)
        if there.status != "ok":
            found.failed.append(f"{one.name}: {there.reason}")
            continue
        found.gpu.append(there.fit_seconds + there.score_seconds)
        found.megabytes = max(found.megabytes, _peak(device))
        if one.dataset not in seen and not params:
            seen.add(one.dataset)
            here = cell(name, "cpu", one, params)
            found.cpu.append(here.fit_seconds + here.score_seconds)
            found.agreement.append(agreement(here, there))
    return found


def measure_together(
    name: str, series: Sequence[Series], device: str, seeds: Sequence[int], params: dict[str, Any]
) -> Measured:
    """All series and seeds in groups; the first seed of the first series of a data set is compared with the CPU's."""
    found = Measured(f"{name}, {len(seeds)} seeds in groups")
    selection = Selection((name,), seeds=tuple(seeds), params={name: params}, device=device)
    work = list(plan(selection, rows(selection), series))
    _clear(device)
    start = time.monotonic()
    outcomes = execute_together([task for task, _ in work], [one for _, one in work])
    found.gpu = [(time.monotonic() - start) / len(work)] * len(work)
    found.megabytes = _peak(device)
    seen: set[str] = set()
    for (task, one), there in zip(work, outcomes, strict=True):
        if there.status != "ok":
            found.failed.append(f"{one.name}: {there.reason}")
        elif one.dataset not in seen:
            seen.add(one.dataset)
            here = execute(replace(task, device="cpu"), one)
            found.cpu.append(here.fit_seconds + here.score_seconds)
            found.agreement.append(agreement(here, there))
    return found


def _clear(device: str) -> None:
    if device != "cpu":
        import torch

        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()


def _peak(device: str) -> float:
    if device == "cpu":
        return float("nan")
    import torch

    return float(torch.cuda.max_memory_allocated()) / 2**20


def every_series() -> list[Series]:
    """The real series at hand, the first of each data set in front."""
    found = [list(_of(name)) for name in datasets.names()]
    return [one for several in found for one in several[:1]] + [one for several in found for one in several[1:]]


def _of(name: str) -> Iterator[Series]:
    found = datasets.iter_series(name, data_dir=settings.data_dir(), mode="real", offline=True)
    yield from (item for item in found if not isinstance(item, DataError))


def main(argv: list[str] | None = None) -> int:
    """Measure and print a table, a row as soon as it is there."""
    parser = argparse.ArgumentParser(prog="python -m tests.trials.gpu", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=8, help="stop after so many (%(default)s)")
    parser.add_argument("--device", default="cuda", help="torch's name (%(default)s)")
    args = parser.parse_args(argv)
    import torch

    if args.device != "cpu" and not torch.cuda.is_available():
        sys.stderr.write(f"torch {torch.__version__} finds no CUDA device here: run this where one is\n")
        return 2
    series = every_series()
    if not series:
        sys.stderr.write("no real series at hand: set BENCHMARK_DATA to the folder that holds TSB-UAD-Public\n")
        return 2
    card = torch.cuda.get_device_name() if args.device != "cpu" else "CPU"
    sys.stdout.write(f"{card}, torch {torch.__version__}, numpy {np.__version__}, {len(series)} series\n\n{HEAD}\n")
    start, budget = time.monotonic(), 60 * args.minutes
    for k, name in enumerate(
        NETWORKS
    ):  # each may take its share of what is left, the rest is for groups and the schedule
        until = start + 0.5 * budget * (k + 1) / len(NETWORKS)
        sys.stdout.write(f"{measure(name, series, args.device, until, {})}\n")
        sys.stdout.flush()
    if time.monotonic() < start + 0.7 * budget:
        sys.stdout.write(f"{measure_together('Proposed', series, args.device, range(5), {})}\n")
        sys.stdout.flush()
    label = f"Proposed, {PUBLISHED}"
    sys.stdout.write(f"{measure('Proposed', series, args.device, start + 0.95 * budget, PUBLISHED, label)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
