"""Run detectors on series, store every result, and write the report.

examples:
  python -m benchmark run --all                       the paper's table
  python -m benchmark run --all --quick               a rough table in minutes, marked so
  python -m benchmark run --detector LOF --dataset MGAB --protocol tsb-uad --protocol prefix
  python -m benchmark run --detector IForest --set IForest.n_estimators=200 --seed 0 --seed 1
  python -m benchmark run --detector mine.py --dataset path/to/folder
  python -m benchmark run --dataset TSB-AD-U --data-dir path/to/TSB-AD-U   the field's leaderboard, on the files at hand

An interrupted run loses nothing: give the same command again and only the missing cells run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmark.commands import _options
from benchmark.errors import UserError, counted, refuse_unwritable
from benchmark.system import settings

if TYPE_CHECKING:
    from benchmark.commands._session import Supply
    from benchmark.grid import Row, Selection, Task
    from benchmark.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``run``."""
    what = parser.add_argument_group("what to run")
    what.add_argument("--all", action="store_true", help="every detector on every data set")
    _options.add_repeatable(what, "--detector", metavar="NAME", help="name, file.py, package.mod:Class or LIBRARY:NAME")
    _options.add_protocol(what, "; 'paper' = tsb-uad, and normal-only for the flows (default)")
    _options.add_seeds(what)
    _options.add_set(what)
    what.add_argument("--quick", action="store_true", help="fewer and shorter series, cheap settings; marked QUICK")
    what.add_argument("--include-untrained", action="store_true", help="also the networks with random weights")
    _options.add_data(parser)
    how = parser.add_argument_group("how to run")
    workers = f"worker processes ({settings.cores()} cores / threads)"
    how.add_argument("--jobs", type=_options.at_least_one, metavar="N", help=workers)
    how.add_argument(
        "--threads",
        type=_options.at_least_one,
        default=1,
        metavar="N",
        help="numerical threads per worker (%(default)s)",
    )
    how.add_argument("--backend", default="processes", metavar="NAME", help="processes, joblib, serial or dask")
    how.add_argument("--scheduler", default="", metavar="ADDRESS", help="of a Dask cluster, e.g. tcp://host:8786")
    how.add_argument(
        "--device", default="", metavar="NAME", help="device of networks: cuda or cpu; Proposed runs in groups of cells"
    )
    how.add_argument(
        "--timeout", type=_options.at_least_zero, metavar="S", help="limit in seconds per cell (600 + n/20); 0 = none"
    )
    how.add_argument(
        "--memory", type=_options.at_least_zero, metavar="GIB", help="limit in GiB per cell (3 + n/100,000); 0 = none"
    )
    _options.add_retry_failed(how)
    how.add_argument("--dry-run", action="store_true", help="print the cells and an estimate of the time; run nothing")
    how.add_argument(
        "--tables", choices=("main", "all", "none"), default="main", help="tables to print at the end (%(default)s)"
    )
    how.add_argument("--no-report", action="store_true", help="store results only")
    _options.add_quiet(how)
    how.add_argument("--profile", action="store_true", help="print how the time of the run was spent")
    _options.add_store(parser)
    _options.add_out(parser)


def main(args: argparse.Namespace) -> int:
    """Plan, run, report."""
    from benchmark.commands._session import Supply
    from benchmark.grid import rows
    from datasets import Archive

    selection = _selection(args)
    wanted = _options.chosen_datasets(args)
    if all(isinstance(dataset, Archive) for dataset in wanted):  # the field's detectors belong to these archives
        selection = replace(selection, include_field=True)
    chosen = rows(selection)
    series = Supply(args, wanted, selection.quick)
    _mention_deterministic(selection, chosen)
    if args.dry_run:
        return _dry_run(args, selection, chosen, series)
    return _run(args, selection, chosen, series)


def _selection(args: argparse.Namespace) -> Selection:
    from benchmark.grid import PAPER, Selection

    if not (args.all or args.detector or args.dataset):
        raise UserError("nothing selected: give --all, or --detector and --dataset (see run --help)")
    if args.jobs is None:
        args.jobs = max(1, settings.cores() // args.threads)
    return Selection(
        detectors=tuple(args.detector),
        protocols=tuple(args.protocol) or (PAPER,),
        seeds=_options.seeds(args),
        params=_options.parse_set(args.set),
        quick=args.quick,
        include_untrained=args.include_untrained,
        timeout=args.timeout,
        memory=None if args.memory is None else args.memory * 1024,
        device=args.device,
    )


def _mention_deterministic(selection: Selection, chosen: list[Row]) -> None:
    names = [row.name for row in chosen if "random_state" not in row.cls.param_defaults()]
    if len(selection.seeds) > 1 and names:
        _options.say(f"no random numbers, so one run serves all seeds: {', '.join(names)}")


def _dry_run(args: argparse.Namespace, selection: Selection, chosen: list[Row], series: Supply) -> int:
    from benchmark.execution import pending
    from benchmark.grid import expected_seconds, longest_first, plan
    from benchmark.store import Store, is_absent

    work = plan(selection, chosen, series)
    cached = 0
    if is_absent(args.store):
        todo = longest_first(task for task, _ in work)
    else:
        with Store(args.store) as store:
            todo, summary = pending(work, store, args.retry_failed)
        cached = summary.cached
    for task in todo:
        sys.stdout.write(f"{task.cell}  ~{expected_seconds(task.cell, task.n):.1f} s\n")
    for line in _by_source(todo):
        sys.stdout.write(line)
    total = sum(expected_seconds(task.cell, task.n) for task in todo)
    jobs = counted(args.jobs, "job")
    _options.say(
        f"{counted(len(todo), 'cell')} to run, {cached} stored; about {total / 60 / args.jobs:.1f} minutes with {jobs}"
    )
    return 0


def _by_source(todo: list[Task]) -> Iterator[str]:
    """List series, cells and minutes of each source of TSB-AD's files, which their names contain."""
    from benchmark.grid import expected_seconds, source_in_name

    found: dict[str, list[Task]] = {}
    for task in todo:
        if source := source_in_name(task.cell.series):
            found.setdefault(source, []).append(task)
    for source, tasks in sorted(found.items()):
        minutes = sum(expected_seconds(task.cell, task.n) for task in tasks) / 60
        series = len({task.cell.series for task in tasks})
        yield f"{source}: {series} series, {counted(len(tasks), 'cell')}, ~{minutes:.1f} min\n"


def _run(args: argparse.Namespace, selection: Selection, chosen: list[Row], series: Supply) -> int:
    from benchmark.commands._session import add_trivial_baselines, conclude, execute
    from benchmark.execution import Backend
    from benchmark.grid import plan
    from benchmark.store import Store

    if not args.no_report:
        refuse_unwritable(args.out)
    backend = Backend(args.backend, args.jobs, args.threads, args.scheduler, args.device)
    with Store(args.store, write=True) as store:
        summary = execute(plan(selection, chosen, series), store, backend, series, args.retry_failed)
        if args.profile:
            _profile(store, args.jobs)
        if not args.no_report:
            if not summary.interrupted:
                add_trivial_baselines(store)
            if not summary.interrupted or store.statuses():  # an empty report would replace the previous one
                _report(args, store)
    return conclude(summary, series)


def _report(args: argparse.Namespace, store: Store) -> None:
    from benchmark.commands._session import write_report
    from benchmark.report import markdown

    built = write_report(store, args.out, args.jobs, args.quiet)
    if args.tables != "none" and "TSB-AD-U" in args.dataset:
        from benchmark.commands._session import write_leaderboard

        sys.stdout.write(write_leaderboard(store, args.out))
    if not args.quiet:
        _options.say(f"tables and plots: {args.out}")
    main = [table for table in built if table.main or table.common]
    sys.stdout.write(markdown.document({"all": built, "main": main or built[:1], "none": []}[args.tables]))


def _profile(store: Store, jobs: int) -> None:
    import time

    from benchmark.report import profile

    cells = store.frame()
    started = next(run["started"] for run in store.runs() if run["id"] == store.run_id)
    sys.stdout.write(profile(cells[cells["run_id"] == store.run_id], time.time() - started, jobs))
