"""What a run leaves for people: tables, pictures and a page."""

from __future__ import annotations

from benchmark.report.profile import profile
from benchmark.report.specification_curve import write_specification_curve
from benchmark.report.tables import DATASETS, ordered_datasets
from benchmark.report.text import figure, signed
from benchmark.report.traces import min_max

__all__ = [
    "DATASETS",
    "build",
    "figure",
    "markdown",
    "min_max",
    "ordered_datasets",
    "profile",
    "signed",
    "style",
    "summary",
    "tables",
    "write_specification_curve",
    "writer",
]
