"""Anomaly detectors for univariate time series, one file each, all behind ``fit`` and ``score``.

>>> from detectors import POLY
>>> POLY(window=20)
POLY(window=20)

A detector's module is imported when its name is first used; heavy libraries are imported when a detector is used.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from detectors.core import (
    Alignment,
    Array,
    Detector,
    Diet,
    Diverged,
    Explanation,
    Group,
    WindowDetector,
    Windows,
    estimate_window,
)

__all__ = [
    "Alignment",
    "Array",
    "Detector",
    "Diet",
    "Diverged",
    "Explanation",
    "Group",
    "WindowDetector",
    "Windows",
    "estimate_window",
]


def __getattr__(name: str) -> Any:
    """Import the detector class of that name from the file that defines it."""
    if not name.startswith("_"):
        files = [
            module.name
            for module in pkgutil.iter_modules(__path__)
            if not (module.ispkg or module.name.startswith("_"))
        ]
        for file in sorted(files, key=lambda file: file != name.lower()):
            found = vars(importlib.import_module(f"{__name__}.{file}")).get(name)
            if isinstance(found, type) and issubclass(found, Detector):
                return found
    raise AttributeError(f"detectors has no {name!r}: `python -m benchmark list detectors` names them")
