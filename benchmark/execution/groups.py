"""Cells of one detector that learn side by side: a group is one worker's task, with an outcome for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmark.grid import Cell, Outcome, Task
from datasets import Series

Work = tuple[Task, Series]
ON_CPU, ON_GPU = 8, 128  # cells of a group: an interrupted run loses the one that it is at


@dataclass(frozen=True)
class Group:
    """Tasks that differ in series and seed alone."""

    tasks: tuple[Task, ...]

    @property
    def cell(self) -> Cell:
        """The first one's, for the display."""
        return self.tasks[0].cell

    @property
    def timeout(self) -> float:
        """What its cells may take one after the other; 0 if one of them may take any time."""
        limits = [task.timeout for task in self.tasks]
        return sum(limits) if all(limits) else 0.0

    @property
    def memory(self) -> float:
        """What its cells may take at once; 0 if one of them may take any."""
        limits = [task.memory for task in self.tasks]
        return sum(limits) if all(limits) else 0.0


def groups(work: Iterable[Work], size: int) -> Iterator[Work | tuple[Group, list[Series]]]:
    """Work as it comes, what can learn side by side in groups of at most ``size``. A group of one is a plain task."""
    waiting: dict[tuple[object, ...], list[Work]] = {}
    for task, series in work:
        if not task.detector_class.side_by_side:
            yield task, series
            continue
        cell = task.cell
        mine = waiting.setdefault((task.spec, cell.params, cell.protocol, task.explicit), [])
        mine.append((task, series))
        if len(mine) == size:
            yield _grouped(mine)
            mine.clear()
    yield from (_grouped(mine) for mine in waiting.values() if mine)


def _grouped(work: list[Work]) -> Work | tuple[Group, list[Series]]:
    if len(work) == 1:
        return work[0]
    return Group(tuple(task for task, _ in work)), [series for _, series in work]


def taken_apart(
    finished: Iterable[tuple[Task | Group, Outcome | list[Outcome]]],
) -> Iterator[tuple[Task, Outcome | None]]:
    """The outcomes of single cells; None for those of a group that crashed or went over its limits as a whole."""
    for task, outcome in finished:
        if isinstance(task, Task):
            assert isinstance(outcome, Outcome)
            yield task, outcome
        elif isinstance(outcome, list):
            yield from zip(task.tasks, outcome, strict=True)
        else:
            yield from ((one, None) for one in task.tasks)
