"""What values a parameter may have, in words and as a test."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, NamedTuple


class Rule(NamedTuple):
    """Values that a parameter may have.

    Attributes
    ----------
    text : str
        Ends the sentence "it must be ...".
    accepts : callable
    """

    text: str
    accepts: Callable[[Any], bool]

    def __or__(self, other: Rule) -> Rule:
        """Either of two rules."""
        return Rule(f"{self.text} or {other.text}", lambda value: self.accepts(value) or other.accepts(value))


def whole(least: int, most: float = math.inf) -> Rule:
    """A whole number; a truth value is none."""
    text = f"a whole number of at least {least}" + (f" and at most {most}" if most < math.inf else "")
    return Rule(text, lambda v: isinstance(v, Integral) and not isinstance(v, bool) and least <= int(v) <= most)


def real(low: float, high: float = math.inf, ends: str = "[]") -> Rule:
    """A finite number between two ends, each within ("[", "]") or not ("(", ")")."""

    def accepts(value: Any) -> bool:
        if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
            return False
        number = float(value)
        above = low <= number if ends[0] == "[" else low < number
        return above and (number <= high if ends[1] == "]" else number < high)

    if high == math.inf:
        return Rule(f"a finite number {'of at least' if ends[0] == '[' else 'above'} {low:g}", accepts)
    return Rule(f"a number in {ends[0]}{low:g}, {high:g}{ends[1]}", accepts)


def one_of(*values: Any) -> Rule:
    """One of some values, of equal type."""
    text = " or ".join(map(repr, values)) if len(values) < 3 else f"one of {', '.join(map(str, values))}"
    return Rule(text, lambda value: any(type(value) is type(known) and value == known for known in values))


SEED = whole(0, 2**32 - 1)
