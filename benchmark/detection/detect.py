"""From a user's file to anomalies: rank detectors, score, flag stretches."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from benchmark import metrics
from benchmark.catalogue import registry
from benchmark.detection.planted import KINDS, plant
from benchmark.grid import Cell, expected_seconds
from benchmark.reading import Recording
from detectors import Detector, estimate_window

Array = npt.NDArray[np.float64]

CANDIDATES = ("IForest", "LOF", "MP", "PCA", "HBOS", "POLY", "MovingStd", "AbsDeviation", "AbsDifference")
FALLBACK = "AbsDeviation"
EXCERPT = 3_000
REPEATS = 2
PLANTED = 4
SHORTEST = 200
MISSED = 0.7
TELLS_APART = 0.9


@dataclass
class Ranking:
    """How well each detector finds anomalies planted into the user's own series (or labelled ones).

    Attributes
    ----------
    auroc : dict
        Detector -> (trials,) AUROC values, one per kind and excerpt.
    kinds : tuple of str
        Kind of anomaly of each trial.
    tied : tuple of str
        Detectors that the trials cannot tell from the first; a paired bootstrap over trials, at 90 %.
    reason : str
        Why no ranking is supported; empty when one is.
    """

    auroc: dict[str, Array] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()
    reason: str = ""
    basis: str = "planted anomalies"

    @property
    def order(self) -> list[str]:
        return sorted(self.auroc, key=lambda name: -float(self.auroc[name].mean()))

    def interval(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """Bootstrap interval of the mean AUROC over trials."""
        draws = _draws(len(self.kinds))
        low, high = np.quantile(self.auroc[name][draws].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def misses(self, name: str) -> list[str]:
        """Kinds of planted anomalies whose mean AUROC stays below .7."""
        return [k for k in dict.fromkeys(self.kinds) if self.by_kind(name, k) < MISSED]

    def by_kind(self, name: str, kind: str) -> float:
        """Mean AUROC over the trials of one kind."""
        return float(self.auroc[name][[k == kind for k in self.kinds]].mean())


@dataclass(frozen=True)
class Stretch:
    """Consecutive rows of high score: half-open ``start:stop``, row and score of the peak, flagged or not."""

    start: int
    stop: int
    peak: int
    score: float
    flagged: bool = True


@dataclass
class Finding:
    """What ``detect`` found."""

    recording: Recording
    detector: str
    window: int
    scores: Array
    threshold: float
    flags: npt.NDArray[np.bool_]
    stretches: list[Stretch]
    ranking: Ranking
    notes: list[str]


def detect(
    recording: Recording,
    specs: tuple[str, ...] = (),
    rule: str = "quantile",
    contamination: float = 0.01,
    budget: float = 20.0,
    seed: int = 0,
) -> Finding:
    """Rank, choose, score and flag.

    Parameters
    ----------
    recording : Recording
    specs : tuple of str
        Detectors to rank (or the one to use); empty = those of :data:`CANDIDATES` that the budget allows.
    rule, contamination
        As in :meth:`detectors.core.contract.Detector.threshold`.
    budget : float
        Seconds that one detector may be expected to take on the whole series.
    """
    x, notes = recording.values, list(recording.notes)
    if np.ptp(x) == 0:
        notes.append(f"Every value is {x[0]:g}: a constant series has no anomaly to find.")
        return _nothing(recording, notes)
    window = min(estimate_window(x, fallback=100), max(4, len(x) // 8))
    names = specs or _affordable(len(x), budget, notes)
    ranking = rank(recording, names, window, seed)
    chosen = ranking.order[0] if ranking.auroc and not ranking.reason else (names[0] if specs else FALLBACK)
    if ranking.reason and len(names) > 1:
        notes.append(f"No ranking is supported: {ranking.reason} The scores below are those of {chosen}.")
    detector = _build(chosen, window, seed)
    scores = detector.fit(x).score(x)
    threshold = detector.threshold(rule, contamination)  # type: ignore[arg-type]
    flags = (scores >= threshold) & ~recording.filled
    if recording.filled.any():
        flags &= ~_near(recording.filled, 1)
    used = int(getattr(detector, "window_", 1))
    found = stretches(scores, flags, used) + runners_up(scores, flags | recording.filled, used)
    return Finding(recording, chosen, used, scores, threshold, flags, found, ranking, notes)


def rank(recording: Recording, names: tuple[str, ...], window: int, seed: int) -> Ranking:
    """Rank by the file's own labels where it has some, else by planted anomalies."""
    x = recording.values
    if len(names) < 2:
        return Ranking(reason="only one detector was asked for.")
    if recording.labels is not None and 0 < recording.labels.sum() < len(x):
        found = {n: np.array([_auroc(n, x, recording.labels, window, seed)]) for n in names}
        return Ranking(found, ("labelled",), basis="the file's labels")
    if len(x) < SHORTEST:
        return Ranking(reason=f"{len(x)} rows are too few to plant anomalies into (at least {SHORTEST}).")
    ranking = _rank_planted(x, names, window, seed)
    ranking.tied, ranking.reason = _judge(ranking)
    return ranking


def _rank_planted(x: Array, names: tuple[str, ...], window: int, seed: int) -> Ranking:
    found: dict[str, list[float]] = {name: [] for name in names}
    kinds: list[str] = []
    for repeat, start in enumerate(np.linspace(0, max(0, len(x) - EXCERPT), REPEATS).astype(int)):
        excerpt = x[start : start + EXCERPT]
        length = int(np.clip(window, 5, len(excerpt) // (4 * PLANTED)))
        for kind in KINDS:
            planted = plant(excerpt, kind, length, PLANTED, seed + repeat)
            if not planted.labels.any():
                continue
            kinds.append(kind)
            for name in names:
                found[name].append(_auroc(name, planted.values, planted.labels, window, seed))
    return Ranking({name: np.array(values) for name, values in found.items()}, tuple(kinds))


def _judge(ranking: Ranking) -> tuple[tuple[str, ...], str]:
    if not ranking.kinds:
        return (), "no anomaly could be planted that changes the series."
    first, *others = ranking.order
    low, _ = ranking.interval(first)
    if low < 0.6:
        return (), f"even the best detector ({first}) finds planted anomalies hardly better than chance."
    draws = _draws(len(ranking.kinds))
    ahead = {o: np.mean((ranking.auroc[first] - ranking.auroc[o])[draws].mean(axis=1) > 0) for o in others}
    return tuple(o for o in others if ahead[o] < TELLS_APART), ""


def _draws(trials: int, count: int = 2000) -> npt.NDArray[np.int64]:
    return np.random.default_rng(0).integers(0, trials, (count, trials))


def _auroc(spec: str, x: Array, labels: npt.NDArray[np.uint8], window: int, seed: int) -> float:
    scores = _build(spec, min(window, len(x) // 8), seed).fit(x).score(x)
    return float(metrics.METRICS["auroc"](labels, scores, window))


def _build(spec: str, window: int, seed: int) -> Detector:
    cls = registry.load(spec)
    accepted = cls.param_defaults()
    wanted = {"window": window, "random_state": seed}
    return cls(**{k: v for k, v in wanted.items() if k in accepted and (k != "window" or accepted[k] == "auto")})


def _affordable(n: int, budget: float, notes: list[str]) -> tuple[str, ...]:
    cost = {name: expected_seconds(Cell("", "", name, ""), n) for name in CANDIDATES}
    kept = tuple(name for name in CANDIDATES if cost[name] <= budget)
    if len(kept) < len(CANDIDATES):
        left = ", ".join(name for name in CANDIDATES if name not in kept)
        notes.append(
            f"Left out because {n:,} rows would take them more than {budget:g} s: {left} (--budget, --detector)."
        )
    return kept or (FALLBACK,)


def _near(rows: npt.NDArray[np.bool_], reach: int) -> npt.NDArray[np.bool_]:
    return np.convolve(rows, np.ones(2 * reach + 1), mode="same") > 0


def stretches(scores: Array, flags: npt.NDArray[np.bool_], window: int) -> list[Stretch]:
    """Flagged rows as stretches, joined when less than half a window apart; highest peak first."""
    rows = np.flatnonzero(flags)
    if not len(rows):
        return []
    cuts = np.flatnonzero(np.diff(rows) > max(1, window // 2)) + 1
    found = []
    for part in np.split(rows, cuts):
        a, b = int(part[0]), int(part[-1]) + 1
        peak = a + int(np.argmax(scores[a:b]))
        found.append(Stretch(a, b, peak, float(scores[peak])))
    return sorted(found, key=lambda s: -s.score)


def runners_up(scores: Array, taken: npt.NDArray[np.bool_], window: int, count: int = 10) -> list[Stretch]:
    """The next highest peaks, a window apart from each other and from taken rows; each reaches half way down."""
    usual = float(np.median(scores))
    free = ~_near(taken, window) if taken.any() else np.ones(len(scores), dtype=bool)
    found: list[Stretch] = []
    while len(found) < count and free.any():
        peak = int(np.argmax(np.where(free, scores, -np.inf)))
        half = usual + (scores[peak] - usual) / 2
        if scores[peak] <= usual:
            break
        a, b = max(0, peak - window), min(len(scores), peak + window + 1)
        low = np.flatnonzero(scores[a:b] < half) + a
        start = int(low[low < peak].max(initial=a - 1)) + 1
        stop = int(low[low > peak].min(initial=b))
        found.append(Stretch(start, stop, peak, float(scores[peak]), flagged=False))
        free[max(0, start - window) : stop + window] = False
    return found


def _nothing(recording: Recording, notes: list[str]) -> Finding:
    n = len(recording)
    ranking = Ranking(reason="the series is constant.")
    return Finding(recording, "none", 1, np.zeros(n), 0.0, np.zeros(n, dtype=bool), [], ranking, notes)
