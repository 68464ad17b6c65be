"""Comparison of our results with TSB-AD's leaderboard, on the files that are available."""

from benchmark.leaderboard.figures import Figures, figures
from benchmark.leaderboard.published import METRICS, published_figures
from benchmark.leaderboard.submission import submission
from benchmark.leaderboard.summary import summarise
from benchmark.leaderboard.text import document, files_csv, lines_csv, sheets
