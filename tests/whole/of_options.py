"""Every option of every command: names, default, choices and kind, and whether it has a help text."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from benchmark.cli import build_parser
from tests.whole import Subject
from tests.whole.kept import cleaned

READ = ("1", "0", "-1", "2.5", "a", "a=1", "")


def _kind(action: argparse.Action) -> str:
    """What becomes of words that may be given; nothing is said of words kept as they are."""
    if action.type is None or not callable(action.type):
        return ""
    said = []
    for word in READ:
        try:
            said.append(f"{word!r} {action.type(word)!r}")
        except (argparse.ArgumentTypeError, ValueError, TypeError, OSError) as error:
            said.append(f"{word!r} refused {error}")
    return f"; {', '.join(said)}"


def _option(action: argparse.Action) -> str:
    names = " ".join(action.option_strings) or action.dest
    facts: dict[str, Any] = {
        "dest": action.dest,
        "nargs": action.nargs,
        "default": action.default,
        "const": action.const,
        "choices": action.choices and [*action.choices],
        "needed": action.required,
        "metavar": action.metavar,
    }
    known = " ".join(f"{name} {value!r}" for name, value in facts.items() if value not in (None, False))
    said = "" if action.help else "; no help"
    return f"  {names} ({type(action).__name__.strip('_')}): {known}{_kind(action)}{said}"


def _of(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {parser.prog}: described {bool(parser.description)}, {parser.formatter_class.__name__}"
    yield f"abbreviated {parser.allow_abbrev}; {parser._defaults and sorted(parser._defaults)}"
    subs = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    yield from (_option(action) for action in parser._actions if action not in subs)
    for sub in subs:
        yield from (f"  {choice.dest}{'' if choice.help else ': no help'}" for choice in sub._choices_actions)
        for made in sub.choices.values():
            yield from _of(made)
    for headed in parser._action_groups[2:]:  # after argparse's own
        yield f"  under {headed.title!r}: {' '.join(action.dest for action in headed._group_actions)}"
    for group in parser._mutually_exclusive_groups:
        yield f"  one of {[action.dest for action in group._group_actions]}, needed {group.required}"


def options_of_commands(folder: Path) -> str:
    """The parser with all its commands, as it is built where nothing is set."""
    unset = {name: value for name, value in os.environ.items() if not name.startswith("BENCHMARK_")}
    with mock.patch.dict(os.environ, unset, clear=True):
        return cleaned("\n".join(_of(build_parser())) + "\n", folder)


SUBJECTS: dict[str, Subject] = {s.__name__: s for s in (options_of_commands,)}
