"""Tables as data: which figure stands where, on how many series it rests, and what it is worth.

Nothing here renders; see :mod:`benchmark.report.formats`. Everything is computed from the tidy cells.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmark.catalogue import published
from benchmark.grid import paper_protocol
from benchmark.report.verdicts import Verdict, caveats, judge, seed_interval

if TYPE_CHECKING:
    import pandas as pd

Beats = Callable[["Row", "Row", str], bool]

GROUPS = ("classical", "neural", "proposed", "successor", "plug-in", "untrained", "one-liner")
DATASETS = ("Dodgers", "MGAB", "NASA-MSL", "Genesis")
PROTOCOLS = ("tsb-uad", "normal-only", "normal-crossfit", "prefix", "authors-csv", "tsb-uad-package")


@dataclass(frozen=True)
class Entry:
    """One figure: ours for one row and one data set.

    Attributes
    ----------
    value : float or None
        Mean over series of the mean over seeds; None when no cell gave a figure.
    n_series, size : int
        Series behind ``value``, and series that the data set has.
    seeds : int
        Seeds that cover all those series.
    interval : (float, float) or None
        95 % prediction interval for one more seed.
    state : str
        Why there is no figure, or not one from every series: ``failed``, ``skipped``, ``not run``...
    quick : bool
        Rests on a quick run (fewer training steps).
    best, weak : bool
        Best of the column; not better than the best one-liner of the column.
    """

    value: float | None = None
    n_series: int = 0
    size: int = 0
    seeds: int = 0
    interval: tuple[float, float] | None = None
    state: str = ""
    quick: bool = False
    best: bool = False
    weak: bool = False
    printed: float | None = None
    printed_best: bool = False
    verdict: Verdict = ""
    cause: str = ""
    per_series: Mapping[str, float] = field(default_factory=dict, repr=False)

    @property
    def difference(self) -> float | None:
        """Ours minus published."""
        return None if self.value is None or self.printed is None else self.value - self.printed

    @property
    def complete(self) -> bool:
        """Whether every series of the data set stands behind the figure."""
        return self.value is not None and self.n_series >= self.size


@dataclass(frozen=True)
class Row:
    """One detector, with its changed parameters, under one protocol."""

    label: str
    detector: str
    group: str
    protocol: str
    entries: Mapping[str, Entry]
    simulated: bool = False


@dataclass(frozen=True)
class Table:
    """Rows by data sets for one metric. ``main`` tables carry published figures and verdicts."""

    title: str
    protocol: str
    metric: str
    datasets: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    main: bool = False
    simulated: bool = False

    @property
    def quick(self) -> bool:
        """Whether any figure rests on a quick run."""
        return any(entry.quick for row in self.rows for entry in row.entries.values())

    @property
    def marks(self) -> tuple[str, ...]:
        """What the heading must shout."""
        return (*(("SIMULATED",) if self.simulated else ()), *(("QUICK",) if self.quick else ()))


def build(
    cells: pd.DataFrame,
    sizes: Mapping[str, int] | None = None,
    metric: str = "auroc",
    beats: Beats | None = None,
) -> list[Table]:
    """The main table, then one table per protocol; simulated series in tables of their own.

    Parameters
    ----------
    cells : DataFrame
        Tidy cells, as the store's ``frame()`` gives them.
    sizes : mapping, optional
        Series that each data set has; by default the distinct series seen among the cells.
    metric : str
        Column to average.
    beats : callable, optional
        ``beats(row, rival, dataset)`` decides whether a detector is better on a data set than its
        best one-liner; by default the larger mean over the series that both have.
    """
    tidy = current(cells)
    tables: list[Table] = []
    for simulated in (False, True):
        part = tidy[(tidy["source"] == "simulated") == simulated]
        if part.empty:
            continue
        known = _sizes(part, sizes)
        if metric == "auroc":
            tables += _main(part, known, simulated, beats or larger_mean)
        tables += _per_protocol(part, known, metric, simulated, beats or larger_mean)
    return tables


def current(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells that count, with a ``label`` for their row.

    Of several outcomes of one cell (an older detector version, an older file) the latest counts, and
    a quick outcome only where the row has no full one on that data set.
    """
    tidy = cells.copy()
    tidy["quick"] = tidy["quick"].astype(bool) if "quick" in tidy else False
    tidy["simulated"] = tidy["source"] == "simulated"
    tidy["label"] = [_label(d, p, q) for d, p, q in zip(tidy["detector"], tidy["params"], tidy["quick"], strict=True)]
    if "finished" in tidy:
        tidy = tidy.sort_values("finished", kind="stable")
    same = ["dataset", "label", "protocol", "simulated"]
    tidy = tidy.drop_duplicates([*same, "series", "seed", "quick"], keep="last")
    has_full = (~tidy["quick"]).groupby([tidy[name] for name in same]).transform("any")
    return tidy[~(tidy["quick"] & has_full)].sort_values([*same, "series", "seed"]).reset_index(drop=True)


def _label(detector: str, params: str, quick: bool) -> str:
    changed = json.loads(params) if params else {}
    if quick or not changed:  # a quick run's own changes are told by its mark
        return detector
    return f"{detector} ({', '.join(f'{k}={v}' for k, v in sorted(changed.items()))})"


def _sizes(tidy: pd.DataFrame, sizes: Mapping[str, int] | None) -> dict[str, int]:
    seen = {str(name): int(n) for name, n in tidy.groupby("dataset")["series"].nunique().items()}
    return {name: max(n, (sizes or {}).get(name, 0)) for name, n in seen.items()}


def _order(names: set[str], first: tuple[str, ...]) -> tuple[str, ...]:
    return (*[n for n in first if n in names], *sorted(names - set(first)))


def ordered_protocols(names: set[str]) -> tuple[str, ...]:
    """Protocols as the page orders them, unknown ones last."""
    return _order(names, PROTOCOLS)


# -- the two kinds of table --------------------------------------------------------------------


def _main(tidy: pd.DataFrame, sizes: dict[str, int], simulated: bool, beats: Beats) -> list[Table]:
    """The paper's game: each row under the protocol that print used for its kind."""
    chosen = tidy[
        tidy["protocol"] == [paper_protocol(d, g) for d, g in zip(tidy["detector"], tidy["group"], strict=True)]
    ]
    if chosen.empty:
        return []
    datasets = _order(set(chosen["dataset"]), DATASETS)
    rows = _rows(chosen, datasets, sizes, "auroc")
    if not simulated:
        rows = [_compared(row) for row in _with_absent(rows, datasets, sizes)]
    rows = _judge_columns(rows, datasets, beats)
    title = "AUROC beside the published table" if not simulated else "AUROC on simulated series"
    notes = _notes(rows, datasets, simulated)
    return [Table(title, "as published", "auroc", datasets, tuple(rows), notes, main=True, simulated=simulated)]


def _per_protocol(tidy: pd.DataFrame, sizes: dict[str, int], metric: str, simulated: bool, beats: Beats) -> list[Table]:
    tables = []
    for protocol in _order(set(tidy["protocol"]), PROTOCOLS):
        part = tidy[tidy["protocol"] == protocol]
        datasets = _order(set(part["dataset"]), DATASETS)
        rows = _judge_columns(_rows(part, datasets, sizes, metric), datasets, beats)
        title = f"{metric.upper().replace('_', '-')} under {protocol}"
        notes = _notes(rows, datasets, simulated)
        tables.append(Table(title, protocol, metric, datasets, tuple(rows), notes, simulated=simulated))
    return tables


def _rows(tidy: pd.DataFrame, datasets: tuple[str, ...], sizes: dict[str, int], metric: str) -> list[Row]:
    rows = []
    for (label, protocol), part in tidy.groupby(["label", "protocol"], sort=False):
        by_dataset = dict(tuple(part.groupby("dataset")))
        entries = {d: _entry(by_dataset.get(d), sizes[d], metric) for d in datasets}
        detector, group = str(part["detector"].iloc[0]), str(part["group"].iloc[0])
        group = "proposed" if detector == "Proposed" else group
        simulated = bool(part["simulated"].iloc[0])
        rows.append(Row(str(label), detector, group, str(protocol), entries, simulated))
    return sorted(rows, key=_row_order)


def _row_order(row: Row) -> tuple[int, int, str]:
    printed_rows = list(dict.fromkeys(detector for detector, _ in published()))
    group = GROUPS.index(row.group) if row.group in GROUPS else len(GROUPS) - 2
    return group, printed_rows.index(row.detector) if row.detector in printed_rows else 99, row.label


def _entry(cells: pd.DataFrame | None, size: int, metric: str) -> Entry:
    if cells is None:
        return Entry(size=size, state="not run")
    good = ((cells["status"] == "ok") & cells[metric].notna()).to_numpy()
    state = _state(cells["status"].to_numpy()[~good], metric)
    quick = bool(cells["quick"].any())
    if not good.any():
        return Entry(size=size, state=state, quick=quick)
    figures: dict[str, dict[int, float]] = {}
    usable = cells[good]
    for series, seed, value in zip(usable["series"], usable["seed"], usable[metric], strict=True):
        figures.setdefault(str(series), {})[int(seed)] = float(value)
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


def _state(statuses: NDArray[np.object_], metric: str) -> str:
    """The commonest reason among the cells that gave no figure, with their number."""
    words = Counter(f"{metric} undefined" if status == "ok" else str(status) for status in statuses)
    if not words:
        return ""
    word, count = words.most_common(1)[0]
    return f"{word} ({count})" if len(words) == 1 else f"{word} and others ({words.total()})"


# -- what a figure is worth --------------------------------------------------------------------


def _with_absent(rows: list[Row], datasets: tuple[str, ...], sizes: dict[str, int]) -> list[Row]:
    """Published rows that were not run are shown as such, never left out (unless none was)."""
    printed = list(dict.fromkeys(detector for detector, _ in published()))
    have = {row.detector for row in rows}
    if have.isdisjoint(printed):
        return rows
    empty = {d: Entry(size=sizes[d], state="not run") for d in datasets}
    absent = [
        Row(name, name, "proposed" if name == "Proposed" else "classical", paper_protocol(name, ""), empty)
        for name in printed
        if name not in have
    ]
    rank = {name: k for k, name in enumerate(printed)}
    return sorted(
        rows + absent, key=lambda row: (rank.get(row.detector, 99), row.label != row.detector, _row_order(row))
    )


def _compared(row: Row) -> Row:
    """The row with its published figures, and a verdict where like stands beside like."""
    entries = {}
    for dataset, entry in row.entries.items():
        printed = published().get((row.label, dataset))  # a changed parameter is another row
        if printed is None:
            entries[dataset] = entry
            continue
        verdict: Verdict = "not compared"
        cause = ""
        if entry.value is not None and entry.complete and not entry.quick:
            verdict, cause = judge(row.detector, dataset, entry.value, printed, entry.interval)
        entries[dataset] = replace(entry, printed=printed, verdict=verdict, cause=cause)
    return replace(row, entries=entries)


def _judge_columns(rows: list[Row], datasets: tuple[str, ...], beats: Beats) -> list[Row]:
    """Mark the best of each data set, and what no one-liner need fear."""
    for dataset in datasets:
        rows = _mark_best(rows, dataset)
        rows = _mark_weak(rows, dataset, beats)
    return rows


def _mark_best(rows: list[Row], dataset: str) -> list[Row]:
    """Best among rows that rest on as many series as any row does: other means are not comparable."""
    column = [row.entries[dataset] for row in rows if row.group != "one-liner"]
    most = max((entry.n_series for entry in column), default=0)
    top = max((round(e.value, 3) for e in column if e.value is not None and e.n_series == most), default=None)
    printed = max((e.printed for e in column if e.printed is not None), default=None)

    def marked(row: Row) -> Row:
        entry = row.entries[dataset]
        if row.group == "one-liner":
            return row
        best = entry.value is not None and entry.n_series == most and round(entry.value, 3) == top
        entry = replace(entry, best=best, printed_best=entry.printed is not None and entry.printed == printed)
        return replace(row, entries={**row.entries, dataset: entry})

    return [marked(row) for row in rows]


def best_one_liner(rows: list[Row] | tuple[Row, ...], dataset: str) -> Row | None:
    """The one-liner with the highest mean on a data set."""
    simple = [row for row in rows if row.group == "one-liner" and row.entries[dataset].value is not None]
    return max(simple, key=lambda row: row.entries[dataset].value or 0.0, default=None)


def _mark_weak(rows: list[Row], dataset: str, beats: Beats) -> list[Row]:
    rival = best_one_liner(rows, dataset)
    if rival is None:
        return rows

    def marked(row: Row) -> Row:
        entry = row.entries[dataset]
        if row.group == "one-liner" or entry.value is None:
            return row
        entry = replace(entry, weak=not beats(row, rival, dataset))
        return replace(row, entries={**row.entries, dataset: entry})

    return [marked(row) for row in rows]


def larger_mean(row: Row, rival: Row, dataset: str) -> bool:
    """Whether a row's mean is above its rival's, over the series that both have."""
    ours, theirs = row.entries[dataset].per_series, rival.entries[dataset].per_series
    common = set(ours) & set(theirs)
    return bool(common) and sum(ours[s] - theirs[s] for s in common) > 0


def _notes(rows: list[Row], datasets: tuple[str, ...], simulated: bool) -> tuple[str, ...]:
    notes = []
    if simulated:
        notes.append("The series are simulated twins, not the published data: no figure here compares with print.")
    for dataset in datasets:
        if not simulated:
            notes += [f"{dataset}: {text}" for text in caveats().get(dataset, ())]
        rival = best_one_liner(rows, dataset)
        if rival is not None:
            notes.append(
                f"{dataset}: best one-liner {rival.label}, {rival.entries[dataset].value:.3f}.".replace(" 0.", " .")
            )
    return tuple(notes)
