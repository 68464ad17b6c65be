"""Compare ways to combine ScaleFlow's scores on tuning series and planted ones; ablation.

example: python -m tests.trials.joins --keep rows --folder tuning/ECG --protocol prefix --planted 2 --planted 3
example: python -m tests.trials.joins --keep rows --folder tuning/ECG --every 2 --seeds 5 --rules ablation
A series is fitted once for each seed, and the surprises of its points are kept. So a way to join them costs no fit.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import wilcoxon

from benchmark.grid import fitted_parts
from benchmark.grid.protocols import PROTOCOLS
from benchmark.metrics import METRICS
from benchmark.report import figure, markdown, signed
from datasets import DataError, FolderDataset, Series, load_folder
from detectors.scaleflow import ScaleFlow
from tests.trials.components import Own, Wider, trimmed_pieces
from tests.trials.novelty import Novel
from tests.trials.planted import CHARACTERS
from tests.trials.rules import REFITTED, RULES, Part
from tests.trials.splines import Splined
from tests.trials.tuning import planted

MEASURES = ("auroc", "vus_pr")
KINDS: dict[str, type[Own]] = {  # by rules; the others need Wider
    "ablation": Own,
    "version 7": Novel,
    "splines": Splined,
    "splines alone": Splined,
}
PREFIXES: dict[type[Own], str] = {Own: "own-", Novel: "novel-", Splined: "splined-", Wider: ""}  # of the kept files


# -- what is kept -----------------------------------------------------------------------------------


def computed(series: Series, protocol: str, seed: int, kind: type[Own], **params: Any) -> list[Part]:
    """Fit and score each split of a series."""
    torch.set_num_threads(1)
    parts = []
    for split in PROTOCOLS[protocol].splits(series, ScaleFlow(), 0):
        pieces = fitted_parts(series, split)
        detector = kind(random_state=seed, **params).fit(pieces)
        a, b = (row - split.test[0] for row in split.keep)
        x = series.values[slice(*split.test)]
        kept = {key: row[a:b].astype(np.float32) for key, row in detector.rows(x)}
        if kind is Wider:
            fewer = trimmed_pieces(pieces)
            again = detector if fewer is pieces else Wider(random_state=seed, **params).fit(fewer)
            trimmed = {(span, f"refitted {name}"): row[a:b].astype(np.float32) for (span, name), row in again.rows(x)}
            kept |= {key: row for key, row in trimmed.items() if key[1] in REFITTED}
        parts.append(Part(kept, sum(map(len, pieces))))
    return parts


def folder_name(series: Series) -> str:
    """The data set's name, which is a path where a data set of the package has the same."""
    return Path(series.dataset).name


def parts_of(
    series: Series, protocol: str, seed: int, folder: Path, kind: type[Own] = Wider, **params: Any
) -> list[Part]:
    """The same from the folder, where they are kept once computed."""
    file = folder / f"{PREFIXES[kind]}{protocol}-{folder_name(series)}-{series.name}-{seed}.npz"
    if not file.exists():
        made = computed(series, protocol, seed, kind, **params)
        rows = [(k, key, row) for k, part in enumerate(made) for key, row in part.surprises.items()]
        arrays = {f"{k}|{span}|{name}": row for k, (span, name), row in rows}
        np.savez(file.with_suffix(".part.npz"), fitted=[part.fitted for part in made], **arrays)
        file.with_suffix(".part.npz").rename(file)
    with np.load(file) as data:
        found = [Part({}, int(fitted)) for fitted in data["fitted"]]
        for key in sorted(set(data) - {"fitted"}):  # an order, for sums
            k, span, name = key.split("|")
            found[int(k)].surprises[int(span), name] = data[key].astype(np.float64)
    return found


# -- the comparison ---------------------------------------------------------------------------------


def measured(case: tuple[str, Series], seeds: int, folder: Path, rules: str) -> list[dict[str, object]]:
    """A row per rule: means over seeds."""
    protocol, series = case
    window = PROTOCOLS[protocol].window(series)
    found = []
    for seed in range(seeds):
        parts = parts_of(series, protocol, seed, folder, KINDS.get(rules, Wider))
        for name, rule in RULES[rules].items():
            scores = np.concatenate([rule(part) for part in parts])
            figures = {metric: METRICS[metric].compute(series.labels, scores, window) for metric in MEASURES}
            where = {"on": series.dataset if series.train is not None else protocol, "dataset": folder_name(series)}
            found.append({"rule": name, **where, "series": series.name, "seed": seed, **figures})
    return found


def compared(frame: pd.DataFrame) -> str:
    """A row per rule and set: means, and differences to the first rule with the p of a signed-rank test.

    Two protocols are also one set.
    """
    means = frame.groupby(["on", "rule", "dataset", "series"], sort=False)[list(MEASURES)].mean()
    sets = list(means.groupby(level="on", sort=False))
    tuning = [part for on, part in sets if on in PROTOCOLS]
    if len(tuning) > 1:
        sets.append(("all protocols", pd.concat(tuning)))
    rows = []
    for on, part in sets:
        first = part.xs(frame["rule"].iloc[0], level="rule")
        for rule, mine in part.groupby(level="rule", sort=False):
            difference = mine.droplevel("rule") - first
            rows.append([on, rule, len(mine), *(_cell(mine[m], difference[m]) for m in MEASURES)])
    return markdown.table(["on", "rule", "series", "AUROC", "VUS-PR"], rows, left=2)


def _cell(values: pd.Series[float], difference: pd.Series[float]) -> str:
    if not difference.any():
        return figure(float(values.mean()))
    p = wilcoxon(difference).pvalue
    return f"{figure(float(values.mean()))} {signed(float(difference.mean()), 4)} (p {p:.2g})"


def opened(path: str) -> FolderDataset:
    """A folder of series, or the end of the program with what is wrong with it."""
    try:
        return load_folder(path)
    except DataError as error:
        raise SystemExit(str(error)) from None


def series_of(folders: list[str], every: int) -> Iterator[Series]:
    """Every k-th series of each folder."""
    for path in folders:
        data = opened(path)
        for name in data.series_names()[::every]:
            yield data.read(name)


def cases(args: argparse.Namespace) -> Iterator[tuple[str, Series]]:
    for one in planted(args.planted)[:: args.every]:
        if one.name.split("_")[1] in (args.character or CHARACTERS):
            yield "prefix", one
    for protocol in args.protocol or ["prefix"]:
        for one in series_of(args.folder, args.every):
            yield protocol, one


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m tests.trials.joins", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--keep", type=Path, required=True, help="folder that keeps the surprises")
    made.add_argument("--folder", action="append", default=[], help="folder of `value,label` files")
    made.add_argument("--every", type=int, default=1, help="every k-th series of a folder, and of the planted ones (1)")
    made.add_argument("--protocol", action="append", default=[], help="for the folders (prefix)")
    made.add_argument("--planted", type=int, action="append", default=[], help="a seed of the planted series, 44 each")
    made.add_argument("--character", action="append", choices=CHARACTERS, help="of the planted series (all)")
    made.add_argument("--seeds", type=int, default=1, help="seeds of the detector (1)")
    made.add_argument("--rules", choices=RULES, default="candidates", help="what is compared (%(default)s)")
    made.add_argument("--jobs", type=int, default=1)
    return made


def main() -> int:
    args = parser().parse_args()
    if not (args.planted or args.folder):
        parser().error("name series: --folder FOLDER or --planted SEED")
    args.keep.mkdir(parents=True, exist_ok=True)
    work = partial(measured, seeds=args.seeds, folder=args.keep, rules=args.rules)
    with ProcessPoolExecutor(args.jobs) as pool:
        rows = [row for found in pool.map(work, cases(args)) for row in found]
    print(compared(pd.DataFrame(rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
