"""Write tables, plots and the HTML page from stored results.

example: python -m benchmark report --store results/results.sqlite --out results/report
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark import settings
from benchmark.commands import _options
from benchmark.errors import UserError

if TYPE_CHECKING:
    from benchmark.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``report``."""
    _options.add_store(parser)
    _options.add_out(parser)
    parser.add_argument(
        "--readme", type=Path, metavar="FILE", help="also renew the result table of this README and docs/results.csv"
    )
    parser.add_argument(
        "--protocol", metavar="NAME", help="of the table with every row under one protocol (prefix, where it was run)"
    )
    parser.add_argument(
        "--series", action="append", default=[], metavar="GLOB", help="series to draw on the page (as many as it holds)"
    )
    parser.add_argument("--jobs", type=int, default=settings.cores(), metavar="N", help="processes for metrics")
    _options.add_quiet(parser)


def main(args: argparse.Namespace) -> int:
    """Compute missing metrics, then write everything."""
    from benchmark.commands._session import write_report
    from benchmark.grid import protocols
    from benchmark.report import summary
    from benchmark.store import Store

    if args.protocol is not None:
        protocols.get(args.protocol)

    Store(args.store).close()  # a store that is not there is refused, not made
    with _writable(args.store) as store:
        write_report(store, args.out, args.jobs, args.quiet, args.protocol, args.series)
    _options.say(f"written: {args.out}")
    if args.readme is not None:
        summary.update(args.out, args.readme)
        _options.say(f"renewed: {args.readme} and docs/results.csv beside it")
    return 0


def _writable(path: Path) -> Store:
    """The store for writing, or else, said, for reading: a report needs no more."""
    from benchmark.store import Store, StoreLocked

    try:
        return Store(path, write=True)
    except StoreLocked:
        raise
    except UserError as error:
        store = Store(path)
        _options.say(f"{error}\nreading it only: metrics that it lacks are left out")
        return store
