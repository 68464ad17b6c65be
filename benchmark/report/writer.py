"""Everything that a run leaves for people: tables, cells, pictures and one HTML page.

All of it is a view of the store and can be deleted and written again. A second report makes again only what depends on
what has changed; an interrupted one leaves the previous report whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import datasets
from benchmark.catalogue import registry
from benchmark.report import bibtex, csv, latex, markdown, page, pictures
from benchmark.report.bar import OneLinerTest
from benchmark.report.build import build, current
from benchmark.report.derived import Derived, digest, program
from benchmark.report.figures import Checked, checked
from benchmark.report.publish import hash_of, publish
from benchmark.report.results import Remembered, Results
from benchmark.report.roc import roc_curves
from benchmark.report.tables import Sheet, Table
from benchmark.store import Store, evaluate

if TYPE_CHECKING:
    import pandas as pd

KEPT = ".derived.zip"
COPIED = ("table.md", "table.tex", "table.csv", "citations.bib")
Say = Callable[[str], None]


def write(
    store: Store,
    out: Path,
    jobs: int = 1,
    common: str | None = None,
    progress: Say = lambda step: None,
    series: Sequence[str] = (),
    further: Sequence[pictures.Drawing] = (),
    warn: Say = lambda line: None,
    beyond: Callable[[], Sequence[Sheet]] = tuple,
) -> list[Table]:
    """Compute the metrics that the store lacks, then write the whole report.

    Parameters
    ----------
    store : Store
        Open for writing; of one open for reading, metrics that it lacks are left out.
    out : Path
        Folder of the report, made when missing; files of an earlier report are replaced, all together at the end.
    jobs : int
        Processes for the metrics.
    common : str, optional
        Protocol of the table next to the main one (:func:`~benchmark.report.build.build`).
    progress : callable
        Called with each step, in a word or two.
    series : sequence of str
        Patterns of the series whose traces the page shows; by default as many as it holds.
    further : sequence of Drawing
        Pictures behind the page's own.
    warn : callable
        Called with a line that the reader must not overlook: stored figures that are not what their scores give.
    beyond : callable
        Gives comparisons with figures of others, behind the main tables; called once the metrics are there.

    Returns
    -------
    list of Table
        The tables for AUROC, the main one first.
    """
    if store.writable:
        evaluate.fill(store, jobs=jobs, progress=lambda done, of: progress(f"metrics, {done} of {of} cells"))
    return write_views(store, out, common, progress, series, further, warn, beyond())


def write_views(
    results: Results,
    out: Path,
    common: str | None = None,
    progress: Say = lambda step: None,
    series: Sequence[str] = (),
    further: Sequence[pictures.Drawing] = (),
    warn: Say = lambda line: None,
    beyond: Sequence[Sheet] = (),
) -> list[Table]:
    """Tables, cells, pictures and page from the cells there are; an empty store gives a page that says so."""
    results = Remembered(results)
    with Derived(out / KEPT) as derived:
        progress("figures")
        found = checked(results, derived)
        if found.warning:
            warn(found.warning)
        progress("tables")
        tidy = current(found.cells)
        sizes = {name: dataset.size for name, dataset in dataset_facts().items()}
        built = build(tidy, sizes, against=OneLinerTest(results, tidy, derived), common=common)
        if found.warning:
            built = [replace(table, notes=(found.warning, *table.notes)) for table in built]
        state = digest(
            [program(), _detectors(), results.fingerprint(), common, series, [one.inputs for one in further], *beyond]
        )
        earlier = derived.earlier
        if earlier["state"] == state and all(hash_of(out / name) == known for name, known in earlier["files"].items()):
            progress("nothing has changed")
            return built
        files = _files(results, found, tidy, built, sizes, derived, progress, series, further, beyond)
        progress("files")
        derived.finish(state, publish(out, files, earlier["files"]))
    return built


def _files(
    results: Results,
    found: Checked,
    tidy: pd.DataFrame,
    built: list[Table],
    sizes: dict[str, int],
    derived: Derived,
    progress: Say,
    series: Sequence[str],
    further: Sequence[pictures.Drawing],
    beyond: Sequence[Sheet],
) -> dict[str, bytes]:
    """Every file of the report, by its path below the folder."""
    texts = {
        "table.md": markdown.document(built) or "No cell has been computed yet.\n",
        "table.tex": latex.document(built),
        "table.csv": csv.document(built),
        "cells.csv": csv.cells(found.cells),
    }
    progress("ROC curves")
    curves = {suffix: list(roc_curves(results, table, tidy, derived)) for suffix, table in pictures.roc_tables(built)}
    summary = [*pictures.summary_drawings(tidy, built), *further]
    drawings = [*pictures.roc_drawings(built, curves), *summary, *pictures.training_drawings(results, tidy)]
    files: dict[str, bytes] = {}
    for k, drawing in enumerate(drawings, start=1):
        progress(f"pictures, {k} of {len(drawings)}")
        files.update(drawing.files(derived))
    progress("page")
    figures = pictures.by_section(summary, derived)
    facts = {name: fact for name, fact in dataset_facts().items() if name in set(tidy["dataset"])}
    texts["citations.bib"] = bibtex.document(facts)
    beside = page.Beside({name: texts[name] for name in COPIED}, [name for name in files if name.startswith("roc/")])
    texts["index.html"] = page.render(
        results, tidy, built, curves, facts, figures, sizes, derived, beside, series, str(found), beyond
    )
    return {name: text.encode("utf-8", "backslashreplace") for name, text in texts.items()} | files


def _detectors() -> dict[str, Any]:
    """What a report says of the registered detectors."""
    return {name: [cls.group, cls.source, sorted(cls.param_defaults())] for name, cls in registry.detectors().items()}


def dataset_facts() -> dict[str, Any]:
    """Metadata of the data sets that ship with the package, by name."""
    return {name: datasets.get(name) for name in datasets.names(archives=True)}
