"""Write the report of a run: tables, cells, pictures and one HTML page.

The report is a view of the store and can be deleted and written again. A second report computes only what depends on
changes; an interrupted one leaves the previous report complete.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import datasets
from benchmark.catalogue import registry
from benchmark.errors import counted
from benchmark.report.cells import Derived, Source, digest, program, recompute_figures
from benchmark.report.formats import csv, latex, markdown
from benchmark.report.page import Beside, Report, render
from benchmark.report.plots import Drawing, pictures, roc_curves, roc_tables
from benchmark.report.publish import hash_of, publish
from benchmark.report.tables import OneLinerTest, Sheet, Table, build, current
from benchmark.store import Store, evaluate

if TYPE_CHECKING:
    import pandas as pd

KEPT = ".derived.zip"
COPIED = ("table.md", "table.tex", "table.csv", "citations.bib")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """Optional parts of a report, and callbacks for progress and warnings."""

    common: str | None = None  # protocol of the table next to the main one (``benchmark.report.tables.build``)
    series: Sequence[str] = ()  # patterns of the series whose traces the page shows; by default as many as fit
    further: Sequence[Drawing] = ()  # additional pictures at the end of the page
    # makes comparisons with other published figures, after the main tables; called when the metrics are computed
    beyond: Callable[[], Sequence[Sheet]] = tuple
    progress: Say = lambda step: None  # called with each step, in a word or two
    # called with a warning, e.g. that stored figures differ from those of their scores
    warn: Say = lambda line: None


def write(store: Store, out: Path, jobs: int = 1, wanted: Wanted = Wanted()) -> list[Table]:
    """Compute missing metrics, then write the whole report into a folder; return the tables for AUROC, main one first.

    If the store is read-only, missing metrics are omitted. Files of an earlier report are replaced together at the end.
    """
    if store.writable:
        evaluate.fill(
            store, jobs=jobs, progress=lambda done, of: wanted.progress(f"metrics, {done} of {counted(of, 'cell')}")
        )
    return write_views(store, out, wanted)


def write_views(store: Store, out: Path, wanted: Wanted = Wanted()) -> list[Table]:
    """Write tables, cells, pictures and page from the stored cells; an empty store gives a page that says so."""
    progress, beyond = wanted.progress, wanted.beyond()
    with Derived(out / KEPT) as derived:
        source = Source(store, derived)
        progress("figures")
        found = recompute_figures(source)
        if found.warning:
            wanted.warn(found.warning)
        progress("tables")
        tidy = current(found.cells)
        sizes = {name: dataset.size for name, dataset in dataset_facts().items()}
        built = build(tidy, sizes, against=OneLinerTest(source, tidy), common=wanted.common)
        if found.warning:
            built = [replace(table, notes=(found.warning, *table.notes)) for table in built]
        asked = [wanted.common, wanted.series, [one.inputs for one in wanted.further], *beyond]
        state = digest([program(), _detectors(), store.fingerprint(), *asked])
        earlier = derived.earlier
        if earlier["state"] == state and all(hash_of(out / name) == known for name, known in earlier["files"].items()):
            progress("nothing has changed")
            return built
        report = Report(source, tidy, built, sizes, str(found), wanted.series, beyond)
        files = _files(report, found.cells, wanted)
        progress("files")
        derived.finish(state, publish(out, files, earlier["files"]))
    return built


def _files(report: Report, cells: pd.DataFrame, wanted: Wanted) -> dict[str, bytes]:
    """Make all files of the report, by their paths below the folder."""
    source, tidy, built = report.source, report.tidy, report.built
    texts = {
        "table.md": markdown.document(built) or "No cell has been computed yet.\n",
        "table.tex": latex.document(built),
        "table.csv": csv.document(built),
        "cells.csv": csv.cells(cells),
    }
    wanted.progress("ROC curves")
    curves = {suffix: list(roc_curves(source, table, tidy)) for suffix, table in roc_tables(built)}
    summary = [*pictures.summary_drawings(tidy, built), *wanted.further]
    drawings = [*pictures.roc_drawings(built, curves), *summary, *pictures.training_drawings(source.store, tidy)]
    files: dict[str, bytes] = {}
    for k, drawing in enumerate(drawings, start=1):
        wanted.progress(f"pictures, {k} of {len(drawings)}")
        files.update(drawing.files(source.derived))
    wanted.progress("page")
    figures = pictures.by_section(summary, source.derived)
    facts = {name: fact for name, fact in dataset_facts().items() if name in set(tidy["dataset"])}
    texts["citations.bib"] = latex.bibtex(facts)
    beside = Beside({name: texts[name] for name in COPIED}, [name for name in files if name.startswith("roc/")])
    texts["index.html"] = render(report, curves, facts, figures, beside)
    return {name: text.encode("utf-8", "backslashreplace") for name, text in texts.items()} | files


def _detectors() -> dict[str, Any]:
    """Return what a report shows of the registered detectors."""
    return {name: [cls.group, cls.source, sorted(cls.param_defaults())] for name, cls in registry.detectors().items()}


def dataset_facts() -> dict[str, Any]:
    """Return the metadata of the packaged data sets, by name."""
    return {name: datasets.get(name) for name in datasets.names(archives=True)}
