"""An entry for TSB-AD's leaderboard: a script that runs the detector, and the nine metrics of each file."""

from __future__ import annotations

import json

import pandas as pd

from benchmark.catalogue import build, registry
from benchmark.errors import UserError, unknown
from benchmark.grid import protocols
from benchmark.leaderboard.figures import leaderboard_cells
from benchmark.leaderboard.published import METRICS
from benchmark.report import csv, file_name
from benchmark.store import Store, evaluate
from benchmark.system.packaged import read_text


def submission(store: Store, label: str) -> dict[str, str]:
    """Return the texts of ``Run_<detector>.py`` and ``<detector>.csv`` by file name, in the leaderboard's format.

    The script imports the detector from this package, so a plug-in has none.

    Parameters
    ----------
    store : Store
        Open for writing, as metrics that it lacks are computed and stored.
    label : str
        A row of ours under ``tsb-ad``, by its name in the tables.

    Raises
    ------
    UserError
        If there is no such row, or it has several seeds.
    """
    cells = leaderboard_cells(store)
    mine = cells[cells["label"] == label]
    if cells.empty:
        raise UserError(
            "no row ran under tsb-ad on files of TSB-AD-U: python -m benchmark run --dataset TSB-AD-U first"
        )
    if mine.empty:
        raise unknown("row under tsb-ad", label, sorted(set(cells["label"])), "(run it on TSB-AD-U first)")
    if mine["seed"].nunique() > 1:
        raise UserError(f"{label} has {mine['seed'].nunique()} seeds in the store: the leaderboard takes one run")
    evaluate.fill(store, METRICS.values(), keys=set(mine["key"]))
    filled = store.frame(list(mine["key"]))
    name = str(mine["detector"].iloc[0])
    results = {f"{file_name(name)}.csv": _results(filled.sort_values("series"))}
    if name not in registry.detectors():
        return results
    return {f"Run_{name}.py": _script(name, json.loads(mine["params"].iloc[0])), **results}


def _script(name: str, params: dict[str, object]) -> str:
    settings = protocols.PROTOCOLS["tsb-ad"].overrides.get(name, {}) | params
    kind = build(name, params).learns_from
    return (
        read_text(__package__, "script.py.txt")
        .replace("NAME", name)
        .replace("SETTINGS", repr(settings))
        .replace("SEMI_SUPERVISED", str(kind == "normal"))
        .replace("RANK", "2" if name in protocols.PROTOCOLS["tsb-ad"].windows else "1")
    )


def _results(cells: pd.DataFrame) -> str:
    """Return the CSV text with one line per file: seconds and the nine metrics, empty where undefined."""
    rows = []
    for row in cells.to_dict("records"):
        seconds = float(row["fit_seconds"]) + float(row["score_seconds"])
        values = ["" if row[m] != row[m] else repr(float(row[m])) for m in METRICS.values()]
        rows.append([row["series"], f"{seconds:.3f}", *values])
    return csv.format_rows(["file", "Time", *METRICS], rows)
