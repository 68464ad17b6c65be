"""What the code of a library's class tells: its arguments, the names in its file, whether it draws; and its silence."""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import inspect
import io
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

SEEDS = ("random_state", "seed", "random_seed")


def arguments(model: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Arguments of a library's constructor or function."""
    return inspect.signature(model).parameters


def draws(model: type[Any]) -> bool:
    """Whether a class draws random numbers: it takes a seed, or its file uses a generator."""
    seeds = any(seed in arguments(model) for seed in SEEDS)
    return seeds or not {"random", "torch", "check_random_state"}.isdisjoint(named(model))


def named(model: Any) -> set[str]:
    """Names in the file of a class."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[model.__module__]))
    except (OSError, TypeError):  # compiled, or made in an interactive session
        return set()
    return {getattr(node, field, "") for node in ast.walk(tree) for field in ("id", "attr", "name")}


@contextlib.contextmanager
def silence() -> Any:
    """Without what a library prints and warns of: progress bars and losses, line after line."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def keep_compiled() -> None:
    """Keep stumpy's compiled code on disk: else each process compiles for a minute. Other libraries call it, too."""
    if importlib.util.find_spec("stumpy") is None:
        return
    from stumpy import cache

    for module, name in cache.get_njit_funcs():
        getattr(importlib.import_module(f"stumpy.{module}"), name).enable_caching()
