"""The installed package's name for what lies in a checkout side by side.

A wheel holds ``tsad_benchmark``, with ``detectors`` and ``datasets`` within. Here it is ``benchmark`` by another name:
a plug-in that imports ``tsad_benchmark.detectors`` runs in both, and gets the same classes as ``detectors`` has.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType

import benchmark

NAME = __name__
BESIDE = ("detectors", "datasets")


class _HereByAnotherName(MetaPathFinder, Loader):
    """Each module is imported by the name that it has here, and known by both."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Ours are all within, but for ``__main__``, which Python runs from its file."""
        ours = fullname.startswith(f"{NAME}.") and fullname != f"{NAME}.__main__"
        return spec_from_loader(fullname, self) if ours else None

    def exec_module(self, module: ModuleType) -> None:
        """Put the one that is here in the place of the empty one; the import system takes what stands there."""
        within = module.__name__.removeprefix(f"{NAME}.")
        beside = within.partition(".")[0] in BESIDE
        sys.modules[module.__name__] = import_module(within if beside else f"benchmark.{within}")


def __getattr__(name: str) -> object:
    """What ``benchmark`` has, and the packages beside it."""
    return import_module(name) if name in BESIDE else getattr(benchmark, name)


__path__ = benchmark.__path__
sys.meta_path.insert(0, _HereByAnotherName())
