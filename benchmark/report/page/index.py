"""Render the report as one self-contained HTML page."""

from __future__ import annotations

import re
import shlex
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmark.catalogue import registry
from benchmark.grid import protocols
from benchmark.metrics import METRICS
from benchmark.report.cells import Source
from benchmark.report.page import cards, html
from benchmark.report.plots import GRID, Curve, roc_tables, style
from benchmark.report.tables import Sheet, Table, build, text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Report:
    """The inputs of all files of a report."""

    source: Source
    tidy: pd.DataFrame  # the valid cells
    built: list[Table]  # tables for AUROC
    sizes: Mapping[str, int]  # number of series of each data set
    checked: str = ""  # describes which figures were recomputed for this report
    series: Sequence[str] = ()  # patterns of the series whose traces the page shows; by default as many as fit
    beyond: Sequence[Sheet] = ()  # comparisons with other published figures, after the main tables


class Beside(NamedTuple):
    """Files next to the page: texts to copy, by name, and paths of pictures."""

    texts: Mapping[str, str]
    pictures: Sequence[str]


def render(
    report: Report,
    curves: Mapping[str, list[tuple[str, list[Curve]]]],
    facts: Mapping[str, Any],
    figures: Mapping[str, list[str]],
    beside: Beside,
) -> str:
    """Render the page; tables for metrics other than AUROC are built here.

    ``curves``: heading -> (data set, mean ROC curves). ``facts``: data set -> its metadata. ``figures``: section ->
    inline SVG in the page's colours.
    """
    tidy, built = report.tidy, report.built
    environment = html.environment(str(__package__))
    environment.filters |= {"figure": text.figure, "signed": text.signed, "path": svg_path, "band": svg_band}
    environment.filters |= {"number": leading_number}
    environment.filters |= {"address": text.address, "quoted": shlex.quote, "kind": style.group_name}
    sheets = [table for table in built if not table.main] + _other_metrics(tidy, report.sizes)
    runs = [_run(run) for run in reversed(report.source.store.runs())]
    page = environment.get_template("report.html").render(
        **{
            "style": html.packaged("report.css"),
            "script": html.packaged("report.js"),
            "text": text,
            "metrics": METRICS,
        },
        **{"mains": [table for table in built if table.main or table.common], "sheets": sheets, "curves": curves},
        **{"tally": verdict_counts, "by_dataset": by_dataset, "protocol_summary": protocol_summary},
        roc_conditions={suffix: text.conditions(table) for suffix, table in roc_tables(built)},
        protocol_names=list(dict.fromkeys(table.protocol for table in sheets)),
        metric_names=list(dict.fromkeys(table.metric for table in sheets)),
        figures=figures,
        series=cards.series(report.source, tidy, report.series),
        beside=beside,
        beyond=report.beyond,
        failures=failures(tidy),
        checked=report.checked,
        statuses=Counter(tidy["status"]),
        simulated=len(tidy) > 0 and bool(tidy["simulated"].all()),
        partly_simulated=bool(tidy["simulated"].any()),
        quick=bool(tidy["quick"].any()),
        facts={name: fact for name, fact in facts.items() if name in set(tidy["dataset"])},
        sources=detector_sources(tidy),
        runs=runs,
        commands=list(dict.fromkeys(run["command"] for run in runs)),
        written=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    )
    return str(page)


def _other_metrics(tidy: pd.DataFrame, sizes: Mapping[str, int]) -> list[Table]:
    present = [name for name in METRICS if name != "auroc" and name in tidy and tidy[name].notna().any()]
    return [table for name in present for table in build(tidy, sizes, name)]


def by_dataset(cards: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Cards of the series page under their data sets, numbered."""
    found: dict[str, list[dict[str, Any]]] = {}
    for k, card in enumerate(cards):
        found.setdefault(card["dataset"], []).append(card | {"index": k})
    return found


def protocol_summary(name: str) -> str:
    """Describe in one line what ``fit`` sees under a protocol."""
    return protocols.PROTOCOLS[name].summary if name in protocols.PROTOCOLS else ""


# -- parts of the page -------------------------------------------------------------------------


def verdict_counts(table: Table) -> Counter[str]:
    """Count the verdicts on the published figures."""
    return Counter(e.verdict for row in table.rows for e in row.entries.values() if e.published is not None)


def failures(tidy: pd.DataFrame) -> list[dict[str, Any]]:
    """List cells without a result, one entry per detector, data set, protocol and reason."""
    bad = tidy[tidy["status"] != "ok"]
    lines = []
    for (status, label, dataset, protocol, reason), cells in bad.groupby(
        ["status", "label", "dataset", "protocol", "reason"]
    ):
        names = sorted(set(cells["series"]))
        line = {"status": status, "label": label, "dataset": dataset, "protocol": protocol, "reason": reason}
        lines.append(line | {"count": len(cells), "series": names})
    return sorted(lines, key=lambda line: (line["status"] == "skipped", line["label"], line["dataset"]))


def detector_sources(tidy: pd.DataFrame) -> dict[str, str]:
    """Map the detectors on the page to the sources of their methods."""
    known = registry.detectors()
    return {
        name: known[name].source for name in dict.fromkeys(tidy["detector"]) if name in known and known[name].source
    }


def leading_number(cell: str) -> float | None:
    """Return the number at the start of a cell's text, as sort key; None without a number."""
    found = re.match(r"\[?([+-]?\d*\.?\d+)", cell.replace(text.MINUS, "-"))
    return float(found[1]) if found else None


def _run(run: dict[str, Any]) -> dict[str, Any]:
    facts = dict(run["provenance"])
    versions = facts.pop("versions", {})
    started = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(run["started"]))
    return {"started": started, "command": run["command"], "facts": facts, "versions": versions}


# -- safe and small ----------------------------------------------------------------------------


def svg_path(rates: Any, step: int = 2) -> str:
    """Return the SVG path of a ROC curve in a 100 by 100 box, with every ``step``-th point of the grid."""
    points = zip(GRID[::step] * 100, 100 - rates[::step] * 100, strict=True)
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def svg_band(curve: Curve) -> str:
    """Return the closed SVG path one standard deviation around a ROC curve."""
    low, high = (curve.mean - curve.spread).clip(0, 1), (curve.mean + curve.spread).clip(0, 1)
    forth = [(x * 100, 100 - y * 100) for x, y in zip(GRID[::2], high[::2], strict=True)]
    back = [(x * 100, 100 - y * 100) for x, y in zip(GRID[::-2], low[::-2], strict=True)]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in forth + back) + "Z"
