"""Fit today, score tomorrow: the detectors that were chosen on a history, with a threshold for data not yet seen."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.catalogue import registry
from benchmark.detection.alerts import EXPLAINED, alerts, narrowed, runners_up
from benchmark.detection.conventions import build
from benchmark.detection.detect import LISTED, Finding, Options, flagged, threshold_of
from benchmark.detection.peaks import OrdinaryPeaks, joined
from benchmark.detection.ranking import SHORTEST, Ranking
from benchmark.errors import UserError
from benchmark.reading import Recording
from detectors import Detector

Array = NDArray[np.float64]

FORMAT = 1
HELD_OUT = (2, 5, 8)  # tenths of the history
REMEMBERED = 20  # windows of history kept, which new rows are scored and explained with
FILE = "model.json"


@dataclass
class Model:
    """Fitted detectors, and what their scores mean.

    Attributes
    ----------
    names : tuple of str
    detectors : list of Detector
        Fitted to seven tenths of the history.
    window : int
    usual : list of OrdinaryPeaks
        Of each detector, on the other three.
    threshold : float
        Likewise, by the rule that the options name.
    recent : (k,) array
        Last rows of the history.
    options : Options
    rows, last : int, str
        Rows of the history, and the time of its last one.
    """

    names: tuple[str, ...]
    detectors: list[Detector]
    window: int
    usual: list[OrdinaryPeaks]
    threshold: float
    recent: Array
    options: Options
    rows: int
    last: str

    @classmethod
    def fit(cls, finding: Finding) -> Model:
        """From what ``detect`` chose on a history.

        Three tenths of the history are held out, and the threshold comes from their scores: it holds for rows that
        no detector has seen.

        Raises
        ------
        UserError
            If the history is constant or too short.
        """
        x, options, window = finding.recording.values, finding.options, finding.window
        if len(x) < SHORTEST or np.ptp(x) == 0:
            raise UserError(f"a model needs a history of at least {SHORTEST} rows that are not all equal, got {len(x)}")
        known, unknown = held_out(len(x))
        fitted = [_built(name, window, len(x), options).fit([x[part] for part in known]) for name in finding.detectors]
        unseen = [_scored(detector, x, unknown, window) for detector in fitted]
        usual = [OrdinaryPeaks.fit(scores, window) for scores in unseen]
        memory = max(REMEMBERED * window, *(_margin(detector, window) for detector in fitted))
        share = replace(options, false_alerts=options.false_alerts * len(unseen[0]) / len(x))
        threshold = threshold_of(_together(unseen, usual), window, share)
        last = finding.recording.show_time(len(x) - 1)
        return cls(finding.detectors, fitted, window, usual, threshold, x[-memory:], options, len(x), last)

    def score(self, x: Array) -> Array:
        """(n,) scores of rows that follow the history."""
        whole = np.concatenate([self.recent, x])
        scores = [detector.score(whole)[len(self.recent) :] for detector in self.detectors]
        return _together(scores, self.usual)

    def detect(self, recording: Recording) -> Finding:
        """Alerts in rows that follow the history, however few."""
        scores = self.score(recording.values)
        flags = flagged(scores, self.threshold, recording.filled)
        found = alerts(scores, flags, self.window)
        found += runners_up(scores, flags | recording.filled, self.window, LISTED)
        whole, before = np.concatenate([self.recent, recording.values]), len(self.recent)
        odd = np.concatenate([np.zeros(before, dtype=bool), flags | recording.filled])
        explained = [narrowed(whole, alert.moved(before), odd, self.window) for alert in found[:EXPLAINED]]
        placed = [alert.moved(-before) for alert in explained] + found[EXPLAINED:]
        ranking = Ranking(reason="the detectors are those of the saved model.")
        notes = [*recording.notes, self._follows()]
        options = self._scaled(recording)
        return Finding(
            recording, self.names, self.window, scores, self.threshold, flags, placed, ranking, notes, options
        )

    def _follows(self) -> str:
        until = f", which ends at {self.last}" if self.last else ""
        return f"The rows are taken to follow the {self.rows:,} rows of history that the model was fitted to{until}."

    def _scaled(self, recording: Recording) -> Options:
        """The history's options, with as many false alerts as its rate gives for the new rows."""
        return replace(self.options, false_alerts=self.options.false_alerts * len(recording) / self.rows)

    def save(self, folder: Path) -> None:
        """Write ``model.json`` and a safetensors file for each detector; nothing is pickled.

        Raises
        ------
        UserError
            If the folder cannot be written, or a detector not be saved.
        """
        facts = {
            "format": FORMAT,
            "names": self.names,
            "window": self.window,
            "usual": [asdict(usual) for usual in self.usual],
            "threshold": self.threshold,
            "options": asdict(self.options),
            "rows": self.rows,
            "last": self.last,
            "recent": self.recent.tolist(),
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for k, detector in enumerate(self.detectors):
                detector.save(folder / f"{k}.safetensors")
            (folder / FILE).write_text(json.dumps(facts), encoding="utf-8")
        except (OSError, TypeError) as error:
            raise UserError(f"cannot save the model to {folder}: {error}") from error

    @classmethod
    def load(cls, folder: Path) -> Model:
        """A model from :meth:`save`.

        Raises
        ------
        UserError
            If the folder holds none, or one of a newer release or of other versions of its detectors.
        """
        facts = _facts(folder)
        names = tuple(facts["names"])
        try:
            fitted = [registry.load(name).load(folder / f"{k}.safetensors") for k, name in enumerate(names)]
        except (OSError, ValueError) as error:
            raise UserError(f"cannot load the model of {folder}: {error}") from error
        usual = [OrdinaryPeaks(**each) for each in facts["usual"]]
        options = Options(**facts["options"] | {"detectors": tuple(facts["options"]["detectors"])})
        recent = np.array(facts["recent"], dtype=np.float64)
        threshold, window = facts["threshold"], facts["window"]
        return cls(names, fitted, window, usual, threshold, recent, options, facts["rows"], facts["last"])


def _facts(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{folder} holds no saved model ({path.name}): make one with detect FILE --save") from error
    if facts.get("format", 0) > FORMAT:
        raise UserError(
            f"{path} has format {facts['format']}, this release reads up to {FORMAT}: update tsad-benchmark"
        )
    return facts


def _built(name: str, window: int, n: int, options: Options) -> Detector:
    return build(name, window, options.seed, n, options.params.get(name))


def held_out(n: int) -> tuple[list[slice], list[slice]]:
    """Rows to fit and rows to hold out: three tenths, spread so that a slow change is in both."""
    edges = np.linspace(0, n, 11).astype(int)
    tenths = [slice(int(a), int(b)) for a, b in pairwise(edges)]
    return [t for k, t in enumerate(tenths) if k not in HELD_OUT], [tenths[k] for k in HELD_OUT]


def _scored(detector: Detector, x: Array, parts: list[slice], window: int) -> Array:
    """Scores of some parts of a series, each seen between its neighbours."""
    margin = _margin(detector, window)
    scores = []
    for part in parts:
        a = max(0, part.start - margin)
        scores.append(detector.score(x[a : part.stop + margin])[part.start - a : part.stop - a])
    return np.concatenate(scores)


def _margin(detector: Detector, window: int) -> int:
    """Rows beside a part of a series that its scores may depend on, amply."""
    return 2 * max(window, int(getattr(detector, "window_", 1)))


def _together(scores: list[Array], usual: list[OrdinaryPeaks]) -> Array:
    return scores[0] if len(scores) == 1 else joined(scores, usual)
