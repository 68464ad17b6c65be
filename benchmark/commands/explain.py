"""Go from a published figure to ours, one field of the protocol at a time.

Each step is computed on the series themselves (or taken from the store) and drawn as a waterfall.

example: python -m benchmark explain MP Genesis
"""

from __future__ import annotations

import argparse
import sys

from benchmark.commands import _options
from benchmark.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``explain``."""
    parser.add_argument("name", metavar="DETECTOR")
    parser.add_argument("dataset", nargs=1, metavar="DATASET", help="a data set of the table")
    _options.add_seeds(parser)
    _options.add_jobs(parser)
    _options.add_data(parser, dataset=False)
    _options.add_quiet(parser)
    _options.add_store(parser)
    _options.add_out(parser)


def main(args: argparse.Namespace) -> int:
    """Run missing cells, print the steps, and draw the waterfall."""
    from benchmark.commands._session import Supply, conclude, execute
    from benchmark.execution import Backend
    from benchmark.grid import Selection, rows
    from benchmark.report import file_name
    from benchmark.store import Store
    from benchmark.studies import explain

    (row,) = rows(Selection(detectors=(args.name,)))
    (dataset,) = _options.chosen_datasets(args)
    supply = Supply(args, [dataset])
    series = list(supply)
    with Store(args.store, write=True) as store:
        work = list(explain.work(row, series, _options.seeds(args)))
        summary = execute(work, store, Backend(jobs=args.jobs), supply)
        if summary.interrupted:
            return conclude(summary, supply)
        cells = [task.cell for task, _ in work]
        found = explain.explanation(store, row, dataset.name, len(dataset.series_names()), cells)
    if not found.chain:
        raise UserError("no step could be computed; see the failures in the report")
    sys.stdout.write(explain.as_text(found))
    picture = args.out / "explain" / f"{file_name(f'{row.name}-{dataset.name}')}.png"
    explain.waterfall(found, picture)
    _options.say(f"picture: {picture}")
    return 0
