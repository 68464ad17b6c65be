"""Any PyOD detector over windows: ``pyod:KNN``."""

from __future__ import annotations

import importlib
import inspect
import random
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmark.errors import UserError, unknown
from detectors import Alignment, Array, Detector, WindowDetector, Windows

MAX_WINDOWS = 20_000
SEEDS = ("random_state", "seed", "random_seed")
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
DOC_SEED = """    random_state : int
        Seed: given to PyOD's class under its own name for it, and to the global generators it may draw from.
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
        self.model_ = self.model(**self._seeded(), **(self.options or {}))
        self.model_.fit(windows.take(np.arange(0, len(windows), step)))

    def _score_windows(self, windows: Windows) -> Array:
        blocks = [self.model_.decision_function(np.ascontiguousarray(block)) for _, block in windows.chunks()]
        return np.concatenate(blocks)

    def _seeded(self) -> dict[str, int]:
        return {}


class _RandomOverWindows(_OverWindows):
    """The same for a class that draws random numbers."""

    version = 2  # the seed reaches PyOD

    def __init__(
        self,
        window: int | str = "auto",
        align: Alignment = "centre",
        options: dict[str, Any] | None = None,
        random_state: int = 0,
    ) -> None:
        super().__init__(window, align, options)
        self.random_state = random_state

    def _score_windows(self, windows: Windows) -> Array:
        _seed_generators(self.random_state)
        return super()._score_windows(windows)

    def _seeded(self) -> dict[str, int]:
        _seed_generators(self.random_state)
        accepted = inspect.signature(self.model).parameters
        return {name: self.random_state for name in SEEDS if name in accepted and name not in (self.options or {})}


def _seed_generators(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - PyOD's classes draw from it
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


@cache
def wrap(name: str) -> type[WindowDetector]:
    """A detector class over windows for PyOD's ``name``, e.g. ``KNN``, by class or by file; options by ``--set``.

    Raises
    ------
    UserError
        If PyOD has no such class, or it needs a package that is not installed.
    """
    model = _find(name)
    base = _RandomOverWindows if _draws(model) else _OverWindows
    body = {
        "model": model,
        "source": f"PyOD, {model.__module__}.{model.__name__}",
        "__doc__": DOC.format(name=model.__name__) + (DOC_SEED if base is _RandomOverWindows else ""),
        "__module__": __name__,
    }
    return type(f"PyOD_{model.__name__}", (base,), body)


def _draws(model: type[Any]) -> bool:
    """Whether a class draws random numbers: it takes a seed, or its file uses torch's or NumPy's generators."""
    if any(seed in inspect.signature(model).parameters for seed in SEEDS):
        return True
    return bool(re.search(r"\btorch\b|\brandom\b", inspect.getsource(sys.modules[model.__module__])))


def __getattr__(name: str) -> type[Detector]:
    """Makes the wrapped classes importable by name, so that fitted ones can be pickled."""
    if name.startswith("PyOD_"):
        return wrap(name.removeprefix("PyOD_"))
    raise AttributeError(name)


def _find(name: str) -> type[Any]:
    """The class of that name, or the one in the file of that name, without importing PyOD's other files."""
    classes = _named_classes()
    wanted = name.lower().replace("_", "")
    for cls, file in classes.items():
        if wanted in (cls.lower().replace("_", ""), file.replace("_", ""), file.removeprefix("ts_").replace("_", "")):
            return _imported(file, cls)
    raise unknown("PyOD detector", name, classes)


@cache
def _named_classes() -> dict[str, str]:
    """PyOD's detector classes by name, each with its file, read from the sources."""
    from pyod import models

    folder = Path(models.__path__[0])
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.py")):
        if not path.name.startswith(("_", "base")):
            text = path.read_text(encoding="utf-8")
            for cls in re.findall(r"^class (\w+)\(.*(?:Detector|BaseDeep\w*)\b", text, re.M):
                found.setdefault(cls, path.stem)
    return found


def _imported(file: str, cls: str) -> type[Any]:
    try:
        model: type[Any] = getattr(importlib.import_module(f"pyod.models.{file}"), cls)
    except ImportError as error:
        package = error.name or "what this names"
        raise UserError(
            f"PyOD's {cls} needs a package that is not installed: pip install {package} ({error})"
        ) from error
    return model
