"""A cache of values that a report derives from stored content, addressed by the hash of their inputs.

A value's name is a hash of its inputs and of the program. So a cached value is never out of date: other scores, labels,
texts or code give another name. Scores and series are represented by the hashes that the store checks on reading. The
values are plain bytes in a zip, whose checksums detect damage; damaged values are computed again. Reports may come
from strangers, so caches that unpickle (joblib, diskcache) are not used.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Self

import numpy as np

import datasets

RECORD = "report.json"
LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib", "jinja2")


class Derived:
    """A cache in a zip file, or in memory without a path.

    As a context manager it saves new values, also after an interruption.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._kept = _read(path) if path else {}
        self._used: dict[str, bytes] = {}
        self._finished = False

    @property
    def earlier(self) -> dict[str, Any]:
        """``state`` and ``files`` of the previous report here, as passed to :meth:`finish`."""
        return dict(json.loads(self._kept.get(RECORD, b'{"state": "", "files": {}}')))

    def finish(self, state: str, files: Mapping[str, str]) -> None:
        """Record the state of a written report, and drop the values that it did not need."""
        self._used[RECORD] = json.dumps({"state": state, "files": files}).encode()
        self._finished = True

    def get(self, what: str, inputs: Any, make: Callable[[], bytes]) -> bytes:
        """Return the value for these inputs; ``make`` is called if it is not cached.

        Parameters
        ----------
        what : str
            Kind of value. Together with ``inputs`` and the program it must determine the value.
        inputs : JSON, dataclasses and arrays
        """
        name = digest([program(), what, inputs])
        if name not in self._used:
            self._used[name] = self._kept[name] if name in self._kept else make()
        return self._used[name]

    def get_json(self, what: str, inputs: Any, make: Callable[[], Any]) -> Any:
        """Return a value that is JSON; see :meth:`get`."""
        return json.loads(self.get(what, inputs, lambda: json.dumps(make()).encode()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        wanted = self._used if self._finished else self._kept | self._used  # after an interruption keep all
        if self.path and wanted != self._kept:
            _write(self.path, wanted)


def _read(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as kept:
            return {name: kept.read(name) for name in kept.namelist()}
    except (OSError, zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError):
        return {}  # absent or damaged: everything can be computed again


def _write(path: Path, values: dict[str, bytes]) -> None:
    fresh = path.with_name(f"{path.name}.part")
    with suppress(OSError):  # nothing is lost: what cannot be saved is computed again
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(fresh, "w") as kept:
            for name, value in values.items():
                kept.writestr(name, value)
        os.replace(fresh, path)
    with suppress(OSError):
        fresh.unlink(missing_ok=True)


def digest(value: Any) -> str:
    """Return the hash of JSON, dataclasses and arrays."""
    text = json.dumps(value, default=_plain, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return [str(value.dtype), value.shape, hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()]
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no content to hash")


@cache
def program() -> str:
    """Return the hash of the program that makes reports: its files and the versions of its libraries."""
    found = hashlib.sha256(platform.python_version().encode())
    for folder in (Path(__file__).parents[2], Path(datasets.__file__).parent):
        for file in sorted(folder.rglob("*.*")):
            if file.is_file() and file.suffix != ".pyc":
                found.update(file.name.encode() + file.read_bytes())
    for name in LIBRARIES:
        found.update(metadata.version(name).encode())
    return found.hexdigest()
