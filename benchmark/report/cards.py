"""A card of the page for each series: what to know of it, its signal, and what each detector made of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from benchmark.grid import protocols
from benchmark.report import html, traces
from benchmark.report.derived import Derived
from benchmark.report.results import scored
from benchmark.report.tables import DATASETS, ordered_protocols

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.report.results import Results


def series(results: Results, tidy: pd.DataFrame, derived: Derived) -> list[dict[str, Any]]:
    """A card and a bundle of traces for each series; one without stored values has a card that says so."""
    if not len(tidy):
        return []
    shown = _one_seed(tidy)
    buckets = traces.buckets_for(len(shown) + tidy["data_hash"].nunique())
    order = {name: k for k, name in enumerate(DATASETS)}
    cards = [
        _card(results, str(dataset), str(name), str(data_hash), cells, buckets, derived)
        for (dataset, name, data_hash), cells in shown.groupby(["dataset", "series", "data_hash"], sort=False)
    ]
    return sorted(cards, key=lambda c: (c["simulated"], order.get(c["dataset"], 99), c["dataset"], _natural(c["name"])))


def _one_seed(tidy: pd.DataFrame) -> pd.DataFrame:
    """The first seed of each row, so that a trace is the score of one run."""
    keys = ["dataset", "series", "data_hash", "label", "protocol"]
    return tidy[tidy["status"] == "ok"].sort_values("seed", kind="stable").drop_duplicates(keys)


def _card(
    results: Results, dataset: str, name: str, data_hash: str, cells: pd.DataFrame, buckets: int, derived: Derived
) -> dict[str, Any]:
    card: dict[str, Any] = {"dataset": dataset, "name": name, "simulated": bool(cells["simulated"].iloc[0])}
    card |= {"source": str(cells["source"].iloc[0]), "sha256": data_hash, "health": None, "payload": None, "strip": []}
    card |= {"simple": _best(cells[cells["group"] == "one-liner"]), "best": _best(cells[cells["group"] != "one-liner"])}
    try:
        about = derived.get_json("series", [data_hash, buckets], lambda: _about(results, data_hash, buckets))
    except KeyError:
        return card
    payload = {name: about[name] for name in ("n", "segments", "signal")}
    payload["scores"] = _score_traces(results, cells, buckets, derived)
    return card | {name: about[name] for name in ("health", "strip")} | {"payload": html.script_json(payload)}


def _about(results: Results, data_hash: str, buckets: int) -> dict[str, Any]:
    """What a page shows of a series, whatever its scores."""
    values, labels = results.series(data_hash)
    n, spans = len(values), traces.anomalous_rows(labels)
    strip = [(round(1000 * a / n, 1), max(2.0, round(1000 * (b - a) / n, 1))) for a, b in spans]
    told = {"n": n, "segments": spans, "strip": strip, "health": traces.health(values, labels)}
    return told | {"signal": traces.encode(values, buckets)}


def _best(cells: pd.DataFrame) -> dict[str, Any] | None:
    usable = cells[cells["auroc"].notna()]
    if usable.empty:
        return None
    top = usable.iloc[int(usable["auroc"].to_numpy().argmax())]
    return {"label": str(top["label"]), "protocol": str(top["protocol"]), "auroc": float(top["auroc"])}


def _score_traces(results: Results, cells: pd.DataFrame, buckets: int, derived: Derived) -> list[dict[str, Any]]:
    """Traces in the order of the page's protocols, then of AUROC; ``paper`` marks those of the published comparison."""
    found = []
    columns = cells.sort_values("auroc", ascending=False)[
        ["key", "data_hash", "label", "detector", "group", "protocol", "auroc"]
    ]
    cell: Any
    for cell in columns.itertuples():
        drawn = _drawn(results, cell.key, cell.data_hash, buckets, derived)
        if drawn is None:
            continue
        trace = {"label": cell.label, "group": "proposed" if cell.detector == "Proposed" else cell.group}
        trace |= {
            "protocol": cell.protocol,
            "paper": protocols.paper_protocol(cell.detector, cell.group) == cell.protocol,
        }
        trace |= {"auroc": None if cell.auroc != cell.auroc else cell.auroc}
        found.append(trace | drawn)
    order = ordered_protocols({trace["protocol"] for trace in found})
    return sorted(found, key=lambda trace: order.index(trace["protocol"]))


def _drawn(results: Results, key: str, data_hash: str, buckets: int, derived: Derived) -> dict[str, Any] | None:
    """The trace of a cell's scores; None when they are not at hand."""

    def make() -> dict[str, Any]:
        first, _, scores = scored(results, key, data_hash)
        return traces.encode(scores, buckets, first)

    try:
        return dict(derived.get_json("trace", [results.content(key), data_hash, buckets], make))
    except KeyError:
        return None


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
