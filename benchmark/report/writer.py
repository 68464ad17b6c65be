"""Everything that a run leaves for people: tables, cells, pictures and one HTML page.

All of it is a view of the store and can be deleted and written again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import datasets
from benchmark.errors import UserError
from benchmark.report import csv, latex, markdown, page
from benchmark.report.bar import OneLinerTest
from benchmark.report.build import build, current
from benchmark.report.pictures import roc_tables, summary_figures, write_pictures
from benchmark.report.results import Remembered, Results
from benchmark.report.roc import roc_curves
from benchmark.report.tables import Table
from benchmark.store import Store, evaluate


def write(store: Store, out: Path, jobs: int = 1, common: str | None = None) -> list[Table]:
    """Compute the metrics that the store lacks, then write the whole report.

    Parameters
    ----------
    store : Store
        Open for writing; of one open for reading, metrics that it lacks are left out.
    out : Path
        Folder of the report, made when missing; files of an earlier report are replaced.
    jobs : int
        Processes for the metrics.
    common : str, optional
        Protocol of the table next to the main one (:func:`~benchmark.report.build.build`).

    Returns
    -------
    list of Table
        The tables for AUROC, the main one first.
    """
    if store.writable:
        evaluate.fill(store, jobs=jobs)
    return write_views(store, out, common)


def write_views(results: Results, out: Path, common: str | None = None) -> list[Table]:
    """Tables, cells, pictures and page from cells as they are; an empty store gives a page that says so."""
    results = Remembered(results)
    frame = results.frame()
    facts = dataset_facts()
    sizes = {name: dataset.size for name, dataset in facts.items()}
    tidy = current(frame)
    built = build(tidy, sizes, against=OneLinerTest(results, tidy), common=common)
    write_text(out / "table.md", markdown.document(built) or "No cell has been computed yet.\n")
    write_text(out / "table.tex", latex.document(built))
    write_text(out / "table.csv", csv.document(built))
    write_text(out / "cells.csv", csv.cells(frame))
    curves = {suffix: list(roc_curves(results, table, tidy)) for suffix, table in roc_tables(built)}
    figures = summary_figures(tidy, built)
    write_pictures(results, tidy, built, curves, figures, out)
    write_text(out / "index.html", page.render(results, tidy, built, curves, facts, figures, sizes))
    return built


def write_text(path: Path, text: str) -> None:
    """Replace a file in one step, so that a reader never sees half of it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_text(text, encoding="utf-8", newline="\n")
        os.replace(part, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; name another folder with --out") from error


def dataset_facts() -> dict[str, Any]:
    """Metadata of the data sets that ship with the package, by name."""
    return {name: datasets.get(name) for name in datasets.names(archives=True)}
