"""Saved models: detectors fitted to a history, with a threshold for later rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmark.catalogue import registry
from benchmark.detection import calibration, stream
from benchmark.detection.alerts import merge_overlapping, narrow, next_peaks
from benchmark.detection.calibration import CHANGES, TENTHS, HeldOut, Unseen
from benchmark.detection.conventions import build, refuse_long
from benchmark.detection.detect import LISTED, Finding, Options
from benchmark.detection.peaks import Ensemble, OrdinaryPeaks
from benchmark.detection.ranking import SHORTEST, Ranking
from benchmark.detection.scoring import longest_piece, margin, sample
from benchmark.errors import UserError, say
from benchmark.reading import ReadOptions, Recording

T = TypeVar("T")

FORMAT = 4
FILE = "model.json"
PLAIN = ("names", "window", "threshold", "rows", "last", "centre", "reading", "step", "changes", "left_out")
MOVES = "The level or the spread of the history changes with time. Left out because their scores would rise: {}."
INHERITED = (
    *("value", "time", "decimal", "thousands", "day_first", "since", "tz", "separator", "encoding", "missing"),
    *("series_column", "series", "states"),
)


@dataclass
class Model(stream.Scorer):
    """Fitted detectors with an ensemble and a threshold for their scores."""

    names: tuple[str, ...]
    options: Options
    rows: int  # number of rows of the history
    last: str  # time of its last row
    # how the history was read, as options; later files are read in the same way
    reading: dict[str, Any] = field(default_factory=dict)
    step: float | None = None  # of the history's regular grid
    # counts above the threshold in history held out between, and behind, the fitted rows
    held_out: list[HeldOut] = field(default_factory=list)
    # True if the end of the history scores higher by a detector fitted only to the rows before, or if the level moves
    # and a detector depends on it
    changes: bool = False
    # detectors used on the history but not in the model, because their scores would rise on later rows
    left_out: list[str] = field(default_factory=list)

    @classmethod
    def fit(cls, finding: Finding) -> Model:
        """Fit the detectors that ``detect`` chose on a history.

        The threshold is calibrated on held-out history, so that it is valid for rows that no detector has seen.
        Rows are held out in two ways, between and behind the fitted ones; if they differ, the higher threshold counts.

        Raises
        ------
        UserError
            If the history is constant or too short.
        """
        x, options, window = finding.recording.values, finding.options, finding.window
        if len(x) < SHORTEST or np.ptp(x) == 0:
            raise UserError(f"a model needs a history of at least {SHORTEST} rows that are not all equal, got {len(x)}")
        centre, every = float(np.median(x)), finding.detectors + finding.beside
        builds = {n: partial(build, n, window, options.seed, len(x), options.params.get(n)) for n in every}
        for build_one in builds.values():
            refuse_long(build_one(), min(2 * len(x) // TENTHS, longest_piece(len(x))), "a part of the history has")
        unseen = {name: Unseen.compute(build, x, window, centre) for name, build in builds.items()}
        kept = calibration.stable_detectors(unseen, x, window)
        chosen = tuple(name for name in finding.detectors if name in kept) or kept[:1]
        names = chosen + tuple(name for name in kept if name not in chosen)
        fitted = [builds[name]().fit(sample(x)) for name in names]
        memory = max(stream.REMEMBERED * window, *(margin(detector, window) for detector in fitted))
        ensemble, threshold, held_out, changes = calibration.calibrate(
            [unseen[name] for name in names], len(chosen), len(x), window, options
        )
        last, reading = finding.recording.show_time(len(x) - 1), _inherited_options(finding.recording)
        changes = changes or calibration.level_moves(names, x, window)
        return cls(
            *(fitted, window, ensemble, threshold, x[-memory:], names, options, len(x), last),
            *(reading, finding.recording.step, held_out, changes),
            centre=centre,
            left_out=[name for name in every if name not in kept],
        )

    def detect(self, recording: Recording) -> Finding:
        """Find alerts in rows that follow the history; any number of rows is accepted."""
        following = stream.Stream.begin(self, keep=True)
        found = following.push(recording.values, recording.filled) + following.finish()
        scores = np.concatenate(following.scores or [np.zeros(0)])
        flags = self.flag_rows(scores, recording.filled)
        odd = flags | recording.filled
        whole, before = np.concatenate([self.recent, recording.values]), len(self.recent)
        around = np.concatenate([np.zeros(before, dtype=bool), odd])
        next_ones = [a.shifted(before) for a in next_peaks(scores, odd, self.window, LISTED)]
        found = sorted(found, key=lambda alert: -alert.score)
        explained = [narrow(whole, alert, around, self.window).shifted(-before) for alert in next_ones]
        others = [alert.clip_history() for alert in explained]
        # Alerts, of which there may be thousands, remain as the stream found them.
        placed = found + merge_overlapping([one for one in others if not any(one.overlaps(alert) for alert in found)])
        ranking = Ranking(reason="the detectors are those of the saved model.")
        surprising = calibration.note_excess(self.held_out, self.window, flags) if self.held_out and len(flags) else []
        notes = [*recording.notes, self._history_note(), *self.promise(len(flags)), *surprising]
        options, chosen = self._scaled(recording), len(self.ensemble.usual)
        return Finding(
            *(recording, self.names[:chosen], self.window, scores, self.threshold, flags, placed, ranking, notes),
            *(options, self.names[chosen:]),
            held_out=True,
        )

    def promise(self, new: int) -> list[str]:
        """Return notes on the share of ``new`` rows that the threshold will flag.

        A share is predicted if the rule asks for one and the series does not change. Models of earlier releases have no
        held-out counts to predict from.
        """
        asked = self.held_out and new and self.options.rule != "peaks" and not self.changes
        said = [calibration.promise(self.held_out, self.window, new)] if asked else []
        if self.left_out:
            said.append(MOVES.format(", ".join(self.left_out)))
        return [*said, CHANGES] if self.changes else said

    def _history_note(self) -> str:
        until = f", which ends at {self.last}" if self.last else ""
        return f"The rows are assumed to follow the {self.rows:,} rows of history that the model was fitted to{until}."

    def _scaled(self, recording: Recording) -> Options:
        """Return the history's options, with the number of false alerts scaled to the length of the new rows."""
        return replace(self.options, false_alerts=self.options.false_alerts * len(recording) / self.rows)

    def inherit_options(self, given: ReadOptions) -> ReadOptions:
        """Return reading options in which those not given are taken from the history."""
        return replace(given, **{k: v for k, v in self.reading.items() if getattr(given, k) is None})

    def read_like_history(self, given: ReadOptions, read: Callable[[ReadOptions], T]) -> T:
        """Read a file with the history's options where none are given; if that fails, with the given ones alone."""
        try:
            return read(self.inherit_options(given))
        except UserError as error:
            found = read(given)
            say(f"not read as the history of the model was, but by itself: {error}")
            return found

    def save(self, folder: Path) -> None:
        """Write ``model.json`` and a safetensors file for each detector; nothing is pickled.

        Raises
        ------
        UserError
            If the folder cannot be written, or a detector cannot be saved.
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
        """Load a model that :meth:`save` wrote.

        Raises
        ------
        UserError
            If the folder holds no model, or one of a newer release or with other versions of its detectors.
        """
        facts = _read_facts(folder)
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


def _read_facts(folder: Path) -> dict[str, Any]:
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


def _inherited_options(recording: Recording) -> dict[str, Any]:
    """Return how a recording was read, as options for the files that follow it."""
    if recording.reading is None:
        return {}
    return {name: value for name, value in asdict(recording.reading).items() if name in INHERITED and value is not None}
