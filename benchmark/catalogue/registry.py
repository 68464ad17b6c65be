"""Detector classes by name: those of the package, and the user's own."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import detectors as detectors_package
from benchmark.adapters import LIBRARIES, borrowed, folded, is_borrowed, module_from_text
from benchmark.catalogue.published import published_order
from benchmark.errors import UserError, nearest, no_file, refuse_unknown, unknown
from detectors import Detector

ENTRY_POINTS = "tsad_benchmark.detectors"


@cache
def _discover() -> tuple[dict[str, type[Detector]], dict[str, str]]:
    found: dict[str, type[Detector]] = {}
    broken: dict[str, str] = {}
    names = [
        m.name for m in pkgutil.iter_modules(detectors_package.__path__) if not (m.ispkg or m.name.startswith("_"))
    ]
    for name in names:
        try:
            module = importlib.import_module(f"{detectors_package.__name__}.{name}")
        except Exception as error:  # noqa: BLE001 - any error of a broken file is shown to the user
            broken[name] = f"{type(error).__name__}: {error}"
        else:
            found |= {cls.__name__: cls for cls in _detectors_in(module)}
    for point in metadata.entry_points(group=ENTRY_POINTS):
        try:
            if point.name in found:
                raise ValueError(f"another detector has this name: rename the entry point of {point.value}")
            found[point.name] = _require_detector(point.load(), point.value)
        except Exception as error:  # noqa: BLE001
            broken[point.name] = f"{type(error).__name__}: {error}"
    order = {name: k for k, name in enumerate(published_order())}
    groups = ("classical", "neural", "successor", "field", "one-liner", "untrained", "plug-in")
    ranked = sorted(found, key=lambda n: (groups.index(found[n].group) if n not in order else -1, order.get(n, 0)))
    return {name: found[name] for name in ranked}, broken


def detectors() -> dict[str, type[Detector]]:
    """Return the registered detectors by name: those of the published table in its order, then the others by group."""
    return dict(_discover()[0])


def trivial_baselines() -> tuple[str, ...]:
    """Return the names of the trivial baselines (one-liners)."""
    return tuple(name for name, cls in detectors().items() if cls.group == "one-liner")


def broken() -> dict[str, str]:
    """Return the detector files and entry points that could not be imported, with the cause; they are listed, too."""
    return dict(_discover()[1])


def load(spec: str, text: str = "") -> type[Detector]:
    """Return the detector class that ``spec`` names.

    Parameters
    ----------
    spec : str
        A registered name (``LOF``), a file (``path/mine.py`` or ``path/mine.py:Class``), an importable
        class (``package.module:Class``), or a class of another library (``pyod:KNN``, ``sklearn:OneClassSVM``).
    text : str
        Text of the file, if ``spec`` names one; if empty, the file is read.

    Raises
    ------
    UserError
        If there is nothing of that name, or it is not a detector.
    """
    known = detectors()
    if spec in known:
        return known[spec]
    for name, cause in broken().items():
        if name.lower() == spec.lower():
            raise UserError(f"detector {spec} cannot be imported: {cause}")
    if is_borrowed(spec):
        return borrowed(spec)
    path, _, name = spec.partition(":")
    if path.endswith(".py"):
        return _select_class(module_from_text(path, text or plugin_text(spec)), name, spec)
    if name:
        return _select_class(_module_from_name(path), name, spec)
    if _is_module(spec):
        raise UserError(f"{spec} is a module: name a class in it, as {spec}:CLASS")
    raise unknown("detector", spec, known, "(a file of your own: --detector path/mine.py)")


def build(
    spec: str | type[Detector],
    params: Mapping[str, Any] | None = None,
    *,
    window: int | None = None,
    seed: int | None = None,
) -> Detector:
    """Make a detector with these parameters.

    Parameters
    ----------
    spec : str or class
        As for :func:`load`.
    params : mapping
        Parameters of the detector; for a class of another library also the parameters of that class.
    window, seed : int
        Used if the default window is ``"auto"``, and if there is a ``random_state``, unless ``params`` has them.

    Raises
    ------
    UserError
        If the detector has no parameter of that name, with the most similar one.
    """
    cls = load(spec) if isinstance(spec, str) else spec
    accepted, given = cls.param_defaults(), folded(cls, params or {})
    refuse_unknown(f"parameter of {cls.__name__}", given, accepted)
    if window is not None and accepted.get("window") == "auto":
        given.setdefault("window", window)
    if seed is not None and "random_state" in accepted:
        given.setdefault("random_state", seed)
    return cls(**given)


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):  # no such package, or an empty name
        return False


def _detectors_in(module: ModuleType) -> list[type[Detector]]:
    return [
        cls
        for cls in vars(module).values()
        if inspect.isclass(cls)
        and issubclass(cls, Detector)
        and cls.__module__ == module.__name__
        and not inspect.isabstract(cls)
        and not cls.__name__.startswith("_")
    ]


def _require_detector(cls: Any, spec: str) -> type[Detector]:
    if not (inspect.isclass(cls) and issubclass(cls, Detector)):
        raise UserError(f"{spec} is not a detector: {_describe(cls, spec)}")
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(cls.__abstractmethods__))
        raise UserError(f"{spec} is an abstract class: write the missing {missing}")
    return cls


def _describe(cls: Any, spec: str) -> str:
    """Describe an object that is not a detector, and what its author can do."""
    home = detectors_package.__name__
    derive = f"derive it from {home}.WindowDetector (or {home}.Detector, on points)"
    if inspect.isfunction(cls) or inspect.isbuiltin(cls):
        return "it is a function; write a class, see python -m benchmark new detector MyDetector"
    if not inspect.isclass(cls):
        return f"it is an object of class {type(cls).__name__}; name a class, from which objects are made here"
    methods = {
        name for name in ("fit", "predict", "decision_function", "score_samples", "forward") if hasattr(cls, name)
    }
    has = ", ".join(sorted(methods))
    bases = [base.__module__.partition(".")[0] for base in cls.__mro__]
    for library in ("pyod", "aeon", "dtaianomaly"):
        if library in bases:
            return f"it is a class of {library} ({has}); run it as {library}:{spec}, or {derive}"
    if "forward" in methods:
        return f"it is a network of torch; {derive}, and train it in _fit_windows"
    if "fit" in methods and "score_samples" in methods:
        return f"it is a scikit-learn style class ({has}); run it as sklearn:{spec}, or {derive}"
    if "fit" in methods and "decision_function" in methods:
        return (
            f"it is a class with {has}; run it as pyod:{spec} if its high scores mean anomalies (as in PyOD), as "
            f"sklearn:{spec} if its low ones do (as in scikit-learn), or {derive}"
        )
    if "fit" in methods:
        return f"it is a class with {has}, and no method that gives scores; {derive} and write _score_windows"
    return f"it is a class without fit; {derive} and write _fit_windows and _score_windows"


def _select_class(module: ModuleType, name: str, spec: str) -> type[Detector]:
    if name:
        if not hasattr(module, name):
            raise unknown(f"class in {spec.partition(':')[0]}", name, [c.__name__ for c in _detectors_in(module)])
        return _require_detector(getattr(module, name), spec)
    classes = _detectors_in(module)
    own = [v for v in vars(module).values() if inspect.isclass(v) and v.__module__ == module.__name__]
    if not classes and len(own) == 1:
        return _require_detector(own[0], f"{spec}:{own[0].__name__}")
    if not own and not classes:
        functions = ", ".join(name for name, one in vars(module).items() if inspect.isfunction(one)) or "none"
        raise UserError(
            f"{spec} holds no class (functions: {functions}); write one, see "
            "python -m benchmark new detector MyDetector"
        )
    if len(classes) != 1:
        found = (
            ", ".join(c.__name__ for c in classes) or f"none among {', '.join(c.__name__ for c in own) or 'nothing'}"
        )
        raise UserError(f"{spec} must hold one detector class, found {found}: name it as {spec}:Class")
    return classes[0]


def plugin_text(spec: str) -> str:
    """Read the text of the file that ``spec`` names; empty if it names no file."""
    path = Path(spec.partition(":")[0])
    if path.suffix != ".py":
        return ""
    if not path.is_file():
        raise no_file(path, ": --detector takes a registered name, a .py file, or package.module:Class")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text, so not a Python file: {error}") from error


def _module_from_name(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        near = nearest(name, (*LIBRARIES, "exec"), cutoff=0.7)
        guess = f"; did you mean {near}:...?" if near else ""
        raise UserError(f"cannot import {name}: {error}{guess}") from error
