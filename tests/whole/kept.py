"""What is kept of a subject, and how a new result is compared with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).with_name("kept")
# Numbers of many digits may differ in the last ones on another processor; shorter ones are as people read them.
LONG = re.compile(r"(?<![\w.])-?\d+\.\d{5,}(?:e[+-]?\d+)?(?![\w.])|(?<![\w.])-?\d\.\d+e[+-]?\d+")
SLACK = 1e-6


def path(name: str) -> Path:
    """Where the text of a subject lies."""
    return FOLDER / f"{name}.txt"


def read(name: str) -> str:
    """The kept text."""
    return path(name).read_text(encoding="utf-8")


def difference(then: str, now: str) -> str:
    """Lines that differ, long numbers by more than rounding; empty where none does."""
    if LONG.sub("#", then) == LONG.sub("#", now):
        pairs = zip(LONG.findall(then), LONG.findall(now), strict=True)
        if all(np.isclose(float(a), float(b), rtol=SLACK, atol=1e-9) for a, b in pairs):
            return ""
    lines = difflib.unified_diff(then.splitlines(), now.splitlines(), "kept", "now", n=1, lineterm="")
    return "\n".join(lines)


def number(value: Any) -> str:
    """Seven digits of a number, whole ones without a fraction."""
    if isinstance(value, str) or value is None:
        return str(value)
    if isinstance(value, bool | np.bool_ | int | np.integer):
        return str(value)
    text = f"{float(value):.7g}"
    return text if "." in text or "e" in text or not np.isfinite(float(value)) else f"{text}.0"


def numbers(values: Iterable[Any]) -> str:
    """Some of them in a row."""
    return " ".join(number(value) for value in values)


def array(values: Any, shown: int = 4) -> str:
    """First and last values of an array, and their mean and deviation."""
    values = np.asarray(values, dtype=float)
    if len(values) <= 2 * shown:
        return numbers(values)
    facts = f"n {len(values)}, mean {number(np.nanmean(values))}, std {number(np.nanstd(values))}"
    return f"{numbers(values[:shown])} .. {numbers(values[-shown:])}; {facts}"


def runs(mask: Any) -> str:
    """Runs of true values: ``3-7, 9``."""
    at = np.flatnonzero(mask)
    parts = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1) if len(at) else []
    return ", ".join(f"{p[0]}" if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts) or "none"


def cleaned(text: str, folder: Path) -> str:
    """Without what differs from place to place."""
    return text.replace(f"{folder}/", "").replace(str(folder), "FOLDER")
