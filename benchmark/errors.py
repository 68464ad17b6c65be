"""Messages to the user: lines at the terminal, and errors as one message without a traceback."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

LISTED = 30
FOREIGN = "raised within "
# Controls but tab and newline, and marks that turn the direction of what follows: a terminal or a page obeys them.
# Lone surrogates, which are no text and end in an error where they are written.
OBEYED = re.compile("[\ud800-\udfff\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class UserError(Exception):
    """Wrong use or unusable input: what was expected, and the next step."""


@contextmanager
def foreign(name: str) -> Iterator[None]:
    """Errors from within are those of somebody else's code, named in a note: see :func:`whose`."""
    try:
        yield
    except Exception as error:
        error.add_note(f"{FOREIGN}{name}")
        raise


def whose(error: Exception) -> str:
    """Whose code an error comes from, as :func:`foreign` says; empty = ours.

    Examples
    --------
    >>> whose(ValueError("no"))
    ''
    """
    notes = [note for note in getattr(error, "__notes__", ()) if note.startswith(FOREIGN)]
    return notes[0].removeprefix(FOREIGN) if notes and not isinstance(error, UserError) else ""


def printable(text: str) -> str:
    """Text for a terminal or a page: control characters are escaped, as in ``\\x1b[2J``.

    Examples
    --------
    >>> printable("quiet\\x1b[2J")
    'quiet\\\\x1b[2J'
    """
    return OBEYED.sub(lambda found: ascii(found[0])[1:-1], text)


def one_line(text: str) -> str:
    """As :func:`printable`, without line breaks: a name cannot pass for a line of ours.

    Examples
    --------
    >>> one_line("a\\n63 cells: sound")
    'a\\\\n63 cells: sound'
    """
    return printable(text).replace("\n", "\\n")


def encodable(text: str) -> str:
    """Text that a file or a database takes: lone surrogates, as in some file names, are escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def counted(count: int, noun: str) -> str:
    """How many of something, in words.

    Examples
    --------
    >>> counted(1, "row"), counted(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def say(message: str) -> None:
    """A line for the person at the terminal, on standard error."""
    sys.stderr.write(printable(message) + "\n")
    sys.stderr.flush()


def unknown(kind: str, name: str, known: Iterable[str], hint: str = "") -> UserError:
    """``unknown detector 'LOFF': did you mean LOF? ...`` for a name that nobody answers to."""
    names = list(known)
    near = nearest(name, names)
    shown = ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
    guess = f"did you mean {near}?" if near else f"known: {shown or 'none'}"
    return UserError(f"unknown {kind} {name!r}: {guess}{' ' + hint if hint else ''}")


def nearest(name: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """The known name that resembles this one most, whatever its case; empty when none does."""
    by_lower = {n.lower(): n for n in known}
    near = get_close_matches(name.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[near[0]] if near else ""
