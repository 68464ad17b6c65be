"""Groups of cells of one detector that can be fitted together: one task for a worker, with an outcome per cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmark.grid import Cell, Outcome, Task
from datasets import Series

Work = tuple[Task, Series]
ON_CPU, ON_GPU = 8, 128  # maximum cells of a group; an interrupted run loses the group in progress


@dataclass(frozen=True)
class Group:
    """Tasks that differ only in series and seed."""

    tasks: tuple[Task, ...]

    @property
    def cell(self) -> Cell:
        """The first cell, for the display."""
        return self.tasks[0].cell

    @property
    def timeout(self) -> float:
        """Sum of the time limits of its cells in seconds; 0 (no limit) if one of them has none."""
        limits = [task.timeout for task in self.tasks]
        return sum(limits) if all(limits) else 0.0

    @property
    def memory(self) -> float:
        """Sum of the memory limits of its cells in MiB; 0 (no limit) if one of them has none."""
        limits = [task.memory for task in self.tasks]
        return sum(limits) if all(limits) else 0.0


def groups(work: Iterable[Work], size: int) -> Iterator[Work | tuple[Group, list[Series]]]:
    """Yield work, combining cells that can be fitted together into groups of at most ``size`` cells."""
    waiting: dict[tuple[object, ...], list[Work]] = {}
    for task, series in work:
        if not task.detector_class.side_by_side:
            yield task, series
            continue
        cell = task.cell
        mine = waiting.setdefault((task.spec, cell.params, cell.protocol, task.explicit), [])
        mine.append((task, series))
        if len(mine) == size:
            yield _make_group(mine)
            mine.clear()
    yield from (_make_group(mine) for mine in waiting.values() if mine)


def _make_group(work: list[Work]) -> Work | tuple[Group, list[Series]]:
    if len(work) == 1:
        return work[0]
    return Group(tuple(task for task, _ in work)), [series for _, series in work]


def ungroup(
    finished: Iterable[tuple[Task | Group, Outcome | list[Outcome]]],
) -> Iterator[tuple[Task, Outcome | None]]:
    """Yield the outcomes of single cells; None for the cells of a group that crashed or exceeded a limit."""
    for task, outcome in finished:
        if isinstance(task, Task):
            assert isinstance(outcome, Outcome)
            yield task, outcome
        elif isinstance(outcome, list):
            yield from zip(task.tasks, outcome, strict=True)
        else:
            yield from ((one, None) for one in task.tasks)
