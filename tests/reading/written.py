"""How tests write files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmark.reading import Recording

Read = Callable[..., Recording]


def lines(header: str, *columns: Any, sep: str = ",") -> str:
    """A text file of columns."""
    rows = [sep.join(str(c) for c in row) for row in zip(*columns, strict=True)]
    return "\n".join([header, *rows] if header else rows) + "\n"


def german(numbers: Any) -> list[str]:
    """Dots between thousands, a comma before decimals."""
    return [f"{n:,.2f}".translate(str.maketrans(",.", ".,")) for n in numbers]
