"""Stored cells as a report reads them: figures checked against scores, derived values kept in a cache."""

from benchmark.report.cells.derived import Derived, digest, program
from benchmark.report.cells.figures import recompute_figures
from benchmark.report.cells.source import Array, Source, lines
