"""List, verify, export, import or merge stored results.

examples:
  python -m benchmark results list
  python -m benchmark results verify
  python -m benchmark results verify --recompute 10
  python -m benchmark results export laptop.sqlite
  python -m benchmark results import laptop.sqlite
  python -m benchmark results import scores.csv --detector Theirs
  python -m benchmark results merge node1.sqlite node2.sqlite --store all.sqlite

A file of scores has the columns `series` (dataset/series, or the hash that `results list` shows) and `score`.
Scores of only 0 and 1 are treated as binary predictions.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmark.commands import _options
from benchmark.errors import UserError, counted, no_file, one_line, refuse_unknown

EXAMPLES = 5  # cells with other scores that a merge names


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Actions of ``results``."""
    parser.add_argument("action", choices=tuple(ACTIONS), help="what to do")
    parser.add_argument("file", nargs="*", type=Path, help="file to write (export) or to read (import, merge)")
    parser.add_argument(
        "--detector", default="", metavar="NAME", help="import: name of the row; --recompute: only cells of this one"
    )
    parser.add_argument(
        "--protocol", default="tsb-uad", metavar="NAME", help="protocol of imported scores (%(default)s)"
    )
    parser.add_argument("--repair", action="store_true", help="verify: delete cells that are damaged or differ")
    parser.add_argument(
        "--recompute",
        type=_options.at_least_one,
        metavar="N",
        help="verify: also compute N cells again, drawn at random",
    )
    parser.add_argument("--all", action="store_true", help="merge: name every cell with other scores")
    _options.add_jobs(parser)
    _options.add_store(parser)


def main(args: argparse.Namespace) -> int:
    """Run the action."""
    if args.file and args.action in ("list", "verify"):
        raise UserError(f"results {args.action} takes no file: name the store with --store {args.file[0]}")
    if args.action != "verify" and (args.repair or args.recompute):
        raise UserError(f"--{'repair' if args.repair else 'recompute'} belongs to `results verify`")
    if args.all and args.action not in ("import", "merge"):
        raise UserError("--all belongs to `results merge`")
    return ACTIONS[args.action](args)


def _list(args: argparse.Namespace) -> int:
    from benchmark.store import Store

    with Store(args.store) as store:
        for line in store.inventory():
            where = f"{line.dataset}/{line.series}  {counted(line.n, 'point')}, {line.source}"
            text = f"{line.data_hash}  {where}, {line.ok} of {counted(line.cells, 'cell')} ok"
            sys.stdout.write(one_line(text) + "\n")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from benchmark.catalogue import detectors
    from benchmark.store import Store, refuse_absent, verify

    if args.recompute and args.detector:
        refuse_unknown("detector", [args.detector], detectors())
    refuse_absent(args.store)
    with Store(args.store, write=args.repair) as store:
        found = verify(store, args.repair)
    for name in found.damaged:
        _options.say(f"damaged{', dropped' if args.repair else ''}: {name}")
    for name in found.unknown:
        _options.say(f"not checked: {name}, a metric that this version does not know")
    for text in found.differing:
        _options.say(f"differs{', figures dropped' if args.repair else ''}: {text}")
    if not found.damaged and not found.differing:
        _options.say(f"{counted(found.cells, 'cell')}: every array has its hash, every figure is what its scores give")
        return _recompute(args) if args.recompute else 0
    _options.say("run and report again to compute what was dropped" if args.repair else "to drop these: --repair")
    return 1


def _recompute(args: argparse.Namespace) -> int:
    from benchmark.store import Store
    from benchmark.studies import recompute

    with Store(args.store) as store:
        tasks, total = recompute.choose(store, args.recompute, args.detector)
        if not tasks:
            raise UserError(f"{args.store} has no cell to compute again: {recompute.CONSIDERED} are considered")
        wrong = 0
        for cell in recompute.recompute(store, tasks, args.jobs):
            wrong += not cell.confirmed
            _options.say(f"{'' if cell.confirmed else 'NOT CONFIRMED: '}{cell}")
    drawn = f"{len(tasks)} of {counted(total, 'cell')} computed again ({recompute.CONSIDERED})"
    _options.say(f"{drawn}: {len(tasks) - wrong} confirmed, AUROC within {recompute.TOLERANCE}")
    return int(wrong > 0)


def _export(args: argparse.Namespace) -> int:
    from benchmark.store import Store, export

    target = _single_file(args)
    with Store(args.store) as store:
        digest = export(store, target)
    _options.say(f"{target}: sha256 {digest}")
    return 0


def _import(args: argparse.Namespace) -> int:
    from benchmark.grid import protocols
    from benchmark.store import Store, import_scores, refuse_absent

    file = _single_file(args)
    if file.suffix in (".sqlite", ".sqlite3", ".db"):
        return _merge(args)
    if not args.detector:
        raise UserError("imported scores need a row name: --detector NAME")
    protocols.get(args.protocol)
    _refuse_missing(file)
    refuse_absent(args.store)
    with Store(args.store, write=True) as store:
        taken = import_scores(store, file, args.detector, args.protocol)
    for note in taken.notes:
        _options.say(note)
    _options.say(f"{args.detector}: scores of {taken.series} series imported")
    return 0


def _merge(args: argparse.Namespace) -> int:
    from benchmark.store import Store, merge

    if not args.file:
        raise UserError("name the stores to merge into --store")
    for file in args.file:
        _refuse_missing(file)
    with Store(args.store, write=True) as store:
        for file in args.file:
            merged = merge(store, file)
            _options.say(f"{file}: {merged}")
            shown = merged.differing if args.all else merged.differing[:EXAMPLES]
            for name in shown:
                _options.say(f"  other scores: {name}")
            if len(shown) < len(merged.differing):
                _options.say(f"  and {len(merged.differing) - len(shown):,} more: the same command with --all")
    return 0


def _refuse_missing(file: Path) -> None:
    if not file.exists():
        raise no_file(file)


def _single_file(args: argparse.Namespace) -> Path:
    if len(args.file) != 1:
        raise UserError(f"results {args.action} takes one file, got {len(args.file)}")
    file: Path = args.file[0]
    return file


ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "list": _list,
    "verify": _verify,
    "export": _export,
    "import": _import,
    "merge": _merge,
}
