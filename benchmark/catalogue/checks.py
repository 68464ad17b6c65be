"""What every detector must keep, as named checks: for our own tests and for anybody's file.

>>> from detectors import POLY
>>> [check.run() for check in iter_checks(POLY) if check.name == "documented"]
['passed']
"""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from benchmark.catalogue.invariances import LAWS
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
    """One promise of the contract, bound to a detector class."""

    name: str  # short and stable: the key of a detector's ``exempt``
    proves: str  # the promise, in a sentence
    detector: type[Detector]
    function: Callable[[type[Detector]], None]

    @property
    def reason(self) -> str:
        """Why the detector need not keep it; empty if it must."""
        return self.detector.exempt.get(self.name, "")

    def run(self) -> Verdict:
        """Run it.

        Raises
        ------
        CheckFailed
            If the promise is broken, or if it is kept although the detector claims an exemption.
        Exception
            Whatever the detector itself raises.
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
    """The checks that bind a detector class, cheap ones first: how many, its ``conformance`` says."""
    unknown = set(detector.exempt) - set(_CHECKS)
    if unknown:
        raise CheckFailed(f"{detector.__name__}.exempt names unknown checks: {', '.join(sorted(unknown))}")
    for name, (proves, function) in _CHECKS.items():
        if name not in LAWS or detector.conformance == "invariance":
            yield Check(name, proves, detector, function)


def _promise(proves: str) -> Callable[[Callable[[type[Detector]], None]], Callable[[type[Detector]], None]]:
    def register(function: Callable[[type[Detector]], None]) -> Callable[[type[Detector]], None]:
        _CHECKS[function.__name__.replace("_", " ").strip()] = (proves, function)
        return function

    return register


# -- the promises ------------------------------------------------------------------------------


@_promise("It says what it is: a docstring, a source, a known diet and group, each parameter explained.")
def documented(cls: type[Detector]) -> None:
    expect(len(cls.__doc__ or "") > 20, "write a docstring that says what the detector does")
    text = " ".join(base.__doc__ or "" for base in cls.__mro__ if base is not object)
    expect(bool(cls.source), "set `source` to the paper or the place that the method comes from")
    expect(cls.learns_from in get_args(Diet), f"learns_from must be one of {get_args(Diet)}, got {cls.learns_from!r}")
    expect(cls.group in get_args(Group), f"group must be one of {get_args(Group)}, got {cls.group!r}")
    silent = [name for name in cls.param_defaults() if name not in text]
    expect(not silent, f"the docstring does not explain {', '.join(silent)}")


@_promise("No method asks for labels.")
def no_labels(cls: type[Detector]) -> None:
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        asked = {"y", "label", "labels", "y_true", "anomalies"} & set(inspect.signature(method).parameters)
        expect(not asked, f"{name} takes {', '.join(sorted(asked))}: labels never reach a detector")


@_promise("The constructor stores its arguments untouched, fit leaves them alone, and a typo is refused.")
def parameters(cls: type[Detector]) -> None:
    given = cls.param_defaults() | cheap(cls)
    expect(inspect.Parameter.empty not in given.values(), "every parameter needs a default")
    detector = cls(**given)
    for name, value in given.items():
        expect(getattr(detector, name) is value, f"the constructor must store {name} as it came")
    detector.fit(wave())
    expect(detector.get_params() == given, f"fit changed the parameters from {given} to {detector.get_params()}")
    detector.set_params(**given)
    expect(detector.get_params() == given, "set_params(**get_params()) must change nothing")
    expect_refusal(lambda: detector.set_params(no_such=1), ValueError, "no_such", "an unknown parameter")


@_promise("score before fit is refused and says what to call.")
def unfitted(cls: type[Detector]) -> None:
    expect_refusal(lambda: make(cls).score(wave()), RuntimeError, "fit", "score before fit")


@_promise("NaN, infinity, two dimensions, no points and too few points are refused, saying which.")
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
        expect_refusal(lambda x=x: make(cls).fit(x), ValueError, text, f"fit: {what}")  # type: ignore[misc]
        expect_refusal(lambda x=x: fitted.score(x), ValueError, text, f"score: {what}")  # type: ignore[misc]
    for action, verb in ((make(cls), "fit"), (fitted, "score")):
        few = action.min_length() - 1
        if few > 0:
            call = getattr(action, verb)
            expect_refusal(lambda call=call, few=few: call(wave(few)), ValueError, "at least", f"{verb}: {few} points")  # type: ignore[misc]


@_promise("One finite float64 score per point, also for another length than the fitted one, down to the least.")
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


@_promise("Input stays as it was, read-only input is accepted, and scoring twice gives the same.")
def input_untouched(cls: type[Detector]) -> None:
    x, before = wave(), wave()
    detector = make(cls).fit(x)
    first = detector.score(x)
    expect(np.array_equal(x, before), "fit or score changed its input")
    x.flags.writeable = False
    detector.score(wave(300, seed=2))
    expect_equal(first, make(cls).fit(x).score(x), "a read-only series")
    expect_equal(first, detector.score(x), "scoring another series in between")


@_promise("Equal parameters and seed give equal scores, whatever the global random state.")
def reproducible(cls: type[Detector]) -> None:
    x = wave()
    state = np.random.get_state()  # noqa: NPY002 - the global state is what must not matter
    try:
        np.random.seed(1)  # noqa: NPY002
        first = make(cls).fit(x).score(x)
        np.random.seed(2)  # noqa: NPY002
        expect_equal(first, make(cls).fit(x).score(x), "a second run with the same seed")
    finally:
        np.random.set_state(state)  # noqa: NPY002


@_promise("sklearn.base.clone gives an unfitted copy with the same parameters and scores.")
def clone(cls: type[Detector]) -> None:
    from sklearn.base import clone as sklearn_clone

    x = wave()
    detector = make(cls).fit(x)
    copy = sklearn_clone(detector)
    expect(copy.get_params() == detector.get_params(), "the clone has other parameters")
    expect_refusal(lambda: copy.score(x), RuntimeError, "fit", "score of a fresh clone")
    expect_equal(detector.score(x), copy.fit(x).score(x), "cloning")


@_promise("A fitted detector survives pickling with equal scores.")
def pickled(cls: type[Detector]) -> None:
    x = wave()
    detector = make(cls).fit(x)
    again = pickle.loads(pickle.dumps(detector))
    expect_equal(detector.score(x), again.score(x), "pickling")


@_promise("float32 and integers are accepted and mean the same as float64 of equal value.")
def other_types(cls: type[Detector]) -> None:
    for x in (wave().astype(np.float32), np.round(10 * wave()).astype(np.int64)):
        same = x.astype(np.float64)
        expect_equal(make(cls).fit(x).score(x), make(cls).fit(same).score(same), f"input of type {x.dtype}")


@_promise("A constant series, one that turns constant and one that repeats exactly get finite scores.")
def constant(cls: type[Detector]) -> None:
    flat, half = np.full(300, 3.7), wave(300)
    half[150:] = half[150]
    repeated = np.tile(np.round(20 * np.sin(2 * np.pi * np.arange(25) / 25)), 16)
    for x in (flat, half, repeated):
        make(cls).fit(x).score(x)
    make(cls).fit(flat).score(wave(300))


@_promise("A series of pieces can be fitted; one piece alone is the series itself.")
def pieces(cls: type[Detector]) -> None:
    x = wave(500)
    expect_equal(make(cls).fit([x]).score(x), make(cls).fit(x).score(x), "wrapping the series into a list")
    scores = make(cls).fit([x[:220], x[240:243], x[260:]]).score(x)
    expect(scores.shape == x.shape, "fitted on pieces, it must score any series")


@_promise("Thresholds are finite and predict marks exactly the scores that reach them.")
def prediction(cls: type[Detector]) -> None:
    x = wave()
    detector = make(cls).fit(x)
    expect(bool(np.isfinite(detector.threshold("pot"))), "threshold('pot') must be finite")
    marked = detector.predict(x, "quantile", 0.05)
    expect(
        np.array_equal(marked, detector.score(x) >= detector.threshold("quantile", 0.05)),
        "predict is not score >= threshold",
    )


@_promise("A spike ranks above the middle of all scores, and raises scores around it more than it lowers them.")
def spike(cls: type[Detector]) -> None:
    x = wave(1500)
    row = 640  # behind the 500 points that POLY leaves out, in front of the middle
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


@_promise(
    "No copy of all windows: on a long series Python and numpy allocate less than n x window x 8 bytes at a time."
)
def memory(cls: type[Detector]) -> None:
    peak, limit = peak_memory(cls), LONG * WIDE * 8
    expect(peak < limit, f"peak {peak / 2**20:.1f} MiB, a full window matrix takes {limit / 2**20:.1f} MiB")


def _law(fault: Callable[[Callable[..., Detector]], str]) -> Callable[[type[Detector]], None]:
    def check(cls: type[Detector]) -> None:
        said = fault(lambda **params: cls(**cheap(cls) | params))
        expect(not said, said)

    return check


_CHECKS |= {name: (proves, _law(fault)) for name, (proves, fault) in LAWS.items()}
