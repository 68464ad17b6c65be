"""What is to be computed: cells, the protocols that rule them, and the plan that crosses a selection into tasks."""

from __future__ import annotations

from benchmark.grid.cells import Cell, Outcome, Params, Status, Task, params_text
from benchmark.grid.costs import MEASURED_AT, Cost, expected_seconds
from benchmark.grid.plan import (
    PAPER,
    QUICK_SERIES,
    Row,
    Selection,
    longest_first,
    plan,
    protocol_version,
    quick_cut,
    rows,
)
from benchmark.grid.protocols import Protocol, paper_protocol
from benchmark.grid.splits import Inapplicable, Split, fitted_parts, labelled_in_fit, named_source, named_train
from benchmark.grid.tsb_ad import MethodRow, tsb_ad_rows

__all__ = [
    "MEASURED_AT",
    "PAPER",
    "QUICK_SERIES",
    "Cell",
    "Cost",
    "Inapplicable",
    "MethodRow",
    "Outcome",
    "Params",
    "Protocol",
    "Row",
    "Selection",
    "Split",
    "Status",
    "Task",
    "expected_seconds",
    "fitted_parts",
    "labelled_in_fit",
    "longest_first",
    "named_source",
    "named_train",
    "paper_protocol",
    "params_text",
    "plan",
    "protocol_version",
    "protocols",
    "quick_cut",
    "rows",
    "tsb_ad_rows",
]
