"""The result of ``benchmark.detect`` in Python: alerts and scores as pandas tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.detection import page, report
from benchmark.detection.alerts import Alert
from benchmark.detection.detect import Finding, detect
from benchmark.detection.model import Model
from benchmark.detection.user_options import build_options, check_options
from benchmark.detection.why import explain, ranking_lines, verdict
from benchmark.errors import UserError, unknown
from benchmark.reading import ReadOptions, Recording, read_data, read_recording

KEYWORDS = {"detector": "detectors", "set": "params"}  # options of the command with another name in Python
COLUMNS = ("start", "stop", "from", "to", "score", "value", "expected_low", "expected", "expected_high", "why")


@dataclass(frozen=True, repr=False)
class Detection:
    """The anomalies found in a series. Notebooks display it as a report.

    Attributes
    ----------
    finding : benchmark.detection.Finding
    call : str
        The call that made it, for the report.
    """

    finding: Finding
    call: str = ""

    @property
    def alerts(self) -> pd.DataFrame:
        """A table with one row for each alert, highest score first; empty without alerts.

        ``start`` and ``stop`` are a half-open range of rows, ``from`` and ``to`` the times of its first and last row.
        ``expected_low`` to ``expected_high`` is the range of similar windows where the alert differs most (NaN without
        such windows). ``why`` explains the alert in words.
        """
        return self._events([alert for alert in self.finding.alerts if alert.flagged])

    @property
    def peaks(self) -> pd.DataFrame:
        """Like :attr:`alerts`, and in addition the next highest peaks, which are not alerts."""
        return self._events(self.finding.alerts).assign(alert=[alert.flagged for alert in self.finding.alerts])

    @property
    def scores(self) -> pd.DataFrame:
        """A table with ``value``, ``score`` and ``anomalous`` of each point, indexed by time if known."""
        recording = self.finding.recording
        index = None if recording.times is None else pd.Index(recording.times)
        columns = {"value": recording.values, "score": self.finding.scores, "anomalous": self.finding.flags}
        return pd.DataFrame(columns, index=index)

    @property
    def ranking(self) -> pd.DataFrame:
        """A table of the detectors evaluated on planted (or labelled) anomalies, best first."""
        return pd.DataFrame(ranking_lines(self.finding.ranking) if self.finding.ranking.merit else [])

    @property
    def notes(self) -> list[str]:
        """How the data were read: decisions, omissions and repairs."""
        return [*self.finding.recording.lineup, *self.finding.notes]

    @property
    def detectors(self) -> tuple[str, ...]:
        """Names of the detectors whose scores were combined."""
        return self.finding.detectors + self.finding.beside

    @property
    def threshold(self) -> float:
        """Scores of at least this value are anomalous."""
        return self.finding.threshold

    def write(self, folder: str | Path, top: int = 10) -> Path:
        """Write the files that the command writes, and return the path of ``report.html``.

        Raises
        ------
        UserError
            If the folder cannot be written.
        """
        report.write(self.finding, Path(folder), top)
        return page.write(Path(folder), [page.section(self.finding, top, 1)], self.finding.recording.name, self.call)

    def save(self, folder: str | Path) -> Path:
        """Save a model for later rows, for ``detect(..., model=folder)`` and the commands.

        Raises
        ------
        UserError
            If the series is constant or too short, or the folder cannot be written.
        """
        Model.fit(self.finding).save(Path(folder))
        return Path(folder)

    def __repr__(self) -> str:
        return f"<{self.finding.recording.name}: {len(self.finding.scores):,} rows. {verdict(self.finding)}>"

    def _repr_markdown_(self) -> str:
        return report.markdown(self.finding, top=10)

    def _events(self, alerts: Sequence[Alert]) -> pd.DataFrame:
        return pd.DataFrame([self._event(alert) for alert in alerts], columns=COLUMNS)

    def _event(self, alert: Alert) -> tuple[Any, ...]:
        recording = self.finding.recording
        when = (None, None) if recording.times is None else recording.times.iloc[[alert.start, alert.stop - 1]]
        expected = alert.expected or (np.nan, np.nan, np.nan)
        value = float(recording.values[alert.peak])
        return (alert.start, alert.stop, *when, alert.score, value, *expected, explain(self.finding, alert))


@contextmanager
def _keywords_for_options() -> Iterator[None]:
    """Rewrite errors to name Python keywords in place of the command's options."""
    try:
        yield
    except UserError as error:
        raise UserError(_keywords(str(error))) from error


@_keywords_for_options()
def answer(data: Any, given: dict[str, Any], model: str | Path | None, reading: dict[str, Any]) -> Detection:
    """Run :func:`benchmark.detect`; ``given`` maps the command's options to values, None or empty if not given."""
    options, call = _read_options(reading), _call(data, given, model, reading)
    check_options(given, model)
    if model is not None:
        saved = Model.load(Path(model))
        return Detection(saved.detect(saved.read_like_history(options, partial(_read, data))), call)
    recording = _read(data, options)
    return Detection(detect(recording, build_options(given, recording)), call)


def _keywords(text: str) -> str:
    """Replace the command's options in a message by Python keywords."""
    text = re.sub(r"--set (\w+)\.(\w+)=\S*?(?=\)|$)", r"params={'\1': {'\2': ...}}", text)
    for option, keyword in KEYWORDS.items():
        text = re.sub(rf"--{option}\b", keyword, text)
    text = re.sub(r"--([a-z-]+)(?:=| )([A-Z]+\b|all\b|peaks\b|quantile\b|pot\b)", _as_assignment, text)
    return re.sub(r"--([a-z-]+)", lambda option: option[1].replace("-", "_"), text)


def _as_assignment(option: re.Match[str]) -> str:
    name, value = option.groups()
    return f"{name.replace('-', '_')}={value if value.isupper() else repr(value)}"


def _read(data: Any, options: ReadOptions) -> Recording:
    return read_recording(Path(data), options) if isinstance(data, str | Path) else read_data(data, options)


def _read_options(reading: dict[str, Any]) -> ReadOptions:
    names = [field.name for field in fields(ReadOptions)]
    for name in reading:
        if name not in names:
            raise unknown("option", name, names)
    return ReadOptions(**reading)


def _call(data: Any, given: dict[str, Any], model: str | Path | None, reading: dict[str, Any]) -> str:
    """Format the call for the foot of the report."""
    what = repr(str(data)) if isinstance(data, str | Path) else type(data).__name__
    said = {KEYWORDS.get(name, name): value for name, value in given.items()}
    said |= {"model": model and str(model), **reading}
    options = [f"{name}={value!r}" for name, value in said.items() if value not in (None, [], {})]
    return f"benchmark.detect({', '.join([what, *options])})"
