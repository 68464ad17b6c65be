"""Compare a page of known limits with the detectors, section by section."""

from __future__ import annotations

import re
from typing import NamedTuple


class Line(NamedTuple):
    """A row of a section: its words, and its figures apart."""

    words: str
    figures: tuple[float, ...]


def read(text: str) -> dict[str, dict[str, Line]]:
    """Sections of a page by detector, their rows by property."""
    found: dict[str, dict[str, Line]] = {}
    for part in text.split("\n## ")[1:]:
        name, _, body = part.partition("\n")
        rows = re.findall(r"^\| ([a-z ]+) \| (.*) \|$", body, flags=re.M)
        found[name] = {edge: apart(said) for edge, said in rows if edge != "edge"}
    return found


def apart(said: str) -> Line:
    """A row's words and figures."""
    pattern = r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?![\w.]*\w)"
    return Line(re.sub(pattern, "#", said), tuple(float(f) for f in re.findall(pattern, said)))


def stale(shown: Line, edge: str, now: Line) -> bool:
    """Whether a row differs by more than what another processor or seed of the clock may change."""
    if shown.words != now.words or len(shown.figures) != len(now.figures):
        return True
    pairs = zip(shown.figures, now.figures, strict=True)
    if edge == "memory":
        return any(not 0.4 <= (a + 20) / (b + 20) <= 2.5 for a, b in pairs)
    apart_by = {"least length": 0.0, "new data": 4.0}.get(edge, 0.2)
    return any(abs(a - b) > apart_by + 1e-9 for a, b in pairs)
