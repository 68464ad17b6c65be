"""Multiverse of a detector: every combination of the choices that its source leaves open, on the same series and seeds.

Steegen et al., "Increasing transparency through a multiverse analysis", 2016. The plot is the specification curve of
Simonsohn et al., "Specification curve analysis", 2020.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.errors import UserError, refuse_unknown
from benchmark.execution import scores_by
from benchmark.grid import Cell, Params, Row, Selection, Task, params_text, rows
from benchmark.store import evaluate
from datasets import Series

Universe = dict[str, Any]


@dataclass(frozen=True)
class Multiverse:
    """A detector and the choices that are varied; :attr:`row` has the parameters that stay the same."""

    row: Row
    choices: dict[str, tuple[Any, ...]]  # parameter -> its values

    @property
    def chosen(self) -> Universe:
        """The detector's own values of the choices: the universe that it uses."""
        values = self.row.cls.param_defaults() | dict(self.row.params)
        return {name: values[name] for name in self.choices}

    def universes(self) -> list[Universe]:
        """Return all combinations, with fits in the outer loops."""
        return [fitted | rule for fitted in self.fits() for rule in self.rules()]

    def fits(self) -> list[Universe]:
        """Return the combinations of the choices that need separate fits."""
        return _product({name: v for name, v in self.choices.items() if name not in self.row.cls.rescored})

    def rules(self) -> list[Universe]:
        """Return the combinations of the choices that affect only the scores of one fit."""
        return _product({name: v for name, v in self.choices.items() if name in self.row.cls.rescored})

    def params(self, universe: Universe) -> Params:
        """Return the parameters of a universe's cell, as in ``run``: those of the row, and those not default."""
        defaults = self.row.cls.param_defaults()
        changed = {name: value for name, value in universe.items() if value != defaults[name]}
        given = {name: value for name, value in self.row.params if name not in universe}
        return tuple(sorted((given | changed).items()))


def multiverse(selection: Selection, vary: Sequence[str] = ()) -> Multiverse:
    """Return the multiverse of the selected detector; parameters given with ``--set`` apply to all universes.

    The choices in ``vary`` are varied (all, if it is empty); the others keep the detector's values.

    Raises
    ------
    UserError
        If the detector declares no choices, or not one of these, or one that is no parameter.
    """
    (row,) = rows(selection)
    choices = row.cls.choices
    if not choices:
        raise UserError(
            f"{row.name} declares no choices: give its class `choices`, "
            "a dictionary of parameter -> values that its source permits"
        )
    refuse_unknown("choice", vary, choices)
    defaults = row.cls.param_defaults()
    refuse_unknown(f"parameter in the choices of {row.name}", choices, defaults)
    choices = {n: v if defaults[n] in v else (defaults[n], *v) for n, v in choices.items()}  # its own is a choice, too
    fixed = selection.params.get(row.name, {})
    return Multiverse(row, {n: v for n, v in choices.items() if (n in vary or not vary) and n not in fixed})


def _product(choices: dict[str, tuple[Any, ...]]) -> list[Universe]:
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


# -- running: one line of a CSV file per universe, series and seed -------------------------------------


@dataclass(frozen=True)
class Figure:
    """The result of one universe on one series: a line of the CSV file. ``auroc`` is None if there is a ``reason``."""

    key: str
    dataset: str
    series: str
    source: str
    detector: str
    version: str
    protocol: str
    seed: int
    quick: bool
    params: str
    auroc: float | None
    reason: str


@dataclass(frozen=True)
class Job:
    """One fit (or one for each split of the protocol), and the universes that share it."""

    task: Task
    series: Series
    universes: list[tuple[Cell, Universe]]

    def run(self) -> list[Figure]:
        """Return the figures of the universes; an error is recorded as the reason of each."""
        try:
            found = scores_by(self.task, self.series, [rule for _, rule in self.universes])
        except Exception as error:  # noqa: BLE001 - a detector may raise anything; it is recorded
            return [self._figure(cell, None, f"{type(error).__name__}: {error}") for cell, _ in self.universes]
        return [self._measured(cell, *scored) for (cell, _), scored in zip(self.universes, found, strict=True)]

    def _measured(self, cell: Cell, first_row: int, scores: Any) -> Figure:
        labels = self.series.labels[first_row:]
        ((_, _, value, reason),) = evaluate.measure(cell.key, ("auroc",), labels, scores, cell.protocol, 0)
        return self._figure(cell, value, reason)

    def _figure(self, cell: Cell, auroc: float | None, reason: str) -> Figure:
        place = (cell.dataset, cell.series, cell.source, cell.detector, cell.version, cell.protocol, cell.seed)
        return Figure(cell.key, *place, self.task.quick, params_text(cell.params), auroc, reason)


def jobs(many: Multiverse, work: Iterable[tuple[Task, Series]], known: set[str]) -> Iterator[Job]:
    """Yield the jobs for the cells that are not in the file yet; ``known`` are the keys of those in it.

    ``work`` has one task of the detector, with its defaults, for each series, protocol and seed.
    """
    for task, series in work:
        for fitted in many.fits():
            mine = replace(task.cell, params=many.params(fitted))
            cells = [(replace(mine, params=many.params(fitted | rule)), rule) for rule in many.rules()]
            lacking = [(cell, rule) for cell, rule in cells if cell.key not in known]
            if lacking:
                explicit = task.explicit.union(fitted)
                yield Job(replace(task, cell=mine, explicit=explicit), series, lacking)


def run(todo: Iterable[Job], file: Path, workers: int) -> Iterator[list[Figure]]:
    """Run the jobs, and append the figures of each to the file as soon as it ends."""
    from joblib import Parallel, delayed

    calls = (delayed(job.run)() for job in todo)
    for figures in Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1)(calls):
        append(file, figures)
        yield figures


def append(file: Path, figures: Sequence[Figure]) -> None:
    """Append figures to the file; a new file first gets a header."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = pd.DataFrame([asdict(figure) for figure in figures])
    lines.to_csv(file, mode="a", header=not file.exists(), index=False, lineterminator="\n")


def read(file: Path) -> pd.DataFrame:
    """Read the file as a table; it is empty if there is no file."""
    if not file.exists():
        return pd.DataFrame(columns=list(Figure.__dataclass_fields__))
    return pd.read_csv(file, keep_default_na=False, na_values={"auroc": [""]}, dtype={"version": str})
