"""Choose a detector's settings on series outside the table, by several seeds and protocols.

example: python -m tests.trials.choices ../data/tuning/* --vary quantity --vary pooling --vary maps --seeds 3

The criterion is the mean over protocols of the mean AUROC over seeds and those series that every protocol can fit.
Choices that only scoring reads share one fit. Figures are kept in a CSV file: give the command again to go on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmark.commands import _options
from benchmark.grid import Selection, params_text, plan
from benchmark.report import markdown
from benchmark.studies import multiverse
from benchmark.studies.multiverse import Multiverse
from datasets import DataError, FolderDataset, Series, iter_series, names


def series_of(folders: list[Path]) -> Iterator[Series]:
    """Every series of the folders; one of the table's data sets is refused."""
    for folder in folders:
        if folder.name in names():
            raise SystemExit(f"{folder}: {folder.name} is a data set of the table, nothing is chosen on it")
        for one in iter_series(FolderDataset(folder)):
            if isinstance(one, DataError):
                raise SystemExit(str(one))
            yield one


def ranking(many: Multiverse, figures: pd.DataFrame) -> pd.DataFrame:
    """A row per universe: mean AUROC under each protocol, their mean (best first) and its spread over seeds."""
    texts = {params_text(many.params(universe)): universe for universe in many.universes()}
    mine = figures[figures["params"].isin(list(texts)) & (figures["detector"] == many.row.name)]
    place = ["dataset", "series"]
    complete = mine.dropna(subset="auroc").groupby(place)["protocol"].nunique() == mine["protocol"].nunique()
    mine = mine[pd.MultiIndex.from_frame(mine[place]).isin(complete[complete].index)]
    by_seed = mine.groupby(["params", "seed", "protocol"])["auroc"].mean().unstack()
    table = by_seed.groupby("params").mean()
    overall = by_seed.mean(axis=1).groupby("params")
    table["mean"], table["spread"], table["seeds"] = overall.mean(), overall.max() - overall.min(), overall.size()
    table["series"] = int(complete.sum())
    settings = pd.DataFrame([texts[str(text)] for text in table.index], index=table.index)
    return pd.concat([settings, table], axis=1).sort_values("mean", ascending=False)


def to_markdown(table: pd.DataFrame, most: int) -> str:
    """The first rows, figures with three decimals."""
    rows = [
        [f"{v:.3f}" if isinstance(v, float) else str(v) for v in row]
        for row in table.head(most).astype(object).to_numpy().tolist()
    ]
    return markdown.table([str(name) for name in table.columns], rows)


def main(argv: list[str] | None = None) -> int:
    """Run what is missing, print the ranking."""
    parser = argparse.ArgumentParser(prog="python -m tests.trials.choices", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="of value,label files")
    parser.add_argument("--detector", default="Proposed", metavar="NAME")
    parser.add_argument("--vary", action="append", default=[], metavar="CHOICE", help="a choice to vary (all)")
    parser.add_argument("--set", action="append", default=[], metavar="D.PARAM=VALUE", help="for every universe")
    parser.add_argument("--protocol", action="append", default=[], metavar="NAME", help="(normal-only and prefix)")
    _options.add_seeds(parser)
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="worker processes (%(default)s)")
    parser.add_argument("--figures", type=Path, default=Path("results/choices.csv"), help="CSV file (%(default)s)")
    parser.add_argument("--most", type=int, default=12, metavar="N", help="rows to print (%(default)s)")
    args = parser.parse_args(argv)
    protocols = tuple(args.protocol) or ("normal-only", "prefix")
    params = _options.parse_set(args.set)
    selection = Selection((args.detector,), protocols, params=params)
    many = multiverse.multiverse(selection, args.vary)
    for seed in _options.seeds(args):  # a whole seed after the other: what is there ranks already
        mine = Selection((args.detector,), protocols, (seed,), params)
        known = set(multiverse.read(args.figures)["key"])
        todo = multiverse.jobs(many, plan(mine, [many.row], series_of(args.folders)), known)
        for count, figures in enumerate(multiverse.run(todo, args.figures, args.jobs), 1):
            sys.stderr.write(f"seed {seed}, {count}: {figures[0].series} ({figures[0].protocol})\n")
    sys.stdout.write(to_markdown(ranking(many, multiverse.read(args.figures)), args.most) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
