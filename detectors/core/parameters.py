"""Parameters of a detector: declared once, each with its default and the values that it may have."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any, NamedTuple, dataclass_transform


class Rule(NamedTuple):
    """Values that a parameter may have."""

    text: str  # ends the sentence "it must be ..."
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


def parameter(*, default: Any, must_be: Rule | None = None, kw_only: bool = False) -> Any:
    """A parameter with its default and the values that it may have; for classes under :func:`parameters`."""
    return field(default=default, kw_only=kw_only, metadata={"rule": must_be} if must_be else {})


@dataclass_transform(eq_default=False, field_specifiers=(parameter,))
def parameters(cls: type[Any]) -> type[Any]:
    """Class decorator: makes the constructor from the annotated attributes, as ``dataclass`` does.

    What they must be joins the class's ``rules``.
    """
    made = dataclass(eq=False, repr=False)(cls)
    made.rules = vars(cls).get("rules", {}) | {f.name: f.metadata["rule"] for f in fields(made) if f.metadata}
    return made
