"""Evaluation of detectors from Python: what ``python -m benchmark run`` does, on names, objects and arrays."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

import datasets
from benchmark import metrics as measures
from benchmark.catalogue import detectors as registered
from benchmark.catalogue import trivial_baselines
from benchmark.errors import UserError, say, unknown
from benchmark.execution import Backend, Board, pending, run
from benchmark.grid import QUICK_SERIES, Row, Selection, as_seed, plan, protocols, quick_cut, rows
from benchmark.report import frames
from benchmark.store import Store, evaluate
from benchmark.system import settings
from benchmark.system.provenance import provenance
from datasets import DataError, Dataset, Series
from detectors import Detector

if TYPE_CHECKING:
    from benchmark.reading import FolderOptions

Mode = Literal["auto", "real", "simulated"]
OneOrMore = Any  # one item of several possible types, or a list of items; types are checked at run time


def selection_of(protocol: str | Sequence[str], seeds: Iterable[int], **more: Any) -> Selection:
    """Build a selection from one or several protocols and seeds; ``more`` are other fields of it."""
    protocols = _names("protocols", protocol)
    if not isinstance(seeds, Iterable) or isinstance(seeds, str):  # one number may be a seed, or how many
        raise UserError(f"seeds are a list, got {seeds!r}: seeds=[7] is the seed 7, seeds=range(5) are five seeds")
    numbers = tuple(as_seed(seed) for seed in seeds)
    if not (protocols and numbers):
        raise UserError("give at least one protocol and one seed")
    return Selection(protocols=protocols, seeds=numbers, **more)


def _names(kind: str, given: str | Iterable[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, Iterable):
        raise UserError(f"{kind} are a name or a list of names, got {given!r}")
    return tuple(given)


def evaluate_cells(
    chosen: OneOrMore,
    data: OneOrMore,
    selection: Selection,
    metrics: Sequence[str] | None = None,
    store: str | Path | None = None,
    jobs: int = 1,
    mode: Mode = "auto",
) -> pd.DataFrame:
    """Return the cells of detectors on series, after computing those that the store lacks; see `benchmark.evaluate`."""
    names = _metrics(metrics)
    wanted = [row for one in as_list(chosen) for row in _rows(one, selection)]
    if jobs < 1:
        raise UserError(f"jobs must be at least 1, got {jobs}")
    most = QUICK_SERIES if selection.quick else None
    with _open_store(store) as opened:
        folders = stored_folders(opened)
        series = [one for item in as_list(data) for one in _series(item, mode, folders)[:most]]
        _warn_simulated(series)
        work = list(plan(selection, wanted, [quick_cut(one) for one in series] if selection.quick else series))
        if not work:
            raise UserError("nothing to evaluate: give at least one detector and one series")
        keys = _run_missing(work, opened, jobs, folders)
        evaluate.fill(opened, names, jobs, keys)
        cells = opened.frame(keys).set_index("key", drop=False).loc[keys].reset_index(drop=True)
    cells = cells.assign(**{name: np.nan for name in names if name not in cells})
    cells.attrs[frames.TRIVIAL] = _baselines(cells, [one for _, one in work], names, selection.quick)
    return cells


def _baselines(cells: pd.DataFrame, series: list[Series], names: list[str], quick: bool) -> list[dict[str, Any]]:
    """Compute the cells of the trivial baselines on these series, for tables of ``cells``; they are not stored."""
    free = [str(name) for name in cells["protocol"].unique() if not protocols.get(name).published_rows_only]
    if not free:
        return []
    selection = Selection(trivial_baselines(), tuple(free), quick=quick)
    with _open_store(None) as store:
        distinct = {one.sha256 + one.dataset + one.name: one for one in series}
        todo, summary = pending(plan(selection, rows(selection), distinct.values()), store, retry_failed=False)
        if run(todo, summary, Backend("serial"), store, Board()).interrupted:
            raise KeyboardInterrupt
        evaluate.fill(store, names)
        return [{str(k): v for k, v in row.items()} for row in store.frame().to_dict("records")]


def as_list(given: OneOrMore) -> list[Any]:
    """Return the items of a list or tuple; anything else, and a pair (values, labels), is one item."""
    if isinstance(given, list):
        return given
    if isinstance(given, tuple) and not _is_pair(given):
        return list(given)
    return [given]


def _is_pair(given: Any) -> bool:
    objects = (str, Path, Series, Dataset, Detector, type, tuple)
    return isinstance(given, tuple) and len(given) == 2 and not any(isinstance(part, objects) for part in given)


def _shown(given: Any) -> str:
    """Return the text of an object, or its type if that would fill more than a line."""
    text = repr(given)
    return text if len(text) <= 80 and "\n" not in text else f"an object of type {type(given).__name__}"


# -- detectors ---------------------------------------------------------------------------------


def _rows(given: Any, selection: Selection) -> list[Row]:
    """Return the checked rows for a detector given by name, file, ``module:Class``, class or instance."""
    if isinstance(given, Detector):
        defaults = given.param_defaults()
        params = {name: _plain(value) for name, value in given.get_params().items()}
        changed = {name: v for name, v in params.items() if (type(v), v) != (type(defaults[name]), defaults[name])}
        spec = _spec(type(given))
        selection = replace(selection, params={type(given).__name__: changed})
    elif isinstance(given, type) and issubclass(given, Detector):
        spec = _spec(given)
    elif isinstance(given, str | Path):
        spec = str(given)
    else:
        raise UserError(
            f"a detector is a name, a file, a class or an instance of detectors.Detector, got {_shown(given)}"
        )
    return rows(replace(selection, detectors=(spec,)))


def _plain(value: Any) -> Any:
    """Convert a parameter to a plain number or tuple, as ``--set`` gives it, so that the cell's key is the same."""
    value = value.item() if isinstance(value, np.generic) else value
    return tuple(value) if isinstance(value, list) else value


def _spec(cls: type[Detector]) -> str:
    """Return the name by which a worker process can import a detector class."""
    if registered().get(cls.__name__) is cls:
        return cls.__name__
    if getattr(sys.modules.get(cls.__module__), cls.__qualname__, None) is not cls or not _importable(cls.__module__):
        raise UserError(
            f"{cls.__name__} lives in {cls.__module__}, from where no worker process can import it: "
            "put the class into a file and give its path, e.g. 'mine.py'"
        )
    return f"{cls.__module__}:{cls.__name__}"


def _importable(module: str) -> bool:
    try:
        return module != "__main__" and importlib.util.find_spec(module) is not None
    except ValueError:  # a module object without a file
        return False


# -- series ------------------------------------------------------------------------------------


def stored_folders(store: Store) -> dict[str, str]:
    """Map the names of data sets in a store that are folders to their paths. The first folder of a name counts."""
    return {name: path for run in reversed(store.runs()) for name, path in run["provenance"].get("folders", {}).items()}


def load_data_set(name: str, folders: dict[str, str], options: FolderOptions | None = None) -> Dataset:
    """Load a data set by name or folder. A folder whose short name is taken is named by its whole path."""
    if name in datasets.names(archives=True):
        return datasets.get(name)
    if not Path(name).is_dir():
        if Path(name).exists() or Path(name).name != name:
            raise UserError(f"{name} is no folder: a data set is a folder of files, or one of `list datasets`")
        raise unknown("data set", name, datasets.names(archives=True), "(or give a folder of files)")
    from benchmark.reading import load_folder

    folder, path = load_folder(Path(name), "", options, say), str(Path(name).resolve())
    if folders.setdefault(folder.name, path) != path:
        folder = load_folder(Path(name), path, options, say)
    if folder.name == path:
        say(f"{name}: its short name is taken, so it is called {path}")
    folders[folder.name] = path
    return folder


def _series(item: Any, mode: Mode, folders: dict[str, str]) -> list[Series]:
    if isinstance(item, Series):
        return [item]
    if _is_pair(item):
        return [_from_arrays(*item)]
    if isinstance(item, str | Path):
        item = load_data_set(str(item), folders)
    if not isinstance(item, Dataset):
        raise UserError(f"data are (values, labels), a Series, the name of a data set or a folder, got {_shown(item)}")
    usable = []
    for one in datasets.iter_series(item, data_dir=settings.data_dir(), cache_dir=settings.cache_dir(), mode=mode):
        if isinstance(one, DataError):
            raise one
        usable.append(one)
    return usable


def _warn_simulated(series: list[Series]) -> None:
    names = dict.fromkeys(one.dataset for one in series if one.simulated)
    if names:
        warnings.warn(f"SIMULATED series stand in for {', '.join(names)}", stacklevel=4)


def _from_arrays(values: Any, labels: Any) -> Series:
    """Make a series from arrays. Its name is a hash of its content, so that its stored results are found again."""
    try:
        if np.iscomplexobj(values):
            raise ValueError("they are complex")
        x, y = np.array(values, dtype=np.float64), np.array(labels)
    except (TypeError, ValueError) as error:
        raise UserError(f"values and labels must be arrays of real numbers: {error}") from error
    if x.ndim != 1 or x.shape != y.shape:
        raise UserError(f"values {x.shape} and labels {y.shape} must be one-dimensional and of equal length")
    if not np.isfinite(x).all():
        row = int(np.flatnonzero(~np.isfinite(x))[0])
        raise UserError(f"row {row} of the values is {x[row]}: fill or drop missing values")
    if not np.isin(y, (0, 1)).all():
        row = int(np.flatnonzero(~np.isin(y, (0, 1)))[0])
        raise UserError(f"the label of row {row} is {y[row]}, expected 0 (normal) or 1 (anomalous)")
    unnamed = Series("arrays", "", x, y.astype(np.uint8))
    datasets.check_labels(unnamed.labels, "the series of values and labels")
    return replace(unnamed, name=unnamed.sha256[:8])


# -- computing ---------------------------------------------------------------------------------


def _metrics(names: Sequence[str] | None) -> list[str]:
    """Return the names of the default metrics, and of those given."""
    given = _names("metrics", names or ())
    return list(dict.fromkeys(m.name for m in (*measures.select(), *measures.select(given))))


@contextmanager
def _open_store(path: str | Path | None) -> Iterator[Store]:
    """Open the store at a path, or a temporary one without a path."""
    if path is not None:
        with Store(Path(path), write=True) as store:
            yield store
        return
    with (
        tempfile.TemporaryDirectory(prefix="tsad-benchmark-") as folder,
        Store(Path(folder) / "results.sqlite", write=True) as store,
    ):
        yield store


def _run_missing(work: list[Any], store: Store, jobs: int, folders: dict[str, str]) -> list[str]:
    """Run the cells that the store lacks; return the keys of all planned cells, in order."""
    todo, summary = pending(work, store, retry_failed=False)
    store.begin_run("benchmark.evaluate", provenance(jobs, threads=1) | {"folders": folders})
    with settings.restore_threads():
        summary = run(todo, summary, Backend("processes", jobs), store, Board())
    if summary.interrupted:
        raise KeyboardInterrupt
    return list(dict.fromkeys(task.cell.key for task, _ in work))
