"""How tests write files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

from benchmark.reading import Recording

Read = Callable[..., Recording]


def lines(header: str, *columns: Any, sep: str = ",", end: str = "\n") -> str:
    """A text file of columns."""
    rows = [sep.join(str(c) for c in row) for row in zip(*columns, strict=True)]
    return end.join([header, *rows] if header else rows) + end


def archive(files: dict[str, str]) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name, text in files.items():
            target.writestr(name, text)
    return out.getvalue()


def german(numbers: Any) -> list[str]:
    """Dots between thousands, a comma before decimals."""
    return [f"{n:,.2f}".translate(str.maketrans(",.", ".,")) for n in numbers]
