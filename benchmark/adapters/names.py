"""The classes of each library, those of them that detect anomalies in a series, and their search by name."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import inspect
import sys
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark.adapters.options import silence
from benchmark.errors import UserError, no_file, unknown
from detectors import Detector

LIBRARIES = ("pyod", "sklearn", "stumpy", "aeon", "dtaianomaly", "tsb-ad")
INTERFACE = {  # what a user's class must have
    "sklearn": ("fit", "score_samples or decision_function"),
    "pyod": ("fit", "decision_function"),
    "aeon": ("fit", "predict", "get_class_tags"),
    "dtaianomaly": ("fit", "decision_function"),
}
PACKAGES = {"sklearn": "scikit-learn", "torch_geometric": "torch-geometric"}  # where pip has another name


@dataclass(frozen=True)
class Listed:
    """One class or function of a library."""

    library: str  # as in ``LIBRARY:NAME``
    name: str
    module: str  # the module to import it from; empty = it runs in a separate environment
    attribute: str = ""  # its name in the module, if different
    also: tuple[str, ...] = ()  # other accepted names
    needs: str = ""  # what must be installed before it runs; empty = nothing
    refused: str = ""  # why it is not a detector for one series without labels; empty = it is one
    given: str = ""  # the user's name for it, if it is a class of the user
    text: str = ""  # text of the file, if it is a class of the user
    home: str = ""  # the adapter that makes its class, if not the one named as the library

    @property
    def spec(self) -> str:
        """``LIBRARY:NAME``."""
        return self.given or f"{self.library}:{self.name}"


def is_borrowed(spec: str) -> bool:
    """Return True if a detector's name has the form ``LIBRARY:NAME`` or ``exec:COMMAND``."""
    return spec.partition(":")[0] in (*LIBRARIES, "exec")


def listed(library: str) -> list[Listed]:
    """List all classes of a library, sorted by name.

    Raises
    ------
    UserError
        If there is no such library, or it is not installed.
    """
    return sorted(_entries(library).values(), key=lambda entry: entry.name.lower())


@cache
def borrowed(spec: str) -> type[Detector]:
    """Return the detector class for ``LIBRARY:NAME`` or ``exec:COMMAND``, e.g. ``pyod:KNN``.

    Raises
    ------
    UserError
        If the library has no such class, it cannot be used on a series, or something is not installed.
    """
    library, _, name = spec.partition(":")
    made: type[Detector]
    if library == "exec":
        made = _adapter("program").program(name)
        return made
    entry = _of_the_user(library, name) if ":" in name else _find(library, name)
    if entry.refused:
        raise UserError(f"{entry.spec} cannot be used: {entry.refused}")
    if f"{library}:{name}" != entry.spec:  # other names give the same class
        return borrowed(entry.spec)
    made = _adapter(entry.home or library).detector(entry, found(entry))
    return made


def found(entry: Listed) -> Any:
    """Import the class or function of an entry.

    Raises
    ------
    UserError
        If it needs a package that is not installed.
    """
    if not entry.module:
        return None
    try:
        with silence():
            return getattr(importlib.import_module(entry.module), entry.attribute or entry.name)
    except ImportError as error:
        raise UserError(f"{entry.spec} needs a package that is not installed: {_pip(error)} ({error})") from error


def missing(entry: Listed) -> str:
    """Return what to install before the class can be imported; empty if nothing."""
    try:
        found(entry)
    except UserError as error:
        return _pip(error.__cause__)
    return ""


def version(library: str) -> str:
    """Return the version of a library that is installed here or in its own environment; empty if in neither."""
    with contextlib.suppress(metadata.PackageNotFoundError):
        return metadata.version(PACKAGES.get(library, library))
    apart, tsb_ad = _adapter("apart"), _adapter("tsb-ad")
    pins = (*apart.HOME.environment.requirements, *tsb_ad.ENVIRONMENT.alone)
    return next((pin.partition("==")[2] for pin in pins if pin.lower().startswith(f"{library}==")), "")


def _pip(error: BaseException | None) -> str:
    module = (getattr(error, "name", None) or "").partition(".")[0]
    return f"pip install {PACKAGES.get(module, module)}" if module else f"see what this asks for: {error}"


def _adapter(library: str) -> ModuleType:
    return importlib.import_module(f"{__package__}.{library.replace('-', '_')}")


@cache
def _entries(library: str) -> dict[str, Listed]:
    if library not in LIBRARIES:
        raise unknown("library", library, LIBRARIES)
    try:
        with silence():
            return {entry.name: entry for entry in _adapter(library).entries()}
    except ImportError as error:
        return _entries_apart(library, error)


def _entries_apart(library: str, error: ImportError) -> dict[str, Listed]:
    """List the classes of a library in a separate environment, as its pins differ from ours."""
    apart = _adapter("apart")
    if library not in apart.LIBRARIES:
        raise UserError(f"{library} is not installed: {_pip(error)}") from error
    if not apart.HOME.ready:
        raise UserError(
            f"{library} cannot be imported here ({error}), as its pins differ from ours; "
            f"make an environment for it once: {apart.HOME.make}"
        ) from error
    return {entry.name: entry for entry in apart.entries(library)}


def _find(library: str, name: str) -> Listed:
    entries, wanted = _entries(library), _bare(name)
    for entry in entries.values():
        if wanted in map(_bare, (entry.name, *entry.also)):
            return entry
    raise unknown(f"{library} detector", name, entries, f"(all: python -m benchmark list --from {library})")


def _of_the_user(library: str, name: str) -> Listed:
    """Find a user's class with the library's interface, by ``mine.py:Class`` or ``package.module:Class``."""
    module, _, cls = name.rpartition(":")
    text = ""
    if module.endswith(".py"):
        path = Path(module)
        if not path.is_file():
            raise no_file(path, f": expected {library}:NAME, {library}:mine.py:Class or {library}:module:Class")
        text = path.read_text(encoding="utf-8")
        module = module_from_text(module, text).__name__
    home = importlib.import_module(module)
    if not hasattr(home, cls):
        raise UserError(f"{name.rpartition(':')[0]} has no {cls}")
    _check_interface(library, name, getattr(home, cls))
    return Listed(library, cls, module, given=f"{library}:{name}", text=text)


def _check_interface(library: str, name: str, cls: Any) -> None:
    """Raise UserError for a user's class that lacks what the library's classes have, or whose fit needs labels."""
    spec = f"{library}:{name}"
    if not inspect.isclass(cls):
        raise UserError(f"{spec} is no class: put it into one with {' and '.join(INTERFACE.get(library, ('fit',)))}")
    for wanted in INTERFACE.get(library, ()):
        if not any(hasattr(cls, method) for method in wanted.split(" or ")):
            raise UserError(f"{spec} has no {wanted}, as classes of {library} have: see docs/other-libraries.md")
    parameters = [*inspect.signature(cls.fit).parameters.values()][2:] if hasattr(cls, "fit") else []
    needed = [p.name for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    if needed:
        raise UserError(f"{spec}: its fit needs {', '.join(needed)}, but detectors are never given labels; use y=None")


@cache
def module_from_text(path: str, text: str) -> ModuleType:
    """Make a module of the text of a user's file, with a unique name.

    Raises
    ------
    UserError
        If it cannot be imported.
    """
    module = ModuleType(f"plugin_{Path(path).stem}_{hashlib.sha256(text.encode()).hexdigest()[:8]}")
    module.__file__ = str(Path(path).absolute())
    sys.modules[module.__name__] = module
    try:
        exec(compile(text, path, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        raise UserError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    return module


def _bare(name: str) -> str:
    return name.lower().replace("_", "")
