"""The page of known limits agrees with the detectors."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from benchmark.catalogue import registry
from benchmark.cli import main
from benchmark.studies import edges
from benchmark.studies.edges import PROPERTIES
from detectors import Detector
from tests.support.edges_page import Line, apart, read, stale

PAGE = Path(__file__).parents[2] / "docs" / "edges.md"
RENEW = "stale: python -m benchmark check --all --edges docs/edges.md"
SHOWN = read(PAGE.read_text(encoding="utf-8"))
DECLARED = ("least length", "spikes", "scale and shift", "cannot see")
MEASURED = [name for name in PROPERTIES if name not in DECLARED]


def test_every_detector_has_its_section_with_every_edge() -> None:
    assert list(SHOWN) == list(registry.detectors()), RENEW
    assert {tuple(rows) for rows in SHOWN.values()} == {tuple(PROPERTIES)}, RENEW
    assert PAGE.read_text(encoding="utf-8").startswith(edges.HEAD), RENEW


def now(name: str, edge: str) -> Line:
    return apart(PROPERTIES[edge](registry.detectors()[name]))


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_declared_is_what_stands_there(name: str) -> None:
    for edge in DECLARED:
        assert not stale(SHOWN[name][edge], edge, now(name, edge)), f"{name}, {edge}: {RENEW}"


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOWN)
def test_what_is_measured_is_what_stands_there(name: str) -> None:
    for edge in MEASURED:
        assert not stale(SHOWN[name][edge], edge, now(name, edge)), f"{name}, {edge}: {RENEW}"


@pytest.mark.parametrize("name", ["AbsDeviation", "HBOS"])
def test_measured_again_without_waiting(name: str) -> None:
    """Two quick ones, so that a change of the measurements themselves is noticed at once."""
    test_what_is_measured_is_what_stands_there(name)


@pytest.mark.parametrize(
    ("edge", "shown", "given", "expected"),
    [
        ("planted", "spike 1.0, drift .6", "spike .9, drift .7", False),
        ("planted", "spike 1.0, drift .6", "spike .7, drift .6", True),
        ("planted", "spike 1.0", "drift 1.0", True),
        ("least length", "17 points", "18 points", True),
        ("new data", "5 % of new normal points", "8 % of new normal points", False),
        ("new data", "5 % of new normal points", "12 % of new normal points", True),
        ("memory", "about 100 bytes a point", "about 180 bytes a point", False),
        ("memory", "about 100 bytes a point", "about 700 bytes a point", True),
    ],
)
def test_what_counts_as_stale(edge: str, shown: str, given: str, expected: bool) -> None:
    assert stale(apart(shown), edge, apart(given)) == expected


def test_the_command_writes_the_page_and_refuses_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "AbsDeviation", "--edges", str(tmp_path / "edges.md")]) == 0
    written = read((tmp_path / "edges.md").read_text())
    again = written["AbsDeviation"].items()
    assert main(["check", "TimeIndex", "--edges", str(tmp_path / "edges.md")]) == 0
    both = read((tmp_path / "edges.md").read_text())
    assert (list(both), both["AbsDeviation"]) == (["TimeIndex", "AbsDeviation"], written["AbsDeviation"])
    (tmp_path / "own.md").write_text("# My notes")
    assert not [edge for edge, line in again if stale(SHOWN["AbsDeviation"][edge], edge, line)]
    for wrong, message in (
        (["check"], "names of detectors, or --all"),
        (["check", "LOF", "--all"], "names of detectors, or --all"),
        (["check", "AbsDeviation", "--edges", str(tmp_path / "no" / "edges.md")], "make it first"),
        (["check", "AbsDeviation", "--edges", str(tmp_path / "own.md")], "own.md holds something else"),
    ):
        assert main(wrong) == 2
        assert message in capsys.readouterr().err


def test_sections_stand_in_the_order_of_the_tables() -> None:
    page = edges.page([], "## Mine\n\nown\n\n## LOF\n\nb\n\n## IForest\n\na\n")
    assert re.findall(r"^## (\w+)", page, re.M) == ["IForest", "LOF", "Mine"]


def test_a_detector_of_normal_data_is_not_fitted_on_the_stuck_stretch() -> None:
    class Recorder(Detector):
        learns_from = "normal"
        fitted: ClassVar[list[np.ndarray]] = []

        def _fit(self, pieces):
            self.fitted.append(pieces[0])

        def _score(self, x):
            return np.abs(x)

    edges.constant(Recorder)
    assert [(np.diff(x) == 0).sum() for x in Recorder.fitted] == [299, 0]
    Recorder.learns_from = "series"
    edges.constant(Recorder)
    assert [(np.diff(x) == 0).sum() for x in Recorder.fitted[2:]] == [299, 59]


def test_scores_that_differ_by_rounding_are_told_from_others() -> None:
    alike = [edges._alike(1.0 + np.array([0.0, gap])) for gap in (0.0, 1e-13, 1e-3)]
    assert alike == ["all points alike", "points differ by rounding", "points differ"]

    class Drifting(Detector):
        by = 0.0

        def _fit(self, pieces):
            pass

        def _score(self, x):
            return np.abs(x) + self.by * np.arange(len(x))

    for by, scores in ((0.0, "equal scores"), (1e-9, "scores that differ by rounding"), (1e-3, "different scores")):
        Drifting.by = by
        assert edges.ties(Drifting) == f"equal windows get {scores}"
    assert edges.spikes(Drifting) == "huge value scored: not promised; huge value fitted: not promised"


def test_new_points_are_compared_with_the_highest_twentieth_of_the_fitted() -> None:
    class Marked(Detector):
        """Knows the fitted series; of any other every fourth point scores as its highest twentieth, or below."""

        below = 0.0

        def _fit(self, pieces):
            self.known = pieces[0]

        def _score(self, x):
            rank = np.arange(len(x)) / len(x)
            return rank if np.array_equal(x, self.known) else np.where(np.arange(len(x)) % 4, 0, 0.96 - self.below)

    assert edges.new_data(Marked) == "25 % of new normal points"
    Marked.below = 0.02
    assert edges.new_data(Marked) == "0 % of new normal points"
