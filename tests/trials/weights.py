"""Learn weights of ScaleFlow's components from planted anomalies, as fixed numbers for :mod:`tests.trials.rules`.

example: python -m tests.trials.weights --keep rows --planted 10 --planted 11
A logistic regression of log(1 + surprise) with weights of at least 0 and an intercept for each series. In each series
its anomalous points weigh as much as its normal ones.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from detectors.core import Array
from detectors.flows.runs import DURATION
from detectors.scaleflow import COMPONENTS
from tests.trials.joins import parts_of
from tests.trials.novelty import Novel
from tests.trials.rules import Part, trust_of
from tests.trials.tuning import planted

Labels = NDArray[np.uint8]


def features(part: Part) -> Array:
    """(2 * components, n): sums over scales of log(1 + surprise) times trust, then times the rest to 1.

    Both are divided by the number of scales.
    """
    scales = {span for span, name in part.surprises if name != DURATION}
    length = len(next(iter(part.surprises.values())))
    much, little = np.zeros((2, len(COMPONENTS), length))
    for (span, name), row in part.surprises.items():
        if name in COMPONENTS:
            trust, k = trust_of(part, span), COMPONENTS.index(name)
            much[k] += trust * np.log1p(row)
            little[k] += (1 - trust) * np.log1p(row)
    return np.concatenate([much, little]) / len(scales)


def _balanced(odd: NDArray[np.bool_]) -> Array:
    return np.where(odd, 0.5 / odd.sum(), 0.5 / (~odd).sum())


def fitted(samples: list[tuple[Array, Labels]]) -> Array:
    """(features,) weights of at least 0 from the (features, n) values and (n,) labels of each series."""
    x = np.concatenate([values for values, _ in samples], axis=1)
    y = np.concatenate([labels for _, labels in samples]) > 0
    series = np.repeat(np.arange(len(samples)), [len(labels) for _, labels in samples])
    share = np.concatenate([_balanced(labels > 0) for _, labels in samples])

    def loss(theta: Array) -> tuple[float, Array]:
        margin = theta[: len(x)] @ x + theta[len(x) :][series]
        slope = share * (expit(margin) - y)
        value = share @ (np.logaddexp(0, margin) - y * margin)
        return float(value), np.concatenate([x @ slope, np.bincount(series, slope, len(samples))])

    start = np.concatenate([np.ones(len(x)), np.full(len(samples), -3.0)])
    bounds = [(0, None)] * len(x) + [(None, None)] * len(samples)
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 2000})
    assert found.success, found.message
    return np.asarray(found.x[: len(x)])


def main() -> int:
    made = argparse.ArgumentParser(
        prog="python -m tests.trials.weights", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--keep", type=Path, required=True, help="folder that keeps the surprises")
    made.add_argument("--planted", type=int, action="append", required=True, help="a seed of the planted series")
    args = made.parse_args()
    args.keep.mkdir(parents=True, exist_ok=True)
    samples = []
    for one in planted(args.planted):
        (part,) = parts_of(one, "prefix", 0, args.keep, Novel)
        samples.append((features(part), one.labels))
    half = len(COMPONENTS)
    alone = fitted([(values[:half], labels) for values, labels in samples])
    weights = fitted(samples)
    for title, row in (("LEARNED", alone), ("MUCH", weights[:half]), ("LITTLE", weights[half:])):
        print(title, "=", {name: round(float(w), 2) for name, w in zip(COMPONENTS, row, strict=True)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
