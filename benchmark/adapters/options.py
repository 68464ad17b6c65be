"""What the code of a library's class tells, and its options by name: refused before work, or tried on a few values."""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import inspect
import io
import sys
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import Any

from benchmark.errors import unknown

SEEDS = ("random_state", "seed", "random_seed")


def arguments(model: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Arguments of a library's constructor or function."""
    return inspect.signature(model).parameters


def argument_defaults(model: Callable[..., Any]) -> dict[str, Any]:
    """The defaults of these arguments."""
    return {name: one.default for name, one in arguments(model).items()}


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
    """Without what a library prints and warns of, while it is imported or learns."""
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


def check(
    spec: str,
    options: Mapping[str, Any],
    defaults: Mapping[str, Any],
    window: Collection[str] = (),
    reserved: Collection[str] = (),
    words: bool = False,
    owner: str = "",
) -> None:
    """Refuse options that a class does not take, that the run sets itself, or whose values are of another kind.

    ``defaults`` are the accepted options with theirs; one called ``kwargs`` accepts any other. Refused are the options
    in ``window``, and those in ``reserved``, which the adapter cannot do without. With ``words`` a text or None may be
    meant where a number is the default: ``n_bins=10`` often also takes "auto". The user names the detector ``spec``;
    ``owner`` has no such option, if that is another name.
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
    """Whether a value is worth a trial: any but a number of the default's sign and kind.

    Whether a plain number fits depends on the data: 50 neighbours are too many for the few windows of a trial.
    """
    if isinstance(value, bool):
        return not isinstance(default, bool)
    if not is_number(value):
        return True
    if is_number(default):
        return bool(value <= 0 < default) or (isinstance(default, int) and value != int(value))
    return isinstance(default, list | tuple)


def is_number(value: Any) -> bool:
    """Whether it is an int or a float, and no bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)
