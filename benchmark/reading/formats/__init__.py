"""Read a file of any format as a table of raw cells."""

from __future__ import annotations

from benchmark.reading.formats.encoding import as_utf8
from benchmark.reading.formats.files import from_arrow, read_table, tidy
from benchmark.reading.formats.json_file import read_lines
from benchmark.reading.formats.layout import Layout, find_layout, split
from benchmark.reading.formats.text import cells_of, double_quoted, read_text

__all__ = [
    "Layout",
    "as_utf8",
    "cells_of",
    "double_quoted",
    "find_layout",
    "from_arrow",
    "read_lines",
    "read_table",
    "read_text",
    "split",
    "tidy",
]
