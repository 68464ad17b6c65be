"""Options of a library's class: their names and defaults, and checks of their values."""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import io
import sys
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import Any

from benchmark.errors import unknown

SEEDS = ("random_state", "seed", "random_seed")


def arguments(model: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Return the arguments of a library's constructor or function."""
    return inspect.signature(model).parameters


def argument_defaults(model: Callable[..., Any]) -> dict[str, Any]:
    """Return the defaults of these arguments."""
    return {name: one.default for name, one in arguments(model).items()}


def draws(model: type[Any]) -> bool:
    """Return True if a class draws random numbers: if it takes a seed, or its file uses a random generator."""
    seeds = any(seed in arguments(model) for seed in SEEDS)
    return seeds or not {"random", "torch", "check_random_state"}.isdisjoint(named(model))


def named(model: Any) -> set[str]:
    """Return the names that occur in the source file of a class."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[model.__module__]))
    except (OSError, TypeError):  # compiled, or made in an interactive session
        return set()
    return {getattr(node, field, "") for node in ast.walk(tree) for field in ("id", "attr", "name")}


@contextlib.contextmanager
def silence() -> Any:
    """Suppress output and warnings of a library while it is imported or fitted."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def keep_compiled() -> None:
    """Cache stumpy's compiled code on disk (other libraries use it, too): else each process compiles for a minute."""
    from stumpy import cache

    for module, name in cache.get_njit_funcs():
        getattr(importlib.import_module(f"stumpy.{module}"), name).enable_caching()


def check(
    spec: str,
    options: Mapping[str, Any],
    defaults: Mapping[str, Any],
    window: Collection[str] = (),
    reserved: Collection[str] = (),
    words: bool = False,
    owner: str = "",
) -> None:
    """Raise ValueError for options that a class does not take, that the adapter sets, or with a wrong type.

    ``defaults`` are the accepted options with their defaults; ``kwargs`` among them accepts any option. The options in
    ``window`` and ``reserved`` are set by the adapter. With ``words``, a text or None is allowed if the default is a
    number, as ``n_bins=10`` often also takes "auto". ``spec`` is the user's name of the detector; ``owner`` is the
    name in the message for an unknown option, if different.
    """
    for name, value in options.items():
        if name not in defaults and "kwargs" not in defaults:
            raise ValueError(str(unknown(f"option of {owner or spec}", name, defaults)))
        if name in window:
            raise ValueError(f"option {name} of {spec} is the window: set {spec}.window")
        if name in reserved:
            raise ValueError(f"option {name} of {spec} is set by each run")
        default = defaults.get(name)
        if isinstance(default, bool):
            if not isinstance(value, bool):
                raise ValueError(f"option {name} of {spec} is True or False ({default}), got {value!r}")
        elif is_number(default) and not (is_number(value) or (words and (value is None or isinstance(value, str)))):
            raise ValueError(f"option {name} of {spec} is a number ({default}), got {value!r}")


def is_odd(value: Any, default: Any) -> bool:
    """Return True if a value should be tried on data: anything but a number of the default's sign and type.

    Ordinary numbers are not tried, as their effect depends on the data: a trial has too few windows for 50 neighbours.
    """
    if isinstance(value, bool):
        return not isinstance(default, bool)
    if not is_number(value):
        return True
    if is_number(default):
        return bool(value <= 0 < default) or (isinstance(default, int) and value != int(value))
    return isinstance(default, list | tuple)


def is_number(value: Any) -> bool:
    """Return True for an int or a float, but not for a bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)
