"""The command line: finds the command, reads its options, turns errors into one message and an exit code.

Exit codes: 0 success, 1 some cells or a foreign detector failed, 2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import io
import os
import pkgutil
import re
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from benchmark import commands
from benchmark.errors import UserError, foreign_origin, nearest, printable

ORDER = (
    *("run", "report", "list", "data", "detect", "watch", "explain", "ablate", "multiverse", "capsule", "check", "new"),
    *("results", "environment", "leaderboard", "submit", "bench"),
)
UNUSABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ELOOP)


class Parser(argparse.ArgumentParser):
    """An argument parser that suggests the most similar option or command for a typo."""

    def knows(self, word: str) -> bool:
        """Whether the word is one of its options, with or without ``=value``."""
        return any(word.partition("=")[0] in action.option_strings for action in self._actions)

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}{self._guess(message)}\n  see: {self.prog} --help")

    def _guess(self, message: str) -> str:
        options = [o for action in self._actions for o in action.option_strings if o.startswith("--")]
        choices = [str(c) for action in self._actions for c in action.choices or ()]
        for word in re.split(r"['=:,\s]+", message):
            near = nearest(word, options if word.startswith("-") else choices)
            if near and near != word and (word.startswith("-") or "invalid choice" in message):
                return f" (did you mean {near}?)"
        return ""


class Version(argparse.Action):
    """The option ``--version``; the version is looked up only when it is used."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib import metadata

        sys.stdout.write(f"tsad-benchmark {metadata.version('tsad-benchmark')}\n")
        parser.exit()


def command_modules() -> dict[str, ModuleType]:
    """Map each command to its module, in the order of the help text (most used first)."""
    names = [m.name for m in pkgutil.iter_modules(commands.__path__) if not m.name.startswith("_")]
    names.sort(key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    return {name: importlib.import_module(f"{commands.__name__}.{name}") for name in names}


def build_parser() -> Parser:
    """Build the parser with all commands."""
    parser = Parser(
        prog="python -m benchmark",
        description="Benchmark univariate time-series anomaly detectors.",
        epilog="example: python -m benchmark run --all",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=Version, nargs=0, help="print the version and exit")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for name, module in command_modules().items():
        summary, _, details = (module.__doc__ or "").partition("\n")
        sub = subparsers.add_parser(
            name,
            help=summary.rstrip("."),
            description=summary,
            epilog=details.strip() or None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(sub)
        sub.set_defaults(main=module.main)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code."""
    _open_streams()
    try:
        parser = build_parser()
        args, left = parser.parse_known_args(argv)
        if left and args.command:
            _refuse(args.command, left)
        if not args.command:
            parser.error(f"unrecognized arguments: {' '.join(left)}" if left else "give a COMMAND")
        code: int = args.main(args)
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone, e.g. `| head`
        return 0
    except Exception as error:
        message = _for_people(error)
        if not message:
            raise
        sys.stderr.write(f"error: {printable(message)}\n")
        return 1 if foreign_origin(error) else 2
    return code


def _open_streams() -> None:
    """Discard output to a closed stream (``>&-``), and escape characters that the encoding of a stream lacks."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _for_people(error: Exception) -> str:
    """Return the message to show for an error; empty for a bug of this program, which needs a traceback."""
    from datasets import DataError  # loads NumPy; without it ``--help`` takes a third of the time

    if isinstance(error, OSError) and error.errno in UNUSABLE:
        return f"cannot use {error.filename or 'a file'}: {error.strerror}; free or repair it, or name another place"
    if isinstance(error, UserError | DataError):
        return str(error)
    return f"{foreign_origin(error)} failed: {type(error).__name__}: {error}" if foreign_origin(error) else ""


def _refuse(command: str, left: list[str]) -> NoReturn:
    parser = Parser(prog=f"python -m benchmark {command}")
    command_modules()[command].add_arguments(parser)
    misplaced = [word for word in left if parser.knows(word)]
    if misplaced:  # it was given before the command, where argparse does not look for it
        raise UserError(f"write {' '.join(misplaced)} after the command: {parser.prog} {' '.join(misplaced)} ...")
    parser.error(f"unrecognized arguments: {' '.join(left)}")
