"""A short Python script that recomputes one cell, with its data hash, versions and seed.

Text from a store is inserted into the script as ``repr`` of a value, never as code.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import datasets
from benchmark.errors import UserError

SCRIPT = '''"""Recomputes one cell of a benchmark and prints its AUROC beside the stored one."""

import os
from pathlib import Path

import datasets
from benchmark import metrics
from benchmark.system import settings
from benchmark.execution import execute
from benchmark.grid import Selection, plan, protocols, rows
from benchmark.reading import FolderOptions, load_folder
from benchmark.store import Store

COMPUTED_WITH = {about}
KEY = {key}  # of data, detector, its version, parameters, protocol and seed
DATASET, SERIES = {dataset}, {series}
FOLDER = {folder}  # of your own files; None for a data set of the package
READING = {reading}  # how its files were read, where not by name and content alone
STORE, CONTENT = {store}, {data_hash}  # of arrays that no file holds
DETECTOR, SPEC = {detector}, {spec}
HERE = {here}  # where the file that SPEC names lies
PARAMS = {params}
PROTOCOL, SEED = {protocol}, {seed}
DATA_DIR = {data_dir} or settings.data_dir()  # TSB-UAD-Public or its parent

if FOLDER:
    series = load_folder(FOLDER, DATASET, FolderOptions.recorded(READING)).read(SERIES)
elif STORE:
    with Store(Path(STORE)) as store:
        series = store.load_series(CONTENT)
else:
    series = datasets.load(DATASET, SERIES, data_dir=DATA_DIR, cache_dir=settings.cache_dir(), mode="real")
os.chdir(HERE or ".")
selection = Selection((SPEC,), protocols=(PROTOCOL,), seeds=(SEED,), params={{DETECTOR: PARAMS}}, timeout=0, memory=0)
((task, series),) = plan(selection, rows(selection), [series])
if task.cell.key != KEY:
    print("not the stored cell: data, detector or protocol are of another version:", task.cell)
outcome = execute(task, series)
if outcome.status != "ok":
    raise SystemExit(f"{{outcome.status}}: {{outcome.reason}}")
scores = protocols.get(PROTOCOL).scores_for_metric(outcome.scores)
print("AUROC", metrics.auroc(series.labels[outcome.first_row :], scores), "stored", {auroc})
'''


def capsule(
    cell: dict[str, Any],
    run: dict[str, Any],
    spec: str = "",
    data_dir: str | None = None,
    store: str | None = None,
    here: Path | None = None,
) -> str:
    """Return the script for a stored cell.

    Parameters
    ----------
    cell : dict
        A row of the store's ``frame()``, with ``params`` and ``extra`` read from JSON.
    run : dict
        The ``provenance`` of its run.
    spec : str
        The detector's name on the command line; by default the one stored with the cell.
    data_dir : str or None
        Folder with the real series; by default that of ``BENCHMARK_DATA`` when the script runs.
    store : str or None
        The store from which to read a series that belongs to no data set or folder.
    here : Path or None
        Folder of a file that ``spec`` names (``mine.py``, ``exec:./mine.sh``).

    Raises
    ------
    UserError
        If the cell is of a plug-in whose file is not known, or of imported scores.
    """
    folder = run.get("folders", {}).get(cell["dataset"])
    on_disk = folder or cell["dataset"] in datasets.names(archives=True)
    named = spec or cell["extra"].get("spec") or _registered(cell)
    facts = {
        "here": str(here.resolve()) if here and _names_a_file(named, here) else None,
        "about": {name: run.get(name) for name in ("python", "platform", "versions") if run.get(name)},
        "folder": folder,
        "store": None if on_disk else store,
        "reading": run.get("reading", {}).get(cell["dataset"], {}),
        "spec": named,
        "auroc": None if cell["auroc"] != cell["auroc"] else float(cell["auroc"]),
        "data_dir": data_dir,
        **{
            name: cell[name]
            for name in ("key", "dataset", "series", "data_hash", "detector", "params", "protocol", "seed")
        },
    }
    return SCRIPT.format(**{name: repr(json.loads(json.dumps(value))) for name, value in facts.items()})


def _names_a_file(spec: str, here: Path) -> bool:
    return any(part and not Path(part).is_absolute() and (here / part).is_file() for part in re.split(r"[:\s]+", spec))


def _registered(cell: dict[str, Any]) -> str:
    if cell["version"].startswith("imported-"):
        raise UserError(f"the scores of {cell['detector']} were imported: only their author can recompute them")
    if cell["group"] == "plug-in":
        raise UserError(f"the store does not say in which file {cell['detector']} is: name it with --detector SPEC")
    return str(cell["detector"])
