"""List detectors, data sets and protocols.

example: python -m benchmark list
"""

from __future__ import annotations

import argparse
import re
import sys

import datasets
from benchmark.catalogue import registry
from benchmark.grid import protocols


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``list``."""
    parser.add_argument("what", nargs="?", choices=("detectors", "datasets", "protocols"), help="only these")


def main(args: argparse.Namespace) -> int:
    """Print the registered names, with a line on each."""
    sections = {"detectors": _detectors, "datasets": _datasets, "protocols": _protocols}
    for name, lines in sections.items():
        if args.what in (None, name):
            sys.stdout.write(f"{name}\n")
            for label, text in lines():
                sys.stdout.write(f"  {label:<18} {text}\n")
    return 0


def _detectors() -> list[tuple[str, str]]:
    found = [(name, f"[{cls.group}] {_first_line(cls.__doc__)}") for name, cls in registry.detectors().items()]
    return found + [(entry.name, f"[cannot be imported] {entry.cause}") for entry in registry.broken()]


def _datasets() -> list[tuple[str, str]]:
    found = [datasets.get(name) for name in datasets.names()]
    return [(one.name, f"{len(one.series_names())} series: {one.title}") for one in found]


def _protocols() -> list[tuple[str, str]]:
    return [(p.name, p.summary) for p in protocols.PROTOCOLS.values()]


def _first_line(doc: str | None) -> str:
    line = (doc or "").strip().partition("\n")[0]
    return re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"\1", line)  # a role of the documentation becomes the bare name
