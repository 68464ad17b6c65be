"""References for a paper that uses a report's figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmark.report import latex, text

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


def document(facts: Mapping[str, Any]) -> str:
    """BibTeX of the data sets, cited as their publishers ask, and of the suite that the baselines come from."""
    entries = []
    for name, fact in facts.items():
        fields = {"title": f"{{{latex.escape(fact.title)}}}", "note": latex.escape(fact.citation)}
        if fact.urls:
            fields["howpublished"] = rf"\url{{{fact.urls[0]}}}"
        lines = [f"  {key} = {{{value}}}," for key, value in fields.items()]
        entries.append("\n".join([f"@misc{{{text.address(name)},", *lines, "}\n"]))
    return "\n".join([SUITE, *entries])
