"""Compare ways to combine ScaleFlow's scores on tuning series and planted ones; ablation.

example: python -m tests.trials.joins --keep rows --folder tuning/ECG --protocol prefix --planted 2 --planted 3
example: python -m tests.trials.joins --keep rows --folder tuning/ECG --every 2 --seeds 5 --rules ablation
A series is fitted once for each seed, and the surprises of its points are kept. So a way to join them costs no fit.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy.ndimage import uniform_filter1d
from scipy.stats import wilcoxon

from benchmark.grid import fitted_parts
from benchmark.grid.protocols import PROTOCOLS
from benchmark.metrics import METRICS
from benchmark.report import figure, markdown, signed
from datasets import DataError, FolderDataset, Series, load_folder
from detectors.core import Array
from detectors.flows.runs import DURATION, VOTES
from detectors.scaleflow import ScaleFlow
from tests.trials.components import DISTANCES, Own, Wider, trimmed_pieces
from tests.trials.planted import CHARACTERS
from tests.trials.tuning import planted

MEASURES = ("auroc", "vus_pr")


class Part(NamedTuple):
    """Surprises of a part of a series by ``(span, component)``, each (n,), and the points that were fitted."""

    surprises: dict[tuple[int, str], Array]
    fitted: int


Rule = Callable[[Part], Array]


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
    own = "own-" if kind is Own else ""
    file = folder / f"{own}{protocol}-{folder_name(series)}-{series.name}-{seed}.npz"
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


# -- the rules --------------------------------------------------------------------------------------


Weights = dict[str, float]
Spans = Callable[[int], bool]


def joined(part: Part, weights: Weights, spans: Spans = lambda span: True, reliable: bool = False) -> Array:
    """Mean of log(1 + surprise) over scales and components, weighted."""
    logarithms = {key: np.log1p(row) for key, row in part.surprises.items()}
    return mean(Part(logarithms, part.fitted), weights, spans, reliable)


def mean(part: Part, weights: Weights, spans: Spans = lambda span: True, reliable: bool = False) -> Array:
    """Of the surprises themselves; of all spans, where the part has none of those wanted."""
    named = [key for key in part.surprises if key[1] in weights]
    used = [key for key in named if spans(key[0])] or named
    half = ScaleFlow().half_weight
    trust = {key: part.fitted / (part.fitted + half * key[0]) if reliable else 1.0 for key in used}
    shares = np.array([weights[key[1]] * trust[key] for key in used])
    return np.asarray(shares @ np.array([part.surprises[key] for key in used]) / shares.sum())


reliable = partial(joined, reliable=True)


def highest(part: Part) -> Array:
    return np.max([row for (_, name), row in part.surprises.items() if name in SIX], axis=0)


def smooth(rule: Rule, width: int = 32) -> Rule:
    """The score's centred mean over the shortest span."""
    return lambda part: uniform_filter1d(rule(part), width, mode="nearest")


def without(*names: str) -> Weights:
    return {name: weight for name, weight in SIX.items() if name not in names}


EQUAL = dict.fromkeys(("likelihood", *DISTANCES), 1.0)
HALVES = EQUAL | {"likelihood": 0.5, "gaussian": 0.5}
SIX = HALVES | {DURATION: VOTES}
TRIMMED = {"likelihood": 1.0} | {f"trimmed {name}": 1.0 for name in DISTANCES}
LOCAL = {"likelihood": 0.5, "gaussian": 0.5} | {f"local {name}": 1.0 for name in DISTANCES}
VALUE = EQUAL | {"likelihood": 0.5, "gaussian": 0.5, "distance": 0.0, "local distance": 1.0}
BOTH = {name: (HALVES.get(name, 0) + LOCAL.get(name, 0)) / 2 for name in HALVES | LOCAL}
FIXED = (32, 64, 128, 256)


def prefixed(kind: str, weights: Weights) -> Weights:
    return {f"{kind} {name}": weight for name, weight in weights.items()}


REFITTED = prefixed("refitted", HALVES)

RULES: dict[str, dict[str, Rule]] = {
    "candidates": {
        "version 3": lambda part: joined(part, EQUAL),
        "half Gaussian": lambda part: joined(part, HALVES),
        "trimmed references": lambda part: joined(part, TRIMMED),
        "smoothed": smooth(lambda part: joined(part, EQUAL)),
        "reliable scales": lambda part: reliable(part, EQUAL),
    },
    "version 5": {
        "version 4": lambda part: joined(part, HALVES),
        "reliable scales": lambda part: reliable(part, HALVES),
    },
    "version 6": {
        "version 5": lambda part: reliable(part, HALVES),
        "local distances": lambda part: reliable(part, LOCAL),
        "local distances, half": lambda part: reliable(part, BOTH),
        "local distance in value": lambda part: reliable(part, VALUE),
        "logarithm before the mean over windows": lambda part: mean(part, prefixed("log", HALVES), reliable=True),
        "the same, local distances, half": lambda part: mean(part, prefixed("log", BOTH), reliable=True),
        "least surprise of the windows": lambda part: reliable(part, prefixed("least", HALVES)),
        "refitted without odd stretches": lambda part: reliable(part, REFITTED),
        "durations": lambda part: reliable(part, SIX),
        "season": lambda part: reliable(part, HALVES | {"season": 2.0}),
    },
    "ablation": {
        "all ideas on (version 6)": lambda part: reliable(part, SIX),
        "scales weighted by their data": lambda part: joined(part, SIX),
        "flow (a Gaussian is left)": lambda part: reliable(part, without("likelihood") | {"gaussian": 1.0}),
        "Gaussian beside the flow": lambda part: reliable(part, without("gaussian") | {"likelihood": 1.0}),
        "likelihoods (distances are left)": lambda part: reliable(part, without("likelihood", "gaussian")),
        "distances (likelihoods are left)": lambda part: reliable(part, without(*DISTANCES)),
        "distance in value": lambda part: reliable(part, without("distance")),
        "distance in shape": lambda part: reliable(part, without("shape")),
        "distance of spectra": lambda part: reliable(part, without("spectrum")),
        "durations of states": lambda part: reliable(part, without(DURATION)),
        "several scales": lambda part: reliable(part, SIX, lambda span: span in (1, FIXED[-1])),
        "scale of the period": lambda part: reliable(part, SIX, lambda span: span in (1, *FIXED)),
        "scale of 32 points": lambda part: reliable(part, SIX, lambda span: span != FIXED[0]),
        "typicality of the flow": lambda part: reliable(part, without("likelihood") | {"one-sided": 0.5}),
        "logarithm in the join (the mean)": lambda part: mean(part, SIX, reliable=True),
        "mean in the join (the maximum)": highest,
    },
}


# -- the comparison ---------------------------------------------------------------------------------


def measured(case: tuple[str, Series], seeds: int, folder: Path, rules: str) -> list[dict[str, object]]:
    """A row per rule: means over seeds."""
    protocol, series = case
    window = PROTOCOLS[protocol].window(series)
    found = []
    for seed in range(seeds):
        parts = parts_of(series, protocol, seed, folder, Own if rules == "ablation" else Wider)
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
    for one in planted(args.planted):
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
    made.add_argument("--every", type=int, default=1, help="every k-th series of a folder (1)")
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
