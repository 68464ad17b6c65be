"""Data sets by name: each file of the package without a leading underscore holds one."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from datasets._archive import Archive
from datasets._base import DataError, Dataset, nearest


@cache
def _found() -> tuple[dict[str, Dataset], dict[str, str]]:
    """Data sets by name, and the causes of files that could not be used, by file name."""
    good: dict[str, Dataset] = {}
    broken: dict[str, str] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith("_"):
            continue
        try:
            found = load_module(f"{__package__}.{module.name}")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a dropped-in file does, it is listed
            broken[module.name] = f"{type(error).__name__}: {error}"
            continue
        good |= {dataset.name: dataset for dataset in found}
        if not found:
            broken[module.name] = "holds no subclass of Dataset"
    return good, broken


def load_module(name: str) -> list[Dataset]:
    """Instances of the data sets that a module defines itself, and those in its tuple ``DATASETS``."""
    found = vars(importlib.import_module(name))
    made = [
        cls()
        for cls in found.values()
        if inspect.isclass(cls) and issubclass(cls, Dataset) and cls.__module__ == name and not inspect.isabstract(cls)
    ]
    return [*made, *found.get("DATASETS", ())]


def names(archives: bool = False) -> tuple[str, ...]:
    """Names of the data sets, in alphabetical order.

    Parameters
    ----------
    archives : bool
        Also those that a run includes only when it names them, see :class:`Archive`.

    Examples
    --------
    >>> import datasets
    >>> "MGAB" in datasets.names()
    True
    """
    return tuple(sorted(name for name, one in _found()[0].items() if archives or not isinstance(one, Archive)))


def broken() -> dict[str, str]:
    """Files of the package that could not be used: file name and cause.

    Examples
    --------
    >>> import datasets
    >>> datasets.broken()
    {}
    """
    return dict(_found()[1])


def get(name: str) -> Dataset:
    """The data set of this name.

    Raises
    ------
    DataError
        If there is none; the message proposes the nearest name, or says why its file does not import.

    Examples
    --------
    >>> import datasets
    >>> datasets.get("MGAB").title
    'Mackey-Glass anomaly benchmark'
    """
    good, faulty = _found()
    if name in good:
        return good[name]
    if name in faulty:
        raise DataError(f"datasets/{name}.py cannot be used: {faulty[name]}", name)
    raise DataError(f"there is no data set {name!r}{nearest(name, sorted(good))}", name)


def name_matches(name: str, pattern: str) -> bool:
    """Whether a pattern such as ``C-*`` means a series: by its name, whole or up to ``.test``.

    Examples
    --------
    >>> import datasets
    >>> [datasets.name_matches("C-1.test.out", pattern) for pattern in ("C-*", "C-1", "C-2")]
    [True, True, False]
    """
    short = name.partition(".test")[0]
    return fnmatchcase(name, pattern) or fnmatchcase(short, pattern) or name == pattern
