"""Write the report of a run: tables, pictures and a page."""

from benchmark.report.formats import csv, markdown
from benchmark.report.page import html, traces
from benchmark.report.plots import Drawing, Specification, specification_drawing, style
from benchmark.report.profile import profile
from benchmark.report.publish import write_text
from benchmark.report.tables import (
    DATASETS,
    Sheet,
    Table,
    current,
    figure,
    file_name,
    is_random,
    ordered_datasets,
    signed,
)

__all__ = ["frames", "summary", "writer"]
