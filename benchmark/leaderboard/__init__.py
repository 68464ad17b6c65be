"""The published figures of TSB-AD's leaderboard beside ours, on the files at hand."""

from __future__ import annotations

from benchmark.leaderboard.figures import Figures, figures
from benchmark.leaderboard.published import METRICS, published_figures
from benchmark.leaderboard.submission import submission
from benchmark.leaderboard.summary import Line, summarised
from benchmark.leaderboard.text import document, files_csv, lines_csv, sheets

__all__ = [
    "METRICS",
    "Figures",
    "Line",
    "document",
    "figures",
    "files_csv",
    "lines_csv",
    "published_figures",
    "sheets",
    "submission",
    "summarised",
]
