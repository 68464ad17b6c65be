"""A class of another library behind our contract: its parameters, options and seeds."""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from benchmark.adapters.names import Listed
from benchmark.adapters.options import SEEDS, argument_defaults, arguments, check, is_odd, named, silence
from benchmark.errors import UserError, foreign
from detectors import Array, Detector
from detectors.core import SEED, WINDOW, Rule

REFUSALS: dict[tuple[str, str], str] = {}  # what libraries have said to options, by name and options
SHOWN = {"pyod": "PyOD", "tsb-ad": "TSB-AD"}  # as stored results name it
EPOCHS = ("epochs", "epoch_num", "n_epochs", "nb_epochs", "stop_epochs")
EXPLAINED = {
    "window": "int or 'auto'\n        Window length in points; 'auto' = one period.",
    "align": "str\n        Where a window's score stands.",
    "options": "dict or None\n        Arguments of the library's class; --set {spec}.NAME=VALUE sets one of them.",
    "random_state": "int\n        Seed: given to the class under its own name for it, and to the global generators.",
    "scaling": "str\n        'minmax' brings each window to 0..1 by its own extremes; 'none' leaves it.",
    "learns_from": "str\n        What it is given to fit: 'series', 'normal' or 'nothing'.",
    "max_windows": "int\n        At most so many windows, evenly spread, are fitted.",
}


class Borrowed(Detector):
    """A class of another library; what it is and takes stands in the attributes that :func:`class_of` sets."""

    group = "plug-in"
    model: ClassVar[Callable[..., Any]]  # makes the library's object
    spec: ClassVar[str] = ""  # how the user names it
    text: ClassVar[str] = ""  # what its scores depend on beyond its parameters: the file of a class of the user's
    torch: ClassVar[bool] = False  # whether it draws from torch
    unscored: ClassVar[str] = ""  # which data it gives no finite score for, and what to do then; empty = none is known
    # arguments that differ from the library's defaults: what it cannot do without, and silence
    given: ClassVar[dict[str, Any]] = {}
    window_arguments: ClassVar[tuple[str, ...]] = ()  # the library's names of the window length
    reserved: ClassVar[tuple[str, ...]] = ()  # arguments that are no options, as each run sets them
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
        """Constructor parameters and their defaults."""
        return dict(cls.defaults)

    def check_params(self) -> None:
        """Also the options: they are names with values, and :meth:`check_options` accepts them."""
        super().check_params()
        if self.options is not None:
            self.check_options(_mapping(self.options))

    def check_options(self, options: dict[str, Any]) -> None:
        """Their names and kinds, and what the class says to their values."""
        defaults, name = argument_defaults(self.model), type(self).__name__
        check(self.spec, options, defaults, self.window_arguments, self.reserved, words=True, owner=name)
        key = (self.spec, repr(options))
        if key not in REFUSALS:
            REFUSALS[key] = self._refusal(options)
        if REFUSALS[key]:
            raise ValueError(f"options {options}: {REFUSALS[key]}")

    def _refusal(self, options: dict[str, Any]) -> str:
        """What the library says to its options; empty = nothing.

        They are judged by its constructor, and by scikit-learn's own check where there is one. Odd ones are tried on a
        few values: most libraries look at a method's name, or at a number, when they use it.
        """
        defaults = argument_defaults(self.model)
        odd = {name: value for name, value in options.items() if is_odd(value, defaults.get(name))}
        said = self._said(options)
        if said or not odd:
            return said
        said = self._said(odd, x := np.random.default_rng(0).standard_normal(300))
        return "" if said and self._said({}, x) else said  # a class may fail on such values whatever is set

    def _said(self, options: dict[str, Any], x: Array | None = None) -> str:
        """What the library says when its object is made with these options, and fitted if there are values."""
        brief = {} if x is None else self.quick.get("options", {})  # a network learns for an epoch or two
        try:
            with silence():
                model = self.made(16, brief | options)
                if hasattr(model, "_parameter_constraints"):
                    model._validate_params()
                if x is not None:
                    self.tried(model, x)
        except (TypeError, ValueError, AttributeError, UserError) as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - a library may raise anything
            return f"{type(error).__name__}: {error}"
        return ""

    def tried(self, model: Any, x: Array) -> None:
        """Fit the library's object to a few values."""

    def made(self, window: int, options: dict[str, Any] | None = None) -> Any:
        """The library's object, seeded."""
        self.seed_generators()
        given = (self.options or {}) if options is None else options
        own = dict.fromkeys(self.window_arguments, window)
        seeds = {name: self.random_state for name in SEEDS if self.seeded and name in arguments(self.model)}
        options = {name: _as_list(value) for name, value in given.items()}
        with silence():
            return self.model(**{**own, **seeds, **self.prepared({**self.given, **options})})

    def prepared(self, options: dict[str, Any]) -> dict[str, Any]:
        """Arguments as the class takes them."""
        return options

    def finite(self, scores: Array, of: str) -> Array:
        """The library's scores of windows or points, if it gave each one.

        Raises
        ------
        FloatingPointError
            If one is not finite: with the reason and what to do, where they are known.
        """
        missing = np.flatnonzero(~np.isfinite(scores))
        if len(missing):
            first = f"{len(missing)} of {len(scores)} {of} get no finite score, the first is {scores[missing[0]]}"
            why = self.unscored or "why is not known here, another window length may help"
            raise FloatingPointError(f"{self.spec}: {first} at row {missing[0]}: {why}")
        return scores

    def fit(self, x: ArrayLike | Sequence[ArrayLike]) -> Self:
        """As for every detector; an error says whose it is, so that a command shows it as a message."""
        with foreign(self.spec):
            return super().fit(x)

    def score(self, x: ArrayLike) -> Array:
        """As for every detector; an error says whose it is."""
        with foreign(self.spec):
            return super().score(x)

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.spec, self.__getstate__())

    @property
    def seeded(self) -> bool:
        """Whether it draws random numbers."""
        return "random_state" in self.defaults

    def seed_generators(self) -> None:
        """Seed the global generators that a library may draw from."""
        if self.seeded:
            random.seed(self.random_state)
            np.random.seed(self.random_state)  # noqa: NPY002 - libraries draw from it
            if self.torch or "torch" in sys.modules:  # some import it in the middle of their fit
                importlib.import_module("torch").manual_seed(self.random_state)


def class_of(
    base: type[Borrowed],
    entry: Listed,
    model: Callable[..., Any],
    seeded: bool,
    windows: tuple[str, ...] = (),
    **facts: Any,
) -> type[Borrowed]:
    """A class for a library's class or function ``model``, to be imported from this package by its name.

    ``base`` is how the library is called, ``entry`` what is known of it. ``seeded``: it draws random numbers.
    ``windows`` are its arguments that are the window of a class on the series itself. ``facts`` are further attributes:
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
    """A class by its name in this package; ``body`` holds its attributes."""
    return explained(base, f"{SHOWN.get(entry.library, entry.library)}_{entry.name}", entry.spec, summary, body)


def explained(
    base: type[T], name: str, spec: str, summary: str, body: dict[str, Any], meanings: Mapping[str, str] = EXPLAINED
) -> type[T]:
    """A class whose docstring explains its ``defaults`` by these meanings."""
    lines = [f"    {key} : {meanings[key].format(spec=spec)}" for key in body.get("defaults", base.defaults)]
    text = "\n".join([f"{summary}.\n\n    Parameters\n    ----------", *lines])
    return type(name, (base,), {"__doc__": text, "__module__": __package__, "spec": spec} | body)


T = TypeVar("T", bound=Borrowed)


def _again(spec: str, state: dict[str, Any]) -> Detector:
    """What a pickle calls: the class is made anew by its name."""
    face = importlib.import_module(__package__)
    detector: Detector = face.borrowed(spec)()
    vars(detector).update(state)
    return detector


def folded(cls: type[Detector], params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with those that only the library's class knows moved into ``options``."""
    accepted = cls.param_defaults()
    if not issubclass(cls, Borrowed):
        return dict(params)
    options = {name: value for name, value in params.items() if name not in accepted}
    ours = {name: value for name, value in params.items() if name in accepted}
    return ours | ({"options": _mapping(ours.get("options") or {}) | options} if options else {})


def text_of(cls: type[Detector]) -> str:
    """What a detector's scores depend on beyond its parameters, as text: a file or a program of the user's."""
    return cls.text if issubclass(cls, Borrowed) else ""


def _mapping(options: Any) -> dict[str, Any]:
    if not isinstance(options, dict):
        raise ValueError(f"options must be names with values, got {options!r}")
    return options


def _as_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
