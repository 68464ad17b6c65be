"""Read any file that may contain a series as a table; the format is recognized by the content."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmark.errors import UserError, counted, no_file
from benchmark.reading.formats.encoding import decompress
from benchmark.reading.formats.excel import read_excel
from benchmark.reading.formats.influx import mark_series
from benchmark.reading.formats.json_file import read_json
from benchmark.reading.formats.started import with_times
from benchmark.reading.formats.text import read_text
from benchmark.reading.formats.wide import as_long
from benchmark.reading.options import ReadOptions
from benchmark.reading.parsing import Table, as_mask, from_columns

LAST = 12  # rows at the end that are searched for totals
_WORD = (
    "total|totals|totale|totaux|sum|summe|somme|suma|soma|gesamt|insgesamt|average|avg|mean|mittelwert|mittel"
    "|durchschnitt|moyenne|media|promedio|median|min|max|minimum|maximum|count|anzahl|stdev|std"
)
SUMS_UP = rf"(?i)^((grand|sub)[ -]?)?({_WORD})[:.]?( +[\d.,+-]+)?$"


def read_table(path: Path, options: ReadOptions) -> Table:
    """Read text, JSON, Excel, Parquet or Feather, compressed or not.

    Raises
    ------
    UserError
        If there is no such file, or it has another format.
    """
    if not path.is_file():
        raise no_file(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    table = _read(decompress(raw, path), path, options)
    if not len(table):
        raise UserError(f"{path} has no rows")
    if options.sheet and not table.form.startswith("Excel"):
        table.notes.append(f"--sheet {options.sheet} has no effect: the file is none of Excel.")
    return tidy(table, options)


def tidy(table: Table, options: ReadOptions) -> Table:
    """Remove totals at the end of a table, and reshape it to one row for each time."""
    return as_long(_without_totals(_without_states(table)), options.value)


OTHERS = (  # beginnings of files that cannot be read, their format, and what to do
    (rb"\x89HDF", "HDF5: write it as CSV or Parquet, e.g. pandas.read_hdf({name}).to_parquet()"),
    (rb"\xd0\xcf\x11\xe0", "in Excel's old form (.xls): save it as .xlsx or CSV"),
    (rb"%PDF", "PDF: open it in a spreadsheet and save the table as .xlsx or CSV"),
    *(
        (
            rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<" + root,
            f"a track ({form}): write its points as CSV, e.g. pandas.read_xml({{name}}, "
            f"xpath='.//{{{{*}}}}{point}', parser='etree').to_csv('track.csv')",
        )
        for root, form, point in ((rb"gpx\b", "GPX", "trkpt"), (rb"TrainingCenterDatabase\b", "TCX", "Trackpoint"))
    ),
    (
        rb"\s*(<\?xml[^>]*>\s*)?<!DOCTYPE HealthData",
        "Apple's health record: write the records of one type as CSV, e.g. pandas.read_xml({name}, parser='etree', "
        "xpath=\".//Record[@type='HKQuantityTypeIdentifierHeartRate']\")[['startDate', 'value']].to_csv('heart.csv')",
    ),
    (
        rb"\s*<(?![^<>\n]*>\s*[,;\t|])",
        "HTML or XML: open it in a spreadsheet and save the table as .xlsx or CSV",
    ),
    (
        rb"(\xef\xbb\xbf)?100,NEM1[23],",
        "NEM12 or NEM13, which holds several kinds of rows: write one row for each interval, "
        "e.g. with nemreader (pip install nemreader)",
    ),
    (
        rb"[^\s,=]+(,[^\s,=]+=[^\s,]+)* [^\s=]+=[^\n]* \d{19}\s*\n",
        "InfluxDB's line protocol: write it as CSV, e.g. with influx query --raw",
    ),
    (rb"SQLite format 3\0", "a database of SQLite: write a table as CSV, e.g. sqlite3 -csv {name} 'select * from t'"),
    (rb"\x93NUMPY", "an array of NumPy: write it as text, e.g. numpy.savetxt('a.csv', numpy.load({name}))"),
    (
        rb"(\w+=[^=\n]*[ ,\t;])+\w+=[^=\n]*\n",
        "lines of key=value: write a column for each key, e.g. mlr --idkvp --ifs SEPARATOR --ocsv cat {name}",
    ),
    (
        rb"(Linux|AIX|SunOS) [^\n]*\n\s*\d\d:\d\d:\d\d( [AP]M)? [^\n]*[%/]",
        "the text of sar or mpstat, whose times have no date: write the data file of sar with sadf -d, or keep the "
        "rows, whose days are then counted from 1970-01-01, e.g. grep -E '^[0-9].* all ' {name} > cpu.txt",
    ),
    (
        rb"PING(ing)? [^\n]*\sbytes of data",
        "the text of ping: cut out times and durations, e.g. "
        r"sed -nE 's/^(\[([0-9.]+)\])?.*time[=<]([0-9.]+) ?ms.*/\2,\3/p' {name} > ping.csv",
    ),
    (
        rb"[^\n]{0,99}?\b\d{10}\b[^\n]{0,300}\t[^\n]{0,200}\w=-?[\d.]+[a-zA-Z%]*;[\d.:~@]*;",
        "performance data of Nagios: cut out one of its values, e.g. of load1, with "
        r"sed -nE 's/^[^0-9]*([0-9]{{10}}).*[^0-9A-Za-z]load1=([0-9.]+).*/\1,\2/p' {name} > load1.csv",
    ),
    (
        rb"\{__name__=",
        "a dump of Prometheus: keep the values and times of one series, e.g. "
        r"sed -nE '/web1/s/^.*\}} //p' {name} > web1.txt",
    ),
    (
        rb"C,NEMP?\.WORLD,",
        "a report of AEMO, which holds several kinds of rows: keep one of them with its header, e.g. "
        "grep -h '^[ID],DISPATCH,PRICE,' {name} > price.csv",
    ),
    (
        rb"[A-Z]{2}[A-Z0-9]{9}[12]\d{5}[A-Z]{4}[ \d-]{5}[A-Z0-9 ]{3}",
        "a station's record of GHCN, a line for each month: write the days of one element below each other, e.g. "
        'awk \'substr($0,18,4)=="TMAX"{{for(d=1;d<32;d++){{v=substr($0,14+8*d,5);if(v!=-9999)print substr($0,12,4)"-"'
        'substr($0,16,2)"-"d","v}}}}\' {name} > tmax.csv',
    ),
    (rb"(Linux|AIX|SunOS) [^\n]*\n([^\n,]*\n){1,2}avg-cpu:", "the text of iostat: write it with iostat -t -o JSON"),
    (rb"(#[^\n]*\n|[ \t\r]*\n)*#\s+time\s+counts ", "the text of perf stat: write it with perf stat -x, -I 1000"),
    (rb"[^\n|]+,\d{9,},\d{9,},\d+\|", "Graphite's raw answer: ask for format=csv in its place"),
    (
        rb"AAA,progname,",
        "nmon's record of several kinds of rows: keep one of them, e.g. grep ^CPU_ALL, {name} > cpu.csv",
    ),
    (
        rb"\*[CU]0001\b",
        "a monthly file of BSRN, which holds several kinds of rows: write one of them as CSV, e.g. "
        "pvlib.iotools.read_bsrn({name})[0].to_csv('bsrn.csv')",
    ),
    (
        rb"(?i)(?:[#%][^\n]*\n|[ \t\r]*\n)*@(?:problemname|relation[^\n]*\s+@attribute series_name)\b",
        "of sktime (.ts, .tsf), where a line is a series: write one as a column of CSV, e.g. with "
        "sktime.datasets.load_from_tsfile or load_tsf_to_dataframe",
    ),
)


def _read(raw: bytes, path: Path, options: ReadOptions) -> Table:
    if raw.startswith(b"PAR1"):
        return _arrow(raw, path, "Parquet")
    if raw.startswith(b"ARROW1"):
        return _arrow(raw, path, "Feather")
    if raw.startswith(b"PK\x03\x04"):
        return read_excel(raw, path, options.sheet)
    for begins, what in OTHERS:
        if re.match(begins, raw):
            raise UserError(f"{path} is {what.format(name=repr(path.name))}")
    if path.suffix.lower() in (".parquet", ".pq"):
        raise UserError(f"{path} is not a readable Parquet file: it does not begin with PAR1")
    bracketed = re.match(rb"\[[^\[\]\n]*\][ \t]*[^\s,\]]", raw[:200])  # a time in brackets, as servers write it
    if re.match(rb"(\xef\xbb\xbf)?\s*[\[{]\s*[\[{\"\d\]}-]", raw[:200]) and not bracketed:
        return read_json(raw, path, options.encoding)
    return with_times(mark_series(read_text(raw, path, options)), path)


def _arrow(raw: bytes, path: Path, form: str) -> Table:
    from pyarrow import feather, parquet

    read = parquet.read_table if form == "Parquet" else feather.read_table
    try:
        arrow = read(pa.BufferReader(raw))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(f"{path} is not a readable {form} file: {error}") from error
    return from_arrow(arrow, form)


def from_arrow(arrow: pa.Table, form: str) -> Table:
    """Convert a pyarrow table, including the index that pandas stored in it."""
    names = {name: re.sub(r"^__index_level_\d+__$", "index", name) for name in arrow.column_names}
    columns = {clean: _plain(arrow[name].combine_chunks()) for name, clean in names.items()}
    return from_columns(columns, form)


def _plain(cells: Any) -> Any:
    """Convert a column to plain strings, numbers or times, however the file stores it."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_large_string(cells.type) or pa.types.is_string_view(cells.type):
        cells = cells.cast(pa.string())
    if pa.types.is_boolean(cells.type):
        cells = cells.cast(pa.string())  # states or labels, as in text
    if pa.types.is_decimal(cells.type):
        cells = cells.cast(pa.float64())
    return cells


def _without_states(table: Table) -> Table:
    """Remove the rows in which WinCC logs its own state, ``$RT_OFF$`` and ``$RT_COUNT$``, with a note."""
    names = table.columns.get("VarName")
    own = as_mask(pc.starts_with(names, "$RT_")) if names is not None and pa.types.is_string(names.type) else None
    if own is None or not own.any() or own.all():
        return table
    kept = table.keep(~own)
    kept.total -= int(own.sum())
    kept.notes.append(f"Left out: {counted(int(own.sum()), 'row')} on the state of WinCC, such as $RT_OFF$.")
    return kept


def _without_totals(table: Table) -> Table:
    """Remove rows such as ``Total`` and ``Average`` at the end of a table, with a note."""
    size = min(LAST, len(table) // 2)
    found, word = np.zeros(size, dtype=bool), ""
    for cells in table.columns.values():
        if not pa.types.is_string(cells.type):
            continue
        tail = [bool(cell) and bool(re.match(SUMS_UP, cell.strip())) for cell in cells[len(table) - size :].to_pylist()]
        if any(tail) and not _sums_up_earlier(cells[: len(table) - size]):
            found |= np.array(tail)
            word = word or str(cells[len(table) - size + tail.index(True)])
    if not found.any():
        return table
    kept = table.keep(np.concatenate([np.ones(len(table) - size, dtype=bool), ~found]))
    kept.total -= int(found.sum())
    kept.notes.append(f"Left out: {counted(int(found.sum()), 'row')} at the end, the sum of others ({word!r}).")
    return kept


def _sums_up_earlier(cells: object) -> bool:
    return bool(pc.any(pc.match_substring_regex(pc.utf8_trim_whitespace(cells), SUMS_UP)).as_py())
