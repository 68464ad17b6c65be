"""Score rows by a saved model as they arrive, and return complete alerts, in bounded memory."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.detection.alerts import Alert, dilate, narrow
from benchmark.detection.peaks import Ensemble
from benchmark.detection.scoring import margin, score_part
from benchmark.detection.ties import reaches
from detectors import Array, Detector
from detectors.core import clusters

Rows = NDArray[np.bool_]
CHUNK = 16_384  # rows scored at once
REMEMBERED = 20  # windows of history that are kept to score and explain new rows


@dataclass
class Scorer:
    """The part of a saved model that scores rows and flags them."""

    detectors: list[Detector]  # fitted to the history, or to a sample of a long one
    window: int
    ensemble: Ensemble  # combines the detectors' scores, calibrated on held-out history; chosen detectors come first
    threshold: float  # also from held-out history, by the rule of the options
    recent: Array  # (k,), last rows of the history
    # median of the history, which ``detectors.AbsDeviation`` refers to
    centre: float = field(default=0.0, kw_only=True)

    @property
    def margin(self) -> int:
        """Greatest distance in rows at which a row can affect a score."""
        return max(margin(detector, self.window) for detector in self.detectors)

    @property
    def memory(self) -> int:
        """Rows before an alert that are searched for similar windows."""
        return max(REMEMBERED * self.window, self.margin)

    @property
    def gap(self) -> int:
        """Number of rows below the threshold that ends an alert."""
        return max(2, self.window // 2)

    @property
    def reach(self) -> int:
        """Rows on each side of an alert that belong to its context."""
        return max(self.window // 2, 2)

    @property
    def stride(self) -> int:
        """Rows by which a scored part may be shifted without moving its windows within the series."""
        scales = (scale for detector in self.detectors for scale in getattr(detector, "scales_", ()))
        return math.lcm(1, *(int(scale.stride) for scale in scales))

    def score_alone(self, part: Array) -> Array:
        """Return (n,) scores of n rows without their neighbours, on which the first and last scores would depend."""
        return self.ensemble([score_part(detector, part, self.centre) for detector in self.detectors])

    def flag_rows(self, scores: Array, filled: Rows) -> Rows:
        """Mark the scores that reach the threshold, except filled rows and their neighbours."""
        flags = reaches(scores, self.threshold)
        return flags & ~dilate(filled, 1) if filled.any() else flags


@dataclass
class Stream:
    """The state of a stream of rows.

    The score of a row is final when all windows that cover it are complete. An alert is complete when it is followed by
    half a window of final rows below the threshold. The result does not depend on the sizes of the pushed blocks.
    """

    model: Scorer
    values: Array  # (k,), the last rows: as many as later scores and the explanation of an open alert need
    filled: Rows
    flags: Rows
    first: int  # row number of the first of them; rows of the history are negative
    final: int = 0  # rows before this one have their final score
    count: int = 0  # rows pushed
    open: Alert | None = None  # the alert that may still grow
    # first row and highest score of the rows after ``final`` that reach the threshold, which later rows may change
    suspect: tuple[int, float] | None = None
    scores: list[Array] | None = field(default=None, repr=False)

    @classmethod
    def begin(cls, model: Scorer, keep: bool = False) -> Stream:
        """Start a stream after the history of a model; ``keep`` its final scores in ``scores``."""
        none = np.zeros(len(model.recent), dtype=bool)
        return cls(model, model.recent.copy(), none, none.copy(), -len(model.recent), scores=[] if keep else None)

    def push(self, values: Array, filled: Rows) -> list[Alert]:
        """Add (n,) rows, and return the alerts that they complete."""
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
        """End the stream: the scores of the last rows become final. Return the alerts that are left."""
        found = self._advance(self.count)
        return found + ([self._explain(self.open)] if self.open else [])

    def _advance(self, upto: int) -> list[Alert]:
        if upto <= self.final:
            self._score(self.final)
            return []
        mine = self._score(upto)
        flags = self.flags[self.final - self.first : upto - self.first]
        found = self._group(mine, flags)
        if self.scores is not None:
            self.scores.append(mine)
        self.final = upto
        found += self._close(self.final)
        self._forget()
        return found

    def _score(self, upto: int) -> Array:
        """Score the rows up to ``upto`` finally and flag them; set ``suspect`` from the rows after them."""
        model = self.model
        start = max(0, self.final - model.margin - self.first) // model.stride * model.stride
        scores = model.score_alone(self.values[start:])
        flags = model.flag_rows(scores, self.filled[start:])
        a, b = self.final - self.first - start, upto - self.first - start
        self.flags[self.final - self.first : upto - self.first] = flags[a:b]
        behind = np.flatnonzero(flags[b:])
        self.suspect = (upto + int(behind[0]), float(scores[b:][behind].max())) if len(behind) else None
        return scores[a:b]

    def _group(self, scores: Array, flags: Rows) -> list[Alert]:
        """Add flagged rows to the open alert, or close it and open another; return the closed ones."""
        found = []
        for part in clusters(np.flatnonzero(flags), self.model.gap + 1):
            a, b = int(part[0]) + self.final, int(part[-1]) + 1 + self.final
            found += self._close(a)
            best = int(np.argmax(scores[part[0] : part[-1] + 1]))
            self._open(a, b, a + best, float(scores[part[0] + best]))
        return found

    def _open(self, a: int, b: int, peak: int, score: float) -> None:
        if self.open is not None:
            a = self.open.first
            if score <= self.open.score:
                peak, score = self.open.peak, self.open.score
        self.open = Alert(a, b, a, b, peak, score)

    def _close(self, row: int) -> list[Alert]:
        """Close and return the open alert if ``row`` is at least ``gap`` rows after its end."""
        if self.open is None or row - self.open.last < self.model.gap:
            return []
        done, self.open = self._explain(self.open), None
        return [done]

    def _explain(self, alert: Alert) -> Alert:
        """Narrow the alert to the rows that differ most from earlier windows, unless it is too long for that."""
        if alert.last - alert.first > self.model.memory:
            return alert
        margin = self.model.reach
        a = max(self.first, alert.first - margin - self.model.memory)
        b = min(self.count, alert.last + margin)
        part = slice(a - self.first, b - self.first)
        odd = self.flags[part] | self.filled[part]
        return narrow(self.values[part], alert.shifted(-a), odd, self.model.window).shifted(a).clip_history()

    def _forget(self) -> None:
        """Drop rows that are not needed any more, in multiples of the model's stride."""
        model = self.model
        back = self.final - model.margin
        if self.open is not None and self.open.last - self.open.first <= model.memory:
            back = min(back, self.open.first)
        back = min(back, self.final) - model.reach - model.memory
        drop = max(0, back - self.first) // model.stride * model.stride
        self.values, self.filled, self.flags = self.values[drop:], self.filled[drop:], self.flags[drop:]
        self.first += drop

    def state(self) -> dict[str, Any]:
        """Return the state in a form that JSON can represent."""
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
        """Restore a stream from :meth:`state`."""
        values = np.array(facts["values"], dtype=np.float64)
        filled, flags = (np.isin(np.arange(len(values)), facts[name]) for name in ("filled", "flags"))
        alert = None
        if facts["open"] is not None:
            first, last, peak, score = facts["open"]
            alert = Alert(first, last, first, last, peak, score)
        return cls(model, values, filled, flags, facts["first"], facts["final"], facts["count"], alert)
