"""The report as one self-contained HTML page."""

from __future__ import annotations

import io
import re
import time
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmark.catalogue import registry
from benchmark.grid import protocols
from benchmark.metrics import METRICS
from benchmark.report import html, roc, style, text, traces
from benchmark.report.build import build
from benchmark.report.pictures import roc_tables
from benchmark.report.tables import DATASETS, ordered_protocols

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from benchmark.report.results import Results
    from benchmark.report.roc import Curve
    from benchmark.report.tables import Table

THEME = {
    style.INK: "var(--ink)",
    style.QUIET: "var(--quiet)",
    style.FAINT: "var(--line)",
    style.ACCENT: "var(--accent)",
    **{colour: f"var(--{group})" for group, colour in style.COLOURS.items() if group != "one-liner"},
    "#ffffff": "var(--paper)",
    "#000000": "var(--ink)",
}


def render(
    results: Results,
    tidy: pd.DataFrame,
    built: list[Table],
    curves: Mapping[str, list[tuple[str, list[Curve]]]],
    facts: Mapping[str, Any],
    figures: Mapping[str, Mapping[str, Figure]],
    sizes: Mapping[str, int] | None = None,
) -> str:
    """The page.

    Parameters
    ----------
    built : list of Table
        Tables for AUROC; those for the other metrics are built here.
    curves : mapping
        Heading -> (data set, mean ROC curves).
    facts : mapping
        Data set -> its metadata (title, licence, citation, notes, urls).
    figures : mapping
        Section -> caption -> figure, shown in the page's colours.
    """
    environment = html.environment(str(__package__))
    environment.filters |= {"figure": text.figure, "signed": text.signed, "path": svg_path, "band": svg_band}
    sheets = [table for table in built if not table.main] + _other_metrics(tidy, sizes)
    runs = [_run(run) for run in reversed(results.runs())]
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
        figures={name: [themed(f) for f in drawings.values()] for name, drawings in figures.items() if drawings},
        series=series(results, tidy),
        failures=failures(tidy),
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


def _other_metrics(tidy: pd.DataFrame, sizes: Mapping[str, int] | None) -> list[Table]:
    present = [name for name in METRICS if name != "auroc" and name in tidy and tidy[name].notna().any()]
    return [table for name in present for table in build(tidy, sizes, name)]


def by_dataset(cards: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Cards of the series page under their data sets, numbered."""
    found: dict[str, list[dict[str, Any]]] = {}
    for k, card in enumerate(cards):
        found.setdefault(card["dataset"], []).append(card | {"index": k})
    return found


def protocol_summary(name: str) -> str:
    """What ``fit`` sees under a protocol, in one line."""
    return protocols.PROTOCOLS[name].summary if name in protocols.PROTOCOLS else ""


# -- parts of the page -------------------------------------------------------------------------


def verdict_counts(table: Table) -> Counter[str]:
    """How many of the published figures got which verdict."""
    return Counter(e.verdict for row in table.rows for e in row.entries.values() if e.printed is not None)


def failures(tidy: pd.DataFrame) -> list[dict[str, Any]]:
    """Cells without a result, one line per detector, data set, protocol and reason."""
    if not len(tidy):
        return []
    bad = tidy[tidy["status"] != "ok"]
    lines = []
    for (status, label, dataset, protocol, reason), cells in bad.groupby(
        ["status", "label", "dataset", "protocol", "reason"], sort=False
    ):
        names = sorted(set(cells["series"]))
        line = {"status": status, "label": label, "dataset": dataset, "protocol": protocol, "reason": reason}
        lines.append(line | {"count": len(cells), "series": names})
    return sorted(lines, key=lambda line: (line["status"] == "skipped", line["label"], line["dataset"]))


def detector_sources(tidy: pd.DataFrame) -> dict[str, str]:
    """Where each method of the page comes from."""
    if not len(tidy):
        return {}
    known = registry.detectors()
    return {
        name: known[name].source for name in dict.fromkeys(tidy["detector"]) if name in known and known[name].source
    }


def series(results: Results, tidy: pd.DataFrame) -> list[dict[str, Any]]:
    """A card and a bundle of traces for each series; one without stored values has a card that says so."""
    if not len(tidy):
        return []
    shown = _one_seed(tidy)
    buckets = traces.buckets_for(len(shown) + tidy["data_hash"].nunique())
    order = {name: k for k, name in enumerate(DATASETS)}
    cards = [
        _card(results, str(dataset), str(name), str(data_hash), cells, buckets)
        for (dataset, name, data_hash), cells in shown.groupby(["dataset", "series", "data_hash"], sort=False)
    ]
    return sorted(cards, key=lambda c: (c["simulated"], order.get(c["dataset"], 99), c["dataset"], _natural(c["name"])))


def _one_seed(tidy: pd.DataFrame) -> pd.DataFrame:
    """The first seed of each row, so that a trace is the score of one run."""
    keys = ["dataset", "series", "data_hash", "label", "protocol"]
    return tidy[tidy["status"] == "ok"].sort_values("seed", kind="stable").drop_duplicates(keys)


def _card(
    results: Results, dataset: str, name: str, data_hash: str, cells: pd.DataFrame, buckets: int
) -> dict[str, Any]:
    card: dict[str, Any] = {"dataset": dataset, "name": name, "simulated": bool(cells["simulated"].iloc[0])}
    card |= {"source": str(cells["source"].iloc[0]), "sha256": data_hash, "health": None, "payload": None, "strip": []}
    card |= {"simple": _best(cells[cells["group"] == "one-liner"]), "best": _best(cells[cells["group"] != "one-liner"])}
    try:
        values, labels = results.series(data_hash)
    except KeyError:
        return card
    spans = traces.anomalous_rows(labels)
    n = len(values)
    card["health"] = traces.health(values, labels)
    card["strip"] = [(round(1000 * a / n, 1), max(2.0, round(1000 * (b - a) / n, 1))) for a, b in spans]
    payload = {"n": n, "segments": spans, "signal": traces.encode(values, buckets)}
    payload["scores"] = _score_traces(results, cells, buckets)
    card["payload"] = html.script_json(payload)
    return card


def _best(cells: pd.DataFrame) -> dict[str, Any] | None:
    usable = cells[cells["auroc"].notna()]
    if usable.empty:
        return None
    top = usable.iloc[int(usable["auroc"].to_numpy().argmax())]
    return {"label": str(top["label"]), "protocol": str(top["protocol"]), "auroc": float(top["auroc"])}


def _score_traces(results: Results, cells: pd.DataFrame, buckets: int) -> list[dict[str, Any]]:
    """Traces in the order of the page's protocols, then of AUROC; ``paper`` marks those of the published comparison."""
    found = []
    columns = cells.sort_values("auroc", ascending=False)[["key", "label", "detector", "group", "protocol", "auroc"]]
    cell: Any
    for cell in columns.itertuples():
        try:
            first, scores = results.scores(cell.key)
        except KeyError:
            continue
        trace = {"label": cell.label, "group": "proposed" if cell.detector == "Proposed" else cell.group}
        trace |= {
            "protocol": cell.protocol,
            "paper": protocols.paper_protocol(cell.detector, cell.group) == cell.protocol,
        }
        trace |= {"auroc": None if cell.auroc != cell.auroc else cell.auroc}
        found.append(trace | traces.encode(scores, buckets, first))
    order = ordered_protocols({trace["protocol"] for trace in found})
    return sorted(found, key=lambda trace: order.index(trace["protocol"]))


def _run(run: dict[str, Any]) -> dict[str, Any]:
    facts = dict(run["provenance"])
    versions = facts.pop("versions", {})
    started = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(run["started"]))
    return {"started": started, "command": run["command"], "facts": facts, "versions": versions}


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


# -- safe and small ----------------------------------------------------------------------------


def svg_path(rates: Any, step: int = 2) -> str:
    """Path of a ROC curve in a 100 by 100 box, on every ``step``-th point of the grid."""
    points = zip(roc.GRID[::step] * 100, 100 - rates[::step] * 100, strict=True)
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def svg_band(curve: Curve) -> str:
    """Closed path one standard deviation around a ROC curve."""
    low, high = (curve.mean - curve.spread).clip(0, 1), (curve.mean + curve.spread).clip(0, 1)
    forth = [(x * 100, 100 - y * 100) for x, y in zip(roc.GRID[::2], high[::2], strict=True)]
    back = [(x * 100, 100 - y * 100) for x, y in zip(roc.GRID[::-2], low[::-2], strict=True)]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in forth + back) + "Z"


def themed(figure: Figure) -> str:
    """A matplotlib figure as inline SVG in the page's colours, light or dark."""
    out = io.StringIO()
    with style.context():
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(
        r' id="(?:figure|axes|patch|text|line2d|legend|matplotlib\.axis|[xy]tick|PolyCollection)_?\d+"', "", svg
    )
    for colour, variable in THEME.items():
        svg = re.sub(re.escape(colour), variable, svg, flags=re.I)
    for size in ("height", "width"):
        svg = re.sub(rf'(<svg[^>]*?) {size}="[^"]*"', r"\1", svg, count=1)
    return svg
