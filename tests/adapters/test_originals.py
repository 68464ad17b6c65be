"""Our fast detectors give the scores of the libraries' originals."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

import datasets
from benchmark.catalogue.registry import build
from benchmark.system import settings
from detectors.core import Array

W, POINTS = 32, 1500
ALL = {"max_windows": 1 << 30}


@dataclass(frozen=True)
class Original:
    """A detector of ours, and the library's with the arguments that mean the same."""

    ours: str
    spec: str
    tolerance: float
    params: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


SVM = {"nu": 0.05, "gamma": "auto", "scaling": "minmax", "learns_from": "normal"}
ORIGINALS = [
    Original("LOF", "sklearn:LocalOutlierFactor", 1e-9),
    Original("HBOS", "pyod:HBOS", 1e-8),
    Original("PCA", "pyod:PCA", 1e-8),
    Original("OCSVM", "sklearn:OneClassSVM", 1e-8, ALL, SVM),
    Original("MP", "stumpy:stump", 1e-6, {"constants": "zero"}),
]
# stumpy compiles for a minute
MARKED = [pytest.param(one, marks=[pytest.mark.slow] * one.spec.startswith("stumpy")) for one in ORIGINALS]


def scaled(scores: Array) -> Array:
    """Brought to 0..1: some libraries leave out a constant."""
    return np.asarray((scores - scores.min()) / (np.ptp(scores) or 1.0))


def generated() -> Array:
    x = np.sin(np.arange(POINTS) / 4) + 0.1 * np.random.default_rng(0).standard_normal(POINTS)
    x[1000:1010] += 3
    return x


def both(one: Original, x: Array) -> tuple[Array, Array]:
    ours = build(one.ours, {"window": W, **one.params})
    theirs = build(one.spec, {"window": W, **one.options})
    fitted = x[: len(x) // 10] if ours.learns_from == "normal" else x
    assert ours.learns_from == theirs.learns_from
    return ours.fit(fitted).score(x), theirs.fit(fitted).score(x)


@pytest.mark.parametrize("one", MARKED, ids=lambda one: one.spec)
def test_scores_are_equal_on_a_generated_series(one: Original) -> None:
    ours, theirs = both(one, generated())
    np.testing.assert_allclose(scaled(ours), scaled(theirs), atol=one.tolerance)


@pytest.mark.real
@pytest.mark.skipif(settings.data_dir() is None, reason="needs the real series (BENCHMARK_DATA)")
@pytest.mark.parametrize("name", ["Dodgers", "MGAB", "NASA-MSL", "Genesis"])
@pytest.mark.parametrize("one", MARKED, ids=lambda one: one.spec)
def test_scores_are_equal_on_real_series(one: Original, name: str) -> None:
    dataset = datasets.get(name)
    series = datasets.load(name, dataset.series_names()[0], data_dir=settings.data_dir(), mode="real")
    ours, theirs = both(one, series.values[:POINTS])
    np.testing.assert_allclose(scaled(ours), scaled(theirs), atol=one.tolerance)


@cache
def series(kind: str) -> Array:
    """Six hundred points, generated or real."""
    if kind == "generated":
        return generated()[700:1300]
    real = datasets.load("NASA-MSL", "M-1.test.out", data_dir=settings.data_dir(), mode="real")
    return np.asarray(real.values[:600])


@cache
def mean(name: str, kind: str, seeds: range) -> Array:
    """Mean scores of forests of several seeds."""
    x = series(kind)
    return np.mean([build(name, {"window": W, "random_state": seed}).fit(x).score(x) for seed in seeds], axis=0)


REAL = pytest.mark.skipif(settings.data_dir() is None, reason="needs the real series (BENCHMARK_DATA)")


@pytest.mark.parametrize("kind", ["generated", pytest.param("real", marks=[pytest.mark.real, REAL])])
@pytest.mark.parametrize("spec", ["sklearn:IsolationForest", "pyod:IForest"])
def test_forests_differ_from_ours_no_more_than_ours_from_themselves(spec: str, kind: str) -> None:
    ours, again = mean("IForest", kind, range(20)), mean("IForest", kind, range(20, 40))
    theirs = mean(spec, kind, range(20))
    assert spearmanr(ours, theirs)[0] > spearmanr(ours, again)[0] - 0.03 > 0.8
