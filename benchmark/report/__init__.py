"""Write the report of a run: tables, pictures and a page."""

from __future__ import annotations

from benchmark.report.pictures import Drawing
from benchmark.report.profile import profile
from benchmark.report.publish import write_text
from benchmark.report.specification_curve import Specification, specification_drawing
from benchmark.report.tables import DATASETS, Sheet, ordered_datasets
from benchmark.report.text import figure, file_name, signed

__all__ = [
    "DATASETS",
    "Drawing",
    "Sheet",
    "Specification",
    "build",
    "csv",
    "figure",
    "file_name",
    "frames",
    "html",
    "markdown",
    "ordered_datasets",
    "profile",
    "signed",
    "specification_drawing",
    "style",
    "summary",
    "tables",
    "traces",
    "write_text",
    "writer",
]
