"""Fit today, score tomorrow: the detectors that were chosen on a history, with a threshold for data not yet seen."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmark.catalogue import registry
from benchmark.detection import calibration, stream
from benchmark.detection.alerts import merged, narrowed, runners_up
from benchmark.detection.calibration import CHANGES, TENTHS, HeldOut, Unseen
from benchmark.detection.conventions import build, refuse_long
from benchmark.detection.detect import LISTED, Finding, Options
from benchmark.detection.peaks import Ensemble, OrdinaryPeaks
from benchmark.detection.ranking import SHORTEST, Ranking
from benchmark.detection.scoring import fitted_at_once, margin, sample, score_part
from benchmark.errors import UserError
from benchmark.reading import ReadOptions, Recording
from detectors import Array, Detector

T = TypeVar("T")

FORMAT = 4
REMEMBERED = 20  # windows of history kept, which new rows are scored and explained with
FILE = "model.json"
PLAIN = ("names", "window", "threshold", "rows", "last", "centre", "reading", "step", "changes", "left_out")
MOVES = "The level or the spread of the history changes with time. Left out, as their scores would rise with it: {}."
INHERITED = (
    *("value", "time", "decimal", "thousands", "day_first", "since", "tz", "separator", "encoding", "missing"),
    *("series_column", "series", "states"),
)


@dataclass
class Model:
    """Fitted detectors, and what their scores mean."""

    names: tuple[str, ...]
    detectors: list[Detector]  # fitted to the history, or to a sample of a long one
    window: int
    ensemble: Ensemble  # what the detectors' scores come to, by held-out history; the chosen detectors come first
    threshold: float  # likewise, by the rule that the options name
    recent: Array  # (k,), last rows of the history
    options: Options
    rows: int  # rows of the history, and the time of its last one
    last: str
    centre: float = 0.0  # median of the history, which ``detectors.AbsDeviation`` refers to
    # how the history was read, as options; files that follow are read likewise
    reading: dict[str, Any] = field(default_factory=dict)
    step: float | None = None  # of the history's regular grid
    # what reaches the threshold of history between, and of history behind, that which was known
    held_out: list[HeldOut] = field(default_factory=list)
    # whether the end of the history scores higher than the rest where only what lies before is known, or the level
    # moves and a detector refers to it
    changes: bool = False
    # detectors of the history that are not of the model: their scores would rise on rows to come
    left_out: list[str] = field(default_factory=list)

    @property
    def margin(self) -> int:
        """Rows beside a row that its score may depend on, at most."""
        return max(margin(detector, self.window) for detector in self.detectors)

    @property
    def memory(self) -> int:
        """Rows before an alert in which similar windows are looked for."""
        return max(REMEMBERED * self.window, self.margin)

    @property
    def gap(self) -> int:
        """Rows below the threshold that end an alert."""
        return max(2, self.window // 2)

    @property
    def reach(self) -> int:
        """Rows beside an alert that belong to its surroundings."""
        return max(self.window // 2, 2)

    @property
    def stride(self) -> int:
        """Rows by which a scored part may be moved without a change of its windows' places."""
        scales = (scale for detector in self.detectors for scale in getattr(detector, "scales_", ()))
        return math.lcm(1, *(int(scale.stride) for scale in scales))

    @classmethod
    def fit(cls, finding: Finding) -> Model:
        """From what ``detect`` chose on a history.

        The threshold comes from held-out history. So it holds for rows that no detector has seen.
        Of two ways to hold out, between and behind what is known, the higher one counts where they differ.

        Raises
        ------
        UserError
            If the history is constant or too short.
        """
        x, options, window = finding.recording.values, finding.options, finding.window
        if len(x) < SHORTEST or np.ptp(x) == 0:
            raise UserError(f"a model needs a history of at least {SHORTEST} rows that are not all equal, got {len(x)}")
        centre, every = float(np.median(x)), finding.detectors + finding.beside
        builds = {name: partial(_built, name, window, len(x), options) for name in every}
        for made in builds.values():
            refuse_long(made(), min(2 * len(x) // TENTHS, fitted_at_once(len(x))), "a part of the history has")
        unseen = {name: Unseen.of(build, x, window, centre) for name, build in builds.items()}
        kept = calibration.lasting(unseen, x, window)
        chosen = tuple(name for name in finding.detectors if name in kept) or kept[:1]
        names = chosen + tuple(name for name in kept if name not in chosen)
        fitted = [builds[name]().fit(sample(x)) for name in names]
        memory = max(REMEMBERED * window, *(margin(detector, window) for detector in fitted))
        found = calibration.calibrated([unseen[name] for name in names], len(chosen), len(x), window, options)
        last, reading = finding.recording.show_time(len(x) - 1), _reading(finding.recording)
        changes = found.changes or calibration.wanders(names, x, window)
        return cls(
            *(names, fitted, window, found.ensemble, found.threshold, x[-memory:], options, len(x), last),
            *(centre, reading, finding.recording.step, found.held_out, changes),
            left_out=[name for name in every if name not in kept],
        )

    def scored(self, part: Array) -> Array:
        """(n,) scores of n rows by themselves; the first and last depend on rows that are not there."""
        return self.ensemble([score_part(detector, part, self.centre) for detector in self.detectors])

    def flagged(self, scores: Array, filled: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Rows above the threshold."""
        return stream.flagged(scores, self.threshold, filled)

    def score(self, x: Array) -> Array:
        """(n,) scores of rows that follow the history."""
        following = stream.Stream.begin(self, keep=True)
        following.push(x, np.zeros(len(x), dtype=bool))
        following.finish()
        return np.concatenate(following.scores or [np.zeros(0)])

    def detect(self, recording: Recording) -> Finding:
        """Alerts in rows that follow the history, however few."""
        following = stream.Stream.begin(self, keep=True)
        found = following.push(recording.values, recording.filled) + following.finish()
        scores = np.concatenate(following.scores or [np.zeros(0)])
        flags = self.flagged(scores, recording.filled)
        odd = flags | recording.filled
        whole, before = np.concatenate([self.recent, recording.values]), len(self.recent)
        around = np.concatenate([np.zeros(before, dtype=bool), odd])
        next_ones = [a.moved(before) for a in runners_up(scores, odd, self.window, LISTED)]
        found = sorted(found, key=lambda alert: -alert.score)
        explained = [narrowed(whole, alert, around, self.window).moved(-before) for alert in next_ones]
        others = [alert.without_history() for alert in explained]
        # Flagged ones stay those of a stream, of which there may be thousands.
        placed = found + merged([one for one in others if not any(one.overlaps(alert) for alert in found)])
        ranking = Ranking(reason="the detectors are those of the saved model.")
        surprising = calibration.unlike(self.held_out, self.window, flags) if self.held_out and len(flags) else []
        notes = [*recording.notes, self._follows(), *self.promise(len(flags)), *surprising]
        options, chosen = self._scaled(recording), len(self.ensemble.usual)
        return Finding(
            *(recording, self.names[:chosen], self.window, scores, self.threshold, flags, placed, ranking, notes),
            *(options, self.names[chosen:]),
            held_out=True,
        )

    def promise(self, new: int) -> list[str]:
        """What the threshold is worth on so many new rows.

        A share is promised for rules that ask for one, of a series that does not change. Nothing is known of a model of
        an earlier release.
        """
        asked = self.held_out and new and self.options.rule != "peaks" and not self.changes
        said = [calibration.promise(self.held_out, self.window, new)] if asked else []
        if self.left_out:
            said.append(MOVES.format(", ".join(self.left_out)))
        return [*said, CHANGES] if self.changes else said

    def _follows(self) -> str:
        until = f", which ends at {self.last}" if self.last else ""
        return f"The rows are taken to follow the {self.rows:,} rows of history that the model was fitted to{until}."

    def _scaled(self, recording: Recording) -> Options:
        """The history's options, with as many false alerts as its rate gives for the new rows."""
        return replace(self.options, false_alerts=self.options.false_alerts * len(recording) / self.rows)

    def likewise(self, given: ReadOptions) -> ReadOptions:
        """What a person leaves open as it was for the history."""
        return replace(given, **{k: v for k, v in self.reading.items() if getattr(given, k) is None})

    def read_likewise(self, given: ReadOptions, read: Callable[[ReadOptions], T]) -> T:
        """Read a file as the history was, but for what a person says; else, where that is refused, by itself."""
        try:
            return read(self.likewise(given))
        except UserError:
            return read(given)

    def save(self, folder: Path) -> None:
        """Write ``model.json`` and a safetensors file for each detector; nothing is pickled.

        Raises
        ------
        UserError
            If the folder cannot be written, or a detector not be saved.
        """
        facts = {name: getattr(self, name) for name in PLAIN} | {"format": FORMAT, "recent": self.recent.tolist()}
        facts |= {
            "held_out": self.held_out,
            "usual": [asdict(usual) for usual in self.ensemble.usual],
            "parts": self.ensemble.parts,
            "options": asdict(self.options),
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
        plain = {name: facts[name] for name in PLAIN if name in facts} | {"names": tuple(facts["names"])}
        plain["held_out"] = [HeldOut(*part) for part in facts.get("held_out", [])]
        try:
            fitted = [registry.load(name).load(folder / f"{k}.safetensors") for k, name in enumerate(plain["names"])]
        except (OSError, ValueError) as error:
            raise UserError(f"cannot load the model of {folder}: {error}") from error
        usual = [OrdinaryPeaks(**each) for each in facts["usual"]]
        ensemble = Ensemble(usual, [(low, level) for low, level in facts.get("parts", [])])
        options = Options(**facts["options"] | {"detectors": tuple(facts["options"]["detectors"])})
        return cls(
            detectors=fitted, ensemble=ensemble, options=options, recent=np.array(facts["recent"], dtype=float), **plain
        )


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


def _reading(recording: Recording) -> dict[str, Any]:
    """The decisions that a file which follows may inherit."""
    if recording.reading is None:
        return {}
    return {name: value for name, value in asdict(recording.reading).items() if name in INHERITED and value is not None}
