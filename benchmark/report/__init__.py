"""What a run leaves for people: tables, pictures and a page."""

from __future__ import annotations

from benchmark.report.formats import figure, markdown_text, signed
from benchmark.report.profile import profile
from benchmark.report.specification_curve import write_specification_curve
from benchmark.report.tables import DATASETS

__all__ = [
    "DATASETS",
    "figure",
    "markdown_text",
    "profile",
    "signed",
    "summary",
    "tables",
    "write_specification_curve",
    "writer",
]
