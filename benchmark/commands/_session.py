"""Shared functions of commands that load series, execute cells and write reports."""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmark.catalogue import trivial_baselines
from benchmark.commands import _options
from benchmark.errors import UserError, counted
from benchmark.execution import Backend, Board, Display, Summary, pending, run
from benchmark.grid import QUICK_SERIES, Selection, Task, plan, protocols, quick_cut, rows
from benchmark.reading import FileFolder
from benchmark.report import writer
from benchmark.store import Store, copy, refuse_absent
from benchmark.system.provenance import provenance
from datasets import DataError, Dataset, FolderDataset, Series

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.report import Drawing, Sheet, Table

ROOM = 2**20  # bytes; baselines and metrics need some on the store's disk


class Supply:
    """Iterates over the usable series; only one is in memory at a time, unless the caller keeps them."""

    def __init__(self, args: argparse.Namespace, wanted: Iterable[Dataset], quick: bool = False) -> None:
        self.args, self.wanted, self.quick = args, list(wanted), quick
        self.problems: list[str] = []  # errors of the unusable series, which are also printed
        self.simulated: list[str] = []  # data sets that simulated series replace

    @property
    def origins(self) -> dict[str, Any]:
        """Data sets of the user's own files, for the record of a run: name -> folder, and reading options."""
        own = [d for d in self.wanted if isinstance(d, FolderDataset)]
        reading = {d.name: d.options.record() for d in own if isinstance(d, FileFolder)}
        return {"folders": {d.name: str(d.folder.resolve()) for d in own}, "reading": reading}

    def __iter__(self) -> Iterator[Series]:
        for dataset in self.wanted:
            for series in islice(self._usable(dataset), QUICK_SERIES if self.quick else None):
                if series.simulated and series.dataset not in self.simulated:
                    self.simulated.append(series.dataset)
                yield quick_cut(series) if self.quick else series

    def _usable(self, dataset: Dataset) -> Iterator[Series]:
        for item in _options.series_of(self.args, dataset):
            if isinstance(item, DataError):
                _options.say(f"data problem: {item}")
                self.problems.append(str(item))
            else:
                yield item


def execute(
    work: Iterable[tuple[Task, Series]], store: Store, backend: Backend, supply: Supply, retry_failed: bool = False
) -> Summary:
    """Run the cells that the store lacks, show progress, and store each result as it arrives."""
    todo, summary = pending(work, store, retry_failed)
    if not summary.planned:
        raise UserError("no usable series is left: " + next(iter(supply.problems), "none matches"))
    if not supply.args.quiet:
        _options.say(f"{counted(summary.planned, 'cell')}: {summary.cached} stored, {len(todo)} to run")
    origin = provenance(backend.jobs, backend.threads) | {"data_problems": supply.problems}
    store.begin_run(command_line(), origin | supply.origins)
    board = Board()
    with Display(board, todo, backend.jobs, supply.args.quiet) as display:
        return run(todo, summary, backend, store, board, display.done)


def missing_baselines(store: Store) -> list[Task]:
    """Return the trivial baselines that a table of the store lacks."""
    known = store.statuses()
    lacking = []
    for (protocol, quick), series in store.places().items():
        if protocols.get(protocol).published_rows_only:
            continue
        selection = Selection(trivial_baselines(), protocols=(protocol,), quick=quick)
        lacking += [task for task, _ in plan(selection, rows(selection), series) if task.cell.key not in known]
    return lacking


def add_trivial_baselines(store: Store) -> None:
    """Compute the trivial baselines that the store lacks, because every table compares its rows with them."""
    lacking = missing_baselines(store)
    if lacking and run(lacking, Summary(), Backend("serial"), store, Board()).interrupted:
        raise KeyboardInterrupt


@contextmanager
def open_with_baselines(path: Path) -> Iterator[Store]:
    """Open a store and add the trivial baselines that its tables lack.

    If the store cannot be written, is locked, or its disk is full, a temporary copy is opened.
    """
    refuse_absent(path)
    with ExitStack() as stack:
        try:
            if shutil.disk_usage(path.resolve().parent).free < ROOM:
                raise UserError(f"the disk of {path} is full")
            store = stack.enter_context(Store(path, write=True))
        except UserError as error:
            store = stack.enter_context(Store(path))
            _options.say(f"{error}\nreading it only: what the report adds to it is not kept")
            if missing_baselines(store):
                folder = stack.enter_context(TemporaryDirectory(prefix="tsad-benchmark-"))
                other = Path(folder) / path.name
                copy(store, other)
                store = stack.enter_context(Store(other, write=True))
        if store.writable:
            add_trivial_baselines(store)
        yield store


def write_leaderboard(store: Store, out: Path) -> str:
    """Write TSB-AD's leaderboard as Markdown and CSV; return the Markdown, empty if no stored row is for it."""
    from benchmark import leaderboard
    from benchmark.report import write_text

    lines, test = leaderboard.summarise(leaderboard.figures(store))
    if not lines:
        return ""
    text = leaderboard.document(leaderboard.sheets(lines, test))
    write_text(out / "leaderboard.md", text)
    write_text(out / "leaderboard.csv", leaderboard.lines_csv(lines))
    write_text(out / "leaderboard_files.csv", leaderboard.files_csv(lines))
    return text


def _leaderboard(store: Store, progress: Callable[[str], None]) -> list[Sheet]:
    """Make TSB-AD's leaderboard for the report page, if the store has rows for it."""
    if ("tsb-ad", False) not in store.places():
        return []
    from benchmark import leaderboard

    progress("leaderboard")
    return leaderboard.sheets(*leaderboard.summarise(leaderboard.figures(store)))


def write_report(
    store: Store, out: Path, jobs: int, quiet: bool, common: str | None = None, series: Sequence[str] = ()
) -> list[Table]:
    """Write the report and show its steps; if interrupted, the previous report is kept, with a message."""
    steps = Steps(quiet)
    try:
        beyond = partial(_leaderboard, store, steps)
        wanted = writer.Wanted(common, series, specification_curves(store), beyond, steps, steps.warn)
        return writer.write(store, out, jobs, wanted)
    except KeyboardInterrupt:
        steps.end()
        _options.say(f"interrupted: the report in {out} is as it was, and no result is lost. To write it:")
        _options.say(f"  python -m {__package__.partition('.')[0]} report --store {store.path} --out {out}")
        raise
    finally:
        steps.end()


def select_kind(figures: pd.DataFrame, supply: Supply) -> tuple[pd.DataFrame, str]:
    """Select the figures of a study (quick or full, simulated or real); return them and the marks for its text."""
    quick, simulated = supply.quick, bool(supply.simulated)
    chosen = figures[(figures["quick"] == quick) & ((figures["source"] == "simulated") == simulated)]
    marks = ["SIMULATED series"] * simulated + ["QUICK settings"] * quick
    return chosen, "".join(f"**{mark}**\n\n" for mark in marks)


def specification_curves(store: Store) -> list[Drawing]:
    """Return pictures of the multiverses whose figures are stored next to the store."""
    file = store.path.with_name(_options.FIGURES)
    if not file.is_file():
        return []
    from benchmark.studies import multiverse_tables

    return multiverse_tables.curves(file)


class Steps:
    """Shows the steps of a report: one changing line on a terminal, elsewhere a line for each kind of step."""

    def __init__(self, quiet: bool) -> None:
        self._quiet, self._live = quiet, sys.stderr.isatty()
        self._last = ""

    def __call__(self, step: str) -> None:
        if self._quiet:
            return
        if self._live:
            sys.stderr.write(f"\r\x1b[Kwriting the report: {step}")
            sys.stderr.flush()
        elif step.partition(",")[0] != self._last:
            _options.say(f"writing the report: {step.partition(',')[0]}")
        self._last = step.partition(",")[0]

    def warn(self, line: str) -> None:
        """Print a permanent line, also with ``--quiet``."""
        self.end()
        _options.say(line)

    def end(self) -> None:
        """Clear the changing line."""
        if self._live and self._last:
            sys.stderr.write("\r\x1b[K")
            self._last = ""


def conclude(summary: Summary, supply: Supply) -> int:
    """Print the numbers of cells by status, and how to continue; return the exit code."""
    counted = ", ".join(f"{count} {status}" for status, count in sorted(summary.statuses.items()))
    unusable = f"; {len(supply.problems)} series unusable" if supply.problems else ""
    bad = not (summary.clean and not supply.problems)
    if bad or not supply.args.quiet:
        _options.say(f"cells: {counted or 'none'}{unusable}")
    if supply.simulated:
        _options.say("SIMULATED data stood in for: " + ", ".join(supply.simulated))
    if summary.interrupted:
        _options.say(f"interrupted; nothing is lost. To go on:\n  {command_line()}")
        return 130
    return int(bad)


def command_line() -> str:
    """Return the current command line, quoted for a shell."""
    return shlex.join(["python", "-m", __package__.partition(".")[0], *sys.argv[1:]])
