"""Plots of tables and cells, drawn with matplotlib."""

from benchmark.report.plots.pictures import Drawing, roc_tables
from benchmark.report.plots.roc import GRID, Curve, roc_curves
from benchmark.report.plots.specification_curve import Specification, specification_drawing

__all__ = ["pictures", "style"]
