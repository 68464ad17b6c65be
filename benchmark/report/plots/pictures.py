"""The pictures of a report, their inputs, and their files in each format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from benchmark.report.cells import Derived
from benchmark.report.plots import style
from benchmark.report.plots.cd_diagram import rank_figure, rank_inputs
from benchmark.report.plots.quality import published_figure, time_figure, time_points
from benchmark.report.plots.roc import Curve, roc_figure
from benchmark.report.plots.training import training_figure, training_histories
from benchmark.report.tables import Table, text
from benchmark.store import Store

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass
class Drawing:
    """A picture that is drawn only if it is not cached."""

    section: str  # section of the page, and folder of the files
    name: str  # name of the files without suffix
    inputs: Any  # everything that the picture shows, as cache key
    make: Callable[[], Figure | None]  # draws it; None if the cells are not sufficient
    formats: tuple[str, ...] = ("png", "svg")

    @cached_property
    def figure(self) -> Figure | None:
        """The picture, which is drawn once for all formats."""
        return self.make()

    def content(self, derived: Derived, form: str) -> bytes:
        """Return the picture as a file of a format; empty without a picture."""

        def draw() -> bytes:
            return b"" if self.figure is None else style.render(self.figure, form)

        return derived.get(f"{self.section} as {form}", self.inputs, draw)

    def files(self, derived: Derived | None = None) -> Iterator[tuple[str, bytes]]:
        """Yield path below the report's folder and content of each file, from the cache if there is one."""
        for form in self.formats:
            content = self.content(derived or Derived(), form)
            if content:
                yield f"{self.section.lower()}/{text.file_name(self.name)}.{form}", content


def roc_tables(built: list[Table]) -> Iterator[tuple[str, Table]]:
    """Yield file suffix and main table for real and for simulated series; the first table if there is no main one."""
    for simulated, suffix in ((False, ""), (True, " simulated")):
        mine = [table for table in built if table.simulated == simulated]
        if mine:
            yield suffix, mine[0]


def summary_drawings(tidy: pd.DataFrame, built: list[Table]) -> list[Drawing]:
    """Return the pictures over all data sets: the main table, ranks, time and quality."""
    found = [_glance(suffix, table) for suffix, table in roc_tables(built) if table.main]
    found += [_ranks(tidy, table) for table in built if not table.main]
    for suffix, table in roc_tables(built):
        points = time_points(tidy, table)
        if points:
            title = ": ".join((*table.marks, "time and quality"))
            caption = text.conditions(table, {label for label, *_ in points})
            name = f"time-and-quality{suffix.replace(' ', '-')}"
            make = partial(time_figure, points, title, caption)
            found.append(Drawing("Time", name, [points, title, caption], make))
    return found


def _glance(suffix: str, table: Table) -> Drawing:
    name = f"table{suffix.replace(' ', '-')}"
    return Drawing("Glance", name, [table, text.conditions(table)], partial(published_figure, table))


def _ranks(tidy: pd.DataFrame, table: Table) -> Drawing:
    name = "-".join((table.protocol, *(["simulated"] if table.simulated else ())))
    return Drawing("Ranks", name, rank_inputs(tidy, table), partial(rank_figure, tidy, table))


def roc_drawings(built: list[Table], curves: Mapping[str, list[tuple[str, list[Curve]]]]) -> Iterator[Drawing]:
    """Yield a picture of ROC curves for each data set."""
    for suffix, table in roc_tables(built):
        for dataset, drawn in curves[suffix]:
            if drawn:
                title = ": ".join((*table.marks, f"{dataset}, {max(c.n_series for c in drawn)} series"))
                caption = text.conditions(table, {curve.label for curve in drawn})
                make = partial(roc_figure, drawn, title, caption)
                yield Drawing("ROC", dataset + suffix, [drawn, title, caption], make)


def training_drawings(store: Store, tidy: pd.DataFrame) -> Iterator[Drawing]:
    """Yield a picture of the losses of each network under each protocol."""
    for title, histories in training_histories(store, tidy):
        yield Drawing("Training", title, [title, histories], partial(training_figure, histories, title), ("png",))


def by_section(drawings: Iterable[Drawing], derived: Derived) -> dict[str, list[str]]:
    """Map sections of the page to their pictures as inline SVG."""
    found: dict[str, list[str]] = {}
    for drawing in drawings:
        content = drawing.content(derived, "svg").decode()
        if content:
            found.setdefault(drawing.section, []).append(style.apply_theme(content))
    return found
