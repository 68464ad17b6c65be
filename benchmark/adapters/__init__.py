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

# The modules named as_* load the library that they are for, so they are not imported here.
__all__ = ["apart", "as_aeon", "as_pyod", "as_sklearn", "tsb_ad"]


def __getattr__(name: str) -> type:
    """Return a class of another library by its name here, so that fitted detectors can be unpickled."""
    library, _, rest = name.partition("_")
    if rest and library.lower() in LIBRARIES:
        return borrowed(f"{library.lower()}:{rest}")
    raise AttributeError(name)
