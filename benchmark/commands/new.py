"""Write a starting file for a detector of your own.

example: python -m benchmark new detector MyDetector
"""

from __future__ import annotations

import argparse
import sys
from importlib import resources
from pathlib import Path

from benchmark import catalogue
from benchmark.catalogue import registry
from benchmark.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``new``."""
    parser.add_argument("kind", choices=("detector",))
    parser.add_argument("name", help="class name, e.g. MyDetector")
    parser.add_argument("--folder", type=Path, default=Path(), help="where to write it (here)")


def main(args: argparse.Namespace) -> int:
    """Write the file; an existing one is never replaced."""
    if not args.name.isidentifier() or not args.name[0].isupper():
        raise UserError(f"{args.name!r} is not a class name: give something like MyDetector")
    if args.name in registry.detectors():
        raise UserError(f"the package has a detector called {args.name}: choose another name")
    path = args.folder / f"{args.name.lower()}.py"
    if path.exists():
        raise UserError(f"{path} exists and is left as it is")
    text = resources.files(catalogue).joinpath("detector.py.txt").read_text()
    try:
        path.write_text(text.replace("{name}", args.name))
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error
    sys.stdout.write(
        f"{path}: a working example. Next:\n"
        f"  python -m benchmark check {path}\n"
        f"  python -m benchmark run --detector {path} --detector IForest --dataset Genesis\n"
    )
    return 0
