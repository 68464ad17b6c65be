"""What is to be computed: cells, protocols, and the plan that combines detectors, series, protocols and seeds."""

from benchmark.grid.cells import Cell, Outcome, Params, Status, Task, as_seed, params_text
from benchmark.grid.costs import MEASURED_AT, Cost, expected_seconds
from benchmark.grid.plan import (
    PAPER,
    QUICK_POINTS,
    QUICK_SERIES,
    Place,
    Row,
    Selection,
    longest_first,
    plan,
    protocol_version,
    quick_cut,
    rows,
    was_cut,
)
from benchmark.grid.protocols import Protocol, paper_protocol, sets_alignment
from benchmark.grid.splits import Inapplicable, Split, count_fitted, fitted_parts, source_in_name, train_rows_in_name
from benchmark.grid.tsb_ad import tsb_ad_rows

__all__ = ["protocols"]
