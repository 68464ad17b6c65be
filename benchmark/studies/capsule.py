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
from benchmark.system.packaged import read_text


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
    return read_text(__package__, "templates/capsule.py.in").format(
        **{name: repr(json.loads(json.dumps(value))) for name, value in facts.items()}
    )


def _names_a_file(spec: str, here: Path) -> bool:
    return any(part and not Path(part).is_absolute() and (here / part).is_file() for part in re.split(r"[:\s]+", spec))


def _registered(cell: dict[str, Any]) -> str:
    if cell["version"].startswith("imported-"):
        raise UserError(f"the scores of {cell['detector']} were imported: only their author can recompute them")
    if cell["group"] == "plug-in":
        raise UserError(f"the store does not say in which file {cell['detector']} is: name it with --detector SPEC")
    return str(cell["detector"])
