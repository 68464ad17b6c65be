"""Tables in LaTeX."""

from __future__ import annotations

from collections.abc import Iterable

from benchmark.report import text
from benchmark.report.tables import Table

SPECIAL = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "°": r"$^{\circ}$", "†": r"\textsuperscript{\textdagger}", "≈": r"$\approx$", "≠": r"$\neq$",
    text.MINUS: "$-$", "–": "--", "\n": " ", "\r": " ", "\t": " ",
} | {c: f"\\{c}" for c in "&%$#_{}"}  # fmt: skip


def escape(name: str) -> str:
    """Text that pdflatex sets as it is; a character that its fonts lack is given by its code point."""
    return "".join(
        SPECIAL.get(c, c if " " <= c <= "~" or "À" <= c <= "ÿ" else rf"\texttt{{U+{ord(c):04X}}}") for c in name
    )


def document(tables: Iterable[Table]) -> str:
    """A document with one booktabs table a page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(str(__package__)),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
    )
    environment.filters["tex"] = escape
    return environment.get_template("table.tex").render(tables=list(tables), text=text)
