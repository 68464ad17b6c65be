"""The page's card of a series: facts about it, its values, and each detector's scores."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmark.grid import protocols
from benchmark.metrics import Labels
from benchmark.report.cells import Array, Source, lines
from benchmark.report.page import html, traces
from benchmark.report.tables import DATASETS, ordered_protocols, text
from datasets import name_matches

if TYPE_CHECKING:
    import pandas as pd

Card = dict[str, Any]
PLACE = ["dataset", "series", "data_hash"]
MOST_TRACES = 4000  # with more, each would be too coarse to be useful
COARSE, FINE = 4 << 20, 7 << 20  # bytes of base64 for whole traces, and for the stretches around anomalies
SHARES = (1.0, 0.5, 0.25, 0.0)  # shares of the margin around an anomaly


def series(source: Source, tidy: pd.DataFrame, chosen: Sequence[str] = ()) -> list[Card]:
    """Make a card for each series, with facts about it and traces.

    ``chosen`` are patterns for the names of the series whose traces are shown. By default these are as many as fit,
    the first of each data set before the second of any.
    """
    shown = _one_seed(tidy)
    groups = [(_Place(*map(str, place)), cells) for place, cells in shown.groupby(PLACE, sort=False)]
    groups.sort(key=lambda group: _order(*group))
    about = {place.data_hash: _about(source, place.data_hash) for place, _ in groups}
    drawn = _drawn_series([(p, len(cells) + 1) for p, cells in groups if about[p.data_hash]], chosen)
    size = _size({p.data_hash: len(cells) + 1 for p, cells in groups if p in drawn}, about)
    cards = []
    for place, cells in groups:
        facts = about[place.data_hash]
        card = _card(place, cells, facts)
        if facts and place in drawn:
            card["payload"] = _payload(source, place.data_hash, cells, size, facts)
        cards.append(card)
    return _with_ids(cards)


class _Place(NamedTuple):
    """A series with the hash of its content."""

    dataset: str
    series: str
    data_hash: str


class _Size(NamedTuple):
    """Resolution of a page's traces: buckets of each, and share of the margin around anomalies in full resolution."""

    buckets: int
    share: float | None


def _order(place: _Place, cells: pd.DataFrame) -> tuple[bool, int, str, list[tuple[int, str]]]:
    known = DATASETS.index(place.dataset) if place.dataset in DATASETS else 99
    return bool(cells["simulated"].iloc[0]), known, place.dataset, _natural(place.series)


def _drawn_series(counts: list[tuple[_Place, int]], chosen: Sequence[str]) -> set[_Place]:
    """Select the series with traces: the chosen ones, else as many as fit."""
    if chosen:
        return {place for place, _ in counts if any(name_matches(place.series, pattern) for pattern in chosen)}
    nth: dict[str, int] = {}
    ranked = []
    for place, traced in counts:
        nth[place.dataset] = nth.get(place.dataset, -1) + 1
        ranked.append((nth[place.dataset], place, traced))
    ranked.sort(key=lambda entry: entry[0])
    total = accumulate(traced for _, _, traced in ranked)
    return {place for (_, place, _), sum_ in zip(ranked, total, strict=True) if sum_ <= MOST_TRACES}


def _size(counts: Mapping[str, int], about: Mapping[str, dict[str, Any] | None]) -> _Size:
    """Find the highest resolution within the page's budget of bytes."""
    buckets = traces.buckets_for(sum(counts.values()), COARSE)
    known = [(number, facts) for data_hash, number in counts.items() if (facts := about[data_hash])]
    for share in SHARES:
        rows = (
            number * sum(stop - start for start, stop in traces.around(facts["segments"], facts["n"], share))
            for number, facts in known
            if facts["n"] > 2 * buckets
        )
        if sum(rows) * 4 / 3 <= FINE:
            return _Size(buckets, share)
    return _Size(buckets, None)


def _with_ids(cards: list[Card]) -> list[Card]:
    """Add an id to each card, for links: data set and name, with the content's hash if two cards share them."""
    names = [f"{card['dataset']}/{card['name']}{' simulated' if card['simulated'] else ''}" for card in cards]
    twice = {name for name, count in Counter(names).items() if count > 1}
    full = [f"{n} {card['sha256'][:12]}" if n in twice else n for n, card in zip(names, cards, strict=True)]
    return [card | {"id": f"series-{text.address(name)}"} for card, name in zip(cards, full, strict=True)]


def _one_seed(tidy: pd.DataFrame) -> pd.DataFrame:
    """Select the first seed of each row, so that a trace shows a single run."""
    keys = ["dataset", "series", "data_hash", "label", "protocol"]
    return tidy[tidy["status"] == "ok"].sort_values("seed", kind="stable").drop_duplicates(keys)


def _card(place: _Place, cells: pd.DataFrame, about: dict[str, Any] | None) -> Card:
    card: Card = {"dataset": place.dataset, "name": place.series, "simulated": bool(cells["simulated"].iloc[0])}
    card |= {"source": str(cells["source"].iloc[0]), "sha256": place.data_hash, "payload": None}
    card |= {"simple": _best(cells[cells["group"] == "one-liner"]), "best": _best(cells[cells["group"] != "one-liner"])}
    return card | ({name: about[name] for name in ("health", "strip")} if about else {"health": None, "strip": []})


def _about(source: Source, data_hash: str) -> dict[str, Any] | None:
    """Return the facts about a series; None if its values are not available."""

    def make(values: Array, labels: Labels) -> dict[str, Any]:
        n, spans = len(values), traces.anomalous_rows(labels)
        shown = {"strip": traces.strip(spans, n), "health": traces.health(values, labels)}
        return {"n": n, "segments": spans} | shown

    try:
        return dict(source.from_series("series", data_hash, [], make))
    except KeyError:
        return None


def _payload(source: Source, data_hash: str, cells: pd.DataFrame, size: _Size, about: dict[str, Any]) -> str:
    """Encode values and scores of a series for the viewer in ``report.js``."""
    fine = [] if size.share is None else traces.around(about["segments"], about["n"], size.share)
    fine = fine if about["n"] > 2 * size.buckets else []

    def signal(values: Array, _: Labels) -> dict[str, Any]:
        return traces.encode(values, size.buckets, stretches=fine, bits=16)

    payload = {"n": about["n"], "segments": about["segments"], "fine": fine}
    payload["signal"] = source.from_series("signal", data_hash, [size.buckets, fine], signal)
    payload["scores"] = _score_traces(source, cells, size.buckets, fine)
    return html.script_json(payload)


def _best(cells: pd.DataFrame) -> dict[str, Any] | None:
    usable = cells[cells["auroc"].notna()]
    if usable.empty:
        return None
    top = usable.iloc[int(usable["auroc"].to_numpy().argmax())]
    return {"label": str(top["label"]), "protocol": str(top["protocol"]), "auroc": float(top["auroc"])}


def _score_traces(source: Source, cells: pd.DataFrame, buckets: int, fine: list[traces.Span]) -> list[dict[str, Any]]:
    """Encode the scores, sorted by protocol and AUROC; ``paper`` marks those of the published comparison."""

    def make(first: int, _: Labels, scores: Array) -> dict[str, Any]:
        return traces.encode(scores, buckets, first, fine)

    found = []
    columns = ["key", "data_hash", "label", "detector", "group", "protocol", "auroc"]
    best_first = cells.sort_values("auroc", ascending=False)
    for key, data_hash, label, detector, group, protocol, auroc in lines(best_first, columns):
        trace = {"label": label, "group": "proposed" if detector == "Proposed" else group, "protocol": protocol}
        trace["paper"] = protocols.paper_protocol(detector, group) == protocol
        trace["auroc"] = None if auroc != auroc else auroc
        with suppress(KeyError):  # its scores are not available
            found.append(trace | source.from_scores("trace", key, data_hash, [buckets, fine], make))
    order = ordered_protocols({trace["protocol"] for trace in found})
    return sorted(found, key=lambda trace: order.index(trace["protocol"]))


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
