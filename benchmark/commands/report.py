"""Write tables, plots and the HTML page from stored results.

examples:
  python -m benchmark report --store results/results.sqlite --out results/report
  python -m benchmark report --readme README.md                                renew its table and docs/results.csv
  python -m benchmark report --protocol prefix --readme docs/protocols.md      and the one under prefix
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.commands import _options
from benchmark.errors import UserError

if TYPE_CHECKING:
    from benchmark.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``report``."""
    _options.add_store(parser)
    _options.add_out(parser)
    parser.add_argument(
        "--readme", type=Path, metavar="FILE", help="also renew the result table of this Markdown page, and its CSV"
    )
    parser.add_argument(
        "--protocol", metavar="NAME", help="of the table with every row under one protocol (prefix, where it was run)"
    )
    _options.add_repeatable(parser, "--series", metavar="GLOB", help="series to draw on the page (as many as it holds)")
    _options.add_jobs(parser)
    _options.add_quiet(parser)


def main(args: argparse.Namespace) -> int:
    """Compute missing metrics and trivial baselines, then write everything."""
    from benchmark.commands._session import open_with_baselines, write_report
    from benchmark.grid import protocols
    from benchmark.report import summary

    if args.protocol is not None:
        protocols.get(args.protocol)
    with open_with_baselines(args.store) as store:
        _refuse_absent(store, args.series)
        write_report(store, args.out, args.jobs, args.quiet, args.protocol, args.series)
    _options.say(f"written: {args.out}")
    if args.readme is not None:
        summary.update(args.out, args.readme, args.protocol or "")
        _options.say(f"renewed: {args.readme} and {summary.csv_name(args.protocol or '')}")
    return 0


def _refuse_absent(store: Store, patterns: Sequence[str]) -> None:
    from datasets import name_matches

    names = {stored.series for stored in store.inventory()}
    for pattern in patterns:
        if not any(name_matches(name, pattern) for name in names):
            raise UserError(f"--series {pattern}: {store.path} has no such series; `results list` shows what it has")
