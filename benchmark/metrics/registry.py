"""The registry of metrics: their definition, registration, selection and evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from benchmark.errors import refuse_unknown
from benchmark.metrics.ranges import Flags, Floats, Labels

Compute = Callable[[Labels, Floats, int], float]
FlagCompute = Callable[[Labels, Flags], float]


class Undefined(ValueError):
    """A metric is undefined for these labels or scores; the message is the reason, which is stored."""


class Value(NamedTuple):
    """The value of a metric, or NaN and the reason."""

    value: float
    reason: str = ""


@dataclass(frozen=True)
class Metric:
    """A registered metric. All are in [0, 1], and higher is better."""

    name: str
    title: str
    # ``(labels, scores, window) -> float``. ``window`` is a period of the series in points, the same for every
    # detector. Only metrics with a buffer use it.
    compute: Compute
    source: str
    rule: str = ""  # the threshold rule in words; "" for a metric that uses no single threshold
    default: bool = False  # True if computed for every cell; the others are computed on request
    beside: str = ""  # name of a metric that must always be shown beside this one

    def __call__(self, labels: ArrayLike, scores: ArrayLike, window: int = 1) -> float:
        """Compute the value; raise :class:`Undefined` with the reason if there is none."""
        return self.compute(*check(labels, scores), window)


@dataclass(frozen=True)
class Rule:
    """A rule that turns scores into flags (binary predictions), and its description."""

    text: str
    flag: Callable[[Labels, Floats], Flags]


METRICS: dict[str, Metric] = {}


def evaluate(labels: ArrayLike, scores: ArrayLike, window: int, names: Iterable[str] | None = None) -> dict[str, Value]:
    """Compute the values of several metrics.

    Parameters
    ----------
    labels : (n,) array of 0 and 1
    scores : (n,) array, finite, higher = more anomalous
    window : int
        A period of the series, the same for every detector that is compared.
    names : iterable of str or None
        Metrics by name; None for the default ones. Those that must be shown beside them (:attr:`Metric.beside`)
        are added.

    Returns
    -------
    dict
        Name -> :class:`Value`; NaN with the reason where a metric is undefined, e.g. if the labels have one class.

    Raises
    ------
    UserError
        For an unknown name.
    ValueError
        For arrays of unequal length, labels other than 0 and 1, or scores that are not finite.
    """
    chosen = select(names)
    try:
        arrays = check(labels, scores)
    except Undefined as error:
        return {m.name: Value(float("nan"), str(error)) for m in chosen}
    return {m.name: _value(m, *arrays, window) for m in chosen}


def _value(chosen: Metric, labels: Labels, scores: Floats, window: int) -> Value:
    try:
        return Value(chosen.compute(labels, scores, window))
    except Undefined as error:
        return Value(float("nan"), str(error))


def select(names: Iterable[str] | None = None) -> list[Metric]:
    """Return metrics by name, each with the metric to show beside it; the default metrics for None.

    Raises :class:`UserError` with a suggestion for each unknown name.
    """
    if names is None:
        return [m for m in METRICS.values() if m.default]
    chosen: dict[str, Metric] = {}
    refuse_unknown("metric", wanted := list(names), METRICS)
    for name in wanted:
        chosen[name] = METRICS[name]
        if METRICS[name].beside:
            chosen[METRICS[name].beside] = METRICS[METRICS[name].beside]
    return list(chosen.values())


def check(labels: ArrayLike, scores: ArrayLike) -> tuple[Labels, Floats]:
    """Check labels and scores; return them as (n,) uint8 and (n,) float64.

    Raises
    ------
    Undefined
        If the labels are all of one class.
    ValueError
        For other shapes, labels other than 0 and 1, or scores that are not finite.
    """
    truth, values = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != values.shape:
        raise ValueError(f"labels {truth.shape} and scores {values.shape} must be of one equal length")
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(f"the score at row {row} is {values[row]}: a detector must give a finite score to each point")
    if not np.isin(truth, (0, 1)).all():
        row = int(np.flatnonzero(~np.isin(truth, (0, 1)))[0])
        raise ValueError(f"the label at row {row} is {truth[row]}, expected 0 (normal) or 1 (anomalous)")
    n_positive = int(truth.sum())
    if n_positive in (0, len(truth)):
        raise Undefined(f"all {len(truth)} labels are {int(n_positive > 0)}: no ranking can be measured")
    return truth.astype(np.uint8), values


# -- registration of metrics -----------------------------------------------------------------------


def metric(
    title: str, source: str, rule: str = "", default: bool = False, beside: str = ""
) -> Callable[[Compute], Metric]:
    """Register ``f(labels, scores, window) -> float``; the returned metric checks its input before it calls ``f``."""

    def register(compute: Compute) -> Metric:
        name = compute.__name__
        METRICS[name] = Metric(name, title, compute, source, rule, default, beside)
        return METRICS[name]

    return register


def flag_metric(title: str, source: str) -> Callable[[FlagCompute], FlagCompute]:
    """Register ``f(labels, flagged) -> float`` once for each threshold rule, as ``<name>_<rule>``."""

    def register(compute: FlagCompute) -> FlagCompute:
        for key, rule in RULES.items():
            name = f"{compute.__name__}_{key}"
            METRICS[name] = Metric(name, f"{title} ({rule.text})", _with_rule(compute, rule), source, rule.text)
        return compute

    return register


def _with_rule(compute: FlagCompute, rule: Rule) -> Compute:
    @wraps(compute)
    def measured(labels: Labels, scores: Floats, window: int) -> float:
        return compute(labels, rule.flag(labels, scores))

    return measured


def _flag_topk(labels: Labels, scores: Floats) -> Flags:
    k = int(labels.sum())
    flags: Flags = scores >= np.partition(scores, len(scores) - k)[len(scores) - k]
    return flags


def _flag_3sigma(labels: Labels, scores: Floats) -> Flags:
    flags: Flags = scores > scores.mean() + 3 * scores.std()
    return flags


def _flag_given(labels: Labels, scores: Floats) -> Flags:
    if not np.isin(scores, (0, 1)).all():
        raise Undefined("the scores are not all 0 or 1: use a metric with a threshold rule, such as topk or 3sigma")
    return np.asarray(scores == 1)


RULES = {
    "given": Rule("scores of 0 and 1, as given", _flag_given),
    "topk": Rule("the k highest scores, k = number of labelled points, ties included", _flag_topk),
    "3sigma": Rule("scores above mean + 3 standard deviations of the scores", _flag_3sigma),
}
