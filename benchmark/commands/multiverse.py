"""Run every combination of what a detector's source leaves open, and show how much depends on it.

examples:
  python -m benchmark multiverse Proposed
  python -m benchmark multiverse Proposed --dataset Genesis --vary stem --vary pooling --set Proposed.members=1
  python -m benchmark multiverse Proposed --dataset path/to/folder --protocol prefix

The best combination is selected on test labels, so it is not a result. Choices that only affect scoring share one
fit. Results are kept line by line in a CSV file; the same command continues. The report draws those beside its store.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.commands import _options
from benchmark.errors import counted

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.commands._session import Supply
    from benchmark.grid import Selection
    from benchmark.studies.multiverse import Multiverse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``multiverse``."""
    _options.add_study(parser, "combination")
    _options.add_repeatable(parser, "--vary", metavar="CHOICE", help="a choice to vary (all)")
    parser.add_argument(
        "--figures",
        type=Path,
        default=_options.DEFAULT_STORE.with_name(_options.FIGURES),
        help="CSV file with figures (%(default)s)",
    )


def main(args: argparse.Namespace) -> int:
    """Run missing combinations, print and write tables and pictures."""
    from benchmark.commands._session import Supply, select_kind
    from benchmark.studies import multiverse

    selection = _options.study(args)
    many = multiverse.multiverse(selection, args.vary)
    supply = Supply(args, _options.chosen_datasets(args), args.quick)
    _run(args, selection, many, supply)
    shown, marks = select_kind(multiverse.read(args.figures), supply)
    _write(args.out, many, shown, selection.protocols, marks)
    missing = int((shown["reason"] != "").sum())
    if missing:
        _options.say(f"missing: {counted(missing, 'figure')}, for the reasons in {args.figures}")
    return 1 if missing or supply.problems else 0


def _run(args: argparse.Namespace, selection: Selection, many: Multiverse, supply: Supply) -> None:
    from benchmark.grid import plan
    from benchmark.studies import multiverse

    fits = len(many.fits())
    if not args.quiet:
        _options.say(
            f"{counted(len(many.universes()), 'universe')}, {counted(fits, 'fit')} for each series, protocol and seed"
        )
    known = set(multiverse.read(args.figures)["key"])
    todo = multiverse.jobs(many, plan(selection, [many.row], supply), known)
    for figures in multiverse.run(todo, args.figures, args.jobs):
        one = figures[0]
        if not args.quiet:
            _options.say(
                f"{one.dataset}/{one.series} ({one.protocol}, seed {one.seed}): {counted(len(figures), 'universe')}"
            )


def _write(folder: Path, many: Multiverse, frame: pd.DataFrame, protocols: tuple[str, ...], marks: str) -> None:
    from benchmark.report import specification_drawing, write_text
    from benchmark.studies import multiverse_tables

    found = {protocol: multiverse_tables.outcomes(many, frame, protocol) for protocol in protocols}
    text = marks + multiverse_tables.to_markdown(many, found)
    write_text(folder / "multiverse" / f"{many.row.name}.md", text)
    for protocol, outcomes in found.items():
        for one in outcomes:
            title = f"{many.row.name} on {one.dataset}, {protocol}: {one.extent}"
            for name, content in specification_drawing(f"{many.row.name} {one.dataset} {protocol}", one, title).files():
                (folder / name).write_bytes(content)
    sys.stdout.write(text)
    _options.say(f"tables and pictures: {folder / 'multiverse'}")
