"""Format the parts of a table as text: figures, signs, headings, legends; and file names."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection

from benchmark.grid import protocols
from benchmark.report.tables.model import Entry, Row, Table
from benchmark.report.tables.verdicts import Verdict

MINUS = "\N{MINUS SIGN}"
SIGNS: dict[Verdict, str] = {
    "reproduced": "=",
    "within .01 by too few seeds": "(=)",
    "inside the seed interval": "≈",
    "explained": "†",
    "not reproduced": "≠",
    "not compared": "",
    "": "",
}
MEANINGS = {
    "=": "reproduced: within .01 of the published figure",
    "(=)": "one or two seeds: within .01 of the published figure; of a random detector only three seeds prove it",
    "≈": "inside the seed interval: the published figure lies where one more seed of ours is expected (95 %)",
    "†": "explained by a known cause, which the letter names",
    "≠": "not reproduced; a letter, where there is one, names what is known",
    "°": "not better than the best trivial baseline of its data set: its mean is not above",
    "q": "QUICK: reduced run, not a result",
}


# -- numbers and names -------------------------------------------------------------------------


def figure(value: float, digits: int = 3) -> str:
    """Format a share without leading zero: ``.775``, ``1.000``."""
    text = f"{value:.{digits}f}"
    return text[1:] if text.startswith("0.") else text


def signed(value: float, digits: int = 3) -> str:
    """Format a difference with its sign: ``+.012``, ``−.015``, ``.000``."""
    text = figure(abs(value), digits)
    if not text.strip(".0"):
        return text
    return ("+" if value > 0 else MINUS) + text


def file_name(text: str) -> str:
    """Return a portable file name; changed names get a short hash to stay different."""
    safe = re.sub(r"[^A-Za-z0-9._@ -]", "_", text).strip(" .")[:80]
    if safe and safe == text and not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", safe):
        return safe
    return f"{safe or 'unnamed'}-{short_hash(text)}"


def short_hash(text: str) -> str:
    """Return six characters that distinguish shortened names."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:6]


def summary(table: Table) -> str:
    """Describe what the figures are means of, and their protocols and seeds."""
    source = " Published: Table 1 of the paper, two decimals." if table.compared else ""
    return (
        f"Each figure is the mean over the series of a data set: {behind(table)}. {conditions(table)}{source}".strip()
    )


def address(text: str) -> str:
    """Return an anchor for links within the page, different for different texts."""
    return file_name(text).replace(" ", "~")


def conditions(table: Table, labels: Collection[str] | None = None) -> str:
    """Describe protocols and seeds of a table's rows in a sentence or two, for a caption.

    ``labels`` selects rows; rows without a figure and trivial baselines are not mentioned.
    """
    rows = [row for row in table.rows if not row.trivial and (labels is None or row.label in labels) and seeds(row)]
    found = [("Protocol", [(row.label, row.protocol) for row in rows])]
    found += [("Seeds", [(row.label, seeds(row)) for row in rows if row.random])]
    fixed = [row.label for row in rows if not row.random]
    lines = [f"{name}: {_by_value(pairs)}." for name, pairs in found if pairs]
    return " ".join([*lines, *([f"Without randomness: {', '.join(fixed)}."] if fixed else [])])


def _by_value(pairs: list[tuple[str, str]]) -> str:
    """Format the most common value, and the rows with another one: ``tsb-uad (Proposed: normal-only)``."""
    usual = Counter(value for _, value in pairs).most_common(1)[0][0]
    others: dict[str, list[str]] = {}
    for label, value in pairs:
        if value != usual:
            others.setdefault(value, []).append(label)
    shown = "; ".join(f"{', '.join(labels)}: {value}" for value, labels in others.items())
    return f"{usual} ({shown})" if shown else usual


def seeds(row: Row) -> str:
    """Format the number of seeds of a row: ``5``, ``1-5`` if data sets differ, ``any`` without randomness."""
    counts = sorted({entry.seeds for entry in row.entries.values() if entry.value is not None})
    if not counts:
        return ""
    if not row.random:
        return "any"
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]}-{counts[-1]}"


# -- cells of a table --------------------------------------------------------------------------


def ours(entry: Entry) -> str:
    """Format our figure, with the number of series if some are missing; or the reason why there is none."""
    if entry.value is None:
        return entry.state or "not run"
    count = "" if entry.complete else f" ({entry.n_series}/{entry.size})"
    return figure(entry.value) + ("°" if entry.weak else "") + ("q" if entry.quick else "") + count


def interval(entry: Entry) -> str:
    """Format the seed interval; empty if there is none."""
    return "" if entry.interval is None else f"[{figure(entry.interval[0])}, {figure(entry.interval[1])}]"


def versus(entry: Entry) -> str:
    """Describe the comparison of a figure with the best trivial baseline, and the test."""
    found = entry.versus
    if found is None:
        return ""
    word = "better" if found.better else "not better"
    rival = f"{word} than the best trivial baseline, {found.baseline} {figure(found.value)}"
    if found.low is None or found.high is None:
        return f"{rival}, by the means"
    return f"{rival}: paired bootstrap, 95 % interval of the difference [{signed(found.low)}, {signed(found.high)}]"


def letters(table: Table) -> dict[str, str]:
    """Assign a letter to each cause in the table, in order of appearance."""
    cited = dict.fromkeys(e.cause for row in table.rows for e in row.entries.values() if e.cause)
    return {cause: chr(ord("a") + k) if k < 26 else f"a{k - 25}" for k, cause in enumerate(cited)}


def sign(entry: Entry, causes: dict[str, str]) -> str:
    """Return the verdict's sign, with the letter of the cause."""
    return SIGNS[entry.verdict] + causes.get(entry.cause, "")


def legend(table: Table) -> list[str]:
    """Return the meanings of the signs in the table, then its causes and notes."""
    entries = [e for row in table.rows for e in row.entries.values()]
    used = {SIGNS[e.verdict] for e in entries} | {"°" for e in entries if e.weak} | {"q" for e in entries if e.quick}
    lines = [f"{mark} {meaning}" for mark, meaning in MEANINGS.items() if mark in used]
    if any(e.weak and e.versus and e.versus.low is not None for e in entries):
        at = next(k for k, line in enumerate(lines) if line.startswith("°"))
        lines[at] += ", or the 95 % interval of the difference reaches 0 (paired bootstrap over scored points)"
    lines = [*_bold(table), *lines, *_protocols(table)]
    if any(seeds(row) == "any" for row in table.rows):
        lines.append("Seeds: the runs behind a figure; any: the row draws no random numbers")
    if any(e.interval for e in entries):
        lines.append("in brackets: the 95 % prediction interval for one more seed, not for other series")
    lines += [f"{letter}. {cause}" for cause, letter in letters(table).items()]
    return [*lines, *table.notes]


def _bold(table: Table) -> list[str]:
    """Explain what bold means, if it is used."""
    entries = [e for row in table.rows for e in row.entries.values()]
    if not any(e.best or e.published_best for e in entries):
        return []
    best = "bold: the best figure of a data set among the rows that rest on the most series, trivial baselines apart"
    if len({row.protocol for row in table.rows}) == 1:
        return [best]
    return [
        f"{best}, within one protocol",
        "Rows of different protocols saw different data: do not compare them",
    ]


def _protocols(table: Table) -> list[str]:
    """Describe what ``fit`` sees under each protocol of the table."""
    names = dict.fromkeys(row.protocol for row in table.rows)
    return [f"{name}: {protocols.PROTOCOLS[name].summary}" for name in names if name in protocols.PROTOCOLS]


def heading(table: Table) -> str:
    """Return the title, with the prefixes SIMULATED and QUICK if they apply."""
    return ": ".join((*table.marks, table.title))


def behind(table: Table) -> str:
    """List the number of series of each data set: ``Dodgers 1, MGAB 10``."""
    return ", ".join(f"{d} {next(iter(table.rows)).entries[d].size}" for d in table.datasets) if table.rows else ""


def published(entry: Entry, bold: str) -> str:
    """Format the published figure; the best of a protocol in ``bold`` (a format such as ``**{}**``)."""
    if entry.published is None:
        return ""
    text = figure(entry.published, 2)
    return bold.format(text) if entry.published_best else text


def difference(entry: Entry, causes: dict[str, str]) -> str:
    """Format our minus the published figure, with the verdict's sign."""
    if entry.difference is None:
        return ""
    return f"{signed(entry.difference)} {sign(entry, causes)}".strip()
