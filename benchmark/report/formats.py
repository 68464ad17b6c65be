"""Tables as text: Markdown, LaTeX and CSV, with names made safe for each."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from benchmark.report.tables import Entry, Row, Table
from benchmark.report.verdicts import Verdict

if TYPE_CHECKING:
    import pandas as pd

MINUS = "\N{MINUS SIGN}"
SIGNS: dict[Verdict, str] = {
    "reproduced": "=",
    "inside the seed interval": "≈",
    "explained": "†",
    "not reproduced": "≠",
    "not compared": "",
    "": "",
}
MEANINGS = {
    "=": "reproduced: within .01 of print",
    "≈": "inside the seed interval: print lies where one more seed is expected (95 %)",
    "†": "explained: the letter names the cause",
    "≠": "not reproduced; a letter names what is known",
    "°": "not better than the best one-liner",
    "q": "QUICK: reduced run, not a result",
}
CELL_COLUMNS = [
    "dataset",
    "series",
    "detector",
    "protocol",
    "seed",
    "source",
    "status",
    "reason",
    "auroc",
    "auprc",
    "n",
    "n_anomalous",
    "window",
    "fit_seconds",
    "score_seconds",
    "peak_mb",
]  # the promised order
TABLE_COLUMNS = [
    "table",
    "protocol",
    "metric",
    "simulated",
    "quick",
    "detector",
    "group",
    "dataset",
    "published",
    "ours",
    "difference",
    "verdict",
    "cause",
    "n_series",
    "size",
    "seeds",
    "low",
    "high",
    "best",
    "not_better_than_one_liner",
    "state",
]


# -- numbers and names -------------------------------------------------------------------------


def figure(value: float, digits: int = 3) -> str:
    """A share as the field prints it: ``.775``, ``1.000``."""
    text = f"{value:.{digits}f}"
    return text[1:] if text.startswith("0.") else text


def signed(value: float, digits: int = 3) -> str:
    """A difference with its sign: ``+.012``, ``−.015``, ``.000``."""
    text = figure(abs(value), digits)
    if not text.strip(".0"):
        return text
    return ("+" if value > 0 else MINUS) + text


def markdown_text(text: str) -> str:
    """Text that Markdown shows as it is, inside a table too."""
    text = re.sub(r"[\r\n\t]+", " ", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]#|~])", r"\\\1", text)


LATEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "°": r"$^{\circ}$", "†": r"\textsuperscript{\textdagger}", "≈": r"$\approx$", "≠": r"$\neq$",
    MINUS: "$-$", "–": "--", "\n": " ", "\r": " ", "\t": " ",
} | {c: f"\\{c}" for c in "&%$#_{}"}  # fmt: skip


def latex_text(text: str) -> str:
    """Text that pdflatex sets as it is; a character that its fonts lack is given by its code point."""
    return "".join(
        LATEX.get(c, c if " " <= c <= "~" or "À" <= c <= "ÿ" else rf"\texttt{{U+{ord(c):04X}}}") for c in text
    )


def csv_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def file_name(text: str) -> str:
    """A portable file name; names that had to be changed keep apart by a short hash."""
    safe = re.sub(r"[^A-Za-z0-9._@ -]", "_", text).strip(" .")[:80]
    if safe and safe == text and not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", safe):
        return safe
    return f"{safe or 'unnamed'}-{hashlib.sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()[:6]}"


# -- what stands in one place of a table -------------------------------------------------------


def ours(entry: Entry) -> str:
    """Our figure with the series behind it when some are missing; else the reason why there is none."""
    if entry.value is None:
        return entry.state or "not run"
    count = "" if entry.complete else f" ({entry.n_series}/{entry.size})"
    return figure(entry.value) + ("°" if entry.weak else "") + ("q" if entry.quick else "") + count


def interval(entry: Entry) -> str:
    """The seed interval, or nothing."""
    return "" if entry.interval is None else f"[{figure(entry.interval[0])}, {figure(entry.interval[1])}]"


def letters(table: Table) -> dict[str, str]:
    """A letter for each cause that the table cites, in order of appearance."""
    cited = dict.fromkeys(e.cause for row in table.rows for e in row.entries.values() if e.cause)
    return {cause: chr(ord("a") + k) if k < 26 else f"a{k - 25}" for k, cause in enumerate(cited)}


def sign(entry: Entry, causes: dict[str, str]) -> str:
    """The verdict's sign, with the letter of the cause."""
    return SIGNS[entry.verdict] + causes.get(entry.cause, "")


def legend(table: Table) -> list[str]:
    """Meanings of the signs that the table uses, then its causes and notes."""
    entries = [e for row in table.rows for e in row.entries.values()]
    used = {SIGNS[e.verdict] for e in entries} | {"°" for e in entries if e.weak} | {"q" for e in entries if e.quick}
    lines = [f"{mark} {meaning}" for mark, meaning in MEANINGS.items() if mark in used]
    lines += [f"{letter}. {cause}" for cause, letter in letters(table).items()]
    return [*lines, *table.notes]


def heading(table: Table) -> str:
    """The title with what must not be overlooked in front."""
    return ": ".join((*table.marks, table.title))


def behind(table: Table) -> str:
    """The series behind each data set, once: ``Dodgers 1, MGAB 10``."""
    return ", ".join(f"{d} {next(iter(table.rows)).entries[d].size}" for d in table.datasets) if table.rows else ""


# -- Markdown ----------------------------------------------------------------------------------


def to_markdown(tables: Iterable[Table]) -> str:
    """All tables as one Markdown document."""
    return "\n".join(_markdown(table) for table in tables)


def _markdown(table: Table) -> str:
    names = [markdown_text(d) for d in table.datasets]
    head = (
        [c for n in names for c in (f"{n} published", "ours", "difference")]
        if table.main and not table.simulated
        else names
    )
    causes = letters(table)
    lines = [f"## {markdown_text(heading(table))}", "", f"Means over series: {markdown_text(behind(table))}.", ""]
    lines += ["| " + " | ".join(["Detector", *head]) + " |", "|:--" + "|--:" * len(head) + "|"]
    in_block = False
    for row in table.rows:
        if row.group == "one-liner" and not in_block:
            lines.append("| *One-liners* " + "| " * len(head) + "|")
            in_block = True
        lines.append("| " + " | ".join([markdown_text(row.label), *_markdown_cells(table, row, causes)]) + " |")
    lines += ["", *(f"- {markdown_text(line)}" for line in legend(table)), ""]
    return "\n".join(lines)


def _markdown_cells(table: Table, row: Row, causes: dict[str, str]) -> list[str]:
    cells = []
    for dataset in table.datasets:
        entry = row.entries[dataset]
        text = f"**{ours(entry)}**" if entry.best else ours(entry)
        text += f" {interval(entry)}" if entry.interval else ""
        if table.main and not table.simulated:
            cells += [_printed(entry, "**{}**"), text, _difference(entry, causes)]
        else:
            cells.append(text)
    return cells


def _printed(entry: Entry, bold: str) -> str:
    if entry.printed is None:
        return ""
    text = figure(entry.printed, 2)
    return bold.format(text) if entry.printed_best else text


def _difference(entry: Entry, causes: dict[str, str]) -> str:
    if entry.difference is None:
        return ""
    return f"{signed(entry.difference)} {sign(entry, causes)}".strip()


# -- LaTeX -------------------------------------------------------------------------------------

LATEX_HEAD = r"""% A complete document; to reuse one table, copy its environment and load booktabs.
\documentclass[10pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[a4paper,landscape,margin=15mm]{geometry}
\usepackage{textcomp}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{booktabs}
\begin{document}
"""


def to_latex(tables: Iterable[Table]) -> str:
    """A LaTeX document with one booktabs table a page."""
    return LATEX_HEAD + "\n".join(_latex(table) for table in tables) + "\\end{document}\n"


def _latex(table: Table) -> str:
    compared = table.main and not table.simulated
    causes = letters(table)
    body = []
    for k, row in enumerate(table.rows):
        if row.group == "one-liner" and (k == 0 or table.rows[k - 1].group != "one-liner"):
            body.append(r"\midrule")
        body.append(" & ".join([latex_text(row.label), *_latex_cells(table, row, causes)]) + r" \\")
    per = 3 if compared else 1
    notes = map(latex_text, legend(table))
    head = _latex_head(table) if compared else [" & ".join(["Detector", *map(latex_text, table.datasets)]) + r" \\"]
    return "\n".join(
        [
            r"\begin{table}[p]\centering\footnotesize\setlength{\tabcolsep}{3pt}",
            rf"\caption{{{latex_text(heading(table))}. Means over series: {latex_text(behind(table))}.}}",
            rf"\begin{{tabular}}{{l{'r' * per * len(table.datasets)}}}",
            r"\toprule", *head, r"\midrule", *body, r"\bottomrule", r"\end{tabular}",
            r"\par\medskip\parbox{.9\linewidth}{\scriptsize\raggedright " + r" \\ ".join(notes) + "}",
            r"\end{table}", r"\clearpage", "",
        ]
    )  # fmt: skip


def _latex_head(table: Table) -> list[str]:
    spans = [rf"\multicolumn{{3}}{{c}}{{{latex_text(d)}}}" for d in table.datasets]
    rules = "".join(rf"\cmidrule(lr){{{2 + 3 * k}-{4 + 3 * k}}}" for k in range(len(spans)))
    return [" & ".join(["", *spans]) + r" \\", rules, "Detector" + " & publ. & ours & diff." * len(spans) + r" \\"]


def _latex_cells(table: Table, row: Row, causes: dict[str, str]) -> list[str]:
    cells = []
    for dataset in table.datasets:
        entry = row.entries[dataset]
        text = latex_text(ours(entry))
        text = rf"\textbf{{{text}}}" if entry.best else text
        text += f" {{\\tiny {latex_text(interval(entry))}}}" if entry.interval else ""
        if table.main and not table.simulated:
            cells += [_printed(entry, r"\textbf{{{}}}"), text, latex_text(_difference(entry, causes))]
        else:
            cells.append(text)
    return cells


# -- CSV ---------------------------------------------------------------------------------------


def to_csv(tables: Iterable[Table]) -> str:
    """One line per figure, with everything that the other formats abbreviate."""
    out = io.StringIO()
    writer = csv.DictWriter(out, TABLE_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for table in tables:
        for row in table.rows:
            writer.writerows(_csv_row(table, row, dataset) for dataset in table.datasets)
    return out.getvalue()


def _csv_row(table: Table, row: Row, dataset: str) -> dict[str, object]:
    entry = row.entries[dataset]
    low, high = entry.interval or (None, None)
    text = {
        "table": heading(table),
        "detector": row.label,
        "dataset": dataset,
        "state": entry.state,
        "cause": entry.cause,
    }
    return {
        **{name: csv_text(value) for name, value in text.items()},
        **{"protocol": row.protocol, "metric": table.metric, "group": row.group, "verdict": entry.verdict},
        **{"simulated": table.simulated, "quick": entry.quick, "n_series": entry.n_series, "size": entry.size},
        **{"published": entry.printed, "ours": entry.value, "difference": entry.difference, "seeds": entry.seeds},
        **{"low": low, "high": high, "best": entry.best, "not_better_than_one_liner": entry.weak},
    }


def cells_to_csv(cells: pd.DataFrame) -> str:
    """The tidy cells, first the promised columns, then the others; text is safe for spreadsheets."""
    first = [name for name in CELL_COLUMNS if name in cells]
    others = [name for name in cells.columns if name not in first and name not in ("traceback", "extra")]
    tidy = cells[first + others].copy()
    for name in tidy.columns:
        if tidy[name].dtype == object or str(tidy[name].dtype).startswith("str"):
            tidy[name] = [csv_text(v) if isinstance(v, str) else v for v in tidy[name]]
    return str(tidy.to_csv(index=False, lineterminator="\n"))
