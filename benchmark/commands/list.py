"""List detectors, data sets and protocols, or the detectors of another library.

examples:
  python -m benchmark list
  python -m benchmark list --from pyod
  python -m benchmark list --from pyod --try      run each of them on a short series: works, why not, seconds
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmark.commands import _options
from benchmark.errors import UserError, unknown

if TYPE_CHECKING:
    from benchmark.adapters import Listed
    from benchmark.grid import Task
    from datasets import Series


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``list``."""
    parser.add_argument("--from", dest="library", metavar="LIBRARY", help="what a library has, and what that needs")
    trial = parser.add_argument_group("with --from")
    trial.add_argument("--try", dest="trial", action="store_true", help="run each, as a table in Markdown")
    trial.add_argument("--series", default="mackey-glass", help="what on: %(default)s, counts, or DATASET/SERIES")
    trial.add_argument("--n", type=int, default=1000, metavar="N", help="its first so many points (%(default)s)")
    trial.add_argument("--timeout", type=float, default=120, metavar="S", help="seconds for each (%(default)g)")
    trial.add_argument("--jobs", type=int, default=1, metavar="N", help="worker processes (%(default)s)")
    parser.add_argument("what", nargs="?", choices=("detectors", "datasets", "protocols"), help="only these")


def main(args: argparse.Namespace) -> int:
    """Print the registered names, with a line on each."""
    from benchmark.adapters import LIBRARIES

    if args.library not in (None, *LIBRARIES):
        raise unknown("library", args.library, LIBRARIES)
    if args.library and args.trial:
        return _trial(args)
    if args.library:
        return _library(args.library)
    if args.trial:
        raise UserError("--try needs --from LIBRARY")
    sections = {"detectors": _detectors, "datasets": _datasets, "protocols": _protocols}
    for name, lines in sections.items():
        if args.what in (None, name):
            sys.stdout.write(f"{name}\n")
            for label, text in lines():
                sys.stdout.write(f"  {label:<18} {text}\n")
    return 0


def _library(library: str) -> int:
    """Every class by name: whether it runs here, and what it needs."""
    from benchmark import adapters

    entries = adapters.listed(library)
    runs = 0
    for entry in entries:
        state = _state(entry)
        runs += state.startswith("runs")
        sys.stdout.write(f"  {entry.spec:<44} {state}\n")
    sys.stdout.write(f"{runs} of {len(entries)} run here, e.g. python -m benchmark run --detector {library}:NAME\n")
    return 0


def _trial(args: argparse.Namespace) -> int:
    """Each class on one short series with its defaults: what came of it, and seconds."""
    from benchmark import adapters
    from benchmark.execution import Backend, Board
    from benchmark.report import markdown
    from benchmark.speed import series

    one = series.make(args.series, args.n)
    found = {entry.spec: (_state(entry), "") for entry in adapters.listed(args.library)}
    tasks = _tasks(args, [spec for spec, (state, _) in found.items() if state.startswith("runs")], one, found)
    try:
        for task, outcome in Backend("processes", jobs=args.jobs).map(tasks, Board()):
            seconds = outcome.fit_seconds + outcome.score_seconds
            reason = outcome.reason.strip().splitlines()[-1:]  # a program's own error comes last
            known = {"ok": "works", "timeout": f"over {args.timeout:g} s"}
            state = known.get(outcome.status, "".join(reason))
            found[task.spec] = (state, f"{seconds:.1f}")
            _options.say(f"{task.spec}: {state}, {seconds:.1f} s")
    except KeyboardInterrupt:
        _options.say("interrupted: the table holds what was tried")
    rows = [(f"`{spec}`", markdown.escape(state[:160]), seconds) for spec, (state, seconds) in found.items()]
    sys.stdout.write(markdown.table(["detector", "outcome", "seconds"], rows, left=2) + "\n")
    worked = sum(state == "works" for state, _ in found.values())
    sys.stdout.write(f"\n{worked} of {len(found)} work on {len(one)} points of {one.name}.\n")
    return 0


def _tasks(
    args: argparse.Namespace, specs: list[str], one: Series, found: dict[str, tuple[str, str]]
) -> Iterator[tuple[Task, Series]]:
    from benchmark import adapters
    from benchmark.grid import Selection, plan, rows

    for spec in specs:
        # a tenth of a short series is too little for what learns from normal data
        protocol = "normal-only" if adapters.borrowed(spec).learns_from == "normal" else "tsb-uad"
        selection = Selection((spec,), protocols=(protocol,), timeout=args.timeout)
        try:
            yield from plan(selection, rows(selection), [one])
        except UserError as error:
            found[spec] = (f"refused: {error}", "")


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
    return f"runs {how}, {seeded}, learns from {cls.learns_from}" + (f"; {entry.unseeded}" if entry.unseeded else "")


def _detectors() -> list[tuple[str, str]]:
    from benchmark.catalogue import registry

    found = [(name, f"[{cls.group}] {_first_line(cls.__doc__)}") for name, cls in registry.detectors().items()]
    return found + [(entry.name, f"[cannot be imported] {entry.cause}") for entry in registry.broken()]


def _datasets() -> list[tuple[str, str]]:
    import datasets

    own = datasets.names()
    found = [datasets.get(name) for name in (*own, *(n for n in datasets.names(archives=True) if n not in own))]
    return [
        (one.name, f"{one.size} series: {one.title}{'' if one.name in own else ' (only when named)'}") for one in found
    ]


def _protocols() -> list[tuple[str, str]]:
    from benchmark.grid import protocols

    return [(p.name, p.summary) for p in protocols.PROTOCOLS.values()]


def _first_line(doc: str | None) -> str:
    line = (doc or "").strip().partition("\n")[0]
    return re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"\1", line)  # a role of the documentation becomes the bare name
