"""Messages to the user: lines at the terminal, and errors shown as one message without a traceback."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
LISTED = 30
FOREIGN = "raised within "
# Characters that are escaped in output. Control characters (except tab and newline) and marks of text direction change
# what a terminal or a page shows. Lone surrogates cannot be encoded, so writing them would raise an error.
UNSAFE = re.compile("[\ud800-\udfff\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class UserError(Exception):
    """Wrong use or unusable input; the message says what was expected, and the next step."""


@contextmanager
def foreign(name: str) -> Iterator[None]:
    """Mark each error raised in this context as one of foreign code, by a note; :func:`foreign_origin` reads it."""
    try:
        yield
    except Exception as error:
        error.add_note(f"{FOREIGN}{name}")
        raise


def foreign_origin(error: Exception) -> str:
    """Return the name of the foreign code that raised an error (see :func:`foreign`); empty for our own code.

    Examples
    --------
    >>> foreign_origin(ValueError("no"))
    ''
    """
    notes = [note for note in getattr(error, "__notes__", ()) if note.startswith(FOREIGN)]
    return notes[0].removeprefix(FOREIGN) if notes and not isinstance(error, UserError) else ""


def printable(text: str) -> str:
    """Escape the control characters of a text for a terminal or a page, as in ``\\x1b[2J``.

    Examples
    --------
    >>> printable("quiet\\x1b[2J")
    'quiet\\\\x1b[2J'
    """
    return UNSAFE.sub(lambda found: ascii(found[0])[1:-1], text)


def one_line(text: str) -> str:
    """Escape as :func:`printable`, and line breaks too, so that a name cannot look like a line of our output.

    Examples
    --------
    >>> one_line("a\\n63 cells: sound")
    'a\\\\n63 cells: sound'
    """
    return printable(text).replace("\n", "\\n")


def encodable(text: str) -> str:
    """Escape lone surrogates, as in some file names, so that a file or a database accepts the text."""
    return text.encode("utf-8", "backslashreplace").decode()


def counted(count: int, noun: str) -> str:
    """Format a count with its noun, in the plural unless the count is 1.

    Examples
    --------
    >>> counted(1, "row"), counted(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def say(message: str) -> None:
    """Print a line for the user on standard error."""
    sys.stderr.write(printable(message) + "\n")
    sys.stderr.flush()


def unknown(kind: str, name: str, known: Iterable[str], hint: str = "") -> UserError:
    """Build the error for an unknown name: ``unknown detector 'LOFF': did you mean LOF? ...``."""
    names = list(known)
    near = nearest(name, names)
    shown = ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
    guess = f"did you mean {near}?" if near else f"known: {shown or 'none'}"
    return UserError(f"unknown {kind} {name!r}: {guess}{' ' + hint if hint else ''}")


def refuse_unknown(kind: str, names: Iterable[str], known: Collection[str]) -> None:
    """Raise one error with the message of :func:`unknown` for each name that is not known."""
    errors = [str(unknown(kind, name, known)) for name in names if name not in known]
    if errors:
        raise UserError("; ".join(errors))


def for_each(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return the result for each item; if several raise a :class:`UserError`, one error has all their messages."""
    results, errors = [], []
    for item in items:
        try:
            results.append(function(item))
        except UserError as error:
            errors.append(error)
    if len(errors) > 1:
        raise UserError("; ".join(dict.fromkeys(map(str, errors))))
    if errors:
        raise errors[0]
    return results


def no_file(path: Path, hint: str = "") -> UserError:
    """Build the error for a missing file: ``no file data/tempp.csv (did you mean temp.csv?)``."""
    return UserError(f"no file {path}{similar_file(path)}{hint}")


def refuse_unwritable(folder: Path) -> None:
    """Raise an error if a folder of results can be neither made nor written, before work starts that ends there."""
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        why = "is not writable" if there.is_dir() else "is not a folder"
        raise UserError(f"cannot write to {folder}: {there} {why}; name another folder with --out")


def similar_file(path: Path) -> str:
    """Return `` (did you mean temp.csv?)`` for a file beside a missing one; empty if no name is similar."""
    try:
        near = nearest(path.name, [found.name for found in path.parent.iterdir()], 0.75)
    except OSError:  # no such folder, or it cannot be read
        near = ""
    return f" (did you mean {near}?)" if near else ""


def nearest(name: str, known: Iterable[str], cutoff: float | None = None) -> str:
    """Return the known name that is most similar to this one, ignoring case; empty if none is similar enough.

    ``cutoff`` is the least similarity, from 0 to 1: by default .6, or .5 for a name as short as RS, which may be SR.
    """
    by_lower = {n.lower(): n for n in known}
    least = (0.5 if len(name) <= 3 else 0.6) if cutoff is None else cutoff
    near = get_close_matches(name.lower(), by_lower, n=1, cutoff=least)
    return by_lower[near[0]] if near else ""
