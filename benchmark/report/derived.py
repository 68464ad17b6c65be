"""What a report derives from stored content, kept beside it and found again by all that it was made of.

A value's name is a hash of its inputs and of the program. So a kept value is never out of date: other scores, labels,
words or code have another name. Scores and series enter by the hashes that the store checks when it reads them. The
values are plain bytes in a zip, whose checksums find damage; a damaged one is made again. A report may come from
elsewhere: so no cache that unpickles (joblib, diskcache) serves.
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
    """Values by what they are made of, in a zip file, or kept nowhere without a path.

    A context manager that keeps new ones, after an interruption too.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._kept = _read(path) if path else {}
        self._used: dict[str, bytes] = {}
        self._finished = False

    @property
    def earlier(self) -> dict[str, Any]:
        """``state`` and ``files`` of the report that lies here, as :meth:`finish` got them."""
        return dict(json.loads(self._kept.get(RECORD, b'{"state": "", "files": {}}')))

    def finish(self, state: str, files: Mapping[str, str]) -> None:
        """The report is written: remember what it was made of, and forget what it did not need."""
        self._used[RECORD] = json.dumps({"state": state, "files": files}).encode()
        self._finished = True

    def get(self, what: str, inputs: Any, make: Callable[[], bytes]) -> bytes:
        """The value made of these inputs; ``make`` is called where it is not kept.

        Parameters
        ----------
        what : str
            Kind of value: with ``inputs`` and the program it must determine the value.
        inputs : JSON, dataclasses and arrays
        """
        name = digest([program(), what, inputs])
        if name not in self._used:
            self._used[name] = self._kept[name] if name in self._kept else make()
        return self._used[name]

    def get_json(self, what: str, inputs: Any, make: Callable[[], Any]) -> Any:
        """The same for a value that is JSON."""
        return json.loads(self.get(what, inputs, lambda: json.dumps(make()).encode()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        wanted = self._used if self._finished else self._kept | self._used  # interrupted: others may be wanted yet
        if self.path and wanted != self._kept:
            _write(self.path, wanted)


def _read(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as kept:
            return {name: kept.read(name) for name in kept.namelist()}
    except (OSError, zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError):
        return {}  # absent or damaged: all of it can be made again


def _write(path: Path, values: dict[str, bytes]) -> None:
    fresh = path.with_name(f"{path.name}.part")
    with suppress(OSError):  # nothing is lost: what cannot be kept is made again
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(fresh, "w") as kept:
            for name, value in values.items():
                kept.writestr(name, value)
        os.replace(fresh, path)
    with suppress(OSError):
        fresh.unlink(missing_ok=True)


def digest(value: Any) -> str:
    """Hash of JSON, dataclasses and arrays."""
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
    """Hash of the program that makes reports: its files and the versions of the libraries it draws with."""
    found = hashlib.sha256(platform.python_version().encode())
    for folder in (Path(__file__).parents[1], Path(datasets.__file__).parent):
        for file in sorted(folder.rglob("*.*")):
            if file.is_file() and file.suffix != ".pyc":
                found.update(file.name.encode() + file.read_bytes())
    for name in LIBRARIES:
        found.update(metadata.version(name).encode())
    return found.hexdigest()
