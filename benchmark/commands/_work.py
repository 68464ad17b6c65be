"""Loading and executing, as ``run`` and ``explain`` share them."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterable

from benchmark.backends import Backend, Board
from benchmark.commands import _options
from benchmark.display import Display
from benchmark.execute import Task
from benchmark.provenance import provenance
from benchmark.runner import Summary, pending, run
from benchmark.store import Store
from datasets import DataError, Dataset, Series


def usable(args: argparse.Namespace, dataset: Dataset) -> tuple[list[Series], list[str]]:
    """The series of a data set that can be used; what is wrong with the others is said, and given back."""
    series: list[Series] = []
    problems: list[str] = []
    for item in _options.series_of(args, dataset):
        if isinstance(item, DataError):
            _options.say(f"data problem: {item}")
            problems.append(str(item))
        else:
            series.append(item)
    return series, problems


def execute(
    work: Iterable[tuple[Task, Series]],
    store: Store,
    backend: Backend,
    retry_failed: bool = False,
    problems: Iterable[str] = (),
) -> Summary:
    """Run what the store lacks, with a display, and keep each result as it arrives."""
    todo, summary = pending(work, store, retry_failed)
    _options.say(f"{summary.planned} cells: {summary.cached} stored, {len(todo)} to run")
    origin = provenance(backend.jobs, backend.threads) | {"data_problems": list(problems)}
    store.begin_run(command_line(), origin)
    board = Board()
    with Display(board, todo, backend.jobs) as display:
        return run(todo, summary, backend, store, board, display.done)


def command_line() -> str:
    """The command that was given, fit to be pasted."""
    return shlex.join(["python", "-m", "benchmark", *sys.argv[1:]])
