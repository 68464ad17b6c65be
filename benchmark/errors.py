"""Errors that are shown to a person as one message, without a traceback."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """Wrong use or unusable input: what was expected, and the next step."""


def unknown(kind: str, name: str, known: Iterable[str], hint: str = "") -> UserError:
    """``unknown detector 'LOFF': did you mean LOF? ...`` for a name that nobody answers to."""
    names = list(known)
    by_lower = {n.lower(): n for n in names}
    near = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    guess = f"did you mean {by_lower[near[0]]}?" if near else f"known: {', '.join(names)}"
    return UserError(f"unknown {kind} {name!r}: {guess}{' ' + hint if hint else ''}")
