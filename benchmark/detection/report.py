"""Write the result of ``detect``: a Markdown report, a picture, and CSV files of scores and anomalies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from benchmark.detection.alerts import Alert
from benchmark.detection.detect import Finding
from benchmark.detection.ranking import Ranking
from benchmark.detection.why import (
    ABOUT,
    describe_ranking,
    describe_scoring,
    expected_at_peak,
    merit_name,
    ranking_lines,
    verdict,
)
from benchmark.errors import UserError, counted
from benchmark.report import markdown as md
from benchmark.report import style, traces
from detectors import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PIXELS = 2_000
COLUMNS = (
    *("rank", "flagged", "first_row", "last_row", "points", "from", "to", "score", "value_at_peak", "expected"),
    *("expected_low", "expected_high", "like_row", "within_first_row", "within_last_row"),
)
UNITS = (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1))


def write(finding: Finding, folder: Path, top: int = 10) -> Path:
    """Write all files into ``folder``, and return the path of the Markdown report.

    Raises
    ------
    UserError
        If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_scores(finding, folder / "scores.csv")
        anomalies_frame(finding, top).to_csv(folder / "anomalies.csv", index=False)
        draw(finding, folder / "picture.png", top)
        page = folder / "report.md"
        page.write_text(markdown(finding, top), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror}; name another folder with --out") from error
    return page


def write_scores(finding: Finding, path: Path) -> None:
    """Write a CSV file with one row for each point: time (if known), value, anomaly score, and flag."""
    recording = finding.recording
    columns: dict[str, Any] = {"row": np.arange(len(recording))}
    if recording.times is not None:
        columns["time"] = _time_cells(recording.times)
    columns |= {"value": recording.values, "score": finding.scores, "anomalous": finding.flags.astype(np.int8)}
    with path.open("wb") as file:  # pyarrow opens no path that is not UTF-8
        csv.write_csv(pa.table(columns), file, csv.WriteOptions(quoting_style="needed"))


def _time_cells(times: Any) -> Any:
    """Format times as text in the coarsest exact unit, with their offset to UTC; other values are unchanged."""
    if not pd.api.types.is_datetime64_any_dtype(times):
        return pa.array(times)
    zone = times.dt.tz
    wall = (times if zone is None else times.dt.tz_localize(None)).to_numpy().astype("M8[ns]")
    fine = next(unit for unit, size in UNITS if not np.any(wall.view(np.int64) % size))
    text = pc.cast(pa.array(wall.astype(f"M8[{fine}]")), pa.string())
    if zone is None:
        return text
    offset = times.iloc[0].isoformat()[-6:]
    return pc.binary_join_element_wise(text, pa.scalar(offset), pa.scalar(""))


def anomalies_frame(finding: Finding, top: int) -> pd.DataFrame:
    """Make the table of all alerts and the next highest peaks; its columns are :data:`COLUMNS`."""
    count = max(top, sum(alert.flagged for alert in finding.alerts))
    rows = [_line(finding, rank, alert) for rank, alert in enumerate(finding.alerts[:count], start=1)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _line(finding: Finding, rank: int, alert: Alert) -> tuple[Any, ...]:
    """The cells of :data:`COLUMNS`."""
    recording, last = finding.recording, alert.stop - 1
    when = recording.show_time(alert.start), recording.show_time(last)
    low, middle, high = expected_at_peak(finding, alert) or ("", "", "")
    like = "" if alert.normal is None or alert.normal < 0 else str(alert.normal)
    return (
        *(rank, "yes" if alert.flagged else "no", alert.start, last, alert.stop - alert.start, *when),
        *(float(f"{alert.score:.6g}"), recording.show_value(alert.peak), middle, low, high, like),
        *(alert.first, alert.last - 1),
    )


def markdown(finding: Finding, top: int) -> str:
    """Make the Markdown report: alerts, choice of detectors, and what was done to the data."""
    recording = finding.recording
    parts = [f"# Anomalies in {md.escape(recording.name)}", ""]
    about = f"{counted(len(recording), 'row')} of '{md.escape(recording.column)}', {describe_scoring(finding, '**')}."
    parts += [verdict(finding), "", about]
    frame = anomalies_frame(finding, top).head(top).drop(columns=["expected_low", "expected_high"])
    if len(frame):
        if recording.times is None:
            frame = frame.drop(columns=["from", "to"])
        table = md.table([c.replace("_", " ") for c in frame.columns], frame.itertuples(index=False))
        flagged = any(alert.flagged for alert in finding.alerts)
        listed = "Alerts, and the next highest peaks." if flagged else "The highest peaks, none of them an alert."
        parts += ["", f"{listed} {ABOUT}", "", table]
    parts += ["", "## Which detector to trust here", "", _ranking(finding.ranking)]
    if finding.notes:
        parts += ["", "## What was done to the data", "", *[f"- {md.escape(note)}" for note in finding.notes]]
    return "\n".join(parts) + "\n"


def _ranking(ranking: Ranking) -> str:
    if not ranking.merit:
        return describe_ranking(ranking)
    rows = [tuple(line.values()) for line in ranking_lines(ranking)]
    return "\n".join(
        [describe_ranking(ranking), "", md.table(["detector", merit_name(ranking), "interval", "misses"], rows)]
    )


def draw(finding: Finding, path: Path, top: int) -> None:
    """Draw values above and scores below, with alerts marked; decimated so that all peaks remain."""
    from matplotlib.figure import Figure

    recording = finding.recording
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    at = _axis(recording.times, len(recording))
    _line_of_peaks(upper, at, recording.values, style.INK)
    _line_of_peaks(lower, at, finding.scores, style.BLUE)
    lower.axhline(finding.threshold, color=style.VERMILION, linewidth=0.8, linestyle="--", label="threshold")
    shown = finding.alerts[:200]
    for rank, alert in enumerate(shown, start=1):
        if not alert.flagged:
            continue
        first, last = at[alert.start], at[min(alert.stop, len(at) - 1)]
        for axes in (upper, lower):
            axes.axvspan(first, last, color=style.VERMILION, alpha=0.25, linewidth=0)
            axes.axvline(at[alert.peak], color=style.VERMILION, linewidth=0.5, alpha=0.5)
        if rank <= top:
            upper.annotate(
                str(rank),
                (at[alert.peak], 1),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                xytext=(0, 2),
                ha="center",
                fontsize=7,
                color=style.VERMILION,
            )
    upper.set_ylabel(recording.column.replace("$", r"\$"))
    lower.set_ylabel(f"{finding.detector} score" if len(finding.detectors + finding.beside) == 1 else "ensemble score")
    lower.set_xlabel("row" if recording.times is None else "")
    lower.legend(loc="upper left", fontsize=7, frameon=False)
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0)
    figure.savefig(path, dpi=130)


def _axis(times: Any, n: int) -> Any:
    if times is None:
        return np.arange(n)
    if pd.api.types.is_datetime64_any_dtype(times):
        return times.dt.tz_localize(None).to_numpy() if times.dt.tz is not None else times.to_numpy()
    return times.to_numpy()


def _line_of_peaks(axes: Axes, at: Any, y: Array, colour: str) -> None:
    shown = traces.min_max(y, PIXELS)
    rows = np.arange(len(shown)) * len(y) // len(shown)
    axes.plot(at[rows], shown, color=colour, linewidth=0.7)
