"""List detectors, data sets and protocols, or the detectors of another library.

examples:
  python -m benchmark list
  python -m benchmark list --from pyod
"""

from __future__ import annotations

import argparse
import re
import sys

import datasets
from benchmark import adapters
from benchmark.catalogue import registry
from benchmark.grid import protocols


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``list``."""
    parser.add_argument(
        "--from", dest="library", choices=adapters.LIBRARIES, help="the detectors of a library, and what they need"
    )
    parser.add_argument("what", nargs="?", choices=("detectors", "datasets", "protocols"), help="only these")


def main(args: argparse.Namespace) -> int:
    """Print the registered names, with a line on each."""
    if args.library:
        return _library(args.library)
    sections = {"detectors": _detectors, "datasets": _datasets, "protocols": _protocols}
    for name, lines in sections.items():
        if args.what in (None, name):
            sys.stdout.write(f"{name}\n")
            for label, text in lines():
                sys.stdout.write(f"  {label:<18} {text}\n")
    return 0


def _library(library: str) -> int:
    """Every class by name: whether it runs here, and what it needs."""
    entries = adapters.listed(library)
    runs = 0
    for entry in entries:
        state = _state(entry)
        runs += state.startswith("runs")
        sys.stdout.write(f"  {entry.spec:<44} {state}\n")
    sys.stdout.write(f"{runs} of {len(entries)} run here, e.g. python -m benchmark run --detector {library}:NAME\n")
    return 0


def _state(entry: adapters.Listed) -> str:
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
    found = [(name, f"[{cls.group}] {_first_line(cls.__doc__)}") for name, cls in registry.detectors().items()]
    return found + [(entry.name, f"[cannot be imported] {entry.cause}") for entry in registry.broken()]


def _datasets() -> list[tuple[str, str]]:
    own = datasets.names()
    found = [datasets.get(name) for name in (*own, *(n for n in datasets.names(archives=True) if n not in own))]
    return [
        (one.name, f"{one.size} series: {one.title}{'' if one.name in own else ' (only when named)'}") for one in found
    ]


def _protocols() -> list[tuple[str, str]]:
    return [(p.name, p.summary) for p in protocols.PROTOCOLS.values()]


def _first_line(doc: str | None) -> str:
    line = (doc or "").strip().partition("\n")[0]
    return re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"\1", line)  # a role of the documentation becomes the bare name
