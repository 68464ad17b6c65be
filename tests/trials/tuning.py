"""Choose ScaleFlow's settings: variants on tuning series and planted ones, never on the table's.

example: python -m tests.trials.tuning --variant '{"blocks": 0}' --variant '{"join": "mean"}'
example: python -m tests.trials.tuning --picture failures.png --draw bursts_point --draw wander_stuck
example: python -m tests.trials.tuning --folder tuning/ECG --folder tuning/NAB --protocol normal-crossfit
Every variant is compared with the default, series by series. With ``--store`` nothing is computed twice.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

import benchmark
from benchmark.metrics import auroc
from benchmark.report import figure, markdown, signed
from datasets import Series
from detectors.scaleflow import ScaleFlow
from tests.trials.planted import cases

METRICS = ("auroc", "vus_pr")
DEFAULT = "default"


def planted(seeds: Iterable[int]) -> list[Series]:
    """The planted series of some seeds: what ``fit`` may see ships apart, the rest is scored."""
    return [
        Series("planted", f"{seed}_{case.name}", case.values[case.fitted :], case.labels[case.fitted :],
               train=case.values[: case.fitted])
        for seed in seeds
        for case in cases(seed)
    ]  # fmt: skip


def measured(variants: list[dict[str, Any]], args: argparse.Namespace) -> pd.DataFrame:
    """A row per variant, protocol and series: means over seeds."""
    frames = []
    sets = [("prefix", planted(range(args.planted)))] if args.planted else []
    sets += [(protocol, args.folder) for protocol in args.protocol if args.folder]
    for params in variants:
        for protocol, data in sets:
            cells = benchmark.evaluate(
                ScaleFlow(**params), data, protocol, tuple(range(args.seeds)), store=args.store, jobs=args.jobs
            )
            failed = cells[cells["status"] != "ok"]
            if len(failed):
                raise SystemExit(f"{failed.iloc[0]['series']}: {failed.iloc[0]['reason']}")
            where = "planted" if data and isinstance(data[0], Series) else protocol
            frames.append(cells.assign(variant=json.dumps(params) if params else DEFAULT, on=where))
    joined = pd.concat(frames)
    return joined.groupby(["variant", "on", "dataset", "series"], sort=False)[list(METRICS)].mean().reset_index()


def compared(mine: pd.DataFrame, default: pd.DataFrame, metric: str) -> str:
    """Mean difference to the default over the same series, and the p of a signed-rank test."""
    keys = ["dataset", "series"]
    difference = (mine.set_index(keys)[metric] - default.set_index(keys)[metric]).dropna()
    if not difference.any():
        return "0"
    return f"{signed(float(difference.mean()))} (p {wilcoxon(difference).pvalue:.2g})"


def choice(frame: pd.DataFrame) -> str:
    """The choice table: a row per variant and set of series."""
    rows = []
    for on, part in frame.groupby("on", sort=False):
        default = part[part["variant"] == DEFAULT]
        for variant, mine in part.groupby("variant", sort=False):
            cells = [f"{figure(float(mine[m].mean()))} {compared(mine, default, m)}" for m in METRICS]
            rows.append([on, f"`{variant}`", len(mine), *cells])
    return markdown.table(["on", "variant", "series", "AUROC", "VUS-PR"], rows, left=2)


def by_group(frame: pd.DataFrame, metric: str) -> str:
    """A row per data set, and per kind of planted anomaly; a column per variant."""
    names = frame["series"].str.split("_").str[-1]
    group = np.where(frame["on"] == "planted", "planted " + names, frame["on"] + " " + frame["dataset"])
    pivot = frame.assign(group=group).pivot_table(metric, "group", "variant", sort=False)
    rows = [
        [name, *(figure(float(value)) for value in line)] for name, line in zip(pivot.index, pivot.values, strict=True)
    ]
    return markdown.table([metric, *(f"`{name}`" for name in pivot.columns)], rows)


def draw(names: list[str], path: str) -> None:
    """Planted series of seed 0 with their anomalies, and what ScaleFlow scores, behind the fitted rows."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    chosen = [case for case in cases(0) if case.name in names]
    figure_, axes = plt.subplots(2 * len(chosen), 1, figsize=(9, 2.4 * len(chosen)), squeeze=False)
    for case, above, below in zip(chosen, axes[::2, 0], axes[1::2, 0], strict=True):
        detector = ScaleFlow().fit(case.values[: case.fitted])
        rows = np.arange(case.fitted, len(case.values))
        scores = detector.score(case.values)[rows]
        above.plot(rows, case.values[rows], lw=0.6, color="black")
        below.plot(rows, scores, lw=0.8, color="tab:blue")
        above.set_title(f"{case.name}: AUROC {figure(auroc(case.labels[rows], scores))}", fontsize=9, loc="left")
        for axis, name in ((above, "value"), (below, "score")):
            axis.fill_between(rows, 0, 1, where=case.labels[rows] > 0, transform=axis.get_xaxis_transform(),
                              color="tab:red", alpha=0.25, lw=1)  # fmt: skip
            axis.set_ylabel(name, fontsize=8)
            axis.tick_params(labelsize=7)
            axis.margins(x=0)
        above.tick_params(labelbottom=False)
    figure_.tight_layout()
    figure_.savefig(path, dpi=80)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m tests.trials.tuning", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--variant", action="append", default=[], type=json.loads, help="parameters as JSON")
    made.add_argument("--folder", action="append", default=[], help="folder of `value,label` files")
    made.add_argument("--protocol", action="append", default=[], help="for the folders (prefix)")
    made.add_argument("--planted", type=int, default=1, help="seeds of the planted series, 44 each; 0 = none (1)")
    made.add_argument("--seeds", type=int, default=1, help="seeds of the detector (1)")
    made.add_argument("--store", help="file that keeps the results")
    made.add_argument("--jobs", type=int, default=1)
    made.add_argument("--picture", metavar="FILE", help="draw the series named by --draw instead")
    made.add_argument("--draw", action="append", default=[], metavar="NAME", help="planted series, character_kind")
    return made


def main() -> int:
    args = parser().parse_args()
    if args.picture:
        draw(args.draw, args.picture)
        return 0
    args.protocol = args.protocol or ["prefix"]
    variants = [{}] + [{k: tuple(v) if isinstance(v, list) else v for k, v in one.items()} for one in args.variant]
    frame = measured(variants, args)
    print(choice(frame), *(by_group(frame, metric) for metric in METRICS), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
