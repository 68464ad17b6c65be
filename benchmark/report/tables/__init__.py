"""Tables built from cells: means, seed intervals, comparisons and verdicts, and their parts as text."""

from benchmark.report.tables.bar import OneLinerTest
from benchmark.report.tables.builder import MAIN_TITLE, build, common_title, current, is_random
from benchmark.report.tables.model import DATASETS, Row, Sheet, Table, ordered_datasets, ordered_protocols
from benchmark.report.tables.text import SIGNS, figure, file_name, heading, signed

__all__ = ["text"]
