"""Detectors of other libraries and programs by name: ``pyod:KNN``, ``sklearn:OneClassSVM``, ``aeon:STOMP``."""

from __future__ import annotations

from benchmark.adapters.borrowed import Borrowed, folded, text_of
from benchmark.adapters.names import (
    LIBRARIES,
    Listed,
    borrowed,
    is_borrowed,
    listed,
    missing,
    module_from_text,
    version,
)
from benchmark.adapters.options import arguments
from detectors import Detector

# Loading the modules named as_* costs the library that each is for.
__all__ = [
    "LIBRARIES",
    "Borrowed",
    "Listed",
    "apart",
    "arguments",
    "as_aeon",
    "as_pyod",
    "as_sklearn",
    "borrowed",
    "folded",
    "is_borrowed",
    "listed",
    "missing",
    "module_from_text",
    "text_of",
    "tsb_ad",
    "version",
]


def __getattr__(name: str) -> type[Detector]:
    """Makes the borrowed classes importable by name, so that fitted ones can be pickled."""
    library, _, rest = name.partition("_")
    if rest and library.lower() in LIBRARIES:
        return borrowed(f"{library.lower()}:{rest}")
    raise AttributeError(name)
