"""Read the lines of a growing text file as points of one series, with the options decided from its first lines.

Over 300 lines: the state between blocks and all that changes it belong together.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import UserError, counted
from benchmark.reading.clocks import TimeText, find_clock, in_zone
from benchmark.reading.formats import (
    Layout,
    as_utf8,
    cells_of,
    double_quoted,
    find_layout,
    read_lines,
    read_text,
    split,
)
from benchmark.reading.forward import Jump
from benchmark.reading.options import LOST_AT_MOST, WITHOUT, ReadOptions
from benchmark.reading.parsing import (
    DAY,
    NOT_A_TIME,
    Numbers,
    Sheet,
    Undecided,
    from_columns,
    is_whole,
    kind,
    sample,
    without_codes,
)
from benchmark.reading.points import Points, no_points
from benchmark.reading.read import recordings_of, refusal
from benchmark.reading.recording import Recording
from benchmark.reading.series import find_split

Ints = NDArray[np.int64]
JSON_LINES = "{"
FAR = 100  # a row more than so many usual steps ahead waits for the next one
HELD = 10_000  # missing values that are held back until a known one follows, at most


@dataclass
class Follower:
    """Continues to read where it stopped; its state can be saved as JSON.

    Attributes
    ----------
    options : ReadOptions
        All decisions, made from the first lines.
    separator, names : str, list of str
        The separator is :data:`JSON_LINES` if each line is a JSON object.
    header : list of str
        Lines before the first data; repetitions of them are dropped.
    step : float or None
        Step of a regular grid in ticks; longer steps are filled with missing points.
    clocked, zoned, dates_only : bool
        True if rows have times, if these have an offset to UTC, and if they have no time of day.
    most : int
        Missing points inserted into one gap at most; a longer gap only shifts the row numbers.
    last, wall, value : int, int and float, or None
        Tick, local time and value of the last point.
    held : lists of values, flags, times and offsets
        Missing points that wait for a known value.
    skipped : int
        Points of long gaps that were not inserted.
    counts : int
        Ticks for one count of a counter; 0 for times.
    jump : Jump
        The last long step ahead, which later rows may revoke.
    ahead : lists of values, ticks, times and offsets
        The row after this step, until another one follows.
    """

    options: ReadOptions
    separator: str
    names: list[str]
    header: list[str]
    step: float | None
    clocked: bool
    zoned: bool
    dates_only: bool
    most: int
    last: int | None = None
    wall: int = 0
    value: float | None = None
    held: list[list[Any]] = field(default_factory=lambda: [[], [], [], []])
    skipped: int = 0
    counts: int = 0
    jump: Jump = field(default_factory=Jump)
    ahead: list[list[Any]] = field(default_factory=lambda: [[], [], [], []])

    @classmethod
    def begin(
        cls, head: bytes, path: Path, options: ReadOptions, step: float | None, most: int
    ) -> tuple[Follower, Recording, bytes]:
        """Start from the first complete lines; return the follower, the recording of these lines, and those with data.

        Raises
        ------
        UserError
            If they are ambiguous, or contain several series.
        """
        text, encoding = as_utf8(head, path, options.encoding, [])
        if text.lstrip().startswith(b"{"):
            layout, table = Layout(JSON_LINES, [], 0), read_lines(text, path)
        else:
            layout = find_layout(double_quoted(text), path, options.separator)
            table = read_text(text, path, replace(options, encoding="utf-8"))
        found = recordings_of(table, path, options)
        if len(found) > 1:
            raise UserError(f"{path} holds {len(found)} series: watch follows one, choose it with --series NAME")
        first, decided = found[0], found[0].reading
        assert decided is not None
        decided = replace(
            decided, encoding=encoding.lower(), label=WITHOUT, missing=(*(decided.missing or ()), WITHOUT)
        )
        clocked, zoned = decided.time != WITHOUT, getattr(first.time_text, "offset", None) is not None
        dates = bool(getattr(first.time_text, "dates_only", False))
        lines = text.split(b"\n")
        header = [line.decode("utf-8").strip() for line in lines[: layout.skipped] if line.strip()]
        counts = _ticks_of_a_count(first)
        usual = step if first.step is None else first.step
        usual = usual and usual * max(1, counts)
        made = cls(decided, layout.separator, layout.names, header, usual, clocked, zoned, dates, most, counts=counts)
        made._check_alone(first, lines[layout.skipped :], path)
        return made, first, b"\n".join(lines[layout.skipped :])

    def _check_alone(self, first: Recording, lines: list[bytes], path: Path) -> None:
        """Raise an error if lines alone have other times than among others, as by hours that only repeats reveal."""
        known: Any = getattr(first.time_text, "wall", None)
        last = [line for line in lines if line.strip()][-3:]
        alone = [copy(self)._columns(line, path, [])[2] for line in last] if known is not None else []
        told = np.concatenate([*alone, np.zeros(0, dtype=np.int64)])
        if len(told) and (not np.isin(told, known).any() or (len(told) > 2 and np.ptp(told) == 0)):
            raise UserError(
                f"{path}: the times stand in several columns, and a line alone does not tell them: write date and time "
                "in one column to follow this file"
            )

    def read(self, lines: bytes, path: Path) -> tuple[Points, list[str]]:
        """Read complete lines; return their points, and notes on what was dropped."""
        notes: list[str] = []
        text, _ = as_utf8(lines, path, self.options.encoding, [])
        text = self._without_header(text, notes)
        parts = [self._rows(part, path, notes) for part in _blocks(text)]
        return self._known(Points.join([Points.of(self.held), *parts])), notes

    def renamed(self, lines: bytes, path: Path) -> str:
        """Return the first line of a replaced file if it is another header, else an empty string."""
        text, _ = as_utf8(lines, path, self.options.encoding, [])
        first = text.split(b"\n")[0].decode("utf-8", "replace").strip()
        if not self.header or not first or first in self.header:
            return ""
        return first if not any(kind(c) in ("number", "time") for c in split(first, self.separator)) else ""

    def _without_header(self, text: bytes, notes: list[str]) -> bytes:
        if not any(line.encode("utf-8") in text for line in self.header):
            return text
        lines = text.split(b"\n")
        kept = [line for line in lines if line.decode("utf-8", "replace").strip() not in self.header]
        if len(kept) < len(lines):
            notes.append(f"left out: {counted(len(lines) - len(kept), 'line')} of a header that comes again")
        return b"\n".join(kept)

    def _rows(self, text: bytes, path: Path, notes: list[str]) -> Points:
        """Read lines as points; an unreadable line is found by bisection, and dropped with a note."""
        if not text.strip():
            return no_points()
        try:
            return self._on_grid(*self._columns(text, path, notes), notes)
        except UserError as error:
            lines = text.strip(b"\r\n").split(b"\n")
            if len(lines) == 1:
                notes.append(f"dropped: {lines[0].decode('utf-8', 'replace')[:80]!r} ({error})")
                return no_points()
            middle = len(lines) // 2
            halves = [b"\n".join(part) + b"\n" for part in (lines[:middle], lines[middle:])]
            return Points.join([self._rows(half, path, notes) for half in halves])

    def _columns(self, text: bytes, path: Path, notes: list[str]) -> tuple[NDArray[np.float64], Ints, Ints, Ints]:
        """Read values, ticks, local times and offsets of the lines, (n,) each."""
        sheet = self._sheet(text, path)
        table, name = sheet.table, self.options.value or self.names[0]
        none = np.zeros(len(table), dtype=np.int64)
        if not len(table):
            return np.zeros(0), none, none, none
        numbers = self._numbers(sheet, name, path, notes)
        numbers.values = without_codes(numbers.values, name, self.options.missing)[0]
        if numbers.wrong > LOST_AT_MOST * len(numbers.values):
            raise refusal(numbers, str(self.options.value), str(path))
        clock = find_clock(sheet, ()) if self.clocked else None
        if clock is None:
            return numbers.values, none, none, none
        if clock.stamps is None:
            assert clock.numbers is not None
            ticks = np.round(clock.numbers * max(1, self.counts)).astype(np.int64)
            return numbers.values, ticks, ticks, none
        stamps, _ = in_zone(clock.stamps, self.options.tz, path)
        ticks = np.where(stamps.wall == NOT_A_TIME, NOT_A_TIME, stamps.instants)
        return numbers.values, ticks, stamps.wall, none if stamps.offset is None else stamps.offset.astype(np.int64)

    def _numbers(self, sheet: Sheet, name: str, path: Path, notes: list[str]) -> Numbers:
        """Read the values. Their first decimal or thousands mark decides for all later lines, with a note.

        If it is ambiguous, a dot is decimal if commas separate cells; other marks separate thousands.
        """
        decimal, thousands = self.options.decimal, self.options.thousands
        seen = {mark for cell in sample(sheet.cells(name)) for mark in ".," if mark in cell}
        if self.options.states or thousands or not seen:
            return sheet.numbers(name)

        def read(decimal: str, thousands: str) -> Numbers:
            options = replace(self.options, decimal=decimal, thousands=thousands)
            return Sheet(sheet.table, options, path).numbers(name)

        try:
            found = sheet.numbers(name)
        except UserError as error:
            if not isinstance(error.__cause__, Undecided):
                raise
            dot = (".", "") if self.separator == "," else (",", ".")
            found = read(*((".", ",") if "," in seen else dot))
        other = {".": ",", ",": ".", None: ""}[decimal]
        if decimal and other in seen and (grouped := read(decimal, other)).wrong <= found.wrong:
            found = grouped
        marks = found.marks
        if marks and (marks.decimal, marks.thousands) != (decimal, thousands or ""):
            self.options = replace(self.options, decimal=marks.decimal, thousands=marks.thousands)
            notes += [note for note in found.notes if "--thousands" in note or "--decimal" in note]
        return found

    def _sheet(self, text: bytes, path: Path) -> Sheet:
        """Read the cells of the lines, without those of other series."""
        if self.separator == JSON_LINES:
            table = read_lines(text, path)
        else:
            columns = cells_of(text, Layout(self.separator, self.names, 0), path)
            table = from_columns(columns, "text", separator=self.separator)
        sheet = Sheet(table, self.options, path)
        lacking = [n for n in (self.options.value, self.options.time) if n not in (None, WITHOUT, *sheet.names)]
        if lacking:
            raise UserError(f"without {lacking[0]!r}")
        if self.options.series is None or not len(table):
            return sheet
        parts = find_split(sheet, None, ())
        assert parts is not None
        return Sheet(table.keep(parts.mask(self.options.series)), self.options, path)

    def _on_grid(self, values: NDArray[np.float64], ticks: Ints, wall: Ints, offset: Ints, notes: list[str]) -> Points:
        """Return the rows that are later than all before them, with missing points in gaps."""
        if not self.clocked:
            return Points(values, ~np.isfinite(values), wall, offset)
        values = np.append(np.array(self.ahead[0], dtype=np.float64), values)
        ticks, wall, offset = (
            np.append(np.array(old, dtype=np.int64), new)
            for old, new in zip(self.ahead[1:], (ticks, wall, offset), strict=True)
        )
        kept, waiting = self._forward(ticks, wall, notes)
        self.ahead = [column[waiting].tolist() for column in (values, ticks, wall, offset)]
        values, ticks, wall, offset = values[kept], ticks[kept], wall[kept], offset[kept]
        if not len(ticks):
            return no_points()
        earlier = np.concatenate([[ticks[0] if self.last is None else self.last], ticks[:-1]])
        apart = np.ones(len(ticks), dtype=np.int64)
        if self.step:
            apart = np.maximum(np.round((ticks - earlier) / self.step), 1).astype(np.int64)
        self.skipped += int((apart - 1 - self.most).clip(0).sum())
        missing = np.minimum(apart - 1, self.most)
        at = np.cumsum(missing + 1) - 1
        known = np.full(int(at[-1]) + 1, np.nan)
        known[at] = values
        exact = self._walls(wall, at, len(known))
        self.last, self.wall = int(ticks[-1]), int(wall[-1])
        return Points(known, ~np.isfinite(known), exact, np.repeat(offset, missing + 1))

    def _forward(self, ticks: Ints, wall: Ints, notes: list[str]) -> tuple[list[int], list[int]]:
        """Return the rows that continue in time, and the row that has to wait for the next one."""
        far = FAR * self.step if self.step else math.inf if self.counts else DAY
        waited = len(self.ahead[0])
        found = self.jump.passage(ticks, self.last, far)
        if found.late:
            notes.append(f"dropped: {counted(found.late, 'row')} whose time is not after that of an earlier row")
        if found.wrong:
            first = self._shown(wall[found.wrong[0]])
            notes.append(f"left out: {counted(len(found.wrong), 'row')} (first: {first}), as rows behind are earlier")
        elif found.back >= 0:
            notes.append(f"the clock fell back to {self._shown(wall[found.back])}: rows go on from there")
        cut = len(found.kept) - found.held
        if found.held and not (waited and found.kept == [0]):
            notes.append(f"waiting: one row ({self._shown(wall[found.kept[-1]])}) is far ahead; rows to come decide")
        return found.kept[:cut], found.kept[cut:]

    def _shown(self, wall: int) -> str:
        """Format a time as the file shows it."""
        return f"{wall / self.counts:.15g}" if self.counts else TimeText(np.array([wall]), None, self.dates_only)(0)

    def _walls(self, wall: Ints, at: Ints, count: int) -> Ints:
        """Return the times of points; those of missing points are interpolated, to the microsecond."""
        before = wall[0] if self.last is None else self.wall
        since = np.interp(np.arange(count), [-1, *at], np.concatenate([[before - wall[0]], wall - wall[0]]))
        found: Ints = since.round(0 if self.counts else -3).astype(np.int64) + wall[0]
        found[at] = wall
        return found

    def _known(self, points: Points) -> Points:
        """Return the points up to the last known value, with missing ones interpolated; hold the rest back."""
        known = np.flatnonzero(~points.filled)
        count, most = int(known[-1]) + 1 if len(known) else 0, len(points.values)
        count = most if most - count > HELD else count
        self.held = [column.tolist() for column in points.take(slice(count, None))]
        now = points.take(slice(count))
        if count == 0 or (not len(known) and self.value is None):
            return now if count == 0 else now._replace(values=np.zeros(count))
        at, values = known[known < count], now.values[known[known < count]]
        if self.value is not None:
            at, values = np.concatenate([[-1], at]), np.concatenate([[self.value], values])
        filled = np.where(now.filled, np.interp(np.arange(count), at, values), now.values)
        self.value = float(values[-1])
        return now._replace(values=filled)

    def text(self, points: Points) -> Callable[[int], str] | None:
        """Return a function that formats the time of a point as the file shows it; None without times."""
        if not self.clocked:
            return None
        if self.counts:
            return lambda point: self._shown(points.wall[point])
        return TimeText(points.wall, points.offset.astype(np.int32) if self.zoned else None, self.dates_only)

    def state(self) -> dict[str, Any]:
        """Return the state in a form that JSON can represent."""
        facts = {name: value for name, value in vars(self).items() if name != "options"}
        return (
            facts
            | {"jump": vars(self.jump)}
            | {"options": {k: v for k, v in asdict(self.options).items() if k != "labels"}}
        )

    @classmethod
    def load(cls, facts: dict[str, Any]) -> Follower:
        """Restore a follower from :meth:`state`."""
        return cls(**facts | {"options": ReadOptions(**facts["options"]), "jump": Jump(**facts.get("jump", {}))})


def _ticks_of_a_count(first: Recording) -> int:
    """Return 1 for a counter of whole numbers, a million for fractions, and 0 for times."""
    counter = first.times is not None and first.time_text is None
    return (1 if is_whole(np.asarray(first.times, dtype=np.float64)) else 10**6) if counter else 0


def _blocks(text: bytes, size: int = 1 << 20) -> list[bytes]:
    """Split text into blocks of complete lines, of about ``size`` bytes."""
    if len(text) <= size:
        return [text]
    blocks, start = [], 0
    while start < len(text):
        stop = text.find(b"\n", min(start + size, len(text) - 1)) + 1 or len(text)
        blocks.append(text[start:stop])
        start = stop
    return blocks
