"""Options that several commands share, and their interpretation, including those for reading a user's file."""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import UserError, for_each, refuse_unknown
from benchmark.errors import say as say
from benchmark.system import settings

if TYPE_CHECKING:
    from benchmark.grid import Selection
    from benchmark.reading import FolderOptions, ReadOptions
    from datasets import DataError, Dataset, Series

DEFAULT_STORE = Path("results/results.sqlite")
DEFAULT_OUT = Path("results/report")
FIGURES = "multiverse.csv"


def add_store(parser: argparse.ArgumentParser) -> None:
    """``--store``."""
    parser.add_argument("--store", type=Path, default=DEFAULT_STORE, help="SQLite file with results (%(default)s)")


def add_out(parser: argparse.ArgumentParser) -> None:
    """``--out``."""
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder for tables and plots (%(default)s)")


def add_repeatable(
    parser: argparse._ActionsContainer, *names: str, metavar: str, help: str, type: Callable[[str], Any] = str
) -> None:
    """Add an option that may be given several times; its value is a list, empty if not given."""
    parser.add_argument(*names, action="append", default=[], type=type, metavar=metavar, help=help)


def add_set(parser: argparse._ActionsContainer, help: str = "a detector's parameter") -> None:
    """``--set``, repeatable; read it with :func:`parse_set`."""
    add_repeatable(parser, "--set", metavar="D.PARAM=VALUE", help=help)


def add_protocol(parser: argparse._ActionsContainer, default: str) -> None:
    """``--protocol``, repeatable."""
    add_repeatable(parser, "--protocol", metavar="NAME", help=f"rules for fitting and scoring{default}")


def add_seeds(parser: argparse._ActionsContainer) -> None:
    """``--seed``, repeatable, and ``--seeds``; read them with :func:`seeds`."""
    add_repeatable(parser, "--seed", type=seed, metavar="N", help="repeatable (0)")
    parser.add_argument("--seeds", type=int, metavar="K", help="seeds 0 to K-1")


def add_jobs(parser: argparse._ActionsContainer, default: int | None = None) -> None:
    """``--jobs``, by default all cores."""
    default = default or settings.cores()
    parser.add_argument(
        "--jobs", type=at_least_one, default=default, metavar="N", help="worker processes (%(default)s)"
    )


def at_least_one(text: str) -> int:
    """Parse a number of processes, threads or the like."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)


def at_least_zero(text: str) -> float:
    """Parse a number of seconds, GiB or the like."""
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of at least 0, got {text!r}")
    return number


def add_quiet(parser: argparse._ActionsContainer) -> None:
    """``--quiet``, for commands that show progress."""
    parser.add_argument("--quiet", action="store_true", help="no progress messages: only results and errors")


def seeds(args: argparse.Namespace) -> tuple[int, ...]:
    """Return the seeds of ``--seed`` or ``--seeds``, by default 0."""
    if args.seeds is None:
        return tuple(args.seed) or (0,)
    if args.seed or args.seeds < 1:
        raise UserError("--seeds K stands for the seeds 0 to K-1: give K of at least 1, and no --seed beside it")
    return tuple(range(args.seeds))


def seed(text: str) -> int:
    """Parse a seed."""
    from benchmark.grid import as_seed

    try:
        return as_seed(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_study(parser: argparse.ArgumentParser, variants: str) -> None:
    """Add the options of a study that compares ``variants`` of a detector; read them with :func:`study`."""
    parser.add_argument("name", metavar="DETECTOR")
    add_protocol(parser, " (normal-only)")
    add_seeds(parser)
    add_set(parser, f"a parameter, for every {variants}")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter series, cheap settings")
    add_jobs(parser)
    add_data(parser)
    add_out(parser)
    add_quiet(parser)


def add_retry_failed(parser: argparse._ActionsContainer) -> None:
    """Add ``--retry-failed``."""
    parser.add_argument("--retry-failed", action="store_true", help="run failed, timed-out and crashed cells again")


def study(args: argparse.Namespace) -> Selection:
    """Build the selection from the options of :func:`add_study`."""
    from benchmark.grid import Selection

    return Selection(
        detectors=(args.name,),
        protocols=tuple(args.protocol) or ("normal-only",),
        seeds=seeds(args),
        params=parse_set(args.set),
        quick=args.quick,
    )


def add_data(parser: argparse.ArgumentParser, dataset: bool = True, mode: bool = True) -> None:
    """Add ``--dataset`` and ``--data`` (unless the command decides), ``--series``, ``--data-dir``, ``--offline``."""
    group = parser.add_argument_group("data")
    if dataset:
        add_repeatable(group, "--dataset", metavar="NAME", help="data set, or a folder of files")
        group.add_argument(
            "--train", type=int, default=0, metavar="ROWS", help="first rows of a file, as training rows"
        )
        add_reading(parser, several=False)
    add_repeatable(group, "--series", metavar="GLOB", help="series name, e.g. 'C-*'")
    if mode:
        group.add_argument(
            "--data",
            choices=("auto", "real", "simulated"),
            default="auto",
            help="auto: real, else simulated and marked; real: never simulated (%(default)s)",
        )
    group.add_argument(
        "--data-dir", type=Path, help="folder with the real series, TSB-UAD-Public or its parent (BENCHMARK_DATA)"
    )
    group.add_argument("--offline", action="store_true", help="never download")


def folder_options(args: argparse.Namespace) -> FolderOptions | None:
    """Build the options for reading a folder of files; None if the command has no such options."""
    from benchmark.reading import FolderOptions

    return FolderOptions(replace(read_options(args), series=None), args.train) if hasattr(args, "train") else None


def chosen_datasets(args: argparse.Namespace) -> list[Dataset]:
    """Return the selected data sets, or all; an unknown name, or a pattern that matches nothing, is an error."""
    import datasets

    if args.dataset:
        from benchmark.evaluation import load_data_set

        folders = _folders(args)
        named = for_each(lambda name: load_data_set(name, folders, folder_options(args)), args.dataset)
        chosen = [datasets.located(dataset, **places(args)) for dataset in named]
    else:
        chosen = [datasets.get(name) for name in datasets.names()]
    every = [series for dataset in chosen for series in dataset.series_names()]
    refuse_unknown("series", [p for p in args.series if not any(datasets.name_matches(s, p) for s in every)], every)
    return chosen


def places(args: argparse.Namespace) -> dict[str, Any]:
    """Return where real series may be found, and whether they may be downloaded."""
    data_dir = args.data_dir or settings.data_dir()
    return {"data_dir": data_dir, "cache_dir": settings.cache_dir(), "offline": args.offline}


def _folders(args: argparse.Namespace) -> dict[str, str]:
    """Map names in the store to the folders that they stand for; the store is only opened if a folder is selected."""
    store = getattr(args, "store", None)
    if not (store and store.is_file() and any(Path(name).is_dir() for name in args.dataset)):
        return {}
    from benchmark.evaluation import stored_folders
    from benchmark.store import Store

    try:
        with Store(store) as kept:
            return stored_folders(kept)
    except UserError:  # the error is reported when the store is opened for writing
        return {}


def series_of(args: argparse.Namespace, dataset: Dataset) -> Iterator[Series | DataError]:
    """Yield the selected series of a data set, or the error of each that cannot be used."""
    import datasets

    announce = None if getattr(args, "quiet", False) else say
    return datasets.iter_series(
        dataset, selected_series(args, dataset), mode=args.data, announce=announce, **places(args)
    )


def selected_series(args: argparse.Namespace, dataset: Dataset) -> list[str]:
    """Return the names of a data set's series that ``--series`` selects."""
    from datasets import name_matches

    return [s for s in dataset.series_names() if not args.series or any(name_matches(s, p) for p in args.series)]


def parse_set(items: list[str]) -> dict[str, dict[str, Any]]:
    """Parse ``IForest.n_estimators=200`` to {"IForest": {"n_estimators": 200}}."""
    params: dict[str, dict[str, Any]] = {}
    for item in items:
        found = re.match(r"(?P<detector>.+?)\.(?P<name>[A-Za-z_]\w*)=(?P<text>.*)", item, re.DOTALL)
        if found is None:
            raise UserError(f"--set takes Detector.parameter=value, e.g. IForest.n_estimators=200; got {item!r}")
        detector, name, text = found["detector"], found["name"], found["text"]
        value = _value(text)
        params.setdefault(detector, {})[name] = tuple(value) if isinstance(value, list) else value
    return params


def _value(text: str) -> Any:
    """Parse JSON or a Python literal; other text is returned unchanged."""
    for read, error in ((json.loads, json.JSONDecodeError), (ast.literal_eval, (ValueError, SyntaxError))):
        try:
            return read(text)
        except error:
            continue
    return text


def add_reading(parser: argparse.ArgumentParser, several: bool = True) -> None:
    """Add the options for reading a file; an error about an ambiguous file names the option that decides.

    With ``several``, a series of the file can be selected, too.
    """
    columns = parser.add_argument_group("columns of a file", "found by name and content where not given")
    columns.add_argument("--value", metavar="COLUMN", help="the values")
    columns.add_argument("--time", metavar="COLUMN", help="the time stamps; 'none' numbers the rows")
    columns.add_argument("--label", metavar="COLUMN", help="the labels; 'none' ignores them")
    columns.add_argument(
        "--labels", type=Path, metavar="FILE", help="anomalies in a second file: start,end or NAB's JSON"
    )
    columns.add_argument("--series-column", metavar="COLUMN", help="names the series of a row, in files of several")
    if several:
        columns.add_argument("--series", metavar="NAME", help="one of several series; 'all' takes each")
    cells = parser.add_argument_group("cells of a file", "one decision for a whole column")
    cells.add_argument("--sep", dest="separator", metavar="CHAR", help="separator; 'tab' and 'blank' are understood")
    cells.add_argument("--encoding", metavar="NAME", help="e.g. utf-8, latin-1, utf-16")
    cells.add_argument("--decimal", choices=(".", ","), metavar="MARK", help="decimal mark, a dot or a comma")
    cells.add_argument("--thousands", metavar="CHAR", help="separator of thousands; '' for none")
    meant = (
        "number or word for a missing value, e.g. --missing=-1; '<' for all cells that begin with it; 'none' keeps the "
        "usual codes such as -9999"
    )
    add_repeatable(cells, "--missing", metavar="VALUE", help=meant)
    cells.add_argument("--sheet", metavar="NAME", help="of an Excel file; the longest one where not given")
    order = cells.add_mutually_exclusive_group()
    for name, first, meant in (("--dayfirst", True, "the third of April"), ("--monthfirst", False, "March the fourth")):
        order.add_argument(name, dest="day_first", action="store_const", const=first, help=f"03/04 is {meant}")
    counts = "day from which a column of counts is read, e.g. 2001-01-01, or 'hours since 2001-01-01'"
    cells.add_argument("--since", metavar="DAY", help=counts)
    cells.add_argument(
        "--tz", metavar="ZONE", help="zone of times without one, and to show times in, e.g. Europe/Berlin"
    )


def read_options(args: argparse.Namespace) -> ReadOptions:
    """Build reading options from the options of :func:`add_reading`."""
    from benchmark.reading import ReadOptions

    given = {field.name: getattr(args, field.name, None) for field in fields(ReadOptions)}
    return ReadOptions(**given | {"missing": tuple(given["missing"]) if given["missing"] else None})
