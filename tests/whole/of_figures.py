"""Every metric, test, summary and study on fixed figures."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark import leaderboard, metrics, statistics
from benchmark.errors import UserError
from benchmark.grid import Cell, Outcome, Selection, params_text, plan, rows
from benchmark.leaderboard.figures import Figures
from benchmark.leaderboard.published import published_figures
from benchmark.leaderboard.summary import summarise
from benchmark.metrics.measures import roc_curve
from benchmark.metrics.ranges import segments
from benchmark.report.plots.specification_curve import specification_figure
from benchmark.statistics.ranks import friedman, holm
from benchmark.store import Store
from benchmark.studies import ablation, explain, multiverse, multiverse_tables
from datasets import Series
from tests.support.leaderboard_cases import cases
from tests.support.made_up import cell, frame
from tests.support.toys import tunable
from tests.whole import Subject
from tests.whole.kept import array, artists, cleaned, drawings, number, numbers, shown


def refusal(action: Callable[[], Any]) -> str:
    """What an action returns, or how it is refused."""
    try:
        return "; ".join(shown(action()))
    except (ValueError, UserError) as error:
        return f"{type(error).__name__}: {error}"


def figures_of_measures(folder: Path) -> str:
    """Every measure on labelled scores of ten kinds."""
    parts = [f"{m.name}: {m.title}; {m.source}; {m.rule}; {m.default}, {m.beside}" for m in metrics.METRICS.values()]
    for k, case in enumerate(cases()):
        if k % 5 < 2:
            found = metrics.evaluate(case.labels, case.scores, case.window, metrics.METRICS)
            parts += [f"## {case.name}, window {case.window}"]
            parts += [f"{name}: {number(value.value)} {value.reason}".rstrip() for name, value in found.items()]
            false, true = roc_curve(case.labels, case.scores, 12)
            parts += [
                f"ROC {numbers(false)} | {numbers(true)}",
                f"segments {[s.tolist() for s in segments(case.labels)]}",
            ]
    few = np.array([0, 1, 1, 0, 0], dtype=np.uint8)
    for labels, scores in (
        (few * 0, few),
        (few, few[:4]),
        (few, few * np.nan),
        (few * 2, few),
        (few, few.reshape(5, 1)),
        (few, few),
        (few, 1.0 - few),
    ):
        parts += [refusal(lambda labels=labels, scores=scores: metrics.evaluate(labels, scores * 1.0, 2))]
    return "\n".join([*parts, refusal(lambda: metrics.select(["auroq"]))]) + "\n"


def figures_of_statistics(folder: Path) -> str:
    """Every figure of the tests and intervals, on fixed matrices."""
    rng = np.random.default_rng(8)
    parts = []
    values = np.round(rng.uniform(0.4, 0.9, (14, 4)) + np.array([0.0, 0.02, 0.08, 0.2]), 2)
    sizes = {"MGAB": 6, "NASA-MSL": 7, "Dodgers": 1}
    names = [(d, f"{k}") for d, size in sizes.items() for k in range(size)]
    cells = frame(
        cell(d, s, "ABCD"[j], float(values[i, j] + seed / 100), seed=seed, protocol="tsb-uad")
        for i, (d, s) in enumerate(names)
        for j in range(4)
        for seed in range(1 + (j == 2))
        if (i, j) != (13, 3)
    )
    for title, mine, chosen in (
        *(("all", cells, None), ("three", cells, ["C", "A", "B"]), ("two", cells, ["A", "D"]), ("one", cells, ["A"])),
        *(("few", cells[cells["dataset"] == "Dodgers"], None), ("MGAB", cells[cells["dataset"] == "MGAB"], None)),
    ):
        test = statistics.rank_test(mine, chosen)
        pairs = (
            []
            if test.pairs is None
            else [", ".join(number(v) for v in row) for row in test.pairs.itertuples(index=False)]
        )
        facts = {k: getattr(test, k) for k in ("mean_ranks", "n_series", "p_value", "groups", "method", "reason")}
        parts += [f"## {title}", *shown(facts), *pairs]
    parts += [refusal(lambda: statistics.rank_test(pd.concat([cells, cells.assign(protocol="prefix")])))]
    parts += [refusal(lambda: statistics.rank_test(pd.concat([cells, cells.head(1)])))]
    parts += [
        refusal(lambda: statistics.rank_test(pd.concat([cells, cells.head(1).assign(source="simulated", seed=9)])))
    ]
    parts += [
        f"Friedman {number(friedman(values))}, of ties {number(friedman(np.ones((5, 3))))}, {number(friedman(np.round(values, 1)))}"
    ]
    parts += [f"Holm {numbers(holm([0.01, 0.04, 0.03, 0.005, 0.5]))}"]
    for n in (1, 5, 6, 13, 14, 30, 60):
        d = np.round(rng.normal(0.3, 1, n), 1)
        for strata in (["a"] * n, [f"{k % 3}" for k in range(n)], [f"{k // 9}" for k in range(n)]):
            parts += [
                f"signed ranks of {n}, {len(set(strata))} strata: {number(statistics.stratified_wilcoxon(d, strata))}"
            ]
    parts += [
        f"of zeros {statistics.stratified_wilcoxon([0.0, 0.0], ['a', 'a'])}",
        refusal(lambda: statistics.stratified_wilcoxon([1.0], ["a", "b"])),
    ]
    for seeds in ([0.5, 0.7], [0.5, 0.6, 0.8, 0.7]):
        parts += [f"seeds {seeds}: {numbers(statistics.seed_interval(seeds))}"]
    parts += [refusal(lambda: statistics.seed_interval([np.nan, 1.0]))]
    pairs_of = []
    for k in range(3):
        labels = np.isin(np.arange(300), [*range(50 + k, 60), *range(120, 124), *range(260, 270 + k)]).astype(np.uint8)
        pairs_of.append(
            statistics.Pair(labels, rng.normal(size=300) + labels, rng.normal(size=300) + labels / 2, 20 + k)
        )
    one = np.isin(np.arange(300), range(50, 60)).astype(np.uint8)
    for title, given in (
        ("one", pairs_of[:1]),
        ("three", pairs_of),
        ("twice the same", [pairs_of[0]] * 2),
        ("one segment", [statistics.Pair(one, rng.normal(size=300), rng.normal(size=300))]),
    ):
        for level in (0.95, 0.8):
            drawn = statistics.paired_bootstrap(given, n_boot=300, level=level, seed=2)
            parts += [f"bootstrap of {title} at {level}: {numbers(drawn)}"]
    return "\n".join([*parts, refusal(lambda: statistics.paired_bootstrap([]))]) + "\n"


def figures_of_the_leaderboard(folder: Path) -> str:
    """The leaderboard beside made-up rows of ours."""
    published = published_figures()
    files = sorted(next(iter(published.values())))[::12]
    theirs = published["Sub-PCA"]
    rng = np.random.default_rng(6)
    noise = dict(zip(files, rng.normal(0, 0.05, len(files)), strict=True))
    near = {f: float(np.clip(published["POLY"][f] + noise[f] / 9, 0, 1)) for f in files}
    far = {f: float(np.clip(published["Sub-KNN"][f] + noise[f], 0, 1)) for f in files}
    flow = {f: float(np.clip(theirs[f] + 0.1 + noise[f], 0, 1)) for f in files}
    bins = {f: published["Sub-HBOS"][f] + 0.005 * (k % 9 == 0) for k, f in enumerate(files)}
    trees = published["Sub-IForest"]
    made = [
        Figures(
            "PCA", "PCA", "Sub-PCA", True, {0: {f: theirs[f] for f in files}}, {f: theirs[f] - 0.01 for f in files[3:]}
        ),
        Figures("KNN", "KNN", "Sub-KNN", True, {0: far}),
        Figures("HBOS", "HBOS", "Sub-HBOS", True, {0: bins}),
        Figures("IForest", "IForest", "Sub-IForest", True, {0: {f: trees[f] for f in files}, 1: far}),
        Figures("ScaleFlow", "ScaleFlow", by_seed={0: flow, 1: far, 2: near}, after_train=dict.fromkeys(files, 0.5)),
        Figures("Part", "Part", by_seed={0: dict.fromkeys(files[:7], 0.4)}),
        Figures("Near", "POLY", "POLY", True, {0: near}),
    ]
    lines, test = summarise(made)
    text = leaderboard.document(leaderboard.sheets(lines, test))
    parts = [
        *text.splitlines(),
        *leaderboard.lines_csv(lines).splitlines(),
        *leaderboard.files_csv(lines).splitlines()[:20],
    ]
    parts += [f"nothing: {summarise([])}"]
    return "\n".join(parts) + "\n"


def _toy(folder: Path) -> str:
    (folder / "toy.py").write_text(tunable(power=2, blur=9), encoding="utf-8")
    return str(folder / "toy.py")


def _made(name: str, seed: int) -> Series:
    labels = np.isin(np.arange(300), range(200, 220)).astype(np.uint8)
    return Series("mine", name, np.random.default_rng(seed).normal(size=300) + 2 * labels, labels, "file")


def figures_of_studies(folder: Path) -> str:
    """A multiverse, ablations and an explanation of a toy: figures, tables and pictures."""
    selection = Selection(
        (_toy(folder),), protocols=("normal-only", "prefix"), seeds=(0,), params={"Toy": {"power": 1}}
    )
    parts = []
    many = multiverse.multiverse(selection, ["blur", "sign"])
    series = [_made("a", 1), _made("b", 2)]
    todo = list(multiverse.jobs(many, plan(selection, [many.row], series), set()))
    for job in todo:
        multiverse.append(folder / "m.csv", job.run())
    kept = multiverse.read(folder / "m.csv")
    parts += [f"{len(many.universes())} universes, {many.fits()}, {many.rules()}, chosen {many.chosen}"]
    parts += [
        f"left: {len(list(multiverse.jobs(many, plan(selection, [many.row], series), set(kept['key'][:4]))))} of {len(todo)}"
    ]
    parts += [*kept.drop(columns=["key", "version"], errors="ignore").round(7).to_csv(index=False).splitlines()]
    found = {protocol: multiverse_tables.outcomes(many, kept, protocol) for protocol in selection.protocols}
    parts += [*multiverse_tables.to_markdown(many, found).splitlines()]
    for outcomes in found.values():
        parts += [line for one in outcomes for line in artists(specification_figure(one, "title"))]
    parts += [refusal(lambda: multiverse.multiverse(selection, ["blurr"]))]
    variants = ablation.variants(Selection((_toy(folder),), protocols=("normal-only",)))
    made = []
    for k, (idea, row) in enumerate(variants.items()):
        for d, s in (("MGAB", "1"), ("MGAB", "2"), ("Genesis", "1")):
            for seed in (0, 1):
                value = 0.8 - k / 20 + int(s) / 100 + seed / 200 + (0.1 if d == "Genesis" and idea == "both" else 0)
                made.append(
                    cell(d, s, "Toy", value, seed=seed, protocol="normal-only", params=params_text(row.params))
                    | {"vus_pr": value / 3}
                )
    parts += [*ablation.to_markdown(frame(made), variants, ("normal-only", "prefix")).splitlines()]
    return cleaned("\n".join([*parts, *_explained(folder)]), folder) + "\n"


def _explained(folder: Path) -> list[str]:
    """An explanation whose figures are known by their protocol and place."""
    genesis = [f"genesis-anomalies.test.csv@{k}.out" for k in (1, 3, 5, 6, 13, 17)]
    said = []
    for detector, wanted, failed in (("HBOS", genesis, ""), ("MP", genesis[:4], "prefix"), ("LOF", genesis, "tsb-uad")):
        (row,) = rows(Selection((detector,)))
        series = [
            Series("Genesis", name, _made(name, k).values, _made(name, k).labels, "local")
            for k, name in enumerate(wanted)
        ]
        work = list(explain.work(row, series, (0, 1)))
        with Store(folder / f"{detector}.sqlite", write=True) as store:
            store.begin_run("test", {})
            for task, one in work:
                value = 0.5 + 0.01 * len(task.cell.protocol) + 0.001 * (series.index(one) + task.cell.seed)
                ended = Outcome("failed", "why") if task.cell.protocol == failed else Outcome("ok", scores=np.zeros(3))
                store.put(
                    task.cell, ended, metrics=[] if ended.status != "ok" else [(task.cell.key, "auroc", value, "")]
                )
            found = explain.explanation(store, row, "Genesis", len(genesis), [task.cell for task, _ in work])
        with drawings() as drawn:
            explain.waterfall(found, folder / f"{detector}.png")
        said += [
            f"## {detector} on Genesis",
            *sorted({task.cell.protocol for task, _ in work}),
            *explain.as_text(found).splitlines(),
            *drawn,
        ]
    return said


def figures_of_cells(folder: Path) -> str:
    """Keys and seeds of cells: with others no stored result would be found again."""
    base = Cell("MGAB", "1.test.out", "IForest", "tsb-uad", 0, (("n_estimators", 7),), "1", "hash", "local")
    parts = [f"{base}: {base.key}, {base.random_state}, {params_text(base.params)}"]
    for k in range(3):
        other = Cell("Genesis", f"{k}", "LOF", "prefix", k, (("options", {"b": 1, "a": [1, 2]}), ("x", None)))
        parts += [f"{other}: {other.key}, {other.random_state}, {params_text(other.params)}"]
    return "\n".join([*parts, json.dumps(array(np.arange(9.0)))]) + "\n"


SUBJECTS: dict[str, Subject] = {
    s.__name__: s
    for s in (
        *(figures_of_measures, figures_of_statistics, figures_of_the_leaderboard, figures_of_studies),
        figures_of_cells,
    )
}
