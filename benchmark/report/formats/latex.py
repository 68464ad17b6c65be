"""Write tables in LaTeX, and BibTeX references for papers that use their figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmark.report.tables import Table, text

SPECIAL = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "°": r"$^{\circ}$", "†": r"\textsuperscript{\textdagger}", "≈": r"$\approx$", "≠": r"$\neq$",
    text.MINUS: "$-$", "–": "--", "\n": " ", "\r": " ", "\t": " ",
} | {c: f"\\{c}" for c in "&%$#_{}"}  # fmt: skip
SUITE = r"""@article{tsb-uad,
  author = {Paparrizos, John and Kang, Yuhao and Boniol, Paul and Tsay, Ruey S.
            and Palpanas, Themis and Franklin, Michael J.},
  title = {{TSB-UAD}: An End-to-End Benchmark Suite for Univariate Time-Series Anomaly Detection},
  journal = {Proceedings of the VLDB Endowment},
  volume = {15},
  number = {8},
  pages = {1697--1711},
  year = {2022},
}
"""


def escape(name: str) -> str:
    """Escape text for pdflatex; a character that its fonts lack is replaced by its code point."""
    return "".join(
        SPECIAL.get(c, c if " " <= c <= "~" or "À" <= c <= "ÿ" else rf"\texttt{{U+{ord(c):04X}}}") for c in name
    )


def document(tables: Iterable[Table]) -> str:
    """Write a document with one booktabs table per page."""
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


def bibtex(facts: Mapping[str, Any]) -> str:
    """Write BibTeX of the data sets, as their publishers ask to be cited, and of the suite of the baselines."""
    entries = []
    for name, fact in facts.items():
        fields = {"title": f"{{{escape(fact.title)}}}", "note": escape(fact.citation)}
        if fact.urls:
            fields["howpublished"] = rf"\url{{{fact.urls[0]}}}"
        lines = [f"  {key} = {{{value}}}," for key, value in fields.items()]
        entries.append("\n".join([f"@misc{{{text.address(name)},", *lines, "}\n"]))
    return "\n".join([SUITE, *entries])
