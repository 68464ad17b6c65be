"""Registry of the data sets: each file of ``datasets`` without a leading underscore defines one or more."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from datasets.core.archive import Archive
from datasets.core.base import DataError, Dataset, nearest


@cache
def _load_all() -> tuple[dict[str, Dataset], dict[str, str]]:
    """Import all data sets; return them by name, and the errors of unusable files by file name."""
    good: dict[str, Dataset] = {}
    broken: dict[str, str] = {}
    package = __package__.rpartition(".")[0]
    for module in pkgutil.iter_modules([str(Path(__file__).parents[1])]):
        if module.ispkg or module.name.startswith("_"):
            continue
        try:
            found = load_module(f"{package}.{module.name}")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - any error of an added file is listed
            broken[module.name] = f"{type(error).__name__}: {error}"
            continue
        good |= {dataset.name: dataset for dataset in found}
        if not found:
            broken[module.name] = "holds no subclass of Dataset"
    return good, broken


def load_module(name: str) -> list[Dataset]:
    """Return instances of the data sets that a module defines, and those in its tuple ``DATASETS``."""
    found = vars(importlib.import_module(name))
    defined = [
        cls()
        for cls in found.values()
        if inspect.isclass(cls) and issubclass(cls, Dataset) and cls.__module__ == name and not inspect.isabstract(cls)
    ]
    return [*defined, *found.get("DATASETS", ())]


def names(archives: bool = False) -> tuple[str, ...]:
    """Return the names of the data sets, in alphabetical order.

    Parameters
    ----------
    archives : bool
        Include those that a run uses only if they are named, see :class:`Archive`.

    Examples
    --------
    >>> import datasets
    >>> "MGAB" in datasets.names()
    True
    """
    return tuple(sorted(name for name, one in _load_all()[0].items() if archives or not isinstance(one, Archive)))


def broken() -> dict[str, str]:
    """Return the files of the package that cannot be used: file name -> error.

    Examples
    --------
    >>> import datasets
    >>> datasets.broken()
    {}
    """
    return dict(_load_all()[1])


def get(name: str) -> Dataset:
    """Return the data set of this name.

    Raises
    ------
    DataError
        If there is none; the message suggests the nearest name, or gives the error of its file.

    Examples
    --------
    >>> import datasets
    >>> datasets.get("MGAB").title
    'Mackey-Glass anomaly benchmark'
    """
    good, faulty = _load_all()
    if name in good:
        return good[name]
    if name in faulty:
        raise DataError(f"datasets/{name}.py cannot be used: {faulty[name]}", name)
    raise DataError(f"there is no data set {name!r}{nearest(name, sorted(good))}", name)


def name_matches(name: str, pattern: str) -> bool:
    """Return whether a pattern such as ``C-*`` matches a series' name, or its part before ``.test``.

    Examples
    --------
    >>> import datasets
    >>> [datasets.name_matches("C-1.test.out", pattern) for pattern in ("C-*", "C-1", "C-2")]
    [True, True, False]
    """
    short = name.partition(".test")[0]
    return fnmatchcase(name, pattern) or fnmatchcase(short, pattern) or name == pattern
