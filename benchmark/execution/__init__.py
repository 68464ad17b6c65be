"""Computation of cells: in this process, in worker processes, or on a cluster."""

from benchmark.execution.backends import Backend, Board
from benchmark.execution.display import Display
from benchmark.execution.execute import execute, execute_together, scores_by
from benchmark.execution.runner import Summary, pending, run
