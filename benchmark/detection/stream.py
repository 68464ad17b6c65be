"""Rows scored by a saved model as they come: alerts when they are complete, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmark.detection.alerts import Alert, narrowed, near
from detectors import Array

Rows = NDArray[np.bool_]
CHUNK = 16_384  # rows scored at once
TIE = 1e-9  # share of the threshold by which a score may miss it: rounding depends on what is scored together


class Scorer(Protocol):
    """What a stream needs of a model: its attributes are those of :class:`benchmark.detection.Model`."""

    window: int
    recent: Array

    @property
    def margin(self) -> int: ...
    @property
    def memory(self) -> int: ...
    @property
    def gap(self) -> int: ...
    @property
    def reach(self) -> int: ...
    @property
    def stride(self) -> int: ...
    def scored(self, part: Array) -> Array: ...
    def flagged(self, scores: Array, filled: Rows) -> Rows: ...


@dataclass
class Stream:
    """The state between two rows.

    The score of a row is final when the windows that cover it are whole. An alert is complete when half a window
    of final rows behind it stays below the threshold. What is found does not depend on how rows are pushed.
    """

    model: Scorer
    values: Array  # (k,), the last rows: as many as later scores, and the explanation of an open alert, look back on
    filled: Rows
    flags: Rows
    first: int  # row of the first of them; rows of the history are below 0
    final: int = 0  # rows before it have their final score
    count: int = 0  # rows pushed
    open: Alert | None = None  # the alert that may still grow
    # first row and score of what is above the threshold behind ``final``, where later rows may change it
    suspect: tuple[int, float] | None = None
    scores: list[Array] | None = field(default=None, repr=False)

    @classmethod
    def begin(cls, model: Scorer, keep: bool = False) -> Stream:
        """Behind the history of a model; ``keep`` its final scores in ``scores``."""
        none = np.zeros(len(model.recent), dtype=bool)
        return cls(model, model.recent.copy(), none, none.copy(), -len(model.recent), scores=[] if keep else None)

    def push(self, values: Array, filled: Rows) -> list[Alert]:
        """Take rows, and return the alerts that they complete."""
        found: list[Alert] = []
        for a in range(0, len(values), CHUNK):
            part, holes = values[a : a + CHUNK], filled[a : a + CHUNK]
            self.values = np.concatenate([self.values, part])
            self.filled = np.concatenate([self.filled, holes])
            self.flags = np.concatenate([self.flags, np.zeros(len(part), dtype=bool)])
            self.count += len(part)
            found += self._advance(self.count - self.model.margin)
        return found

    def finish(self) -> list[Alert]:
        """Take the scores of the last rows as they are: none will follow."""
        found = self._advance(self.count)
        return found + ([self._explained(self.open)] if self.open else [])

    def _advance(self, upto: int) -> list[Alert]:
        if upto <= self.final:
            self._score(self.final)
            return []
        mine = self._score(upto)
        flags = self.flags[self.final - self.first : upto - self.first]
        found = self._grouped(mine, flags)
        if self.scores is not None:
            self.scores.append(mine)
        self.final = upto
        found += self._closed(self.final)
        self._forget()
        return found

    def _score(self, upto: int) -> Array:
        """Final scores of the rows before ``upto``; flags them, and notes what is above the threshold behind them."""
        model = self.model
        start = max(0, self.final - model.margin - self.first) // model.stride * model.stride
        scores = model.scored(self.values[start:])
        flags = model.flagged(scores, self.filled[start:])
        a, b = self.final - self.first - start, upto - self.first - start
        self.flags[self.final - self.first : upto - self.first] = flags[a:b]
        behind = np.flatnonzero(flags[b:])
        self.suspect = (upto + int(behind[0]), float(scores[b:][behind].max())) if len(behind) else None
        return scores[a:b]

    def _grouped(self, scores: Array, flags: Rows) -> list[Alert]:
        """Join flagged rows with the open alert, or close it and open another."""
        rows = np.flatnonzero(flags)
        if not len(rows):
            return []
        found = []
        cuts = np.flatnonzero(np.diff(rows) > self.model.gap) + 1
        for part in np.split(rows, cuts):
            a, b = int(part[0]) + self.final, int(part[-1]) + 1 + self.final
            found += self._closed(a)
            best = int(np.argmax(scores[part[0] : part[-1] + 1]))
            self._open(a, b, a + best, float(scores[part[0] + best]))
        return found

    def _open(self, a: int, b: int, peak: int, score: float) -> None:
        if self.open is not None:
            a = self.open.first
            if score <= self.open.score:
                peak, score = self.open.peak, self.open.score
        self.open = Alert(a, b, a, b, peak, score)

    def _closed(self, row: int) -> list[Alert]:
        """The open alert, when no row before this one can still belong to it."""
        if self.open is None or row - self.open.last < self.model.gap:
            return []
        done, self.open = self._explained(self.open), None
        return [done]

    def _explained(self, alert: Alert) -> Alert:
        """The alert on the rows that differ most from what came before it, unless it is too long for that."""
        if alert.last - alert.first > self.model.memory:
            return alert
        margin = self.model.reach
        a = max(self.first, alert.first - margin - self.model.memory)
        b = min(self.count, alert.last + margin)
        part = slice(a - self.first, b - self.first)
        odd = self.flags[part] | self.filled[part]
        return narrowed(self.values[part], alert.moved(-a), odd, self.model.window).moved(a).without_history()

    def _forget(self) -> None:
        """Drop rows that nothing looks back on, in multiples of the model's stride."""
        model = self.model
        back = self.final - model.margin
        if self.open is not None and self.open.last - self.open.first <= model.memory:
            back = min(back, self.open.first)
        back = min(back, self.final) - model.reach - model.memory
        drop = max(0, back - self.first) // model.stride * model.stride
        self.values, self.filled, self.flags = self.values[drop:], self.filled[drop:], self.flags[drop:]
        self.first += drop

    def state(self) -> dict[str, Any]:
        """All of it, fit for JSON."""
        alert = self.open
        return {
            "values": self.values.tolist(),
            "filled": np.flatnonzero(self.filled).tolist(),
            "flags": np.flatnonzero(self.flags).tolist(),
            "first": self.first,
            "final": self.final,
            "count": self.count,
            "open": None if alert is None else [alert.first, alert.last, alert.peak, alert.score],
        }

    @classmethod
    def load(cls, model: Scorer, facts: dict[str, Any]) -> Stream:
        """From :meth:`state`."""
        values = np.array(facts["values"], dtype=np.float64)
        filled, flags = (np.isin(np.arange(len(values)), facts[name]) for name in ("filled", "flags"))
        alert = None
        if facts["open"] is not None:
            first, last, peak, score = facts["open"]
            alert = Alert(first, last, first, last, peak, score)
        return cls(model, values, filled, flags, facts["first"], facts["final"], facts["count"], alert)


def flagged(scores: Array, threshold: float, filled: Rows) -> Rows:
    """Scores that reach the threshold, but for filled rows and their neighbours."""
    flags = scores >= threshold - TIE * abs(threshold)
    return flags & ~near(filled, 1) if filled.any() else flags
