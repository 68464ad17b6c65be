"""Save a fitted detector to one safetensors file without pickle: arrays by name, all else as JSON in the header."""

from __future__ import annotations

import importlib
import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
Arrays = dict[str, NDArray[Any]]
Facts = dict[str, Any]


def write(path: str | Path, arrays: Arrays, facts: Facts) -> None:
    """Write one safetensors file with ``facts`` in its header."""
    from safetensors.numpy import save_file

    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    save_file(contiguous, str(path), metadata={"facts": json.dumps(facts | {"format": FORMAT})})


def read(path: str | Path) -> tuple[Arrays, Facts]:
    """Read the arrays and facts that :func:`write` wrote.

    Raises
    ------
    ValueError
        If the file has another origin (for example a pickle), or a newer format.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            if "facts" not in metadata:
                raise ValueError(f"{path} was not saved by one of these detectors: its header holds no 'facts'")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(
            f"{path} is not a safetensors file ({error}); pickled models are not read, save the model with .save(path)"
        ) from error
    facts = json.loads(metadata["facts"])
    if facts.get("format", 0) > FORMAT:
        raise ValueError(
            f"{path} has format {facts['format']}, this release reads up to {FORMAT}: update tsad-benchmark"
        )
    return arrays, facts


def check(path: str | Path, facts: Facts, name: str, version: int) -> None:
    """Raise ValueError if the file was written by another detector, or by another version of it."""
    if facts["detector"] != name:
        raise ValueError(f"{path} holds {facts['detector']}, not {name}: load it with that class")
    if facts["version"] > version:
        raise ValueError(
            f"{path} was written by {name} version {facts['version']}, newer than this one ({version}): "
            "update tsad-benchmark"
        )
    if facts["version"] < version:
        raise ValueError(
            f"{path} was written by {name} version {facts['version']}, whose scores differ from those of version "
            f"{version}: fit again"
        )


def encode(value: Any, name: str, arrays: Arrays) -> Any:
    """Convert a learnt value to JSON types; its arrays are added to ``arrays`` under names that begin with ``name``.

    Raises
    ------
    TypeError
        If a value is not an array, number, text, None, list, tuple, dict or dataclass of this package.
    """
    if isinstance(value, np.ndarray) and value.dtype != object:
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return {type(value).__name__: [encode(each, f"{name}.{k}", arrays) for k, each in enumerate(value)]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: encode(each, f"{name}.{key}", arrays) for key, each in value.items()}}
    kind = type(value)
    if is_dataclass(kind) and kind.__module__.startswith("detectors."):
        parts = {f.name: encode(getattr(value, f.name), f"{name}.{f.name}", arrays) for f in fields(kind)}
        return {"dataclass": f"{kind.__module__}:{kind.__qualname__}", "fields": parts}
    raise TypeError(f"{name} is a {kind.__module__}.{kind.__qualname__}, which cannot be saved without pickle")


def decode(saved: Any, arrays: Arrays) -> Any:
    """Restore a value that :func:`encode` converted."""
    if not isinstance(saved, dict):
        return saved
    if "array" in saved:
        return arrays[saved["array"]]
    if "list" in saved:
        return [decode(each, arrays) for each in saved["list"]]
    if "tuple" in saved:
        return tuple(decode(each, arrays) for each in saved["tuple"])
    if "dict" in saved:
        return {key: decode(each, arrays) for key, each in saved["dict"].items()}
    return _dataclass(saved["dataclass"])(**{key: decode(each, arrays) for key, each in saved["fields"].items()})


def _dataclass(place: str) -> type[Any]:
    """Import a dataclass of this package, given as "module:name"; a file can cause no other import."""
    module, _, name = place.partition(":")
    found = getattr(importlib.import_module(module), name, None) if module.startswith("detectors.") else None
    if not isinstance(found, type) or not is_dataclass(found):
        raise ValueError(f"a saved model names {place!r}, which is not a dataclass of the detectors")
    return found
