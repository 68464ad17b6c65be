"""Errors that are shown to a person as one message, without a traceback."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LISTED = 30


class UserError(Exception):
    """Wrong use or unusable input: what was expected, and the next step."""


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
