"""Options of commands that read a file of one's own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.reading import ReadOptions


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Options that decide what a file leaves open; each is named by the refusal that it answers."""
    columns = parser.add_argument_group("columns", "found by name and content where not given, and always said")
    columns.add_argument("--value", metavar="COLUMN", help="the values")
    columns.add_argument("--time", metavar="COLUMN", help="the time stamps; 'none' numbers the rows")
    columns.add_argument("--label", metavar="COLUMN", help="labels, for ranking only; 'none' ignores them")
    columns.add_argument(
        "--labels", type=Path, metavar="FILE", help="anomalies in a second file: start,end or NAB's JSON"
    )
    columns.add_argument("--series-column", metavar="COLUMN", help="names the series of a row, in files of several")
    columns.add_argument("--series", metavar="NAME", help="one of several series; 'all' takes each")
    cells = parser.add_argument_group("cells", "one decision for a whole column")
    cells.add_argument("--sep", metavar="CHAR", help="separator; 'tab' and 'blank' are understood")
    cells.add_argument("--encoding", metavar="NAME", help="e.g. utf-8, latin-1, utf-16")
    cells.add_argument("--decimal", choices=(".", ","), help="decimal mark")
    cells.add_argument("--thousands", metavar="CHAR", help="separator of thousands; '' for none")
    order = cells.add_mutually_exclusive_group()
    order.add_argument("--dayfirst", action="store_const", const=True, default=None, help="03/04 is the third of April")
    order.add_argument(
        "--monthfirst", dest="dayfirst", action="store_const", const=False, help="03/04 is March the fourth"
    )
    cells.add_argument(
        "--tz", metavar="ZONE", help="zone of times without one, and to show times in, e.g. Europe/Berlin"
    )


def read_options(args: argparse.Namespace) -> ReadOptions:
    """What :func:`add_reading` collected."""
    from benchmark.reading import ReadOptions

    return ReadOptions(
        value=args.value,
        time=args.time,
        label=args.label,
        labels=args.labels,
        series_column=args.series_column,
        series=args.series,
        separator=args.sep,
        encoding=args.encoding,
        decimal=args.decimal,
        thousands=args.thousands,
        day_first=args.dayfirst,
        tz=args.tz,
    )
