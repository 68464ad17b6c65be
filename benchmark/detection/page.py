"""The result of ``detect`` as one self-contained page: zoomable series and scores, and alerts with explanations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.detection import why
from benchmark.detection.alerts import Alert
from benchmark.detection.detect import Finding
from benchmark.detection.why import ABOUT, describe_ranking, describe_scoring, merit_name, ranking_lines, verdict
from benchmark.report import html, traces
from benchmark.system.provenance import version_line

INSTANTS = 500  # times that a page stores of a series; those between are interpolated
ALL_TRACES = 4 << 20  # bytes for the traces of all series
Section = dict[str, Any]


def render(sections: list[Section], title: str, command: str, versions: str) -> str:
    """Render the page: a summary if the file ``title`` holds several series, then a :func:`section` for each.

    ``command`` and ``versions`` document how the page was made.
    """
    template = html.environment(str(__package__)).get_template("detect.html")
    style, script = html.packaged("report.css"), html.packaged("report.js")
    return template.render(
        style=style, script=script, sections=sections, title=title, command=command, versions=versions
    )


def write(folder: Path, sections: list[Section], title: str, command: str) -> Path:
    """Write the page of all series into the folder, and return its path."""
    path = folder / "report.html"
    path.write_text(render(sections, title, command, version_line()), encoding="utf-8")
    return path


def section(finding: Finding, top: int, series: int) -> Section:
    """Return the template's variables for one of ``series`` series; ``top`` alerts are listed."""
    recording = finding.recording
    flagged = [alert for alert in finding.alerts if alert.flagged]
    return {
        "name": recording.name,
        "column": recording.column,
        "lineup": [line.partition(" ")[::2] for line in recording.lineup],
        "rows": len(recording),
        "scored": describe_scoring(finding),
        "verdict": verdict(finding),
        "about": ABOUT,
        "alerts": [alert_card(finding, rank, alert) for rank, alert in enumerate(finding.alerts[:top], start=1)],
        "count": len(flagged),
        "timed": recording.times is not None,
        "strip": traces.strip([(alert.start, alert.stop) for alert in flagged[:1000]], len(recording)),
        "ranked": describe_ranking(finding.ranking),
        "measure": merit_name(finding.ranking),
        "ranking": ranking_lines(finding.ranking),
        "notes": finding.notes,
        "payload": html.script_json(payload(finding, traces.buckets_for(2 * series, ALL_TRACES))),
    }


def alert_card(finding: Finding, rank: int, alert: Alert) -> dict[str, Any]:
    """Return one row of the table of alerts, with its explanation."""
    recording = finding.recording
    expected = why.expected_at_peak(finding, alert)
    return {
        "rank": rank,
        "flagged": alert.flagged,
        "rows": f"{alert.start:,} to {alert.stop - 1:,}",
        "from": recording.show_time(alert.start),
        "to": recording.show_time(alert.stop - 1),
        "duration": why.duration(finding, alert),
        "value": recording.show_value(alert.peak),
        "expected": "" if expected is None else " to ".join(dict.fromkeys(expected[::2])),
        "score": f"{alert.score:.6g}",
        "within": f"{alert.first:,} to {alert.last - 1:,}",
        "why": why.explain(finding, alert),
        "drawing": why.drawing(finding, alert) if alert.flagged or rank <= 3 else None,
        "zoom": html.script_json([alert.start, alert.stop]),
    }


def payload(finding: Finding, buckets: int) -> dict[str, Any]:
    """Return series, scores and alerts for the viewer in ``report.js``."""
    recording, scores = finding.recording, finding.scores
    signal = {"label": recording.column} | traces.encode(recording.values, buckets)
    signal["mark"] = recording.mark(".")
    signal["note"] = recording.mark(f"{signal['low']:.4g} to {signal['high']:.4g}")
    trace: Section = {"label": "score", "group": "classical", "protocol": "", "paper": True, "auroc": None}
    trace["note"] = f"threshold {finding.threshold:.4g}"
    trace |= traces.encode(scores, buckets)
    if finding.threshold <= trace["high"]:
        trace["threshold"] = finding.threshold
    spans = sorted((alert.start, alert.stop) for alert in finding.alerts if alert.flagged)
    return {"n": len(scores), "segments": spans, "signal": signal, "scores": [trace], "clock": clock(recording.times)}


def clock(times: Any) -> list[int] | None:
    """Return the local times of evenly spaced rows in ms since 1970; None without clock times."""
    if times is None or not pd.api.types.is_datetime64_any_dtype(times) or len(times) < 2:
        return None
    places = np.linspace(0, len(times) - 1, min(len(times), INSTANTS))
    rows = np.floor(places).astype(int)
    around = times.iloc[np.concatenate([rows, np.minimum(rows + 1, len(times) - 1)])]
    wall = around.dt.tz_localize(None) if around.dt.tz is not None else around
    before, after = np.split(wall.to_numpy().astype("M8[ms]").astype(np.int64), 2)
    found: list[int] = np.round(before + (places - rows) * (after - before)).astype(np.int64).tolist()
    return found
