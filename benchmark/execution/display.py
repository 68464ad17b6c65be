"""Progress of a run: a live view on a terminal, otherwise one line per cell."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import Any, Self

from benchmark.errors import counted, one_line
from benchmark.execution.backends import Board
from benchmark.grid import Outcome, Task, expected_seconds, source_in_name


class Display:
    """Progress of a run; a context manager whose :meth:`done` is called for each finished cell.

    ``board`` has the running cells. ``todo`` are the planned tasks, for counts and the time left. With ``quiet``, only
    failed cells are printed.
    """

    def __init__(self, board: Board, todo: list[Task], jobs: int, quiet: bool = False) -> None:
        self.board = board
        self.quiet = quiet
        self.jobs = jobs
        self.names = {task.cell.key: one_line(str(task.cell)) for task in todo}
        self.expected = {task.cell.key: expected_seconds(task.cell, task.n) for task in todo}
        self.sources = Counter(filter(None, (source_in_name(task.cell.series) for task in todo)))
        self.by_source: Counter[str] = Counter()
        self.total = len(todo)
        self.finished = 0
        self.started = time.monotonic()
        self._left = sum(self.expected.values())
        self._spent = 0.0
        self._live: Any = None

    def __enter__(self) -> Self:
        if self.total and sys.stderr.isatty() and not self.quiet:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), get_renderable=self._view, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def done(self, task: Task, outcome: Outcome) -> None:
        """Count a finished cell; print a line if it failed, or if there is no live view."""
        self.finished += 1
        expected = self.expected.get(task.cell.key, 0.0)
        self._left -= expected
        self._spent += expected
        source = source_in_name(task.cell.series)
        self.by_source[source] += 1
        seconds = outcome.fit_seconds + outcome.score_seconds
        line = f"[{self.finished}/{self.total}] {task.cell}: {outcome.status}"
        line += f" {seconds:.1f} s" if outcome.status == "ok" else f": {outcome.reason}"
        line = one_line(line)
        good = outcome.status in ("ok", "skipped")
        if self._live is None and not (good and self.quiet):
            sys.stderr.write(line + "\n")
        elif self._live is not None and not good:
            self._live.console.print(line, markup=False, highlight=False)
        if self._live is None and source and self.by_source[source] == self.sources[source] and not self.quiet:
            sys.stderr.write(f"{source}: all done, {counted(self.sources[source], 'cell')}\n")

    def time_left(self) -> float | None:
        """Estimate the seconds left from the speed so far; None in the first six seconds."""
        elapsed = time.monotonic() - self.started
        if elapsed < 6 or self._spent <= 0:
            return None
        return self._left * elapsed / self._spent

    def _view(self) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        left = self.time_left()
        head = Table.grid(padding=(0, 1))
        eta = "" if left is None else f"about {_clock(left)} left"
        head.add_row(
            ProgressBar(total=max(1, self.total), completed=self.finished, width=40),
            Text(f"{self.finished}/{self.total} cells  {_clock(time.monotonic() - self.started)}  {eta}"),
        )
        lines = Table.grid(padding=(0, 2))
        for key, seconds, note in sorted(self.board.running()):
            lines.add_row(Text(self.names.get(key, key)), Text(_clock(seconds)), Text(one_line(note), style="dim"))
        return Group(head, Text(self._sources(), style="dim"), lines) if self.sources else Group(head, lines)

    def _sources(self) -> str:
        """Format the numbers of finished and of all cells for each source of TSB-AD's files."""
        return "  ".join(f"{source} {self.by_source[source]}/{count}" for source, count in sorted(self.sources.items()))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
