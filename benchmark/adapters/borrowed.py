"""Wrapper of a class of another library as one of our detectors: its parameters, options and seeds."""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from benchmark.adapters.names import Listed, borrowed
from benchmark.adapters.options import SEEDS, argument_defaults, arguments, check, is_odd, named, silence
from benchmark.errors import UserError, foreign
from detectors import Array, Detector
from detectors.core import SEED, WINDOW, Rule, two_windows

REFUSALS: dict[tuple[str, str], str] = {}  # error messages for options, by spec and options; "" = accepted
SHOWN = {"pyod": "PyOD", "tsb-ad": "TSB-AD"}  # names of libraries in stored results
EPOCHS = ("epochs", "epoch_num", "n_epochs", "nb_epochs", "stop_epochs")
EXPLAINED = {
    "window": "int or 'auto'\n        Window length in points; 'auto' = one period.",
    "align": "str\n        The point that gets a window's score.",
    "options": "dict or None\n        Arguments of the library's class; --set {spec}.NAME=VALUE sets one of them.",
    "random_state": "int\n        Seed: given to the class under its own name for it, and to the global generators.",
    "scaling": "str\n        'minmax' scales each window to 0..1; 'none' does not scale.",
    "learns_from": "str\n        The data that it is fitted on: 'series', 'normal' or 'nothing'.",
    "max_windows": "int\n        Maximum number of windows that are fitted; they are evenly spaced.",
}


class Borrowed(Detector):
    """A detector that wraps a class of another library; :func:`class_of` sets the class attributes."""

    group = "plug-in"
    model: ClassVar[Callable[..., Any]]  # makes the library's object
    spec: ClassVar[str] = ""  # its name for the user
    text: ClassVar[str] = ""  # text of the file, for a class of the user's; it is part of the version
    torch: ClassVar[bool] = False  # True if it draws random numbers from torch
    unscored: ClassVar[str] = ""  # for which data it gives no finite score, and what to do then; empty = not known
    given: ClassVar[dict[str, Any]] = {}  # required arguments, and those that switch off output
    window_arguments: ClassVar[tuple[str, ...]] = ()  # the library's names of the window length
    reserved: ClassVar[tuple[str, ...]] = ()  # arguments that are not options, as the adapter sets them
    defaults: ClassVar[dict[str, Any]] = {"options": None}  # our constructor's parameters
    rules: ClassVar[dict[str, Rule]] = {"window": WINDOW, "random_state": SEED}

    window_: int
    random_state: int
    options: dict[str, Any] | None

    def __init__(self, **params: Any) -> None:
        for name in params:
            if name not in self.defaults:
                raise TypeError(f"{type(self).__name__}() got an unexpected keyword argument {name!r}")
        for name, value in {**self.defaults, **params}.items():
            setattr(self, name, value)

    @classmethod
    def param_defaults(cls) -> dict[str, Any]:
        """Return the constructor parameters with their defaults."""
        return dict(cls.defaults)

    def min_length(self) -> int:
        """Return the length of two windows, as for every detector with a window."""
        return two_windows(self)

    def check_params(self) -> None:
        """Check the parameters, and the options by :meth:`check_options`."""
        super().check_params()
        if self.options is not None:
            self.check_options(_mapping(self.options))

    def check_options(self, options: dict[str, Any]) -> None:
        """Check the names and types of options, and whether the library accepts their values."""
        defaults, name = argument_defaults(self.model), type(self).__name__
        check(self.spec, options, defaults, self.window_arguments, self.reserved, words=True, owner=name)
        key = (self.spec, repr(options))
        if key not in REFUSALS:
            REFUSALS[key] = self._refusal(options)
        if REFUSALS[key]:
            raise ValueError(f"options {options}: {REFUSALS[key]}")

    def _refusal(self, options: dict[str, Any]) -> str:
        """Return the library's error message for these options, or an empty string if it accepts them.

        They are checked by its constructor, and by scikit-learn's own check if there is one. With unusual values it is
        also fitted on a few values, as most libraries check a method's name or a number only when they use it.
        """
        defaults = argument_defaults(self.model)
        odd = {name: value for name, value in options.items() if is_odd(value, defaults.get(name))}
        said = self._error_message(options)
        if said or not odd:
            return said
        said = self._error_message(odd, x := np.random.default_rng(0).standard_normal(300))
        return "" if said and self._error_message({}, x) else said  # no message if it also fails without options

    def _error_message(self, options: dict[str, Any], x: Array | None = None) -> str:
        """Return the library's error message for an object with these options, also fitted to ``x`` if given."""
        brief = {} if x is None else self.quick.get("options", {})  # two epochs for a network
        try:
            with silence():
                model = self.make_model(16, brief | options)
                if hasattr(model, "_parameter_constraints"):
                    model._validate_params()
                if x is not None:
                    self.fit_trial(model, x)
        except (TypeError, ValueError, AttributeError, UserError) as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - a library may raise anything
            return f"{type(error).__name__}: {error}"
        return ""

    def fit_trial(self, model: Any, x: Array) -> None:
        """Fit the library's object to a few values, to see whether it accepts its options."""

    def make_model(self, window: int, options: dict[str, Any] | None = None) -> Any:
        """Make the library's object, after seeding the generators."""
        self.seed_generators()
        given = (self.options or {}) if options is None else options
        own = dict.fromkeys(self.window_arguments, window)
        seeds = {name: self.random_state for name in SEEDS if self.seeded and name in arguments(self.model)}
        options = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
        with silence():
            return self.model(**{**own, **seeds, **self.prepared({**self.given, **options})})

    def prepared(self, options: dict[str, Any]) -> dict[str, Any]:
        """Convert options to the arguments that the library's class takes."""
        return options

    def finite(self, scores: Array, of: str) -> Array:
        """Return the library's scores after checking that all are finite; ``of`` is "windows" or "points".

        Raises
        ------
        FloatingPointError
            If one is not finite; the message has the reason and the next step, if they are known.
        """
        missing = np.flatnonzero(~np.isfinite(scores))
        if len(missing):
            first = f"{len(missing)} of {len(scores)} {of} get no finite score, the first is {scores[missing[0]]}"
            why = self.unscored or "the reason is not known, another window length may help"
            raise FloatingPointError(f"{self.spec}: {first} at row {missing[0]}: {why}")
        return scores

    def fit(self, x: ArrayLike | Sequence[ArrayLike]) -> Self:
        """Fit as any detector; errors are marked as foreign, so that a command shows a message, no traceback."""
        with foreign(self.spec):
            return super().fit(x)

    def score(self, x: ArrayLike) -> Array:
        """Score as any detector; errors are marked as foreign."""
        with foreign(self.spec):
            return super().score(x)

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.spec, self.__getstate__())

    @property
    def seeded(self) -> bool:
        """True if it draws random numbers."""
        return "random_state" in self.defaults

    def seed_generators(self) -> None:
        """Seed the global random generators, which a library may use."""
        if self.seeded:
            random.seed(self.random_state)
            np.random.seed(self.random_state)  # noqa: NPY002 - libraries use it
            if self.torch or "torch" in sys.modules:  # some libraries import it during their fit
                importlib.import_module("torch").manual_seed(self.random_state)


def class_of(
    base: type[Borrowed],
    entry: Listed,
    model: Callable[..., Any],
    seeded: bool,
    windows: tuple[str, ...] = (),
    **facts: Any,
) -> type[Borrowed]:
    """Make a detector class for a library's class or function ``model``; it can be imported from this package by name.

    ``base`` is the wrapper class, ``entry`` the entry of ``model`` in the list. ``seeded``: it draws random numbers.
    ``windows`` are the arguments for the window, if it takes the series itself. ``facts`` are further attributes:
    ``given``, ``learns_from``, ``source`` and others.
    """
    silent = {"verbose": 0} if "verbose" in arguments(model) else {}
    if windows:
        facts |= {"window_arguments": windows, "defaults": {"window": "auto"}}
    defaults = dict(base.defaults) | facts.pop("defaults", {}) | ({"random_state": 0} if seeded else {})
    epochs = {name: 2 for name in EPOCHS if name in arguments(model)}
    facts["quick"] = {"options": epochs} if epochs else {}
    facts["given"] = silent | facts.get("given", {})
    facts.setdefault("source", f"{model.__module__}.{model.__qualname__}")
    body = {"model": staticmethod(model), "defaults": defaults, "text": entry.text}
    body |= {"torch": seeded and "torch" in named(model)}
    return named_class(base, entry, facts["source"], body | facts)


def named_class(base: type[Borrowed], entry: Listed, summary: str, body: dict[str, Any]) -> type[Borrowed]:
    """Make a class named after the library and the entry; ``body`` has its attributes."""
    return documented_class(base, f"{SHOWN.get(entry.library, entry.library)}_{entry.name}", entry.spec, summary, body)


def documented_class(
    base: type[T], name: str, spec: str, summary: str, body: dict[str, Any], meanings: Mapping[str, str] = EXPLAINED
) -> type[T]:
    """Make a class with a docstring that explains its ``defaults`` by ``meanings``."""
    lines = [f"    {key} : {meanings[key].format(spec=spec)}" for key in body.get("defaults", base.defaults)]
    text = "\n".join([f"{summary}.\n\n    Parameters\n    ----------", *lines])
    return type(name, (base,), {"__doc__": text, "__module__": __package__, "spec": spec} | body)


T = TypeVar("T", bound=Borrowed)


def _again(spec: str, state: dict[str, Any]) -> Detector:
    """Restore a pickled detector; its class is made again by its name."""
    detector = borrowed(spec)()
    vars(detector).update(state)
    return detector


def folded(cls: type[Detector], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters, with those that only the library's class knows moved into ``options``."""
    accepted = cls.param_defaults()
    if not issubclass(cls, Borrowed):
        return dict(params)
    options = {name: value for name, value in params.items() if name not in accepted}
    ours = {name: value for name, value in params.items() if name in accepted}
    return ours | ({"options": _mapping(ours.get("options") or {}) | options} if options else {})


def text_of(cls: type[Detector]) -> str:
    """Return the text of a user's file or program, on which a detector's scores depend; empty for others."""
    return cls.text if issubclass(cls, Borrowed) else ""


def _mapping(options: Any) -> dict[str, Any]:
    if not isinstance(options, dict):
        raise ValueError(f"options must be names with values, got {options!r}")
    return options
