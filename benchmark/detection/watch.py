"""Watch a growing file: read it, report each alert once, and keep a state for restarts."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.detection.alerts import Alert
from benchmark.detection.model import Model
from benchmark.detection.stream import Stream
from benchmark.errors import UserError, counted
from benchmark.reading import Block, Follower, Points, ReadOptions, Recording, no_points

FORMAT = 2
Span = tuple[int, int]


@dataclass
class Watch:
    """The state of watching one file with one model."""

    model: Model
    path: Path  # file of the state
    name: str  # name of the watched file, for messages
    options: ReadOptions
    stream: Stream
    follower: Follower | None = None  # None until the first row was read
    recent: Points = field(default_factory=no_points)  # points whose times and values may still be printed
    offset: int = 0  # bytes of the file that have been read
    first: bytes = b""  # its first bytes, to recognize it later
    reported: list[Span] = field(default_factory=list)  # rows of alerts that were printed before they were complete
    announced: int | None = None  # first row of an event that was announced but is not complete
    head: bytes = b""
    beginning: str = ""
    notes: list[str] = field(default_factory=list)
    _kept: tuple[Any, ...] = ()

    @classmethod
    def begin(cls, model: Model, folder: Path, name: str, options: ReadOptions, fresh: bool) -> Watch:
        """Continue an earlier watch of this file with this model, or start after the model's history.

        Raises
        ------
        UserError
            If the state cannot be read.
        """
        path = folder / _state_file_name(name)
        watch = cls(model, path, name, options, Stream.begin(model))
        watch.beginning = f"watching {name}; alerts follow, Ctrl-C ends"
        if path.exists() and not fresh:
            watch._load()
            watch.beginning = f"watching {name} from row {watch.rows:,} on, where it stopped (--fresh starts anew)"
        return watch

    @property
    def rows(self) -> int:
        """Number of points read so far."""
        return self.stream.count

    def take(self, block: Block, as_json: bool) -> list[str]:
        """Read a block of the file, and return the lines to print."""
        if block.anew:
            self.notes.append(f"{self.name} was replaced or truncated: it is read from its start")
            self.head = b""
            if self.follower and (header := self.follower.renamed(block.lines, Path(self.name))):
                raise UserError(f"{self.name} has another header now, {header[:80]!r}: start anew with --fresh")
        self.offset, self.first = block.offset, block.first
        lines = block.lines
        if self.follower is None:
            lines = self._decide(lines, block.waiting)
        if self.follower is None or not lines:
            return []
        points, said = self.follower.read(lines, Path(self.name))
        self.notes += said
        self.recent = Points.join([self.recent, points])
        found = self.stream.push(points.values, points.filled)
        printed = self._new(found, as_json)
        if found:
            self.announced, self.reported = None, [span for span in self.reported if span[1] > found[-1].last]
        self._forget()
        return printed

    def _decide(self, lines: bytes, waiting: bool) -> bytes:
        """Decide how to read the file once its first row is available; return the lines not read yet."""
        self.head += lines
        if not self.head.strip() or not self._names_series():
            return b""
        model, head = self.model, self.head
        most = model.memory + 2 * model.margin

        def begin(options: ReadOptions) -> tuple[Follower, Recording, bytes]:
            return Follower.begin(head, Path(self.name), options, model.step, most)

        try:
            followed = model.read_like_history(self.options, begin)
        except UserError:
            if b"\n" in self.head.strip() or waiting:
                raise
            return b""  # a header alone
        self.follower, found, rest = followed
        self.notes += [line for line in found.lineup if line.split(" ")[0] in ("series", "time", "values", "step")]
        self.head = b""
        return rest

    def _names_series(self) -> bool:
        """Return True if the lines contain the name of the requested series, or if none is requested."""
        options = self.model.inherit_options(self.options)
        if not options.series or not options.series_column:
            return True
        return options.series.split("/")[-1].encode("utf-8") in self.head

    def news(self, as_json: bool) -> list[str]:
        """Return a line for an event that the last rows begin, or for an announced one that was no alert."""
        stream = self.stream
        first, score = (stream.open.first, stream.open.score) if stream.open else stream.suspect or (None, 0.0)
        if first is None:
            if self.announced is None:
                return []
            row, self.announced = self.announced, None
            return [self._line("over", row, row, as_json, {})]
        if self.announced is not None:
            return []
        self.announced = first
        if any(a <= first < b for a, b in self.reported):
            return []
        return [self._line("begins", first, first, as_json, {"score": _short(score)})]

    def finish(self, as_json: bool) -> list[str]:
        """Report the alerts in the last rows when the input ends; the state is kept for rows that may follow."""
        done = Stream.load(self.model, self.stream.state()).finish()
        printed = self._new(done, as_json)
        self.reported += [(alert.first, alert.last) for alert in done]
        return printed

    def take_notes(self) -> list[str]:
        """Return and clear the notes on how the file was read."""
        said, self.notes = self.notes, []
        return said

    def _new(self, found: list[Alert], as_json: bool) -> list[str]:
        """Return lines for alerts not yet reported, and for those reported with another range before their end."""
        lines = []
        for alert in found:
            before = [span for span in self.reported if span[0] < alert.last and alert.first < span[1]]
            if (alert.first, alert.last) not in before:
                kind = "grown" if before else "alert"
                lines.append(self._line(kind, alert.start, alert.stop - 1, as_json, self._facts(alert)))
        return lines

    def _facts(self, alert: Alert) -> dict[str, Any]:
        facts: dict[str, Any] = {"rows": alert.stop - alert.start, "score": _short(alert.score)}
        place = alert.peak - self._first
        if 0 <= place < len(self.recent.values):
            facts["value"] = float(self.recent.values[place])
        if alert.band is not None:
            at = alert.peak - alert.start
            facts["expected"] = [_short(float(alert.band[0][at])), _short(float(alert.band[2][at]))]
        return facts | {"within": [alert.first, alert.last - 1]}

    @property
    def _first(self) -> int:
        return self.stream.count - len(self.recent.values)

    def _line(self, kind: str, first: int, last: int, as_json: bool, facts: dict[str, Any]) -> str:
        place = {"first_row": first, "last_row": last, "from": self._time(first), "to": self._time(last)}
        if as_json:
            return json.dumps({"event": kind, **{k: v for k, v in place.items() if v != ""}, **facts})
        where = place["from"] or f"row {first:,}"
        if kind == "begins":
            return f"{where}  above the threshold ({facts['score']}, {_short(self.model.threshold)}); later rows decide"
        if kind == "over":
            return f"{where}  no alert: the rows that followed lowered the score"
        until = place["to"] or f"row {last:,}"
        what = "ALERT reported before continues until" if kind == "grown" else "ALERT until"
        return f"{where}  {what} {until}{_in_words(facts, self.model.inherit_options(self.options).mark)}"

    def _time(self, row: int) -> str:
        text = self.follower.text(self.recent) if self.follower else None
        place = row - self._first
        return text(place) if text is not None and 0 <= place < len(self.recent.values) else ""

    def _forget(self) -> None:
        surplus = len(self.recent.values) - len(self.stream.values)
        if surplus > 0:
            self.recent = self.recent.take(slice(surplus, None))

    def keep(self) -> None:
        """Write the state atomically if it has changed.

        Raises
        ------
        UserError
            If it cannot be written.
        """
        now = self.offset, self.rows, self.announced, len(self.reported)
        if self.follower is None or now == self._kept:
            return
        facts = {
            "format": FORMAT,
            "name": self.name,
            "threshold": self.model.threshold,
            "offset": self.offset,
            "first": self.first.hex(),
            "told": self.reported[-100:],  # the file keeps the names of format 2
            "begun": self.announced,
            "follower": self.follower.state(),
            "stream": self.stream.state(),
            "recent": [column.tolist() for column in self.recent],
        }
        part = self.path.with_suffix(".part")
        try:
            part.write_text(json.dumps(facts), encoding="utf-8")
            os.replace(part, self.path)
            self._kept = now
        except OSError as error:
            raise UserError(f"cannot keep the state in {self.path}: {error.strerror}") from error

    def _load(self) -> None:
        try:
            facts = json.loads(self.path.read_text(encoding="utf-8"))
            if facts["format"] != FORMAT or facts["threshold"] != self.model.threshold:
                raise ValueError("it belongs to another model or release")
            self.follower = Follower.load(facts["follower"])
            self.stream = Stream.load(self.model, facts["stream"])
            self.recent = Points.of(facts["recent"])
            self.offset, self.announced, self.first = facts["offset"], facts["begun"], bytes.fromhex(facts["first"])
            self.reported = [(int(a), int(b)) for a, b in facts["told"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"the state {self.path} cannot be used ({error}): start anew with --fresh") from error


def _state_file_name(name: str) -> str:
    where = "stdin" if name == "-" else str(Path(name).resolve())
    mark = hashlib.sha256(where.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    plain = re.sub(r"[^\w.-]+", "_", Path(where).name)[:40]
    return f"watch-{plain}-{mark}.json"


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _in_words(facts: dict[str, Any], mark: Callable[[str], str]) -> str:
    def written(value: float) -> str:
        return mark(np.format_float_positional(value, trim="-"))

    parts = [f" ({counted(facts['rows'], 'row')}"]
    if "value" in facts:
        parts.append(f"value {written(facts['value'])}")
    if "expected" in facts:
        parts.append("expected {} to {}".format(*map(written, facts["expected"])))
    return ", ".join([*parts, f"score {facts['score']:g})"])
