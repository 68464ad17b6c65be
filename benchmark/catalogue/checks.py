"""The detector contract as named checks, for our own tests and for ``python -m benchmark check FILE``.

>>> from detectors import POLY
>>> [check.run() for check in iter_checks(POLY) if check.name == "documented"]
['passed']
"""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np

from benchmark.catalogue.invariances import INVARIANCES
from benchmark.catalogue.trials import (
    LONG,
    WIDE,
    WINDOW,
    CheckFailed,
    cheap,
    expect,
    expect_equal,
    expect_refusal,
    make,
    peak_memory,
    wave,
)
from detectors import Detector, Diet, Group

Verdict = Literal["passed", "exempt"]


@dataclass(frozen=True)
class Check:
    """One requirement of the contract, for one detector class."""

    name: str  # the key in a detector's ``exempt``, so it must not change
    requirement: str  # a sentence for the user
    detector: type[Detector]
    function: Callable[[type[Detector]], None]

    @property
    def reason(self) -> str:
        """Why the detector is exempt from the check; empty if it is not."""
        return self.detector.exempt.get(self.name, "")

    def run(self) -> Verdict:
        """Run the check.

        Raises
        ------
        CheckFailed
            If the detector fails the check, or passes it although it claims an exemption.
        Exception
            Any error that the detector itself raises.
        """
        if not self.reason:
            self.function(self.detector)
            return "passed"
        try:
            self.function(self.detector)
        except CheckFailed:
            return "exempt"
        raise CheckFailed(f"{self.detector.__name__} passes {self.name!r}: remove it from `exempt`")

    def __str__(self) -> str:
        return f"{self.detector.__name__}-{self.name}"


_CHECKS: dict[str, tuple[str, Callable[[type[Detector]], None]]] = {}


def iter_checks(detector: type[Detector]) -> Iterator[Check]:
    """Yield the checks of a detector class, cheap ones first; its ``conformance`` says whether invariances count."""
    unknown = set(detector.exempt) - set(_CHECKS)
    if unknown:
        raise CheckFailed(f"{detector.__name__}.exempt names unknown checks: {', '.join(sorted(unknown))}")
    for name, (requirement, function) in _CHECKS.items():
        if name not in INVARIANCES or detector.conformance == "invariance":
            yield Check(name, requirement, detector, function)


def _requires(requirement: str) -> Callable[[Callable[[type[Detector]], None]], Callable[[type[Detector]], None]]:
    def register(function: Callable[[type[Detector]], None]) -> Callable[[type[Detector]], None]:
        _CHECKS[function.__name__.replace("_", " ").strip()] = (requirement, function)
        return function

    return register


# -- the requirements --------------------------------------------------------------------------


@_requires("It is documented: a docstring that explains each parameter, a source, a valid learns_from and group.")
def documented(cls: type[Detector]) -> None:
    expect(len(cls.__doc__ or "") > 20, "write a docstring that says what the detector does")
    text = " ".join(base.__doc__ or "" for base in cls.__mro__ if base is not object)
    expect(bool(cls.source), "set `source` to the paper or the place that the method comes from")
    expect(cls.learns_from in get_args(Diet), f"learns_from must be one of {get_args(Diet)}, got {cls.learns_from!r}")
    expect(cls.group in get_args(Group), f"group must be one of {get_args(Group)}, got {cls.group!r}")
    missing = [name for name in cls.param_defaults() if name not in text]
    expect(not missing, f"the docstring does not explain {', '.join(missing)}")


@_requires("No method takes labels.")
def no_labels(cls: type[Detector]) -> None:
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        taken = {"y", "label", "labels", "y_true", "anomalies"} & set(inspect.signature(method).parameters)
        expect(not taken, f"{name} takes {', '.join(sorted(taken))}: a detector never gets labels")


@_requires("The constructor stores its arguments unchanged, fit does not change them, and a wrong name is refused.")
def parameters(cls: type[Detector]) -> None:
    given = cls.param_defaults() | cheap(cls)
    expect(inspect.Parameter.empty not in given.values(), "every parameter needs a default")
    detector = cls(**given)
    for name, value in given.items():
        expect(getattr(detector, name) is value, f"the constructor must store {name} unchanged")
    detector.fit(wave())
    expect(detector.get_params() == given, f"fit changed the parameters from {given} to {detector.get_params()}")
    detector.set_params(**given)
    expect(detector.get_params() == given, "set_params(**get_params()) must change nothing")
    expect_refusal(lambda: detector.set_params(no_such=1), ValueError, "no_such", "an unknown parameter")


@_requires("score before fit raises an error that says what to call.")
def unfitted(cls: type[Detector]) -> None:
    expect_refusal(lambda: make(cls).score(wave()), RuntimeError, "fit", "score before fit")


@_requires("NaN, infinity, two dimensions, no points and too few points raise an error that says which it was.")
def refusals(cls: type[Detector]) -> None:
    holed, infinite = wave(), wave()
    holed[7], infinite[9] = np.nan, np.inf
    fitted = make(cls).fit(wave())
    bad = [
        (holed, "row 7", "a NaN"),
        (infinite, "row 9", "an infinite value"),
        (wave().reshape(2, -1), "one-dimensional", "a two-dimensional array"),
        (np.zeros(0), "empty", "an empty series"),
    ]
    for x, text, what in bad:
        expect_refusal(partial(make(cls).fit, x), ValueError, text, f"fit: {what}")
        expect_refusal(partial(fitted.score, x), ValueError, text, f"score: {what}")
    for action, verb in ((make(cls), "fit"), (fitted, "score")):
        few = action.min_length() - 1
        if few > 0:
            call = partial(getattr(action, verb), wave(few))
            expect_refusal(call, ValueError, "at least", f"{verb}: {few} points")


@_requires("score gives one finite float64 score per point, for any length from min_length on.")
def output(cls: type[Detector]) -> None:
    detector = make(cls).fit(wave(400))
    least = detector.min_length()
    brief = make(cls).fit(wave(make(cls).min_length()))
    lengths = (400, 523, 260, *range(least, least + 12, 5))
    for fitted, n in [*((detector, n) for n in lengths), (brief, 400)]:
        scores = fitted.score(wave(n, seed=1))
        expect(scores.shape == (n,), f"{n} points must give {n} scores, got shape {scores.shape}")
        expect(scores.dtype == np.float64, f"scores must be float64, got {scores.dtype}")
        expect(bool(np.isfinite(scores).all()), "scores must be finite")


@_requires("Input is not changed, read-only input is accepted, and scoring twice gives the same scores.")
def input_untouched(cls: type[Detector]) -> None:
    x, before = wave(), wave()
    detector = make(cls).fit(x)
    first = detector.score(x)
    expect(np.array_equal(x, before), "fit or score changed its input")
    x.flags.writeable = False
    detector.score(wave(300, seed=2))
    expect_equal(first, make(cls).fit(x).score(x), "a read-only series")
    expect_equal(first, detector.score(x), "scoring another series in between")


@_requires("Equal parameters and seed give equal scores, whatever the global random state.")
def reproducible(cls: type[Detector]) -> None:
    x = wave()
    state = np.random.get_state()  # noqa: NPY002 - the global state must have no effect
    try:
        np.random.seed(1)  # noqa: NPY002
        first = make(cls).fit(x).score(x)
        np.random.seed(2)  # noqa: NPY002
        expect_equal(first, make(cls).fit(x).score(x), "a second run with the same seed")
    finally:
        np.random.set_state(state)  # noqa: NPY002


@_requires("sklearn.base.clone gives an unfitted copy with the same parameters and scores.")
def clone(cls: type[Detector]) -> None:
    from sklearn.base import clone as sklearn_clone

    x = wave()
    detector = make(cls).fit(x)
    copy = sklearn_clone(detector)
    expect(copy.get_params() == detector.get_params(), "the clone has other parameters")
    expect_refusal(lambda: copy.score(x), RuntimeError, "fit", "score of a fresh clone")
    expect_equal(detector.score(x), copy.fit(x).score(x), "cloning")


@_requires("A fitted detector can be pickled, and the copy gives equal scores.")
def pickled(cls: type[Detector]) -> None:
    x = wave()
    detector = make(cls).fit(x)
    again = pickle.loads(pickle.dumps(detector))
    expect_equal(detector.score(x), again.score(x), "pickling")


@_requires("float32 and integers are accepted and give the same scores as equal float64 values.")
def other_types(cls: type[Detector]) -> None:
    for x in (wave().astype(np.float32), np.round(10 * wave()).astype(np.int64)):
        same = x.astype(np.float64)
        expect_equal(make(cls).fit(x).score(x), make(cls).fit(same).score(same), f"input of type {x.dtype}")


@_requires("A constant series, one that becomes constant and one that repeats exactly get finite scores.")
def constant(cls: type[Detector]) -> None:
    flat, half = np.full(300, 3.7), wave(300)
    half[150:] = half[150]
    repeated = np.tile(np.round(20 * np.sin(2 * np.pi * np.arange(25) / 25)), 16)
    for x in (flat, half, repeated):
        make(cls).fit(x).score(x)
    make(cls).fit(flat).score(wave(300))


@_requires("fit accepts a list of pieces; a list of one piece gives the same as the piece.")
def pieces(cls: type[Detector]) -> None:
    x = wave(500)
    expect_equal(make(cls).fit([x]).score(x), make(cls).fit(x).score(x), "wrapping the series into a list")
    scores = make(cls).fit([x[:220], x[240:243], x[260:]]).score(x)
    expect(scores.shape == x.shape, "after a fit on pieces, it must score any series")


@_requires("Thresholds are finite, and predict flags exactly the scores at or above the threshold.")
def prediction(cls: type[Detector]) -> None:
    x = wave()
    detector = make(cls).fit(x)
    expect(bool(np.isfinite(detector.threshold("pot"))), "threshold('pot') must be finite")
    marked = detector.predict(x, "quantile", 0.05)
    expect(
        np.array_equal(marked, detector.score(x) >= detector.threshold("quantile", 0.05)),
        "predict is not score >= threshold",
    )


@_requires("A spike scores above the median of all scores, and raises scores around it more than it lowers them.")
def spike(cls: type[Detector]) -> None:
    x = wave(1500)
    row = 640  # after the 500 points that POLY leaves out, before the middle
    spiked = x.copy()
    spiked[row] += 5
    detector = make(cls).fit(x[:600])
    scores = detector.score(spiked)
    near = slice(row - WINDOW // 2, row + WINDOW // 2 + 1)
    rank = float((scores < scores[near].max()).mean())
    expect(rank > 0.5, f"the best score near the spike ranks at {rank:.2f} of all points, expected above 0.5")
    change = (scores - detector.score(x))[near]
    expect(
        change.max() > -change.min(),
        f"the spike raises scores around it by at most {change.max():.3g} and lowers them by up to {-change.min():.3g}",
    )


@_requires(
    "No copy of all windows: on a long series Python and numpy allocate less than n x window x 8 bytes at a time."
)
def memory(cls: type[Detector]) -> None:
    peak, limit = peak_memory(cls), LONG * WIDE * 8
    expect(peak < limit, f"peak {peak / 2**20:.1f} MiB, a full window matrix takes {limit / 2**20:.1f} MiB")


_CHECKS |= INVARIANCES
