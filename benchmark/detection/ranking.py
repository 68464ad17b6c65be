"""Rank detectors for a series: each is evaluated on anomalies planted into it, or on the file's labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark import metrics
from benchmark.detection.conventions import TRIVIAL, build, refuse_long, seconds
from benchmark.detection.peaks import OrdinaryPeaks
from benchmark.detection.planted import HOLIDAY, KINDS, Planted, plant, weekly
from benchmark.detection.scoring import fit_score, score_parts
from detectors import Array, Detector

Params = dict[str, dict[str, Any]]

EXCERPT = 3_000
UNSEEN = 0.3  # share of an excerpt that is not fitted
SHORTEST = 200
FEW = 0.1  # expected false alerts in the excerpt at the threshold that planted anomalies are compared with
MISSED = 0.5  # mean merit below which a kind of anomaly counts as missed
TELLS_APART = 0.9
JOINED = 5  # detectors in an ensemble, at most
CLOSE = 2 / 3  # least share of the best detector's merit
LABELLED = ("labelled",)  # the kinds of a ranking by the file's labels, which is a single trial


@dataclass
class Ranking:
    """How well each detector finds anomalies planted into the user's own series (or labelled ones)."""

    # Detector -> (trials,) values in 0..1. Of a planted anomaly: the height of its peak as a share of the threshold,
    # 1 = an alert. In one excerpt of ten an ordinary peak of unfitted rows would reach it. With labels: AUROC.
    merit: dict[str, Array] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()  # kind of anomaly of each trial
    # detectors that do not differ significantly from the first one: paired bootstrap over trials, at 90 %
    tied: tuple[str, ...] = ()
    reason: str = ""  # why no ranking is possible; empty if there is one
    basis: str = "planted anomalies"  # "planted anomalies", or "the file's labels"

    @property
    def order(self) -> list[str]:
        return sorted(self.merit, key=lambda name: -float(self.merit[name].mean()))

    @property
    def choice(self) -> tuple[str, ...]:
        """The detectors to use: with labels the first, else the best windowed ones, at most five.

        These reach at least two thirds of the best one's merit. The order among them is mostly chance, what they agree
        on is not. If a trivial baseline is significantly better than all of them, it is used with the best of them,
        because it cannot detect changed shapes.
        """
        first = self.order[0]
        windowed = [name for name in self.order if name not in TRIVIAL]
        if self.kinds == LABELLED or not windowed:
            return (first,)
        if first in TRIVIAL and not set(self.tied) & set(windowed):
            return (first, windowed[0])
        least = CLOSE * float(self.merit[windowed[0]].mean())
        return tuple([name for name in windowed if self.merit[name].mean() >= least][:JOINED])

    def interval(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """Return the bootstrap interval of the mean over trials."""
        draws = _bootstrap_draws(len(self.kinds))
        low, high = np.quantile(self.merit[name][draws].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def misses(self, name: str) -> list[str]:
        """Return the kinds of planted anomalies whose mean merit is below :data:`MISSED`."""
        return [k for k in dict.fromkeys(self.kinds) if self.by_kind(name, k) < MISSED]

    def by_kind(self, name: str, kind: str) -> float:
        """Return the mean merit over the trials of one kind."""
        return float(self.merit[name][[k == kind for k in self.kinds]].mean())


def rank(
    x: Array,
    labels: NDArray[np.uint8] | None,
    names: tuple[str, ...],
    window: int,
    seed: int = 0,
    budget: float = 30.0,
    params: Params | None = None,
) -> Ranking:
    """Rank detectors by the file's labels if it has some, else by planted anomalies.

    ``budget`` bounds the expected seconds: it limits the number of excerpts, of which at least one is used.
    """
    if len(names) < 2:
        return Ranking(reason="only one detector was asked for.")
    if labels is not None and 0 < labels.sum() < len(x):
        found = {n: np.array([_auroc(n, x, labels, window, seed, params)]) for n in names}
        return Ranking(found, LABELLED, basis="the file's labels")
    if len(x) < SHORTEST:
        return Ranking(reason=f"{len(x)} rows are too few to plant anomalies into (at least {SHORTEST}).")
    ranking = _rank_planted(x, names, window, seed, budget, params)
    ranking.tied, ranking.reason = _compare(ranking)
    return ranking


def _rank_planted(
    x: Array, names: tuple[str, ...], window: int, seed: int, budget: float, params: Params | None
) -> Ranking:
    size = min(len(x), excerpt(window))
    trial_seconds = sum(seconds(name, size, window) for name in names)
    most = max(1, int(budget / trial_seconds))
    merit: dict[str, list[float]] = {name: [] for name in names}
    kinds: list[str] = []
    for _, trial in zip(range(most), trials(x, window, seed), strict=False):
        kinds += [planted.events[0][0] for planted in trial.planted]
        for name in names:
            detector, known = build(name, window, seed, params=(params or {}).get(name)), trial.excerpt[trial.known]
            refuse_long(detector, len(known), "a trial has")
            merit[name] += peak_heights(detector.fit(known), trial, window)
    return Ranking({name: np.array(values) for name, values in merit.items()}, tuple(kinds))


def excerpt(window: int) -> int:
    """Return the number of rows of an excerpt."""
    return max(EXCERPT, 12 * window)


class Trial(NamedTuple):
    """An excerpt, its ``known`` rows, which are fitted, and copies with one anomaly each in its ``unseen`` rows."""

    excerpt: Array
    known: slice
    unseen: slice
    planted: list[Planted]


def trials(x: Array, window: int, seed: int) -> Iterator[Trial]:
    """Yield two trials with an anomaly of each kind; the last, then the first, three tenths of the excerpt are unseen.

    No anomaly is fitted, and each copy contains only one, because anomalies are as rare in a long series.
    """
    rng = np.random.default_rng(seed)
    day, size = weekly(x[-10 * EXCERPT :]), min(len(x), excerpt(window))
    kinds = [*KINDS, HOLIDAY] if day is not None else [*KINDS]
    rest = int(UNSEEN * size)
    for known, unseen in (
        (slice(0, size - rest), slice(size - rest, size)),
        (slice(rest, size), slice(0, rest)),
    ):
        start = int(rng.integers(len(x) - size + 1))
        part = x[start : start + size]
        planted = []
        for kind in kinds:
            drawn = max(5, int(window * rng.choice([0.4, 0.7, 1.0])))
            length = day if day and kind == HOLIDAY else min(drawn, rest // 3)
            one = plant(part[unseen], (kind,), length, int(rng.integers(1 << 31)))
            planted += [one.within(part, unseen.start)] if one.events else []
        yield Trial(part, known, unseen, planted)


def peak_heights(detector: Detector, trial: Trial, window: int) -> list[float]:
    """Return the height of each planted anomaly's peak, from 0 at ordinary peaks to 1 at the threshold."""
    near, centre = window // 4, float(np.median(trial.excerpt[trial.known]))
    usual = OrdinaryPeaks.fit(score_parts(detector, trial.excerpt, [trial.unseen], window, centre), window)
    threshold = usual.threshold(FEW)
    found = []
    for planted in trial.planted:
        (_, a, b), *_ = planted.events
        rows = slice(max(trial.unseen.start, a - near), min(b + near, trial.unseen.stop))
        peak = float(score_parts(detector, planted.values, [rows], window, centre).max())
        found.append(float(np.clip((peak - usual.location) / (threshold - usual.location), 0, 1)))
    return found


def _compare(ranking: Ranking) -> tuple[tuple[str, ...], str]:
    if not ranking.kinds:
        return (), "no planted anomaly would change the series."
    first, *others = ranking.order
    draws = _bootstrap_draws(len(ranking.kinds))
    ahead = {o: np.mean((ranking.merit[first] - ranking.merit[o])[draws].mean(axis=1) > 0) for o in others}
    return tuple(o for o in others if ahead[o] < TELLS_APART), ""


def _bootstrap_draws(trials: int, count: int = 2000) -> NDArray[np.int64]:
    return np.random.default_rng(0).integers(0, trials, (count, trials))


def _auroc(spec: str, x: Array, labels: NDArray[np.uint8], window: int, seed: int, params: Params | None) -> float:
    detector = build(spec, window, seed, len(x), (params or {}).get(spec))
    return metrics.auroc(labels, fit_score(detector, x, window))
