"""List detectors, data sets and protocols, or the detectors of another library.

examples:
  python -m benchmark list
  python -m benchmark list --from pyod
  python -m benchmark list --from pyod --try      run each of them on a short series: outcome and seconds
  python -m benchmark list --from all --try --markdown docs/library-names.md      all libraries, as a page
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.commands import _options, _trial
from benchmark.errors import UserError, unknown

if TYPE_CHECKING:
    from benchmark.adapters import Listed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``list``."""
    parser.add_argument(
        "--from",
        dest="library",
        metavar="LIBRARY",
        help="the classes of a library, and what they need; all = every library",
    )
    trial = parser.add_argument_group("with --from")
    trial.add_argument(
        "--try", dest="trial", action="store_true", help="run each class on a short series; prints a Markdown table"
    )
    trial.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write a page; classes that it already lists are not run again"
    )
    trial.add_argument("--series", default="mackey-glass", help="%(default)s, counts, or DATASET/SERIES")
    trial.add_argument(
        "--n",
        type=_options.at_least_one,
        default=1000,
        metavar="N",
        help="number of points, from its start (%(default)s)",
    )
    trial.add_argument(
        "--timeout", type=_options.at_least_zero, default=120, metavar="S", help="seconds for each (%(default)g)"
    )
    _options.add_jobs(trial, default=1)
    parser.add_argument("what", nargs="?", choices=("detectors", "datasets", "protocols"), help="only these")


def main(args: argparse.Namespace) -> int:
    """Print the registered names with a description of each."""
    from benchmark.adapters import LIBRARIES

    if args.library not in (None, "all", *LIBRARIES):
        raise unknown("library", args.library, (*LIBRARIES, "all"))
    if args.trial and not args.library:
        raise UserError("--try needs --from LIBRARY, or --from all")
    if args.markdown and not args.trial:
        raise UserError("--markdown needs --try: the page says what came of trying each")
    if args.trial:
        return _trial.run(args, _state)
    if args.library:
        every = args.library == "all"
        return max(_library(name, every) for name in (LIBRARIES if every else (args.library,)))
    sections = {"detectors": _detectors, "datasets": _datasets, "protocols": _protocols}
    for name, lines in sections.items():
        if args.what in (None, name):
            sys.stdout.write(f"{name}\n")
            for label, text in lines():
                sys.stdout.write(f"  {label:<18} {text}\n")
    return 0


def _library(library: str, among_others: bool) -> int:
    """Print for each class of a library whether it runs here, and what it needs."""
    from benchmark import adapters

    try:
        entries = adapters.listed(library)
    except UserError as error:
        if not among_others:
            raise
        sys.stdout.write(f"  {library + ':':<44} {error}\n")
        return 0
    runs = 0
    for entry in entries:
        state = _state(entry)
        runs += state.startswith("runs")
        sys.stdout.write(f"  {entry.spec:<44} {state}\n")
    sys.stdout.write(f"{runs} of {len(entries)} run here, e.g. python -m benchmark run --detector {library}:NAME\n")
    return 0


def _state(entry: Listed) -> str:
    from benchmark import adapters

    if entry.refused:
        return f"refused: {entry.refused}"
    package = adapters.missing(entry)
    if package:
        return f"needs: {package}"
    if entry.needs:
        return f"needs: {entry.needs}"
    cls = adapters.borrowed(entry.spec)
    seeded = "seeded" if "random_state" in cls.param_defaults() else "no random numbers"
    how = "on windows" if "align" in cls.param_defaults() else "on the series"
    how += "" if entry.module else ", in an environment of its own"
    return f"runs {how}, {seeded}, learns from {cls.learns_from}"


def _detectors() -> list[tuple[str, str]]:
    from benchmark.catalogue import registry

    found = [(name, f"[{cls.group}] {_first_line(cls.__doc__)}") for name, cls in registry.detectors().items()]
    return found + _unusable(registry.broken())


def _unusable(causes: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, f"[cannot be used] {cause}") for name, cause in causes.items()]


def _datasets() -> list[tuple[str, str]]:
    import datasets

    own = datasets.names()
    found = [datasets.get(name) for name in (*own, *(n for n in datasets.names(archives=True) if n not in own))]
    known = [
        (one.name, f"{one.size} series: {one.title}{'' if one.name in own else ' (only when named)'}") for one in found
    ]
    return known + _unusable(datasets.broken())


def _protocols() -> list[tuple[str, str]]:
    from benchmark.grid import protocols

    return [(p.name, p.summary) for p in protocols.PROTOCOLS.values()]


def _first_line(doc: str | None) -> str:
    line = (doc or "").strip().partition("\n")[0]
    return re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"\1", line)  # replace a Sphinx role by the bare name
