"""Check that a detector keeps the contract, and say what to fix.

First it says what the object is. A class that is no detector can become one, or be run as it is.

examples:
  python -m benchmark check mine.py
  python -m benchmark check sklearn:mine.py:MyOutlierClass
  python -m benchmark check LOF
  python -m benchmark check --all --edges docs/edges.md
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import UserError

if TYPE_CHECKING:
    from benchmark.catalogue import Check
    from detectors import Detector


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``check``."""
    parser.add_argument("detector", nargs="*", help="name, file.py, package.mod:Class or LIBRARY:NAME")
    parser.add_argument("--all", action="store_true", help="every registered detector")
    parser.add_argument(
        "--edges", type=Path, metavar="FILE", help="write the limits of each detector to a Markdown page"
    )


def main(args: argparse.Namespace) -> int:
    """Print one line per promise of the contract; exit code 1 if one is broken."""
    if sys.__stderr__ is not None:
        faulthandler.enable(sys.__stderr__)  # a crash in native code names file and line
    classes = _choose(args)
    if args.edges is not None and not args.edges.parent.is_dir():
        raise UserError(f"--edges {args.edges}: there is no folder {args.edges.parent}, make it first")
    broken = sum(_check(cls) for cls in classes)
    sys.stdout.write("keeps the contract\n" if not broken else f"{broken} to fix\n")
    if args.edges is not None:
        _write(args.edges, classes, broken)
    return 1 if broken else 0


def _choose(args: argparse.Namespace) -> list[type[Detector]]:
    from benchmark.catalogue import registry

    if args.all == bool(args.detector):
        raise UserError("check takes names of detectors, or --all")
    return list(registry.detectors().values()) if args.all else [registry.load(spec) for spec in args.detector]


def _check(cls: type[Detector]) -> int:
    """Print one line for each promise; return the number of broken ones."""
    from benchmark.catalogue import checks

    broken = 0
    sys.stdout.write(f"{cls.__name__}: {_kind(cls)}\n")
    for check in checks.iter_checks(cls):
        mark, text = _outcome(check)
        broken += mark == "FIX"
        sys.stdout.write(f"  {mark:<6} {check.name:<16} {text}\n")
    return broken


def _write(file: Path, classes: list[type[Detector]], broken: int) -> None:
    from benchmark.studies import edges

    if broken:
        raise UserError(f"{file} was not written: mend the broken promises first, the page states what is kept")
    try:
        before = file.read_text(encoding="utf-8", errors="replace") if file.exists() else edges.HEAD
        if not before.startswith(edges.TITLE):
            raise UserError(f"{file} holds something else than {edges.TITLE!r}: name another file with --edges")
        file.write_text(edges.page(classes, before), encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror}") from error
    sys.stdout.write(f"edges in {file}\n")


def _kind(cls: type[Detector]) -> str:
    """Describe the kind of the detector."""
    from benchmark.adapters import Borrowed
    from detectors import WindowDetector

    origin = f"{cls.source}, as a detector" if issubclass(cls, Borrowed) else "a detector"
    base = "on windows" if issubclass(cls, WindowDetector) else "on the series"
    learns = {"series": "the series that it scores", "normal": "normal data", "nothing": "nothing"}[cls.learns_from]
    seeded = "seeded by random_state" if "random_state" in cls.param_defaults() else "without random numbers"
    return f"{origin} {base}, learns from {learns}, {seeded}"


def _outcome(check: Check) -> tuple[str, str]:
    from benchmark.catalogue import CheckFailed

    try:
        verdict = check.run()
    except CheckFailed as failure:
        return "FIX", str(failure)
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - somebody else's detector may raise anything
        return "FIX", f"{check.requirement} But it raised {type(error).__name__}: {error}{_where(error)}"
    return ("ok", check.requirement) if verdict == "passed" else ("exempt", check.reason)


def _where(error: BaseException) -> str:
    """Return file and line that raised an error."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
