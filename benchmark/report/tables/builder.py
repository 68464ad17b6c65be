"""Build tables from tidy cells: select the cells, form the rows, and compute the means."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmark.catalogue import published, published_order, registry
from benchmark.errors import UserError, printable
from benchmark.grid import paper_protocol
from benchmark.report.cells import lines
from benchmark.report.tables.bar import Against, add_published, by_means, make_notes, mark_rows
from benchmark.report.tables.model import GROUPS, Entry, Row, Table, ordered_datasets, ordered_protocols
from benchmark.report.tables.text import short_hash
from benchmark.report.tables.verdicts import seed_interval

if TYPE_CHECKING:
    import pandas as pd

LONGEST = {"dataset": 80, "series": 80, "label": 60, "protocol": 80, "reason": 800}  # characters that are shown
COMMON = "prefix"  # the protocol that is possible for every detector and uses no labels
MAIN_TITLE = "AUROC beside the published table"
OWN_TITLE = "AUROC of each row under its usual protocol"  # of data sets without a published figure


def build(
    tidy: pd.DataFrame,
    sizes: Mapping[str, int] | None = None,
    metric: str = "auroc",
    against: Against = by_means,
    common: str | None = None,
) -> list[Table]:
    """Build the main table, the one with every row under one protocol, and one table for each other protocol.

    Simulated series have separate tables.

    Parameters
    ----------
    tidy : DataFrame
        The cells that count (:func:`current`).
    sizes : mapping, optional
        Number of series of each data set; by default that of the distinct series in the cells.
    metric : str
        Column to average.
    against : callable
        ``against(row, rival, dataset)`` compares a row with the best trivial baseline on a data set. By default the
        larger mean over the series that both have is better.
    common : str, optional
        Protocol of the table next to the main one; by default ``prefix`` if it has cells.

    Raises
    ------
    UserError
        If ``common`` is given and no cell is under it.
    """
    if common is not None and common not in set(tidy["protocol"]):
        raise UserError(f"no cell is under {common}: python -m benchmark run --all --protocol {common}")
    tables: list[Table] = []
    for simulated in (False, True):
        part = tidy[tidy["simulated"] == simulated]
        if part.empty:
            continue
        known = _sizes(part, sizes)
        main = _main(part, known, simulated, against) if metric == "auroc" else []
        others = _per_protocol(part, known, metric, simulated, against)
        tables += main + (_common_first(others, common or COMMON, main) if metric == "auroc" else others)
    return tables


def _common_first(tables: list[Table], protocol: str, main: list[Table]) -> list[Table]:
    """Move the table of ``protocol``, which compares all rows under equal conditions, to the front."""
    shared = [table for table in tables if table.protocol == protocol]
    rest = [table for table in tables if table.protocol != protocol]
    return [_as_common(table, main) for table in shared] + rest


def _as_common(table: Table, main: list[Table]) -> Table:
    have = {row.label for row in table.rows}
    lacking = [row.label for one in main for row in one.rows if row.label not in have and not row.trivial]
    note = f"Not run under {table.protocol}: {', '.join(lacking)}. To add them: run --protocol {table.protocol}."
    notes = (*((note,) if lacking else ()), *table.notes)
    return replace(table, title=common_title(table.protocol, table.metric), notes=notes, common=True)


def common_title(protocol: str, metric: str = "auroc") -> str:
    """Return the title of the table next to the main one."""
    return f"{metric.upper()} with every row under one protocol: {protocol}"


def current(cells: pd.DataFrame) -> pd.DataFrame:
    """Select the valid cells, with a ``label`` for their row.

    Of several results of one cell (older detector versions or files) the latest is taken. A quick result is taken only
    if the row has no full one on that data set.
    """
    if not len(cells):
        return cells.assign(simulated=[], label=[])
    tidy = cells.copy()
    tidy["quick"] = tidy["quick"].astype(bool) if "quick" in tidy else False
    tidy["simulated"] = tidy["source"] == "simulated"
    tidy["label"] = [_label(d, p, q) for d, p, q in zip(tidy["detector"], tidy["params"], tidy["quick"], strict=True)]
    known = registry.detectors()  # a store may contain any text as group
    tidy["group"] = [known[d].group if d in known else g for d, g in zip(tidy["detector"], tidy["group"], strict=True)]
    for name, most in LONGEST.items():
        tidy[name] = tidy[name].map({text: _shown(text, most) for text in tidy[name].unique()})
    if "finished" in tidy:
        tidy = tidy.sort_values("finished", kind="stable")
    same = ["dataset", "label", "protocol", "simulated"]
    tidy = tidy.drop_duplicates([*same, "series", "seed", "quick"], keep="last")
    has_full = (~tidy["quick"]).groupby([tidy[name] for name in same]).transform("any")
    return tidy[~(tidy["quick"] & has_full)].sort_values([*same, "series", "seed"]).reset_index(drop=True)


def _shown(text: str, most: int) -> str:
    """Make a name safe for tables and pictures: without control characters, and of limited length."""
    plain = printable(text)
    if len(plain) <= most:
        return plain
    return f"{plain[: most - 8]}… {short_hash(text)}"


def _label(detector: str, params: str, quick: bool) -> str:
    changed = json.loads(params) if params else {}
    if quick and detector in registry.detectors():  # what --quick itself sets is not shown, as the figure is marked
        usual = json.loads(json.dumps(registry.detectors()[detector].quick))
        changed = {name: value for name, value in changed.items() if name not in usual or usual[name] != value}
    if not changed:
        return detector
    return f"{detector} ({', '.join(f'{k}={v}' for k, v in sorted(changed.items()))})"


def _sizes(tidy: pd.DataFrame, sizes: Mapping[str, int] | None) -> dict[str, int]:
    seen = {str(name): int(n) for name, n in tidy.groupby("dataset")["series"].nunique().items()}
    return {name: max(n, (sizes or {}).get(name, 0)) for name, n in seen.items()}


# -- the kinds of table --------------------------------------------------------------------


def _main(tidy: pd.DataFrame, sizes: dict[str, int], simulated: bool, against: Against) -> list[Table]:
    """Build the table in the paper's setting: each row under the protocol of its published figure."""
    chosen = tidy[
        tidy["protocol"] == [paper_protocol(d, g) for d, g in zip(tidy["detector"], tidy["group"], strict=True)]
    ]
    if chosen.empty:
        return []
    datasets = ordered_datasets(set(chosen["dataset"]))
    rows = _rows(chosen, datasets, sizes, "auroc")
    if not simulated:
        rows = [add_published(row) for row in _with_absent(rows, datasets, sizes)]
    rows = mark_rows(rows, datasets, against)
    known = any(entry.published is not None for row in rows for entry in row.entries.values())
    title = "AUROC on simulated series" if simulated else MAIN_TITLE if known else OWN_TITLE
    notes = make_notes(rows, datasets, simulated)
    return [Table(title, "as published", "auroc", datasets, tuple(rows), notes, main=True, simulated=simulated)]


def _per_protocol(
    tidy: pd.DataFrame, sizes: dict[str, int], metric: str, simulated: bool, against: Against
) -> list[Table]:
    tables = []
    for protocol in ordered_protocols(set(tidy["protocol"])):
        part = tidy[tidy["protocol"] == protocol]
        datasets = ordered_datasets(set(part["dataset"]))
        rows = mark_rows(_rows(part, datasets, sizes, metric), datasets, against)
        title = f"{metric.upper().replace('_', '-')} under {protocol}"
        notes = make_notes(rows, datasets, simulated)
        tables.append(Table(title, protocol, metric, datasets, tuple(rows), notes, simulated=simulated))
    return tables


class _Figure(NamedTuple):
    """One cell behind a row's figure on a data set."""

    series: str
    seed: int
    status: str
    quick: bool
    value: float

    @property
    def usable(self) -> bool:
        return self.status == "ok" and not math.isnan(self.value)


def _rows(tidy: pd.DataFrame, datasets: tuple[str, ...], sizes: dict[str, int], metric: str) -> list[Row]:
    columns = ["label", "protocol", "dataset", "detector", "group", "simulated"]
    cells: dict[tuple[str, str], dict[str, list[_Figure]]] = {}
    facts: dict[tuple[str, str], tuple[str, str, bool]] = {}
    figures = lines(tidy, ["series", "seed", "status", "quick", metric])
    for place, figure in zip(lines(tidy, columns), figures, strict=True):
        label, protocol, dataset, *known = place
        facts.setdefault((label, protocol), (known[0], known[1], bool(known[2])))
        cells.setdefault((label, protocol), {}).setdefault(dataset, []).append(_Figure(*figure))
    rows = []
    for (label, protocol), (detector, group, simulated) in facts.items():
        of_row = cells[label, protocol]
        entries = {d: _entry(of_row.get(d, []), sizes[d], metric) for d in datasets}
        group = "proposed" if detector == "Proposed" else group
        rows.append(Row(label, detector, group, protocol, entries, simulated, is_random(detector)))
    return sorted(rows, key=_row_order)


@cache
def is_random(detector: str) -> bool:
    """Return True if a detector has a seed, or is not registered."""
    known = registry.detectors().get(detector)
    return known is None or "random_state" in known.param_defaults()


def _row_order(row: Row) -> tuple[int, int, str]:
    known = published_order()
    group = GROUPS.index(row.group) if row.group in GROUPS else len(GROUPS) - 2
    return group, known.index(row.detector) if row.detector in known else 99, row.label


def _entry(cells: list[_Figure], size: int, metric: str) -> Entry:
    if not cells:
        return Entry(size=size, state="not run")
    good = [cell for cell in cells if cell.usable]
    state = _state([cell.status for cell in cells if not cell.usable], metric)
    quick = any(cell.quick for cell in cells)
    if not good:
        return Entry(size=size, state=state, quick=quick)
    figures: dict[str, dict[int, float]] = {}
    for cell in good:
        figures.setdefault(cell.series, {})[int(cell.seed)] = float(cell.value)
    per_series = {name: float(np.mean(list(by_seed.values()))) for name, by_seed in figures.items()}
    shared = sorted(set.intersection(*(set(by_seed) for by_seed in figures.values())))
    whole = [float(np.mean([by_seed[seed] for by_seed in figures.values()])) for seed in shared]
    return Entry(
        value=float(np.mean(list(per_series.values()))),
        n_series=len(per_series),
        size=size,
        seeds=len(whole),
        interval=seed_interval(whole),
        state=state,
        quick=quick,
        per_series=per_series,
    )


def _state(statuses: list[str], metric: str) -> str:
    """Return the most common reason of the cells without a figure, with their number."""
    words = Counter(f"{metric} undefined" if status == "ok" else status for status in statuses)
    if not words:
        return ""
    word, count = words.most_common(1)[0]
    return f"{word} ({count})" if len(words) == 1 else f"{word} and others ({words.total()})"


def _with_absent(rows: list[Row], datasets: tuple[str, ...], sizes: dict[str, int]) -> list[Row]:
    """Add the published rows that were not run, marked as such, unless none of them was run."""
    known = published_order()
    have = {row.detector for row in rows}
    if have.isdisjoint(known) or not {dataset for _, dataset in published()} & set(datasets):
        return rows
    empty = {d: Entry(size=sizes[d], state="not run") for d in datasets}
    absent = [
        Row(name, name, "proposed" if name == "Proposed" else "classical", paper_protocol(name, ""), empty)
        for name in known
        if name not in have
    ]
    rank = {name: k for k, name in enumerate(known)}
    return sorted(
        rows + absent, key=lambda row: (rank.get(row.detector, 99), row.label != row.detector, _row_order(row))
    )
