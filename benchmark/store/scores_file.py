"""Import of scores that another program computed, from a CSV file."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmark.catalogue import registry
from benchmark.errors import UserError, counted, nearest
from benchmark.grid import Cell, Outcome
from benchmark.store.evaluate import IMMEDIATE, measure
from benchmark.store.rows import storable
from benchmark.store.store import Store
from detectors import Array

if TYPE_CHECKING:
    import pandas as pd

FLAG_METRICS = ("precision_given", "recall_given", "f1_given", "event_f1_given", "range_f1_given")
LOW_AUROC = 0.4  # below it, scores with a wrong sign are likelier than a bad detector
SHORTEST_PREFIX = 8
BOOLEANS = {"true": 1.0, "false": 0.0}


@dataclass
class Imported:
    """The number of imported series, and notes for the user."""

    series: int
    notes: list[str] = field(default_factory=list)


def import_scores(store: Store, file: Path, detector: str, protocol: str = "tsb-uad") -> Imported:
    """Import scores, or binary predictions, that another program computed.

    Parameters
    ----------
    file : Path
        CSV with the columns ``series`` and ``score``, one line for each point, higher = more anomalous. A series is
        ``dataset/series`` as in the tables, or the hash of a stored series. There may be several series. Lines are in
        the order of the points unless a third column ``row`` (0-based) numbers them. Scores that are only 0 and 1 are
        binary predictions: they are used as given, without a threshold rule.
    detector : str
        Name for the tables; not one of the package.
    protocol : str
        The protocol of the scores. It cannot be checked that the detector kept its rules; the cell has a note.

    Raises
    ------
    UserError
        If a line, a series or a length is wrong; then nothing was imported.
    """
    if ":" in detector or detector.lower() in map(str.lower, registry.detectors()):
        origin = "a library or a file" if ":" in detector else "the package"
        raise UserError(f"{detector} is a detector of {origin}: choose another name for the imported row")
    version = "imported-" + hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else ""
    known = store.database.rows("SELECT data_hash, dataset, name, source, n FROM series")
    checked = [(_find_series(known, file, name, len(scores)), scores) for name, scores in read_scores(file).items()]
    taken = Imported(len(checked))
    for row, scores in checked:
        labels = store.series(row["data_hash"])[1]
        cell = Cell(row["dataset"], row["name"], detector, protocol, 0, (), version, row["data_hash"], row["source"])
        note = {"note": f"scores imported from {storable(file.name)}; what fit saw is not known"}
        outcome = Outcome("ok", scores=scores, n=len(labels), n_anomalous=int(labels.sum()), extra=note)
        answers = bool(np.isin(scores, (0, 1)).all())
        measured = measure(cell.key, (*IMMEDIATE, *(FLAG_METRICS if answers else ())), labels, scores, protocol, 1)
        store.put(cell, outcome, "plug-in", False, measured)
        taken.notes += _remarks(f"{row['dataset']}/{row['name']}", measured, answers)
    return taken


def _remarks(where: str, measured: list[tuple[str, str, float | None, str]], answers: bool) -> list[str]:
    values = {name: value for _, name, value, _ in measured if value is not None}
    found = []
    if values.get("auroc", 1.0) < LOW_AUROC:
        found.append(
            f"{where}: AUROC {values['auroc']:.3f} is far below .5: is the sign right (higher = more anomalous)?"
        )
    if answers and "f1_given" in values:
        found.append(f"{where}: scores of 0 and 1, used as binary predictions: F1 {values['f1_given']:.3f}")
    return found


def read_scores(file: Path) -> dict[str, Array]:
    """Read the (n,) scores of each series, in the order of the points, by the name of the series in the file."""
    table = _table(file)
    if not {"series", "score"} <= set(table.columns):
        raise UserError(
            f"{file} needs a first line with the columns 'series' and 'score', it has {list(table.columns)}"
        )
    if not len(table):
        raise UserError(f"{file} has a header line, but no scores below it")
    if unknown := set(table.columns) - {"series", "score", "row"}:
        raise UserError(f"{file}: remove the columns {sorted(unknown)}: only series, score and row are allowed")
    scores = np.array([_number(text, file, line) for line, text in enumerate(table["score"], start=2)])
    found = {}
    for name, places in table.groupby("series", sort=False).indices.items():
        index = np.asarray(places, dtype=np.intp)
        found[str(name)] = scores[index][_order(table, index, file, str(name))]
    return found


def _table(file: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        with file.open(encoding="utf-8-sig") as lines:
            head = lines.readline()
        separator = ";" if ";" in head and "," not in head else ","
        table = pd.read_csv(
            file, sep=separator, dtype=str, keep_default_na=False, skipinitialspace=True, encoding="utf-8-sig"
        )
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(f"cannot read {file}: {error}") from error
    if len(table) and not isinstance(table.index, pd.RangeIndex):
        raise UserError(f"{file}: its lines have more cells than its header line has columns")
    table.columns = [str(name).strip().lower() for name in table.columns]
    if "series" in table:
        table["series"] = table["series"].str.strip()
    return table


def _order(table: pd.DataFrame, places: NDArray[np.intp], file: Path, name: str) -> NDArray[np.intp]:
    if "row" not in table:
        return np.arange(len(places))
    try:
        rows = table["row"].to_numpy()[places].astype(np.int64)
    except ValueError as error:
        raise UserError(f"{file}: the column 'row' of {name} must hold whole numbers: {error}") from error
    order = np.argsort(rows, kind="stable")
    if not np.array_equal(rows[order], np.arange(len(rows))):
        raise UserError(f"{file}: the column 'row' of {name} must hold each number from 0 to {len(rows) - 1} once")
    return np.asarray(order)


def _number(text: str, file: Path, line: int) -> float:
    try:
        value = BOOLEANS.get(text.strip().lower())
        value = float(text) if value is None else value
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        hint = " (a decimal comma? write a point)" if "," in text else ""
        raise UserError(f"{file}, line {line}: expected a finite score, got {text!r}{hint}")
    return value


def _find_series(known: list[sqlite3.Row], file: Path, name: str, count: int) -> sqlite3.Row:
    """Find the stored series for a name, a hash or the beginning of a hash."""
    lower = name.lower()
    prefix = lower if len(lower) >= SHORTEST_PREFIX else None
    found = [
        row
        for row in known
        if f"{row['dataset']}/{row['name']}" == name or (prefix and row["data_hash"].startswith(prefix))
    ]
    if len(found) > 1:
        raise UserError(f"{file}: {name} matches {len(found)} stored series: give the whole hash (`results list`)")
    if not found:
        near = nearest(name, [f"{row['dataset']}/{row['name']}" for row in known])
        guess = f" (did you mean {near}?)" if near else ""
        raise UserError(
            f"{file}: no stored series has the name or the hash {storable(name)[:80]!r}{guess}; `results list` shows "
            "the stored series, and a run of any detector on a series stores it"
        )
    (row,) = found
    if row["n"] != count:
        raise UserError(
            f"{file}: {counted(count, 'score')} for {row['dataset']}/{row['name']}, of {counted(row['n'], 'point')}"
        )
    return row
