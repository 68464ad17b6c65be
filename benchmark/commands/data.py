"""Show, fetch and verify the data sets.

examples:
  python -m benchmark data                      where each series would come from, and whether it is intact
  python -m benchmark data --fetch              download what is missing into the cache
  python -m benchmark data --dataset Genesis --data-dir path/to/TSB-UAD-Public
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from benchmark.commands import _options
from benchmark.system import settings

if TYPE_CHECKING:
    from datasets import Dataset, SeriesStatus


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``data``."""
    parser.add_argument("--fetch", action="store_true", help="download what is missing into the cache")
    parser.add_argument("--about", action="store_true", help="licence, citation and peculiarities of each data set")
    _options.add_data(parser, mode=False)


def main(args: argparse.Namespace) -> int:
    """Print one line per series; exit code 1 if one is absent or wrong."""
    import datasets

    chosen = _options.chosen_datasets(args)
    if args.about:
        for dataset in chosen:
            sys.stdout.write(_about(dataset))
        return 0
    failures = _fetch(args, chosen) if args.fetch else 0
    rows = [
        row
        for dataset in chosen
        for row in datasets.status(
            dataset, data_dir=args.data_dir or settings.data_dir(), cache_dir=settings.cache_dir()
        )
        if not args.series or row.series in _options.selected_series(args, dataset)
    ]
    sys.stdout.write(_table(rows))
    good = sum(not row.problem and row.source != "absent" for row in rows)
    cache = settings.cache_dir() or datasets.default_cache_dir()
    _options.say(f"{good} of {len(rows)} series are here and intact; cache: {cache}")
    return 0 if good == len(rows) and not failures else 1


def _fetch(args: argparse.Namespace, chosen: list[Dataset]) -> int:
    """Read every real series, downloading what is missing; return how many could not be read."""
    from benchmark.commands._session import Supply

    args.data = "real"
    supply = Supply(args, chosen)
    for _ in supply:
        pass
    return len(supply.problems)


def _table(rows: list[SeriesStatus]) -> str:
    lines = [f"{'data set':<10} {'series':<36} {'source':<9} {'points':>8} {'anomalous':>10}  check"]
    lines += [
        f"{r.dataset:<10} {r.series:<36} {r.source:<9} {r.n:>8} {r.n_anomalous:>10}  {r.problem or r.check}"
        for r in rows
    ]
    return "\n".join(lines) + "\n"


def _about(dataset: Dataset) -> str:
    lines = [f"{dataset.name}: {dataset.title}", f"  licence   {dataset.licence}", f"  cite      {dataset.citation}"]
    lines += [f"  from      {url}" for url in dataset.urls]
    lines += [f"  note      {note}" for note in ([dataset.notes] if isinstance(dataset.notes, str) else dataset.notes)]
    return "\n".join(lines) + "\n\n"
