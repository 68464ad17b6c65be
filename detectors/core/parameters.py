"""Declaration of a detector's parameters, each with its default and its allowed values."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any, NamedTuple, dataclass_transform


class Rule(NamedTuple):
    """The allowed values of a parameter."""

    text: str  # completes the sentence "it must be ..."
    accepts: Callable[[Any], bool]

    def __or__(self, other: Rule) -> Rule:
        """Combine two rules: allow what either of them allows."""
        return Rule(f"{self.text} or {other.text}", lambda value: self.accepts(value) or other.accepts(value))


def whole(least: int, most: float = math.inf) -> Rule:
    """Allow whole numbers from ``least`` to ``most``; True and False are refused."""
    text = f"a whole number of at least {least}" + (f" and at most {most}" if most < math.inf else "")
    return Rule(text, lambda v: isinstance(v, Integral) and not isinstance(v, bool) and least <= int(v) <= most)


def real(low: float, high: float = math.inf, ends: str = "[]") -> Rule:
    """Allow finite numbers of an interval; ``ends`` is "[]", "()", "[)" or "(]" for closed and open ends."""

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
    """Allow these values; the type must be equal, too."""
    text = " or ".join(map(repr, values)) if len(values) < 3 else f"one of {', '.join(map(str, values))}"
    return Rule(text, lambda value: any(type(value) is type(known) and value == known for known in values))


SEED = whole(0, 2**32 - 1)


def parameter(*, default: Any, must_be: Rule | None = None, kw_only: bool = False) -> Any:
    """Declare a parameter of a class decorated with :func:`parameters`: its default and its allowed values."""
    return field(default=default, kw_only=kw_only, metadata={"rule": must_be} if must_be else {})


@dataclass_transform(eq_default=False, field_specifiers=(parameter,))
def parameters(cls: type[Any]) -> type[Any]:
    """Generate the constructor from the annotated attributes, as ``dataclass`` does (class decorator).

    The rule of each attribute is added to ``cls.rules``.
    """
    decorated = dataclass(eq=False, repr=False)(cls)
    rules = {f.name: f.metadata["rule"] for f in fields(decorated) if f.metadata}
    decorated.rules = vars(cls).get("rules", {}) | rules
    return decorated
