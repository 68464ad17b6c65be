"""Explain alerts by similar windows elsewhere, in words and as a drawing; describe the ranking."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from benchmark.detection.alerts import Alert, SimilarWindows
from benchmark.detection.detect import Finding
from benchmark.detection.ranking import LABELLED, Ranking
from benchmark.errors import counted
from benchmark.metrics import segments
from benchmark.report import traces
from detectors import Array

WIDTH, HEIGHT, BUCKETS = 600, 120, 300
DECIMALS = 6  # at most, unless a value is small


def expected_at_peak(finding: Finding, alert: Alert) -> tuple[str, str, str] | None:
    """Format minimum, median and maximum of similar windows at the peak, with the decimals of the value there."""
    if (expected := alert.expected) is None:
        return None
    value = float(finding.recording.values[alert.peak])
    point = finding.recording.mark(".")
    texts = np.format_float_positional(value, trim="-").replace(".", point), finding.recording.show_value(alert.peak)
    decimals = max(len(digits) for text in texts for digits in re.findall(rf"[{point}](\d*)", text) or [""])
    form = ".4g" if decimals > DECIMALS and abs(value) < 1 else f".{min(decimals, DECIMALS)}f"
    low, middle, high = (finding.recording.mark(format(level, form)) for level in expected)
    return low, middle, high


def explain(finding: Finding, alert: Alert) -> str:
    """Explain an alert in a sentence: its value at the peak, and the values of similar windows there."""
    expected = expected_at_peak(finding, alert)
    if expected is None or alert.similar is None:
        return "There is no similar window elsewhere to compare with: the alert is based on the score alone."
    low, _, high = expected
    value = finding.recording.show_value(alert.peak)
    count = len(alert.similar.begins)
    place, where = _place(finding, alert.peak), _most_similar_place(finding, alert)
    if count == 1:
        return f"At {place} the value is {value}; the most similar window has {low} there. It begins {where}."
    span = low if low == high else f"{low} to {high}"
    those = f"the {count} windows most like its surroundings have {span}"
    return f"At {place} the value is {value}; {those} there. The most similar begins {where}."


def _place(finding: Finding, row: int) -> str:
    return finding.recording.show_time(row) or f"row {row:,}"


def _most_similar_place(finding: Finding, alert: Alert) -> str:
    row = alert.normal
    if row is None or row < 0:
        return "in the model's history"
    return f"at {_place(finding, row)}"


def duration(finding: Finding, alert: Alert) -> str:
    """Format the number of rows, with their duration if the rows have times."""
    rows, times = alert.stop - alert.start, finding.recording.times
    long = counted(rows, "row")
    if times is None or not pd.api.types.is_datetime64_any_dtype(times) or len(times) < 2:
        return long
    step = (times.iloc[-1] - times.iloc[0]) / (len(times) - 1)
    return f"{long}, {_format_seconds((rows * step).round('s').to_pytimedelta().total_seconds())}"


def _format_seconds(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def drawing(finding: Finding, alert: Alert) -> dict[str, Any] | None:
    """Return SVG paths of the rows around an alert, of the band of similar windows, and of the nearest window."""
    if alert.similar is None:
        return None
    similar = alert.similar
    own = _surroundings(finding, similar)
    known = np.isfinite(own)
    low, high = (float(part) for part in (np.nanmin([own, *similar.windows]), np.nanmax([own, *similar.windows])))
    scaled = _Scale(len(own), low, high)
    return {
        "own": scaled.path(own[known], int(known.argmax())),
        "near": scaled.path(similar.windows[0]),
        "band": scaled.band(similar.windows.min(axis=0), similar.windows.max(axis=0)),
        "marked": (scaled.x(alert.start - similar.first), max(2.0, scaled.x(alert.stop - alert.start))),
        "low": finding.recording.mark(f"{low:.4g}"),
        "high": finding.recording.mark(f"{high:.4g}"),
        "first": _place(finding, max(0, similar.first)),
        "last": _place(finding, min(len(finding.recording), similar.first + len(own)) - 1),
    }


def _surroundings(finding: Finding, similar: SimilarWindows) -> Array:
    """Return the (m,) values of the alert's context; NaN in a model's history."""
    x, size = finding.recording.values, similar.windows.shape[1]
    rows = similar.first + np.arange(size)
    return np.where((rows >= 0) & (rows < len(x)), x[np.clip(rows, 0, len(x) - 1)], np.nan)


class _Scale:
    """Maps rows and values to coordinates of the drawing."""

    def __init__(self, rows: int, low: float, high: float) -> None:
        self.rows, self.low, self.high = rows, low, (high - low) or 1.0

    def x(self, row: float) -> float:
        return round(row * WIDTH / self.rows, 1)

    def _points(self, y: Array, first: int) -> list[str]:
        kept = traces.min_max(y, BUCKETS)
        rows = first + (np.arange(len(kept)) + 0.5) * len(y) / len(kept)
        heights = 2 + (HEIGHT - 4) * (1 - (kept - self.low) / self.high)
        return [f"{self.x(row)} {height:.1f}" for row, height in zip(rows, heights, strict=True)]

    def path(self, y: Array, first: int = 0) -> str:
        return "M" + "L".join(self._points(y, first))

    def band(self, low: Array, high: Array) -> str:
        return "M" + "L".join([*self._points(high, 0), *self._points(low, 0)[::-1]]) + "Z"


ABOUT = (
    "Each line gives the rows that differ most from similar windows elsewhere, the value at the largest difference, "
    "the values of those windows there, and the rows with a high score."
)


def describe_scoring(finding: Finding, strong: str = "") -> str:
    """Describe how the rows were scored, with the detectors between marks such as ``**``."""
    if not finding.detectors:
        return "not scored"
    return f"scored by {strong}{finding.detector}{strong} (window {finding.window})"


def verdict(finding: Finding) -> str:
    """Summarize the number of alerts, the meaning of the threshold, and how the alerts agree with labels."""
    if not finding.detectors:
        return "A constant series has no anomaly to find."
    return f"{_count_alerts(finding)} {_compare_with_labels(finding)}".rstrip()


def _count_alerts(finding: Finding) -> str:
    count, options = sum(alert.flagged for alert in finding.alerts), finding.options
    if options.rule != "peaks":
        many = {0: "No alert lies", 1: "One alert lies"}.get(count, f"{count:,} alerts lie")
        share = f"a share of {options.contamination:g} of the rows is always flagged"
        if finding.held_out:
            share = f"a share of {options.contamination:g} of held-out history reaches it"
        return f"{many} above the threshold {finding.threshold:.6g} ({options.rule}: {share})."
    many = {0: "Nothing stands out", 1: "One alert stands out"}.get(count, f"{count:,} alerts stand out")
    return (
        f"{many} from the series' own ordinary peaks, which are expected to reach the threshold "
        f"{finding.threshold:.6g} about {options.false_alerts:.3g} times in this number of rows (--false-alerts)."
    )


def _compare_with_labels(finding: Finding) -> str:
    """Count labelled events with an alert, and alerts on no event; name the highest peak among events without one."""
    if finding.recording.labels is None or not finding.recording.labels.any():
        return ""
    events = list(zip(*segments(finding.recording.labels), strict=True))
    flagged = [alert for alert in finding.alerts if alert.flagged]
    missed = [(a, b) for a, b in events if not any(alert.start < b and a < alert.stop for alert in flagged)]
    outside = sum(not any(alert.start < b and a < alert.stop for a, b in events) for alert in flagged)
    found = f"Labelled events with an alert: {len(events) - len(missed)} of {len(events)}."
    if flagged:
        found += f" Alerts outside labelled events: {outside} of {len(flagged)}."
    if not missed:
        return found
    a, b = max(missed, key=lambda event: float(finding.scores[event[0] : event[1]].max()))
    score = float(finding.scores[a:b].max())
    higher = sum(not alert.flagged and alert.score > score for alert in finding.alerts)
    cure = "raise --false-alerts or --contamination to be alerted there"
    others = f"Other listed peaks that score higher: {higher}." if higher else f"No other peak scores higher: {cure}."
    return f"{found} The highest score in an event without one is {score:.6g}, from {_place(finding, int(a))}. {others}"


def merit_name(ranking: Ranking) -> str:
    """Return the column title of the ranking's figures."""
    return "AUROC" if ranking.kinds == LABELLED else "found"


def describe_ranking(ranking: Ranking) -> str:
    """Describe how the detectors were ranked and which are tied with the first, or why there is no ranking."""
    if not ranking.merit:
        return f"There is no ranking: {ranking.reason}"
    parts = [f"Mean AUROC on {ranking.basis}." if ranking.kinds == LABELLED else _planted(ranking)]
    if ranking.reason:
        parts.append(f"There is no ranking: {ranking.reason}")
    elif ranking.tied:
        parts.append(f"Not significantly different from {ranking.order[0]}: {', '.join(ranking.tied)}.")
    return " ".join(parts)


def _planted(ranking: Ranking) -> str:
    return (
        f"{len(ranking.kinds)} anomalies were planted into the series; found = mean height of their peaks relative to "
        "the threshold, 1 = all are alerts; with 95 % interval over the anomalies."
    )


def ranking_lines(ranking: Ranking) -> list[dict[str, str]]:
    """Return name, merit, interval and missed kinds of each ranked detector, as text."""
    alone = ranking.kinds == LABELLED
    lines = []
    for name in ranking.order:
        low, high = ranking.interval(name)
        missed = "" if alone else ", ".join(ranking.misses(name)) or "none of the kinds"
        span = "one trial" if alone else f"{low:.2f} to {high:.2f}"
        lines.append({"name": name, "merit": f"{ranking.merit[name].mean():.2f}", "interval": span, "missed": missed})
    return lines
