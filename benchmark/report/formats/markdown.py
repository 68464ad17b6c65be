"""Write tables in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmark.errors import UserError
from benchmark.report.tables import Row, Sheet, Table, text


def escape(name: object) -> str:
    """Escape text for Markdown, also inside tables."""
    flat = re.sub(r"\s+", " ", str(name)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # An underscore inside a word needs no escape; so a terminal shows names of parameters as they are typed.
    return re.sub(r"([\\`*\[\]#|~]|(?<![^\W_])_|_(?![^\W_]))", r"\\\1", flat)


def table(head: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1) -> str:
    """Write a table whose first ``left`` columns are text and whose others are figures; cells are not escaped."""
    rule = "|" + "|".join(":--" if k < left else "--:" for k in range(len(head))) + "|"
    first, *others = ("| " + " | ".join(map(str, line)) + " |" for line in (head, *rows))
    return "\n".join([first, rule, *others])


def sheet(one: Sheet, level: int = 3) -> str:
    """Write a sheet with its heading, text and notes."""
    parts = [f"{'#' * level} {escape(one.title)}", escape(one.text)]
    if one.head:
        rows = [[f"**{escape(row[0])}**" if row[0] in one.strong else escape(row[0]), *row[1:]] for row in one.rows]
        parts.append(table(one.head, rows))
    parts.append("\n".join(f"- {line}" for line in one.notes))
    return "\n\n".join(part for part in parts if part)


def replace_between(page: Path, begin: str, end: str, body: str) -> str:
    """Return the text of a page with the part between two marker lines replaced by ``body``.

    Raises
    ------
    UserError
        If the page lacks one of the lines.
    """
    before, first, rest = page.read_text(encoding="utf-8").partition(begin)
    _, last, after = rest.partition(end)
    if not first or not last:
        raise UserError(f"{page} has no place for the table: put the lines {begin} and {end} there")
    return f"{before}{begin}\n{body}{end}{after}"


def document(tables: Iterable[Table]) -> str:
    """Write all tables of a report as one document."""
    return "\n".join(_section(one) for one in tables)


def _section(one: Table) -> str:
    names = [escape(dataset) for dataset in one.datasets]
    has_published = [one.compared and one.has_published(dataset) for dataset in one.datasets]
    named = zip(names, has_published, strict=True)
    head = [c for n, shown in named for c in ((f"{n} published", "ours", "difference") if shown else (n,))]
    rows = table(["Detector", "Protocol", "Seeds", *head], _rows(one, len(head)), left=2)
    legend = "\n".join(f"- {escape(line)}" for line in text.legend(one))
    parts = [f"## {escape(text.heading(one))}", escape(text.summary(one)), rows, legend]
    return "\n\n".join(part for part in parts if part) + "\n"


def _rows(one: Table, width: int) -> Iterable[list[str]]:
    causes = text.letters(one)
    for block in one.blocks:
        if block[0].trivial:
            yield ["*Trivial baselines*", *[""] * (width + 2)]
        for row in block:
            yield [escape(row.label), escape(row.protocol), text.seeds(row), *_cells(one, row, causes)]


def _cells(one: Table, row: Row, causes: dict[str, str]) -> Iterable[str]:
    for dataset in one.datasets:
        entry = row.entries[dataset]
        ours = f"**{text.ours(entry)}**" if entry.best else text.ours(entry)
        ours += f" {text.interval(entry)}" if entry.interval else ""
        shown = one.compared and one.has_published(dataset)
        yield from (text.published(entry, "**{}**"), ours, text.difference(entry, causes)) if shown else (ours,)
