"""Whole outputs on small synthetic inputs, stored as text; ``python -m tests.whole [NAME ...]`` renews them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path

Subject = Callable[[Path], str]


def subjects() -> dict[str, Subject]:
    """Every subject by name: what makes its text in an empty folder."""
    found: dict[str, Subject] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("of_"):
            found |= importlib.import_module(f"{__name__}.{module.name}").SUBJECTS
    return found
