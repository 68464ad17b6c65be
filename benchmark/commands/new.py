"""Write a small package for a detector of your own.

example: python -m benchmark new detector MyDetector
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmark.errors import UserError

FILES = {
    "{module}.py": "detector.py.txt",
    "test_{module}.py": "test.py.txt",
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``new``."""
    parser.add_argument("kind", choices=("detector",))
    parser.add_argument("name", help="class name, e.g. MyDetector")
    parser.add_argument("--folder", type=Path, default=Path(), help="where to write it (here)")


def main(args: argparse.Namespace) -> int:
    """Write the package; existing files are never replaced."""
    from benchmark.catalogue import registry

    if not args.name.isidentifier() or not args.name[0].isupper():
        raise UserError(f"{args.name!r} is not a class name: give something like MyDetector")
    if args.name in registry.detectors():
        raise UserError(f"there is a detector called {args.name}: choose another name")
    module = args.name.lower()
    package = args.folder / module
    if package.exists():
        raise UserError(f"{package} exists and is left as it is")
    try:
        _write(package, args.name, module)
    except OSError as error:
        raise UserError(f"cannot write {package}: {error.strerror}") from error
    sys.stdout.write(
        f"{package}/: a working example, its test, an entry point and a README. Next:\n"
        f"  python -m benchmark check {package / module}.py\n"
        f"  python -m benchmark run --detector {package / module}.py --detector IForest --dataset Genesis\n"
        f"  pip install --editable {package}    then {args.name} is a name like any other\n"
    )
    return 0


def _write(package: Path, name: str, module: str) -> None:
    from benchmark import catalogue
    from benchmark.system.packaged import read_text

    package.mkdir(parents=True)
    for target, template in FILES.items():
        text = read_text(catalogue.__name__, f"templates/{template}")
        text = text.replace("{name}", name).replace("{module}", module)
        (package / target.replace("{module}", module)).write_text(text, encoding="utf-8")
