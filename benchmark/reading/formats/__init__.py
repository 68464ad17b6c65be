"""Read a file of any format as a table of raw cells."""

from benchmark.reading.formats.encoding import as_utf8
from benchmark.reading.formats.files import from_arrow, read_table, tidy
from benchmark.reading.formats.json_file import read_lines
from benchmark.reading.formats.layout import Layout, find_layout, split
from benchmark.reading.formats.text import cells_of, double_quoted, read_text
