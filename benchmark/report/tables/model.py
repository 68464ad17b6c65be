"""Tables as data classes: figures, the series behind them, and comparisons.

Nothing is computed or rendered here; :mod:`benchmark.report.tables.builder` builds them from the tidy cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmark.report.tables.verdicts import Verdict

GROUPS = ("classical", "neural", "proposed", "successor", "field", "plug-in", "untrained", "one-liner")
DATASETS = ("Dodgers", "MGAB", "NASA-MSL", "Genesis")
PROTOCOLS = ("tsb-uad", "tsb-ad", "normal-only", "normal-crossfit", "prefix", "authors-csv", "tsb-uad-package")


@dataclass(frozen=True)
class Versus:
    """Comparison of a figure with the best trivial baseline of its data set."""

    baseline: str  # name of the trivial baseline
    value: float  # its mean
    better: bool  # True if the figure is better
    # 95 % interval of the difference by a paired bootstrap; None if only the means were compared
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Entry:
    """One figure: ours for one row and one data set."""

    value: float | None = None  # mean over series of the mean over seeds; None without a figure
    n_series: int = 0  # number of series behind ``value``
    size: int = 0  # number of series of the data set
    seeds: int = 0  # number of seeds that cover all those series
    interval: tuple[float, float] | None = None  # 95 % prediction interval for one more seed
    state: str = ""  # why cells have no figure: ``failed``, ``skipped``, ...
    quick: bool = False  # from a quick run (fewer training steps)
    best: bool = False  # best of the column
    versus: Versus | None = None  # comparison with the best trivial baseline of the column
    published: float | None = None
    published_best: bool = False
    verdict: Verdict = ""
    cause: str = ""
    per_series: Mapping[str, float] = field(default_factory=dict, repr=False)

    @property
    def weak(self) -> bool:
        """True if it is not better than the best trivial baseline."""
        return self.versus is not None and not self.versus.better

    @property
    def difference(self) -> float | None:
        """Ours minus published."""
        return None if self.value is None or self.published is None else self.value - self.published

    @property
    def complete(self) -> bool:
        """True if the figure covers every series of the data set."""
        return self.value is not None and self.n_series >= self.size


@dataclass(frozen=True)
class Row:
    """One detector, with its changed parameters, under one protocol."""

    label: str
    detector: str
    group: str
    protocol: str
    entries: Mapping[str, Entry]
    simulated: bool = False
    random: bool = True  # True if another seed may give another figure

    @property
    def trivial(self) -> bool:
        """True for a trivial baseline."""
        return self.group == "one-liner"

    def changed(self, dataset: str, **changes: Any) -> Row:
        """The same row with another figure on a data set."""
        return replace(self, entries={**self.entries, dataset: replace(self.entries[dataset], **changes)})


@dataclass(frozen=True)
class Sheet:
    """A table of text cells, for any page."""

    title: str  # heading
    text: str = ""  # text before the table
    # Cells; none in a sheet of text alone. The first column contains names, the others figures.
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    notes: Sequence[str] = ()  # lines after the table
    strong: Sequence[str] = ()  # names of highlighted rows


@dataclass(frozen=True)
class Table:
    """A table of rows by data sets for one metric.

    A ``main`` table contains published figures and verdicts; the ``common`` one next to it has all rows under one
    protocol.
    """

    title: str
    protocol: str
    metric: str
    datasets: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    main: bool = False
    common: bool = False
    simulated: bool = False

    @property
    def quick(self) -> bool:
        """True if any figure is from a quick run."""
        return any(entry.quick for row in self.rows for entry in row.entries.values())

    @property
    def marks(self) -> tuple[str, ...]:
        """Prefixes of the heading: SIMULATED, QUICK."""
        return (*(("SIMULATED",) if self.simulated else ()), *(("QUICK",) if self.quick else ()))

    @property
    def compared(self) -> bool:
        """True if it contains published figures."""
        return self.main and not self.simulated and any(map(self.has_published, self.datasets))

    def has_published(self, dataset: str) -> bool:
        """Return True if a data set has published figures in this table."""
        return any(row.entries[dataset].published is not None for row in self.rows)

    @property
    def blocks(self) -> list[list[Row]]:
        """The rows of detectors, then those of trivial baselines; without empty blocks."""
        blocks = [[row for row in self.rows if row.trivial == trivial] for trivial in (False, True)]
        return [block for block in blocks if block]


def ordered_datasets(names: set[str]) -> tuple[str, ...]:
    """Sort data sets in the order of the tables, unknown ones last."""
    return (*[n for n in DATASETS if n in names], *sorted(names - set(DATASETS)))


def ordered_protocols(names: set[str]) -> tuple[str, ...]:
    """Sort protocols in the order of the page, unknown ones last."""
    return (*[n for n in PROTOCOLS if n in names], *sorted(names - set(PROTOCOLS)))
