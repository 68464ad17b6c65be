"""Switch each idea of a detector off in turn, and show what it was worth.

examples:
  python -m benchmark ablate ScaleFlow
  python -m benchmark ablate ScaleFlow --protocol normal-crossfit --seed 0 --seed 1
  python -m benchmark ablate ScaleFlow --dataset path/to/folder --protocol prefix

The cells go to a store of their own, so that the tables of `run` keep one row per detector.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmark.commands import _options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``ablate``."""
    _options.add_study(parser, "variant")
    parser.add_argument(
        "--store", type=Path, default=Path("results/ablation.sqlite"), help="SQLite file with results (%(default)s)"
    )
    _options.add_retry_failed(parser)


def main(args: argparse.Namespace) -> int:
    """Run missing cells, print and write the tables."""
    from benchmark.commands._session import Supply, conclude, execute, select_kind
    from benchmark.execution import Backend
    from benchmark.grid import plan
    from benchmark.report import file_name, write_text
    from benchmark.store import Store, evaluate
    from benchmark.studies import ablation

    selection = _options.study(args)
    found = ablation.variants(selection)
    supply = Supply(args, _options.chosen_datasets(args), args.quick)
    with Store(args.store, write=True) as store:
        work = plan(selection, list(found.values()), supply)
        summary = execute(work, store, Backend(jobs=args.jobs), supply, args.retry_failed)
        if summary.interrupted:
            return conclude(summary, supply)
        evaluate.fill(store, jobs=args.jobs)
        cells = store.frame()
    shown, marks = select_kind(cells, supply)
    text = marks + ablation.to_markdown(shown, found, selection.protocols)
    path = args.out / "ablation" / f"{file_name(found[ablation.WHOLE].name)}.md"
    write_text(path, text)
    sys.stdout.write(text)
    _options.say(f"table: {path}")
    return conclude(summary, supply)
