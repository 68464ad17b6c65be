"""Tables and plots of a multiverse: universes that reach the published figure, rank of the default, effects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.catalogue import published, registry
from benchmark.errors import counted
from benchmark.grid import Selection, params_text
from benchmark.report import Drawing, Specification, figure, markdown, ordered_datasets, specification_drawing
from benchmark.studies.multiverse import Multiverse, Universe, multiverse, read

WARNING = (
    "**No result.** The best universe is chosen by the labels of the test series. What counts is the chosen "
    "configuration, which was fixed on other series; the rest shows how much depends on what the source leaves open."
)


@dataclass(frozen=True)
class Outcome(Specification):
    """Results of the universes on a data set under one protocol; a value is a mean over seeds, then over series."""

    dataset: str
    series: int  # number of series of each value
    seeds: int

    @property
    def reached(self) -> int | None:
        """Number of universes that reach the published figure (minus .005, its rounding); None if there is none."""
        return None if self.published is None else int((self.values >= self.published - 0.005).sum())

    @property
    def complete(self) -> int:
        return int(np.isfinite(self.values).sum())

    @property
    def extent(self) -> str:
        """Numbers of universes and seeds as text, for a title."""
        return f"{counted(self.complete, 'universe')}, {counted(self.seeds, 'seed')}"

    def effects(self) -> dict[str, dict[Any, float]]:
        """Return the median over the universes with each value of each choice, the choice with most effect first."""
        found: dict[str, dict[Any, float]] = {}
        for name in self.universes[0]:
            groups: dict[Any, list[float]] = {}
            for universe, value in zip(self.universes, self.values, strict=True):
                groups.setdefault(universe[name], []).append(value)
            found[name] = {value: float(np.nanmedian(of)) for value, of in groups.items() if np.isfinite(of).any()}
        return dict(sorted(found.items(), key=lambda item: -_span(item[1])))


def _span(medians: dict[Any, float]) -> float:
    return max(medians.values()) - min(medians.values())


def outcomes(many: Multiverse, frame: pd.DataFrame, protocol: str) -> list[Outcome]:
    """Return the results of the universes under a protocol, one per data set that has any."""
    texts = [params_text(many.params(universe)) for universe in many.universes()]
    mine = frame[
        (frame["detector"] == many.row.name)
        & (frame["version"].str.partition("-p")[0] == many.row.version)
        & (frame["protocol"] == protocol)
        & frame["params"].isin(texts)
    ].drop_duplicates("key", keep="last")
    names = ordered_datasets(set(mine["dataset"]))
    found = [_outcome(many, mine[mine["dataset"] == name], name, texts) for name in names]
    return [outcome for outcome in found if outcome.complete]


def curves(file: Path) -> list[Drawing]:
    """Return the specification curves of all detectors, protocols and data sets in a file of figures."""
    frame = read(file)
    frame = frame[frame["auroc"].notna() & ~frame["quick"] & (frame["source"] != "simulated")]
    drawn: list[Drawing] = []
    for (detector, protocol), mine in frame.groupby(["detector", "protocol"], sort=False):
        cls = registry.detectors().get(str(detector))
        if cls is None:  # a plug-in, whose file may no longer exist
            continue
        universes = [json.loads(text) for text in mine["params"]]
        settings = ({k: v for k, v in one.items() if k not in cls.choices} for one in universes)
        for fixed in {json.dumps(one, sort_keys=True): one for one in settings}.values():
            found = outcomes(_varied(str(detector), fixed, universes), frame, str(protocol))
            drawn += [_drawing(str(detector), str(protocol), fixed, one) for one in found]
    return drawn


def _drawing(detector: str, protocol: str, fixed: Universe, one: Outcome) -> Drawing:
    what = ", ".join([protocol, *(f"{name}={value}" for name, value in fixed.items())])
    reached = "" if one.reached is None else f", {one.reached} reach the published figure"
    title = f"{detector} on {one.dataset} ({what}): {one.extent}{reached}"
    name = f"{detector} {one.dataset} {what}"
    return specification_drawing(name, one, title)


def _varied(detector: str, fixed: Universe, universes: Sequence[Universe]) -> Multiverse:
    """Return the multiverse of the choices that differ between these universes."""
    whole = multiverse(Selection((detector,), params={detector: fixed}))
    defaults = whole.row.cls.param_defaults()
    seen = {name: {json.dumps(one.get(name, defaults[name])) for one in universes} for name in whole.choices}
    vary = {name for name, values in seen.items() if len(values) > 1}
    return replace(whole, choices={name: values for name, values in whole.choices.items() if name in vary})


def _outcome(many: Multiverse, mine: pd.DataFrame, name: str, texts: list[str]) -> Outcome:
    table = mine.pivot_table(index="params", columns=["series", "seed"], values="auroc", dropna=False)
    means = table.T.groupby(level="series").mean().T.mean(axis=1, skipna=False)
    universes = many.universes()
    values = means.reindex(texts).to_numpy(dtype=np.float64)
    theirs, counts = published().get((many.row.name, name)), (mine["series"].nunique(), mine["seed"].nunique())
    return Outcome(universes, values, theirs, universes.index(many.chosen), name, *counts)


def to_markdown(many: Multiverse, found: dict[str, list[Outcome]]) -> str:
    """Format the results of the universes for each protocol, and the effects of the choices."""
    name, count = many.row.name, len(many.universes())
    what = ", ".join(f"{choice} ({len(values)})" for choice, values in many.choices.items())
    parts = [f"# The multiverse of {name}: {counted(count, 'universe')}\n\n{WARNING}\n\nVaried: {what}.\n"]
    for protocol, mine in found.items():
        parts.append(f"\n## {protocol}\n\n{_table(mine)}\n{''.join(map(_effects, mine))}")
    return "".join(parts)


def _table(mine: Sequence[Outcome]) -> str:
    head = ["data set", "series, seeds", "published", "universes that reach it", "as it stands", "its place", "median"]
    head += ["best (no result)", "moves it most"]
    rows = []
    for one in mine:
        reached = "" if one.reached is None else f"{one.reached} of {one.complete}"
        value = one.values[one.chosen]
        place = f"{1 + int((one.values > value).sum())} of {one.complete}" if np.isfinite(value) else "no figure"
        most, medians = next(iter(one.effects().items()))
        cells = [
            *(markdown.escape(one.dataset), f"{one.series}, {one.seeds}"),
            *("" if one.published is None else figure(one.published, 2), reached, figure(value), place),
            *(figure(float(np.nanmedian(one.values))), figure(float(np.nanmax(one.values)))),
            f"{most} ({figure(_span(medians))})",
        ]
        rows.append(cells)
    return markdown.table(head, rows, left=2) + "\n"


def _effects(one: Outcome) -> str:
    lines = [f"\n{markdown.escape(one.dataset)}, median over the universes with each value:\n\n"]
    for name, medians in one.effects().items():
        ordered = sorted(medians.items(), key=lambda item: -item[1])
        lines.append(f"- {name}: " + ", ".join(f"{value} {figure(median)}" for value, median in ordered) + "\n")
    return "".join(lines)
