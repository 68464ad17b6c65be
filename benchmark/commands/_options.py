"""Options that several commands share, and what they mean."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
from benchmark import settings
from benchmark.errors import UserError, unknown
from datasets import DataError, Series

DEFAULT_STORE = Path("results/results.sqlite")
DEFAULT_OUT = Path("results/report")


def add_store(parser: argparse.ArgumentParser) -> None:
    """``--store``."""
    parser.add_argument("--store", type=Path, default=DEFAULT_STORE, help="SQLite file with results (%(default)s)")


def add_out(parser: argparse.ArgumentParser) -> None:
    """``--out``."""
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder for tables and plots (%(default)s)")


def add_data(parser: argparse.ArgumentParser) -> None:
    """``--dataset``, ``--series``, ``--data``, ``--data-dir``, ``--offline``."""
    group = parser.add_argument_group("data")
    group.add_argument("--dataset", action="append", default=[], metavar="NAME", help="data set, or a folder of files")
    group.add_argument("--series", action="append", default=[], metavar="GLOB", help="series name, e.g. 'C-*'")
    group.add_argument(
        "--data",
        choices=("auto", "real", "simulated"),
        default="auto",
        help="auto: real, else simulated and marked so; real: refuse to simulate (%(default)s)",
    )
    group.add_argument(
        "--data-dir", type=Path, help="folder with the real series, TSB-UAD-Public or its parent (BENCHMARK_DATA)"
    )
    group.add_argument("--offline", action="store_true", help="never download")


def series_of(args: argparse.Namespace, datasets_wanted: tuple[str, ...]) -> Iterator[Series | DataError]:
    """The selected series, each or the reason why it cannot be used."""
    for name in datasets_wanted:
        if name not in datasets.names() and Path(name).is_dir():
            yield from datasets.load_folder(Path(name))
            continue
        patterns = args.series
        known = datasets.get(name).series_names
        wanted = [s for s in known if not patterns or any(_matches(s, p) for p in patterns)]
        if wanted:
            yield from datasets.iter_series(
                name,
                wanted,
                data_dir=args.data_dir or settings.data_dir(),
                cache_dir=settings.cache_dir(),
                mode=args.data,
                announce=say,
                offline=args.offline,
            )


def _matches(name: str, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    return fnmatchcase(name, pattern) or name == pattern or name.split(".test")[0] == pattern


def dataset_names(args: argparse.Namespace) -> tuple[str, ...]:
    """Data sets asked for, or all; a wrong name, or a pattern that matches nothing, is refused."""
    wanted = tuple(args.dataset) or tuple(datasets.names())
    for name in wanted:
        if name not in datasets.names() and not Path(name).is_dir():
            raise unknown("data set", name, datasets.names(), "(or a folder of `value,label` files)")
    for pattern in args.series:
        every = [s for name in wanted if name in datasets.names() for s in datasets.get(name).series_names]
        if every and not any(_matches(s, pattern) for s in every):
            raise unknown("series", pattern, every[:60])
    return wanted


def parse_set(items: list[str]) -> dict[str, dict[str, Any]]:
    """``IForest.n_estimators=200`` -> {"IForest": {"n_estimators": 200}}."""
    params: dict[str, dict[str, Any]] = {}
    for item in items:
        left, equals, text = item.partition("=")
        detector, dot, name = left.partition(".")
        if not (equals and dot and detector and name):
            raise UserError(f"--set takes Detector.parameter=value, e.g. IForest.n_estimators=200; got {item!r}")
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            value = {"True": True, "False": False, "None": None}.get(text, text)
        params.setdefault(detector, {})[name] = tuple(value) if isinstance(value, list) else value
    return params


def say(message: str) -> None:
    """A line for the person at the terminal, on standard error."""
    sys.stderr.write(message + "\n")
    sys.stderr.flush()
