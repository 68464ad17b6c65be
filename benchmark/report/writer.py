"""Everything that a run leaves for people: tables, cells, pictures and one HTML page.

All of it is a view of the store and can be deleted and written again. A second report makes again only what depends on
what has changed; an interrupted one leaves the previous report whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

import datasets
from benchmark.catalogue import registry
from benchmark.errors import counted
from benchmark.report import csv, latex, markdown, page, pictures
from benchmark.report.bar import OneLinerTest
from benchmark.report.build import build, current
from benchmark.report.derived import Derived, digest, program
from benchmark.report.figures import checked
from benchmark.report.publish import hash_of, publish
from benchmark.report.results import Report, Source
from benchmark.report.roc import roc_curves
from benchmark.report.tables import Sheet, Table
from benchmark.store import Store, evaluate

KEPT = ".derived.zip"
COPIED = ("table.md", "table.tex", "table.csv", "citations.bib")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """What a report shows beside what every report shows, and who is told of its steps."""

    common: str | None = None  # protocol of the table next to the main one (``benchmark.report.build.build``)
    series: Sequence[str] = ()  # patterns of the series whose traces the page shows; by default as many as it holds
    further: Sequence[pictures.Drawing] = ()  # pictures behind the page's own
    # gives comparisons with figures of others, behind the main tables; called once the metrics are there
    beyond: Callable[[], Sequence[Sheet]] = tuple
    progress: Say = lambda step: None  # called with each step, in a word or two
    # called with a line that the reader must not overlook: stored figures that are not what their scores give
    warn: Say = lambda line: None


def write(store: Store, out: Path, jobs: int = 1, wanted: Wanted = Wanted()) -> list[Table]:
    """Compute the metrics that the store lacks, then write the whole report into a folder.

    Of a store that is open for reading, metrics that it lacks are left out. Files of an earlier report are replaced,
    all together at the end. Returns the tables for AUROC, the main one first.
    """
    if store.writable:
        evaluate.fill(
            store, jobs=jobs, progress=lambda done, of: wanted.progress(f"metrics, {done} of {counted(of, 'cell')}")
        )
    return write_views(store, out, wanted)


def write_views(store: Store, out: Path, wanted: Wanted = Wanted()) -> list[Table]:
    """Tables, cells, pictures and page from the cells there are; an empty store gives a page that says so."""
    progress, beyond = wanted.progress, wanted.beyond()
    with Derived(out / KEPT) as derived:
        source = Source(store, derived)
        progress("figures")
        found = checked(source)
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
    """Every file of the report, by its path below the folder."""
    source, tidy, built = report.source, report.tidy, report.built
    texts = {
        "table.md": markdown.document(built) or "No cell has been computed yet.\n",
        "table.tex": latex.document(built),
        "table.csv": csv.document(built),
        "cells.csv": csv.cells(cells),
    }
    wanted.progress("ROC curves")
    curves = {suffix: list(roc_curves(source, table, tidy)) for suffix, table in pictures.roc_tables(built)}
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
    beside = page.Beside({name: texts[name] for name in COPIED}, [name for name in files if name.startswith("roc/")])
    texts["index.html"] = page.render(report, curves, facts, figures, beside)
    return {name: text.encode("utf-8", "backslashreplace") for name, text in texts.items()} | files


def _detectors() -> dict[str, Any]:
    """What a report says of the registered detectors."""
    return {name: [cls.group, cls.source, sorted(cls.param_defaults())] for name, cls in registry.detectors().items()}


def dataset_facts() -> dict[str, Any]:
    """Metadata of the data sets that ship with the package, by name."""
    return {name: datasets.get(name) for name in datasets.names(archives=True)}
