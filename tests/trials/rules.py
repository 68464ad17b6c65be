"""Rules that combine the kept surprises of a series into its score, for :mod:`tests.trials.joins`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.ndimage import uniform_filter1d

from detectors.core import Array
from detectors.flows.runs import DURATION, VOTES
from detectors.scaleflow import ScaleFlow
from tests.trials.components import DISTANCES


class Part(NamedTuple):
    """Surprises of a part of a series by ``(span, component)``, each (n,), and the points that were fitted."""

    surprises: dict[tuple[int, str], Array]
    fitted: int


Rule = Callable[[Part], Array]


Weights = dict[str, float]
Spans = Callable[[int], bool]


def joined(part: Part, weights: Weights, spans: Spans = lambda span: True, reliable: bool = False) -> Array:
    """Mean of log(1 + surprise) over scales and components, weighted."""
    logarithms = {key: np.log1p(row) for key, row in part.surprises.items()}
    return mean(Part(logarithms, part.fitted), weights, spans, reliable)


def mean(part: Part, weights: Weights, spans: Spans = lambda span: True, reliable: bool = False) -> Array:
    """Of the surprises themselves; of all spans, where the part has none of those wanted."""
    named = [key for key in part.surprises if key[1] in weights]
    used = [key for key in named if spans(key[0])] or named
    trust = {key: trust_of(part, key[0]) if reliable else 1.0 for key in used}
    shares = np.array([weights[key[1]] * trust[key] for key in used])
    return np.asarray(shares @ np.array([part.surprises[key] for key in used]) / shares.sum())


reliable = partial(joined, reliable=True)


def highest(part: Part) -> Array:
    return np.max([row for (_, name), row in part.surprises.items() if name in SIX], axis=0)


def smooth(rule: Rule, width: int = 32) -> Rule:
    """The score's centred mean over the shortest span."""
    return lambda part: uniform_filter1d(rule(part), width, mode="nearest")


def without(*names: str) -> Weights:
    return {name: weight for name, weight in SIX.items() if name not in names}


EQUAL = dict.fromkeys(("likelihood", *DISTANCES), 1.0)
HALVES = EQUAL | {"likelihood": 0.5, "gaussian": 0.5}
SIX = HALVES | {DURATION: VOTES}
TRIMMED = {"likelihood": 1.0} | {f"trimmed {name}": 1.0 for name in DISTANCES}
LOCAL = {"likelihood": 0.5, "gaussian": 0.5} | {f"local {name}": 1.0 for name in DISTANCES}
VALUE = EQUAL | {"likelihood": 0.5, "gaussian": 0.5, "distance": 0.0, "local distance": 1.0}
BOTH = {name: (HALVES.get(name, 0) + LOCAL.get(name, 0)) / 2 for name in HALVES | LOCAL}
FIXED = (32, 64, 128, 256)
# Learned on planted seeds 10 and 11 by `python -m tests.trials.weights`, which found no others for long spans.
LEARNED = {"likelihood": 0.32, "gaussian": 1.03, "distance": 2.92, "shape": 7.93, "spectrum": 1.77, DURATION: 10.79}


def prefixed(kind: str, weights: Weights) -> Weights:
    return {f"{kind} {name}": weight for name, weight in weights.items()}


REFITTED = prefixed("refitted", HALVES)
NOVEL = SIX | {"distance": 0.0, "shape": 0.0, "novel distance": 1.0, "novel shape": 1.0}
BESIDE = SIX | {"distance": 0.5, "shape": 0.5, "novel distance": 0.5, "novel shape": 0.5}


def both(part: Part) -> Array:
    """Distances whose surprise is the geometric mean of that among fitted windows and that within the series."""
    plain = [key for key in part.surprises if key[1] in ("distance", "shape")]
    means = {key: np.sqrt(part.surprises[key] * part.surprises[key[0], f"within {key[1]}"]) for key in plain}
    return reliable(Part(part.surprises | means, part.fitted), SIX)


def trust_of(part: Part, span: int) -> float:
    """Of the full weight, the share that a scale has with these fitted points."""
    return part.fitted / (part.fitted + ScaleFlow().half_weight * span)


RULES: dict[str, dict[str, Rule]] = {
    "candidates": {
        "version 3": lambda part: joined(part, EQUAL),
        "half Gaussian": lambda part: joined(part, HALVES),
        "trimmed references": lambda part: joined(part, TRIMMED),
        "smoothed": smooth(lambda part: joined(part, EQUAL)),
        "reliable scales": lambda part: reliable(part, EQUAL),
    },
    "version 5": {
        "version 4": lambda part: joined(part, HALVES),
        "reliable scales": lambda part: reliable(part, HALVES),
    },
    "version 6": {
        "version 5": lambda part: reliable(part, HALVES),
        "local distances": lambda part: reliable(part, LOCAL),
        "local distances, half": lambda part: reliable(part, BOTH),
        "local distance in value": lambda part: reliable(part, VALUE),
        "logarithm before the mean over windows": lambda part: mean(part, prefixed("log", HALVES), reliable=True),
        "the same, local distances, half": lambda part: mean(part, prefixed("log", BOTH), reliable=True),
        "least surprise of the windows": lambda part: reliable(part, prefixed("least", HALVES)),
        "refitted without odd stretches": lambda part: reliable(part, REFITTED),
        "durations": lambda part: reliable(part, SIX),
        "season": lambda part: reliable(part, HALVES | {"season": 2.0}),
    },
    "version 7": {
        "version 6": lambda part: reliable(part, SIX),
        "novelty": lambda part: reliable(part, NOVEL),
        "novelty, half": lambda part: reliable(part, BESIDE),
        "novelty within the series, half": lambda part: reliable(
            part, SIX | {"within distance": 0.5, "within shape": 0.5}
        ),
        "novelty within the series": lambda part: reliable(part, SIX | {"within distance": 1.0, "within shape": 1.0}),
        "geometric mean": both,
        "likelihood ratio": lambda part: reliable(part, SIX | {"ratio": 0.5}),
        "learned weights": lambda part: reliable(part, LEARNED),
    },
    "splines": {
        "version 6": lambda part: reliable(part, SIX),
        "spline couplings": lambda part: reliable(part, without("likelihood") | {"spline likelihood": 0.5}),
    },
    "splines alone": {
        "affine couplings alone": lambda part: reliable(part, {"likelihood": 1.0}),
        "spline couplings alone": lambda part: reliable(part, {"spline likelihood": 1.0}),
    },
    "ablation": {
        "all ideas on (version 6)": lambda part: reliable(part, SIX),
        "scales weighted by their data": lambda part: joined(part, SIX),
        "flow (a Gaussian is left)": lambda part: reliable(part, without("likelihood") | {"gaussian": 1.0}),
        "Gaussian beside the flow": lambda part: reliable(part, without("gaussian") | {"likelihood": 1.0}),
        "likelihoods (distances are left)": lambda part: reliable(part, without("likelihood", "gaussian")),
        "distances (likelihoods are left)": lambda part: reliable(part, without(*DISTANCES)),
        "distance in value": lambda part: reliable(part, without("distance")),
        "distance in shape": lambda part: reliable(part, without("shape")),
        "distance of spectra": lambda part: reliable(part, without("spectrum")),
        "durations of states": lambda part: reliable(part, without(DURATION)),
        "several scales": lambda part: reliable(part, SIX, lambda span: span in (1, FIXED[-1])),
        "scale of the period": lambda part: reliable(part, SIX, lambda span: span in (1, *FIXED)),
        "scale of 32 points": lambda part: reliable(part, SIX, lambda span: span != FIXED[0]),
        "typicality of the flow": lambda part: reliable(part, without("likelihood") | {"one-sided": 0.5}),
        "logarithm in the join (the mean)": lambda part: mean(part, SIX, reliable=True),
        "mean in the join (the maximum)": highest,
    },
}
