"""A fitted detector in one safetensors file, nothing pickled: arrays by name, all else as JSON in the header."""

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
    """One safetensors file; ``facts`` travel in its header."""
    from safetensors.numpy import save_file

    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    save_file(contiguous, str(path), metadata={"facts": json.dumps(facts | {"format": FORMAT})})


def read(path: str | Path) -> tuple[Arrays, Facts]:
    """Arrays and facts of :func:`write`.

    Raises
    ------
    ValueError
        If the file is of another origin, a pickle for one, or of a newer format.
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


def checked(path: str | Path, facts: Facts, name: str, version: int) -> None:
    """Refuse a file of another detector, or of another version of its scores."""
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
    """What JSON can hold of a learnt value; arrays go to ``arrays`` under names that begin with ``name``.

    Raises
    ------
    TypeError
        For a value that is none of array, number, text, None, list, tuple, dict, or dataclass of this package.
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
    """The value that :func:`encode` described."""
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
    """A dataclass of this package by module and name; nothing else is ever imported for a file."""
    module, _, name = place.partition(":")
    found = getattr(importlib.import_module(module), name, None) if module.startswith("detectors.") else None
    if not isinstance(found, type) or not is_dataclass(found):
        raise ValueError(f"a saved model names {place!r}, which is no dataclass of the detectors")
    return found
