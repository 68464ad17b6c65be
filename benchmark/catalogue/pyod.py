"""Any PyOD detector over windows: ``pyod:KNN``."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from typing import Any, ClassVar

import numpy as np

from benchmark.errors import UserError, unknown
from detectors import Alignment, Array, WindowDetector, Windows

MAX_WINDOWS = 20_000
DOC = """PyOD's {name} over the windows of the series.

    Parameters
    ----------
    window : int or "auto"
        Window length in points; "auto" = one period.
    align : str
        Where a window's score stands.
    options : dict or None
        Arguments of PyOD's class.
"""


class _OverWindows(WindowDetector):
    """A PyOD detector whose samples are the windows of the series.

    At most 20,000 evenly spread windows are fitted; scores are PyOD's ``decision_function``, in blocks.
    """

    group = "plug-in"
    exempt: ClassVar[dict[str, str]] = {"memory": "PyOD keeps the fitted windows itself, at most 20,000 of them"}
    model: type[Any]

    def __init__(
        self, window: int | str = "auto", align: Alignment = "centre", options: dict[str, Any] | None = None
    ) -> None:
        super().__init__(window, align)  # type: ignore[arg-type]
        self.options = options

    def _fit_windows(self, windows: Windows) -> None:
        step = -(-len(windows) // MAX_WINDOWS)
        self.model_ = self.model(**(self.options or {}))
        self.model_.fit(windows.take(np.arange(0, len(windows), step)))

    def _score_windows(self, windows: Windows) -> Array:
        blocks = [self.model_.decision_function(np.ascontiguousarray(block)) for _, block in windows.chunks()]
        return np.concatenate(blocks)


@cache
def wrap(name: str) -> type[WindowDetector]:
    """A detector class over windows for PyOD's ``name``, e.g. ``KNN``; its options by ``--set``."""
    model = _find(name)
    body = {
        "model": model,
        "source": f"PyOD, {model.__module__}.{model.__name__}",
        "__doc__": DOC.format(name=model.__name__),
        "__module__": __name__,
    }
    return type(f"PyOD_{model.__name__}", (_OverWindows,), body)


def __getattr__(name: str) -> type[WindowDetector]:
    """Makes the wrapped classes importable by name, so that fitted ones can be pickled."""
    if name.startswith("PyOD_"):
        return wrap(name.removeprefix("PyOD_"))
    raise AttributeError(name)


def _find(name: str) -> type[Any]:
    from pyod import models

    files = [m.name for m in pkgutil.iter_modules(models.__path__)]
    file = name.lower() if name.lower() in files else None
    if file is None:
        raise unknown("PyOD detector", name, files)
    try:
        module = importlib.import_module(f"pyod.models.{file}")
    except ImportError as error:
        raise UserError(f"PyOD's {name} needs a package that is not installed: {error}") from error
    for cls in vars(module).values():
        if inspect.isclass(cls) and cls.__name__.lower() == name.lower():
            return cls
    raise UserError(f"pyod.models.{file} holds no class {name}")
