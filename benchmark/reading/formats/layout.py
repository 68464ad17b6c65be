"""Find the layout of a text file: separator, lines before the header, header, units, and first line of data.

Over 300 lines: each of these is found with the help of the others.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path

from benchmark.errors import UserError, counted
from benchmark.reading.parsing import cell, month_of, unique_names

HEAD_BYTES = 1 << 17
HEAD_LINES = 400
LONGEST = 20  # lines in one quoted cell, at most
FEWEST = 10  # rows of a table between other lines
WIDE = 20  # cells of three rows that are a table in any case
SURE, BEHIND = 3, 4  # rows of data among those behind the first one
SEPARATORS = (";", "\t", "|", ",")
BLANK = " "
CLOCK = r"\d{1,2}:\d{2}[\d:.]*|\d{1,2}\.\d{2}\.\d{2}"
SUMMARIES = ("", "smp", "avg", "min", "max", "std", "tot")
NAMES = {"\t": "a tab", BLANK: "blanks", "": "nothing (one column)"}


@dataclass
class Layout:
    """Separator (``""`` for one column, a blank for any number of blanks), names, number of lines before the data.

    ``above`` holds these lines as :func:`plain` gives them, for those that come again below. ``extra`` is a last cell
    of the first line of data alone, such as the serial number of a logger.
    """

    separator: str
    names: list[str]
    skipped: int
    notes: list[str] = field(default_factory=list)
    above: frozenset[str] = frozenset()
    extra: str = ""


def find_layout(text: bytes, path: Path, separator: str | None) -> Layout:
    """Find the layout from the first lines of a file.

    Raises
    ------
    UserError
        If the file has no line with data.
    """
    notes: list[str] = []
    lines = _head(text)
    said = re.fullmatch(r"\"?sep=(.|\\t)\"?[,;]*", lines[0].strip(" \r\n")) if lines else None
    if said:
        separator = separator or said[1].replace("\\t", "\t")
    start = 1 if said else 0
    useful = [i for i in range(start, len(lines)) if lines[i].strip() and not is_comment(lines[i])]
    if not useful:
        raise UserError(f"{path} has no rows: it is empty or holds comments alone")
    found = _separator([lines[i] for i in useful]) if separator is None else separator
    rows = {i: split(lines[i], found) for i in useful}
    width, profile = _profile([rows[i] for i in useful])
    first = _first_data(rows, width, profile)
    names, header = _header(lines, rows, first, width, found, notes)
    extra = ""
    if header is not None and len(names) == len(rows[first]) == width + 1 and width > 1:
        names, extra = names[:-1], rows[first][-1]
        notes.append(f"The first row alone has a last cell, {extra!r}: it is left out.")
    if header is not None and len(names) != width:
        amounts = found == "," and all(cell.kind(c) == "number" for c in rows[first][-2:])
        raise UserError(
            f"{path}: the header names {len(names)} columns ({', '.join(names[:6])}), the rows below have {width} "
            f"cells (first: {_short(lines[first])!r}): name the separator with --sep, quote cells that hold it, or "
            "write a name for each column (delete the line if it is no header)"
            + ("; if commas are decimal marks, write another separator between cells" if amounts else "")
        )
    if first not in rows or (first == useful[-1] and header is None and not _is_data(rows[first], width, profile)):
        raise UserError(f"{path} has no rows below its header")
    before = [i for i in useful if i < first and i != header and not (header is not None and i > header)]
    if before:
        notes.append(f"{counted(len(before), 'line')} before the header, no data: {_short(lines[before[0]])!r}")
    return Layout(found, names, first, notes, frozenset(map(plain, lines[:first])) - {""}, extra)


def plain(line: str) -> str:
    """A line with single blanks between its words."""
    return " ".join(line.split())


def is_comment(line: str) -> bool:
    """Return True if a line begins with # and this is not a row number as in ``#12,...``."""
    return line.startswith("#") and not re.match(r"#\d+\s*[,;|\t]", line)


def _head(text: bytes) -> list[str]:
    part = text[:HEAD_BYTES]
    lines = part.decode("utf-8", errors="ignore").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    whole = lines if len(part) == len(text) else lines[:-1] or lines
    return _join_quoted(whole[:HEAD_LINES])


def _join_quoted(lines: list[str]) -> list[str]:
    """Join lines whose last cell is quoted and continues on the next line; the joined lines become empty."""
    for i in range(len(lines)):
        last = next((j for j in range(i, min(i + LONGEST, len(lines))) if _is_closed("\n".join(lines[i : j + 1]))), i)
        lines[i : last + 1] = ["\n".join(lines[i : last + 1])] + [""] * (last - i)
    return lines


def _is_closed(line: str) -> bool:
    return re.search(r'(^|[,;\t|])\s*"([^"]|"")*$', line) is None


def _short(line: str) -> str:
    return line if len(line) <= 60 else line[:57] + "..."


def split(line: str, separator: str) -> list[str]:
    """Split a line into cells."""
    if separator == BLANK:
        return [one.strip('"') for one in re.findall(r'"[^"]*"|\S+', line)]
    if separator == "":
        return [line.strip().strip('"')]
    try:
        return [part.strip() for part in next(csv.reader([line], delimiter=separator, skipinitialspace=True), [""])]
    except csv.Error:
        return line.split(separator)


def _separator(lines: list[str]) -> str:
    tail = lines[len(lines) // 4 :] if len(lines) > 8 else lines[1:] or lines
    if all(cell.kind(line) == "time" and re.search(r"\d$", line.strip()) for line in tail) and _are_moments(tail):
        return ""

    def usual(candidate: str) -> int:
        """Cells of nine in ten lines; 0 if it separates none, or a decimal comma."""
        width, times = Counter(len(split(line, candidate)) for line in tail).most_common(1)[0]
        fits = width > 1 and times >= 0.9 * len(tail) and not _is_decimal_comma(lines, candidate, width)
        return width if fits else 0

    fitting = {}
    for one in SEPARATORS:
        if width := usual(one):
            fitting[one] = sum(len(split(line, one)) == width for line in lines)
    if fitting:
        return max(fitting, key=lambda one: fitting[one])
    longest, count = _longest_run(lines, SEPARATORS)
    if longest and count > len(lines) / 2:
        return longest
    return BLANK if usual(BLANK) else _longest_run(lines, (*SEPARATORS, BLANK))[0]


def _longest_run(lines: list[str], candidates: tuple[str, ...]) -> tuple[str, int]:
    """Return the separator of the longest block of consecutive lines with equal widths, and its number of lines.

    The block may be between a long preamble and notes.
    """
    found = {"": max(FEWEST - 1, len(lines) // 4)}
    for one in candidates:
        runs = [(width, len([*run])) for width, run in groupby(len(split(line, one)) for line in lines)]
        width, count = max(runs, key=lambda run: (run[0] > 1, run[1]))
        count = max(count, found[""] + 1) if width >= WIDE and count > 2 else count
        if width > 1 and count > max(found.values()) and not _is_decimal_comma(lines, one, width):
            found[one] = count
    longest = max(found, key=lambda one: found[one])
    return longest, found[longest]


def _is_decimal_comma(lines: list[str], candidate: str, width: int) -> bool:
    """Return True if commas are decimal, as in lines ``50,07`` below a header ``value``."""
    cells = split(lines[0], candidate)
    words = len(cells) == 1 and cell.kind(cells[0]) == "text"
    if candidate != "," or width != 2 or not all(re.fullmatch(r"[-+]?\d+,\d+", x.strip()) for x in lines[1:20]):
        return False
    return words or any(re.fullmatch(r"[-+]?\d+,0\d+", x.strip()) for x in lines)


def _are_moments(lines: list[str]) -> bool:
    """Return True if all lines are a date and a time of day, so that the blank between is no separator."""
    if any(separator in line for line in lines for separator in SEPARATORS):
        return False
    parts = [line.split() for line in lines]
    return all(len(part) == 2 and cell.is_date(part[0]) and re.fullmatch(CLOCK, part[1]) for part in parts)


def _profile(rows: list[list[str]]) -> tuple[int, list[str]]:
    """Return the usual number of cells and the usual kind of each, from the last three quarters of the head."""
    tail = rows[len(rows) // 4 :] if len(rows) > 8 else rows[1:] or rows
    width = Counter(len(row) for row in tail).most_common(1)[0][0]
    usual = [row for row in tail if len(row) == width]
    kinds = [Counter(cell.kind(c) for c in column) for column in zip(*usual, strict=True)]
    return width, [_usual_kind(kind) for kind in kinds]


def _usual_kind(kinds: Counter[str]) -> str:
    known = {k: v for k, v in kinds.items() if k != "nothing"}
    return max(known, key=lambda k: known[k]) if known else "nothing"


def _is_data(row: list[str], width: int, profile: list[str]) -> bool:
    known = {"number", "time"}
    return bool(known & set(profile)) and _fits(row, width, profile) and not known.isdisjoint(map(cell.kind, row))


def _fits(row: list[str], width: int, profile: list[str]) -> bool:
    """Return True if each cell is empty or of the usual kind of its column."""
    kinds = [cell.kind(c) for c in row]
    return len(row) == width and all(
        k in (p, "nothing") or p in ("nothing", "text") for k, p in zip(kinds, profile, strict=True)
    )


def _header(
    lines: list[str], rows: dict[int, list[str]], first: int, width: int, separator: str, notes: list[str]
) -> tuple[list[str], int | None]:
    """Return the names of the columns, and the number of the header line."""
    above = [i for i in rows if i < first]
    hidden = _commented_header(lines, first, width, separator)
    if hidden and (not above or len(rows[above[-1]]) != width):
        return unique_names(hidden, notes), None
    if not above:
        return _make_names(rows, first, width, notes), None
    line = above[-1]
    while len(above) > 1 and len(rows[above[-2]]) >= max(width - 1, min(width, 2)) and are_units(rows[line]):
        again = all(word.lower() in SUMMARIES for word in rows[line])  # of a logger, with units above
        notes.append(f"The line below the header holds units or types and is no data: {_short(lines[line])!r}")
        above = above[:-1] if again else above[-2:-1]
        line = above[-1]
    names = _adapt_names(rows[line], rows[first]) if separator == BLANK else rows[line]
    if len(names) == 12 == width - 1 and all(map(month_of, names)) and re.fullmatch(r"(1[6-9]|20)\d\d", rows[first][0]):
        names = ["year", *names]  # R prints months in this way
        notes.append("The first column has no name; it holds the years.")
    if separator == BLANK and len(names) in (width - 1, width - 2) and re.fullmatch("[01]|\\d+:", rows[first][0]):
        names = ["", *names]  # R and pandas write row numbers in a column without a name, rrdtool its times
        notes.append("The first column has no name" + ("." if ":" in rows[first][0] else "; it numbers the rows."))
    names = names if len(names) == width else _adapt_names(names, rows[first])
    if len(names) == width:
        return unique_names(names, notes), line
    titled = separator == BLANK and any(cell.kind(c) == "time" for c in names)  # "635 samples, 2008-01-15T00:00:00"
    if separator == "" or len(above) > 1 or titled:
        return _make_names(rows, first, width, notes), None
    return names, line


def _first_data(rows: dict[int, list[str]], width: int, profile: list[str]) -> int:
    """Find the first line of data; a row above it with one unusual cell is data, too, and no header."""
    if not {"number", "time"} & set(profile):
        return ([*rows][1:] or [max(rows)])[0]
    top = min(rows)
    if len(rows) > 1 and _are_column_numbers(*[*rows.values()][:2]):
        return [*rows][1]
    if (years := next((k for k, row in enumerate([*rows.values()][:-1]) if _names_of_years(row)), None)) is not None:
        return [*rows][years + 1]
    fits = [_fits(row, width, profile) for row in rows.values()]
    behind = {i: fits[k + 1 : k + 1 + BEHIND] for k, i in enumerate(rows)}
    data = [i for i in rows if _is_data(rows[i], width, profile)]
    types = [i for i in data if all(re.fullmatch(r"\d+[sdn]", c) for c in rows[i])]
    data = [i for i in data if i not in types] if len(types) == 1 else data  # below the names of USGS' tables
    sure = [i for i in data if sum(behind[i]) >= min(SURE, len(behind[i]))]
    whole = found = next(iter(sure or data), max(rows))
    for line in [i for i in reversed(rows) if i < found]:
        kinds = [cell.kind(c) for c in rows[line]]
        if are_units(rows[line]) or not _is_one_of(rows[line], rows[found], profile):
            break
        if len(kinds) < width or (len(kinds) > width and kinds[:width] != profile):
            break
        if line == top and "time" in profile and not re.search(r"\d", rows[line][profile.index("time")]):
            break  # "time,101,102": the names of sensors are numbers
        found = line
    words = [rows[i][0] for i in rows if found <= i < whole]
    named = len(set(words)) > 1 and profile[0] != "text" and all(cell.kind(word) == "text" for word in words)
    return whole if named else found  # rows of names and values are a preamble


def _are_column_numbers(cells: list[str], below: list[str]) -> bool:
    """Return True for the header that pandas writes for columns without names: 0, 1, perhaps with an index or a word.

    Without an index they are a header if numbers with a fraction are below; ``0,1`` above ``0.5,1`` may be data.
    So are 1, 2, 3 if each number below has a fraction.
    """
    if len(cells) > 2 and cells == [str(place + 1) for place in range(len(cells))]:
        return all("." in c for c in below)
    indexed = cells[:1] == [""]
    names = cells[1:] if indexed else cells
    count = sum(name == str(place) for place, name in enumerate(names))
    if not count or not all(cell.kind(name) == "text" for name in names[count:]):
        return False
    return indexed or (
        any("." in c for c in below[:count]) and len(cells) > 1 and (cells, below[1:]) != (["0", "1"], ["1"])
    )


def _names_of_years(cells: list[str]) -> bool:
    """Return True for words followed by at least twelve consecutive years."""
    years = [int(c) for c in cells if re.fullmatch(r"1[6-9]\d\d|20\d\d", c)]
    return len(years) >= 12 and years == [*range(years[0], years[0] + len(years))] and cell.kind(cells[0]) == "text"


def _is_one_of(row: list[str], below: list[str], profile: list[str]) -> bool:
    """Return True if a cell of the row is a time, or a number with its column's unit."""
    kinds = [(cell.kind(one), usual) for one, usual in zip(row, profile, strict=False)]
    alike = [cell.words(one) == cell.words(other) for one, other in zip(row, below, strict=False)]
    return ("time", "time") in kinds or any(
        kind == ("number", "number") and same for kind, same in zip(kinds, alike, strict=False)
    )


def _commented_header(lines: list[str], first: int, width: int, separator: str) -> list[str] | None:
    """Read a header such as ``# time,value`` directly above the data; None if there is none."""
    if first == 0 or not lines[first - 1].startswith("#"):
        return None
    cells = split(lines[first - 1].lstrip("# "), separator)
    above = split(lines[first - 2].lstrip("# "), separator) if first > 1 and lines[first - 2].startswith("#") else []
    if len({*cells}) < len(cells) == len(above) == len({*above}):
        cells = above  # units repeat, names do not
    named = len(cells) == width and all(cell.kind(c) == "text" for c in cells)
    return cells if named and (width > 1 or len(cells[0].split()) == 1) else None


def are_units(cells: list[str]) -> bool:
    known = [c for c in cells if c.strip()]
    return not known or sum(cell.is_unit(c) for c in known) >= 0.5 * len(known)


def _adapt_names(names: list[str], row: list[str]) -> list[str]:
    """Add a name for a time of day after a date with one name for both, and adapt to a trailing separator."""
    if len(names) == len(row) - 1 and not row[-1]:
        return [*names, ""]
    if len(names) == len(row) + 1 and not names[-1]:
        return names[:-1]
    if len(names) == len(row) - 1:
        for place in range(len(row) - 1):
            if cell.is_date(row[place]) and cell.is_clock(row[place + 1]):
                return [*names[: place + 1], f"{names[place]} of day", *names[place + 1 :]]
    return names


def _make_names(rows: dict[int, list[str]], first: int, width: int, notes: list[str]) -> list[str]:
    """Make names for the columns of a file without a header, from its cells."""
    columns = [[row[k] for i, row in rows.items() if i >= first and len(row) == width] for k in range(width)]
    kinds = [cell.kind(c) for c in rows[first][:width]]
    names = [f"column {place + 1}" for place in range(width)]
    numbers = [k for k in range(width) if kinds[k] == "number" and not _counts(columns[k])]
    flags = [k for k in numbers if set(columns[k]) <= {"0", "1", "0.0", "1.0"}]
    if len(numbers) == 2 and len(flags) >= 1 and numbers[-1] in flags:
        names[numbers[0]], names[numbers[1]] = "value", "label"
    elif width == 1:
        names = ["value"]
    notes.append(f"The file has no header; its columns are called {', '.join(names)}.")
    return names


def _counts(cells: list[str]) -> bool:
    """Return True if the numbers of a column rise in equal steps, like times or a counter."""
    try:
        numbers = [float(c) for c in cells]
    except ValueError:
        return False
    steps = [b - a for a, b in pairwise(numbers)]
    return len(steps) > 1 and steps[0] > 0 and all(abs(step - steps[0]) < 1e-6 * steps[0] + 1e-9 for step in steps)
