"""The HTML page of a run, and parts that other pages share."""

from benchmark.report.page.index import Beside, Report, render

__all__ = ["html", "traces"]
