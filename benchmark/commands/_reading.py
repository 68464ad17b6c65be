"""Options of commands that read a user's file."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.reading import ReadOptions


def add_reading(parser: argparse.ArgumentParser, several: bool = True) -> None:
    """Options that decide what a file leaves open; each is named by the refusal that it answers.

    With ``several``, also which of a file's series is meant.
    """
    columns = parser.add_argument_group("columns of a file", "found by name and content where not given")
    columns.add_argument("--value", metavar="COLUMN", help="the values")
    columns.add_argument("--time", metavar="COLUMN", help="the time stamps; 'none' numbers the rows")
    columns.add_argument("--label", metavar="COLUMN", help="the labels; 'none' ignores them")
    columns.add_argument(
        "--labels", type=Path, metavar="FILE", help="anomalies in a second file: start,end or NAB's JSON"
    )
    columns.add_argument("--series-column", metavar="COLUMN", help="names the series of a row, in files of several")
    if several:
        columns.add_argument("--series", metavar="NAME", help="one of several series; 'all' takes each")
    cells = parser.add_argument_group("cells of a file", "one decision for a whole column")
    cells.add_argument("--sep", dest="separator", metavar="CHAR", help="separator; 'tab' and 'blank' are understood")
    cells.add_argument("--encoding", metavar="NAME", help="e.g. utf-8, latin-1, utf-16")
    cells.add_argument("--decimal", choices=(".", ","), metavar="MARK", help="decimal mark, a dot or a comma")
    cells.add_argument("--thousands", metavar="CHAR", help="separator of thousands; '' for none")
    cells.add_argument(
        "--missing",
        action="append",
        metavar="VALUE",
        help="number or word for a missing value, e.g. --missing=-1; 'none' keeps the usual codes such as -9999",
    )
    cells.add_argument("--sheet", metavar="NAME", help="of an Excel file; the longest one where not given")
    order = cells.add_mutually_exclusive_group()
    for name, first, meant in (("--dayfirst", True, "the third of April"), ("--monthfirst", False, "March the fourth")):
        order.add_argument(name, dest="day_first", action="store_const", const=first, help=f"03/04 is {meant}")
    cells.add_argument(
        "--tz", metavar="ZONE", help="zone of times without one, and to show times in, e.g. Europe/Berlin"
    )


def read_options(args: argparse.Namespace) -> ReadOptions:
    """What :func:`add_reading` collected."""
    from benchmark.reading import ReadOptions

    given = {field.name: getattr(args, field.name, None) for field in fields(ReadOptions)}
    return ReadOptions(**given | {"missing": tuple(given["missing"]) if given["missing"] else None})
