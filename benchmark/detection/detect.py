"""Find the anomalies of a user's series: rank detectors, score, apply a threshold, and group rows into alerts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.detection.alerts import EXPLAINED, Alert, alerts, dilate, merge_overlapping, narrow, next_peaks
from benchmark.detection.conventions import (
    CANDIDATES,
    PER_ROW,
    TRIVIAL,
    build,
    choose_window,
    equal_windows,
    refuse_long,
    seconds,
)
from benchmark.detection.peaks import RARE, Ensemble, return_level
from benchmark.detection.ranking import JOINED, LABELLED, Params, Ranking, rank
from benchmark.detection.scoring import LONG, PIECES, fit_score, longest_piece
from benchmark.detection.ties import above_ties, reaches
from benchmark.errors import UserError, counted
from benchmark.reading import Recording
from detectors import Array
from detectors.core import peaks_over_threshold, upper_quantile

Rule = Literal["peaks", "quantile", "pot"]

FALSE_ALERTS = 0.1  # expected in the whole file
LEAST = 12  # rows that each candidate can be fitted to
LISTED = 10
SLOW = 5e-4  # seconds per row from which a detector scores only if the ranking chose it
SCORING = 0.6  # share of the budget for scoring a long series; the rest is for ranking


@dataclass(frozen=True)
class Options:
    """Options of the user."""

    # detectors to rank (or the one to use); empty = the candidates that the budget allows
    detectors: tuple[str, ...] = ()
    params: Params = field(default_factory=dict)  # detector -> parameters of ``--set``
    # How the threshold is chosen. "peaks": ordinary peaks are expected to reach it ``false_alerts`` times. "quantile":
    # a share ``contamination`` of the scores is above it. "pot": the same, from a tail fitted by peaks over threshold.
    rule: Rule = "peaks"
    false_alerts: float = FALSE_ALERTS  # expected in the whole series
    contamination: float = 0.01
    budget: float = 30.0  # expected seconds of ranking, and also of scoring, at most
    seed: int = 0


@dataclass
class Finding:
    """Result of ``detect``. ``beside``: detectors added to the chosen ones; ``held_out``: origin of the threshold."""

    recording: Recording
    detectors: tuple[str, ...]
    window: int
    scores: Array
    threshold: float
    flags: NDArray[np.bool_]
    alerts: list[Alert]
    ranking: Ranking
    notes: list[str]
    options: Options = Options()
    beside: tuple[str, ...] = ()
    held_out: bool = False

    @property
    def detector(self) -> str:
        """The detector's name, or "the mean surprise of A and B, beside it C and D"."""
        chosen = f"the mean surprise of {_listed(self.detectors)}" if len(self.detectors) > 1 else self.detectors[0]
        return f"{chosen}, beside it {_listed(self.beside)}" if self.beside else chosen


def _listed(names: tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def detect(recording: Recording, options: Options | None = None) -> Finding:
    """Rank and choose detectors, score the series, flag rows, and narrow each alert to the rows that explain it."""
    options = options or Options()
    x, notes = recording.values, list(recording.notes)
    if np.ptp(x) == 0:
        notes.append(f"Every value is {x[0]:g}.")
        return _nothing_found(recording, notes, options)
    if len(x) < LEAST and not options.detectors:
        raise UserError(
            f"{recording.name} has {counted(len(x), 'row')}, and the detectors need {LEAST}: "
            "take a longer series, or choose a detector that needs fewer (--detector AbsDeviation)"
        )
    window = choose_window(x)
    names = options.detectors or _without_lof(x, window, _affordable(len(x), window, options.budget, notes), notes)
    budget = options.budget * (1 - SCORING if len(x) > LONG else 1)
    ranking = rank(x, recording.labels, names, window, options.seed, budget, options.params)
    chosen = _choose(ranking, names, options, notes)
    used = _within_budget((*chosen, *_other_detectors(ranking, names, chosen)), len(x), window, options, notes)
    chosen = tuple(name for name in chosen if name in used)
    scores, ensemble = score(x, used, len(chosen), window, options, notes)
    threshold = choose_threshold(scores, window, options, ensemble)
    flags = flag_rows(scores, threshold, recording.filled)
    found = alerts(scores, flags, window) + next_peaks(scores, flags | recording.filled, window, LISTED)
    odd = flags | recording.filled
    placed = merge_overlapping([narrow(x, alert, odd, window) for alert in found[:EXPLAINED]]) + found[EXPLAINED:]
    beside = used[len(chosen) :]
    return Finding(recording, chosen, window, scores, threshold, flags, placed, ranking, notes, options, beside)


def score(
    x: Array, names: tuple[str, ...], chosen: int, window: int, options: Options, notes: list[str]
) -> tuple[Array, Ensemble]:
    """Return (n,) scores and the ensemble; one detector's scores are unchanged. ``chosen`` counts the first names."""
    built = [build(name, window, options.seed, len(x), options.params.get(name)) for name in names]
    for detector in built:
        refuse_long(detector, longest_piece(len(x)), "the longest piece that is fitted has")
    every = [fit_score(detector, x, window) for detector in built]
    notes += [note for detector in built for note in detector.notes_]
    ensemble = Ensemble.fit(every, chosen, window, options.false_alerts)
    return ensemble(every), ensemble


def _choose(ranking: Ranking, names: tuple[str, ...], options: Options, notes: list[str]) -> tuple[str, ...]:
    if ranking.merit and not ranking.reason:
        return ranking.choice
    if len(names) == 1 or options.detectors:
        chosen = names[:1]
    else:
        chosen = tuple(n for n in names if n not in TRIVIAL)[:JOINED] or names[:1]
    if len(names) > 1:
        notes.append(f"There is no ranking: {ranking.reason} The scores below are those of {', '.join(chosen)}.")
    return chosen


def _other_detectors(ranking: Ranking, names: tuple[str, ...], chosen: tuple[str, ...]) -> tuple[str, ...]:
    """Return the other candidates that score fast; none if the user or the file's labels chose the detector."""
    if len(names) == 1 or ranking.kinds == LABELLED:
        return ()
    return tuple(name for name in names if name not in chosen and PER_ROW.get(name, 0.0) < SLOW)


def choose_threshold(scores: Array, window: int, options: Options, ensemble: Ensemble) -> float:
    """Compute the threshold by the rule of the options; 1 for an ensemble, which is scaled by its return levels."""
    if options.rule == "peaks" and ensemble.parts:
        return 1.0
    if options.rule == "peaks":
        return return_level(scores, window, options.false_alerts, slopes=True)
    estimate = upper_quantile if options.rule == "quantile" else peaks_over_threshold
    return estimate(scores, options.contamination)


def flag_rows(scores: Array, threshold: float, filled: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Flag (n,) scores that reach the threshold, or only those above its ties if half of the rows or more reach it.

    Filled rows and their neighbours are never flagged.
    """
    flags = reaches(scores, above_ties(scores, threshold))
    return flags & ~dilate(filled, 1) if filled.any() else flags


def _within_budget(chosen: tuple[str, ...], n: int, window: int, options: Options, notes: list[str]) -> tuple[str, ...]:
    """Return the detectors that score a long series within their share of the budget; at least the first."""
    if n <= LONG or options.detectors:
        return chosen
    kept, spent = [chosen[0]], seconds(chosen[0], n, window)
    for name in chosen[1:]:
        if spent + seconds(name, n, window) <= SCORING * options.budget:
            kept.append(name)
            spent += seconds(name, n, window)
    left = [name for name in chosen if name not in kept]
    if left:
        notes.append(f"Not used because {n:,} rows would take too long: {', '.join(left)} (--budget).")
    return tuple(kept)


def _affordable(n: int, window: int, budget: float, notes: list[str]) -> tuple[str, ...]:
    """Select the candidates that fit into the budget, the cheapest first; for a long series each has the whole one."""
    cost = {name: seconds(name, n, window) for name in CANDIDATES}
    kept: set[str] = set()
    for name in sorted(CANDIDATES, key=lambda name: cost[name]):
        others = 0.0 if n > LONG else sum(cost[k] for k in kept if k not in TRIVIAL)
        if name in TRIVIAL or others + cost[name] <= (SCORING * budget if n > LONG else budget):
            kept.add(name)
    left = [name for name in CANDIDATES if name not in kept]
    if n > LONG:
        notes.append(f"Detectors are fitted to {LONG:,} rows in {PIECES} pieces, and score all {n:,}.")
    if left:
        notes.append(f"Left out because {n:,} rows would take them too long: {', '.join(left)} (--budget, --detector).")
    return tuple(name for name in CANDIDATES if name in kept)


def _without_lof(x: Array, window: int, names: tuple[str, ...], notes: list[str]) -> tuple[str, ...]:
    """Leave out LOF if equal windows are ordinary: windows near them would all be alerts."""
    share = equal_windows(x, window) if "LOF" in names else 0.0
    if share <= 1 / RARE:
        return names
    notes.append(
        f"LOF is left out: {100 * share:.0f} % of the windows equal 20 others or more, and windows near these would "
        "score far above all others (--detector LOF uses it all the same)."
    )
    return tuple(name for name in names if name != "LOF")


def _nothing_found(recording: Recording, notes: list[str], options: Options) -> Finding:
    n = len(recording)
    ranking = Ranking(reason="the series is constant.")
    return Finding(recording, (), 1, np.zeros(n), 0.0, np.zeros(n, dtype=bool), [], ranking, notes, options)


SECONDS = {"hour": 3600.0, "day": 86_400.0, "week": 604_800.0, "month": 2_629_746.0, "year": 31_556_952.0}


def false_alerts(text: str, recording: Recording) -> float:
    """Parse the expected number of false alerts: ``"0.1"`` in the series, or a rate by its times as ``"1/month"``.

    Raises
    ------
    UserError
        If the text is neither, or a rate is given for a file without times.
    """
    number, slash, unit = text.partition("/")
    wanted = _positive(number)
    if wanted is None or (slash and unit not in SECONDS):
        raise UserError(
            f"--false-alerts takes a number above 0, alone or per {', '.join(SECONDS)} (1/month); got {text!r}"
        )
    if not slash:
        return wanted
    lasts = _seconds(recording.times)
    if lasts is None:
        raise UserError(
            f"--false-alerts {text}: {recording.name} has no times; give the number expected in the whole file, "
            "or name the column of the times with --time"
        )
    return wanted * lasts / SECONDS[unit]


def _positive(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None


def _seconds(times: Any) -> float | None:
    """Return the duration of the series in seconds, including its last row; None without clock times."""
    if times is None or pd.api.types.is_numeric_dtype(times) or len(times) < 2:
        return None
    first, last = (pd.Timestamp(times.iloc[row]) for row in (0, -1))
    return float((last - first).total_seconds()) * len(times) / (len(times) - 1)
