"""Reports of ``detect`` and ``watch`` for given findings: rows, times, figures and sentences."""

from __future__ import annotations

import importlib
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.detection import Model, Options, Watch, calibration, detect, page, why
from benchmark.detection.alerts import Alert, SimilarWindows, alerts, find_similar
from benchmark.detection.calibration import HeldOut, Unseen, note_excess, stable_detectors
from benchmark.detection.conventions import LOOKED_AT, REFERENCES, build
from benchmark.detection.detect import Finding
from benchmark.detection.model import _inherited_options
from benchmark.detection.peaks import Ensemble, OrdinaryPeaks, block_maxima
from benchmark.detection.planted import KINDS, Planted, plant
from benchmark.detection.ranking import FEW, LABELLED, Ranking, Trial, peak_heights
from benchmark.detection.report import _time_cells, anomalies_frame, write
from benchmark.detection.stream import Stream
from benchmark.detection.ties import TIE
from benchmark.detection.watch import _in_words as told_in_words
from benchmark.detection.why import HEIGHT, _format_seconds, drawing, verdict
from benchmark.reading import Block, Points, ReadOptions, Recording
from detectors import AbsDeviation

ALERTS = [
    Alert(100, 110, 95, 112, 104, 9.0),
    Alert(200, 201, 198, 203, 200, 8.0),
    Alert(300, 320, 299, 321, 310, 7.5),
    Alert(50, 52, 50, 52, 51, 3.25, flagged=False),
]


def finding(**more: Any) -> Finding:
    """Of 400 hours, with three alerts and one further peak."""
    values = np.arange(400.0)
    recording = Recording("mine", "v", values, np.zeros(400, dtype=bool))
    recording.times = pd.Series(pd.date_range("2026-01-01", periods=400, freq="h"))
    flags = np.zeros(400, dtype=bool)
    for alert in ALERTS[:3]:
        flags[alert.first : alert.last] = True
    made = Finding(recording, ("PCA",), 20, values / 40, 4.5, flags, list(ALERTS), Ranking(), [])
    return replace(made, **more)


# -- tables and sentences ------------------------------------------------------------------------


@pytest.mark.parametrize(("top", "rows"), [(1, 3), (3, 3), (4, 4), (10, 4)])
def test_every_alert_is_listed_however_few_are_asked_for(top: int, rows: int, tmp_path: Path) -> None:
    table = anomalies_frame(finding(), top)
    assert len(table) == rows
    assert table["rank"].tolist() == list(range(1, rows + 1))
    assert table["flagged"].tolist() == ["yes", "yes", "yes", "no"][:rows]
    first = table.iloc[0].to_dict()
    expected = {"first_row": 100, "last_row": 109, "points": 10, "score": 9.0, "value_at_peak": "104"}
    expected |= {"from": "2026-01-05 04:00:00", "to": "2026-01-05 13:00:00", "like_row": ""}
    expected |= {"within_first_row": 95, "within_last_row": 111}
    assert {name: first[name] for name in expected} == expected


def test_the_files_list_as_many_as_were_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    monkeypatch.setattr("benchmark.detection.report.draw", lambda finding, file, top: drawn.append(top))
    write(finding(), tmp_path, top=3)
    assert len(pd.read_csv(tmp_path / "anomalies.csv")) == 3
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert scores.loc[104, ["row", "time", "value", "score", "anomalous"]].tolist() == [
        *(104, "2026-01-05 08:00:00", 104.0, 2.6, 1)
    ]
    assert scores["anomalous"].sum() == 17 + 5 + 22
    text = (tmp_path / "report.md").read_text()
    assert "Alerts, and the next highest peaks." in text
    assert "The highest peaks, none of them an alert." not in text
    assert drawn == [3]
    write(finding(alerts=[ALERTS[3]]), tmp_path)
    assert "The highest peaks, none of them an alert." in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize(
    ("offsets", "texts"),
    [
        (["0s", "60s"], ["2026-01-01 00:00:00", "2026-01-01 00:01:00"]),
        (["0s", "500ms"], ["2026-01-01 00:00:00.000", "2026-01-01 00:00:00.500"]),
        (["250us", "1s"], ["2026-01-01 00:00:00.000250", "2026-01-01 00:00:01.000000"]),
    ],
)
def test_times_keep_every_digit_that_some_row_needs(offsets: list[str], texts: list[str]) -> None:
    times = pd.Series([pd.Timestamp("2026-01-01") + pd.Timedelta(offset) for offset in offsets])
    assert _time_cells(times).to_pylist() == texts
    assert _time_cells(times.dt.tz_localize("UTC+01:00")).to_pylist() == [f"{text}+01:00" for text in texts]


def test_the_viewers_clock_runs_between_the_rows_that_it_holds() -> None:
    times = pd.Series(pd.date_range("2026-01-01", periods=100_001, freq="min"))
    found = page.clock(times)
    assert found is not None
    start = times.iloc[0].value // 10**6
    expected = start + np.round(np.linspace(0, 100_000 * 60_000, len(found)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1)


def test_a_card_names_first_and_last_row() -> None:
    card = page.alert_card(finding(), 1, ALERTS[0])
    assert (card["rows"], card["within"], card["value"], card["score"]) == ("100 to 109", "95 to 111", "104", "9")
    assert (card["from"], card["to"]) == ("2026-01-05 04:00:00", "2026-01-05 13:00:00")


def test_the_verdict_says_what_the_threshold_promises() -> None:
    share = Options(rule="quantile", contamination=0.02)
    assert verdict(finding(options=share)) == (
        "3 alerts lie above the threshold 4.5 (quantile: a share of 0.02 of the rows is always flagged)."
    )
    assert verdict(finding(options=share, held_out=True, alerts=ALERTS[:1])) == (
        "One alert lies above the threshold 4.5 (quantile: a share of 0.02 of held-out history reaches it)."
    )
    assert verdict(finding(options=Options(false_alerts=0.25), alerts=ALERTS[3:])) == (
        "Nothing stands out from the series' own ordinary peaks, which are expected to reach the threshold 4.5 "
        "about 0.25 times in this number of rows (--false-alerts)."
    )


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([(105, 109)], "Labelled events with an alert: 1 of 1. Alerts outside labelled events: 2 of 3."),
        (
            [(105, 109), (350, 356)],
            "Labelled events with an alert: 1 of 2. Alerts outside labelled events: 2 of 3. The highest score in an "
            "event without one is 8.875, from 2026-01-15 14:00:00. No other peak scores higher: raise "
            "--false-alerts or --contamination to be alerted there.",
        ),
        (
            [(10, 12)],
            "Labelled events with an alert: 0 of 1. Alerts outside labelled events: 3 of 3. The highest score in an "
            "event without one is 0.275, from 2026-01-01 10:00:00. Other listed peaks that score higher: 1.",
        ),
        ([], ""),
    ],
)
def test_the_verdict_compares_alerts_with_labels(events: list[tuple[int, int]], said: str) -> None:
    mine = finding()
    mine.recording.labels = np.zeros(400, dtype=np.uint8)
    plain = verdict(mine)
    for a, b in events:
        mine.recording.labels[a:b] = 1
    assert verdict(mine) == f"{plain} {said}".rstrip()


def test_more_flagged_rows_than_history_gives_are_said() -> None:
    """Held-out history reaches the threshold in 10 of 1,000 rows."""
    parts = [HeldOut(1000, [1] * 10)]
    flags = np.zeros(1000, dtype=bool)
    assert note_excess(parts, 20, flags) == []
    flags[:400] = True
    (said,) = note_excess(parts, 20, flags)
    assert said.startswith("40 % of the rows are flagged; for rows like the history it would be ")
    assert note_excess(parts, 20, flags[:79]) == [], "four windows say nothing yet"


def test_the_seed_and_the_parameters_reach_every_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[tuple[Any, ...]] = set()

    def build(name: str, window: int, seed: int, n: int | None = None, params: Any = None) -> AbsDeviation:
        asked.add((name, seed, str(params)))
        return AbsDeviation()

    for place in ("detect", "ranking", "model"):
        monkeypatch.setattr(importlib.import_module(f"benchmark.detection.{place}"), "build", build)
    x = np.sin(np.arange(600) / 4) + np.random.default_rng(0).normal(0, 0.1, 600)
    options = Options(("IForest", "MovingStd"), {"IForest": {"n_estimators": 7}}, seed=3, budget=0.01)
    Model.fit(detect(Recording("mine", "v", x, np.zeros(600, dtype=bool)), options))
    assert asked == {("IForest", 3, "{'n_estimators': 7}"), ("MovingStd", 3, "None")}


# -- peaks and planted anomalies -----------------------------------------------------------------


def test_a_gumbel_law_by_hand() -> None:
    peaks = OrdinaryPeaks(location=2.0, scale=0.5, blocks=100)
    assert peaks.surprise(np.array([2.0, 3.0])).tolist() == [0.0, 2.0]
    for expected in (0.1, 1.0, 10.0):
        level = peaks.threshold(expected)
        reaches = 1 - np.exp(-np.exp(-(level - 2.0) / 0.5))  # chance of one block
        assert reaches * 100 == pytest.approx(expected)
    assert block_maxima(np.arange(20.0), 8).tolist() == [3, 7, 11, 15, 19], "a peak for each half of a window"


def test_the_highest_part_of_an_ensemble_counts_by_its_own_level() -> None:
    """Each part from its usual score, 0, to its return level, 1."""
    scores = [np.array([1.0, 2.0, 3.0, 5.0]), np.array([0.0, 8.0, 2.0, 0.0])]
    one = Ensemble([OrdinaryPeaks(0.0, 1.0, 9)], [(1.0, 3.0), (0.0, 4.0)])
    assert one(scores).tolist() == [0.0, 2.0, 1.0, 2.0]
    other = replace(one, parts=[(9.0, 2.0), (9.0, 8.0)])
    assert one.with_higher_levels(other).parts == [(1.0, 3.0), (0.0, 8.0)]
    mean = Ensemble([OrdinaryPeaks(1.0, 2.0, 9), OrdinaryPeaks(0.0, 4.0, 9)], [])
    assert mean(scores).tolist() == [0.0, (0.5 + 2) / 2, (1 + 0.5) / 2, 1.0], "the mean surprise"


def test_each_kind_of_planted_anomaly_is_what_its_name_says() -> None:
    rng = np.random.default_rng(0)
    part = np.sin(np.arange(40) / 3) + 0.1 * rng.normal(size=40)
    made = {kind: change(part, 1.0, np.random.default_rng(1)) for kind, change in KINDS.items()}
    moved = {kind: out - part for kind, out in made.items()}
    assert np.flatnonzero(moved["spike"]).tolist() == [20]
    assert abs(moved["spike"][20]) == pytest.approx(4.0)
    assert np.ptp(moved["level shift"]) == pytest.approx(0, abs=1e-12)
    assert abs(moved["level shift"][0]) == pytest.approx(1.5)
    steps = np.diff(moved["drift"])
    assert np.ptp(steps) == pytest.approx(0, abs=1e-12)
    assert abs(moved["drift"][-1]) == pytest.approx(2.0)
    assert set(made["stuck"]) == {part[0]}
    assert made["slower"][::2].tolist() == pytest.approx(part[:20].tolist())
    assert made["faster"].tolist() == [*part[::2], *part[::2]]
    assert made["changed shape"][[0, -1]].tolist() == pytest.approx(part[[0, -1]].tolist())
    assert np.std(moved["noise"]) == pytest.approx(0.7, rel=0.4)
    line = np.linspace(part[0], part[-1], 40)
    assert np.abs(made["missing cycle"] - line).max() < 1.0 < np.abs(part - line).max()


def test_a_peak_elsewhere_finds_no_planted_anomaly() -> None:
    rng = np.random.default_rng(0)
    scores = rng.gumbel(size=1000)
    high = OrdinaryPeaks.fit(scores[300:], 20).threshold(FEW)

    def found(*odd: int) -> list[float]:
        """Of a detector whose scores are the values, by two copies with one anomaly each."""
        values = scores.copy()
        values[[*odd]] = high + 5
        planted = [Planted(values, (("spike", 500, 501),)), Planted(values, (("noise", 700, 720),))]
        itself = SimpleNamespace(score=lambda part: part)
        return peak_heights(itself, Trial(scores, slice(0, 300), slice(300, 1000), planted), 20)  # type: ignore[arg-type]

    assert found(496, 722) == [1.0, 1.0]
    assert max(found(530, 690)) < 1.0, "what is a window away is no part of it"


@pytest.mark.parametrize(("apart", "count"), [(1, 1), (4, 1), (5, 1), (6, 2)])
def test_rows_up_to_half_a_window_apart_are_one_alert(apart: int, count: int) -> None:
    """Of a file that is read whole, and of rows as they come."""
    flags = np.zeros(60, dtype=bool)
    flags[[20, 20 + apart]] = True
    scores = np.where(flags, 3.0, 1.0)
    assert len(alerts(scores, flags, window=10)) == count
    stream = Stream.begin(SimpleNamespace(recent=np.zeros(0), gap=5))
    stream._explain = lambda alert: alert  # type: ignore[method-assign]
    found = stream._group(scores, flags)
    assert len(found) + (stream.open is not None) == count


@pytest.mark.parametrize(("row", "ended"), [(24, False), (25, False), (26, True)])
def test_an_alert_ends_half_a_window_of_rows_behind_it(row: int, ended: bool) -> None:
    stream = Stream.begin(SimpleNamespace(recent=np.zeros(0), gap=5))
    stream._explain = lambda alert: alert  # type: ignore[method-assign]
    stream.open = Alert(18, 21, 18, 21, 20, 3.0)
    assert (stream._close(row) != []) == ended
    assert (stream.open is None) == ended


def test_a_window_of_the_history_has_no_row_of_the_file() -> None:
    similar = SimilarWindows(95, np.array([-40, 200]), np.zeros((2, 30)))
    table = anomalies_frame(finding(alerts=[replace(ALERTS[0], similar=similar)]), 1)
    assert table["like_row"].tolist() == [""]
    later = replace(similar, begins=np.array([200, -40]))
    assert anomalies_frame(finding(alerts=[replace(ALERTS[0], similar=later)]), 1)["like_row"].tolist() == ["205"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(90, "90 s"), (120, "2 min"), (5400, "90 min"), (7200, "2 h"), (86_400, "24 h"), (172_800, "2 days")],
)
def test_a_time_is_told_in_the_largest_unit_that_it_holds_twice(seconds: float, words: str) -> None:
    assert _format_seconds(seconds) == words


def test_planted_sizes_are_those_of_the_middle_half_of_the_values() -> None:
    """A few huge values change nothing; a series of one value but for them is measured by its deviation."""
    x = np.tile(np.arange(8.0), 100)
    x[::97] = 1e4
    planted = plant(x, ("level shift",), 20, seed=1)
    ((_, a, b),) = planted.events
    q1, q3 = np.quantile(x, [0.25, 0.75])
    assert np.abs(planted.values - x)[a:b] == pytest.approx(np.full(20, 1.5 * (q3 - q1)))
    places = {plant(x, ("level shift",), 20, seed=seed).events for seed in range(8)}
    assert len(places) > 4, "places are drawn"


@pytest.mark.parametrize(
    ("rule", "later", "level"),
    [("quantile", 0.0, 1.0), ("quantile", 5.0, 6.0), ("peaks", 0.5, None)],
)
def test_the_higher_threshold_counts_where_the_series_changes(rule: str, later: float, level: float | None) -> None:
    """Scores of held-out history that run evenly from 0 to 1, and later ones that are higher."""
    between = np.random.default_rng(0).permutation(np.linspace(0, 1, 2001))
    options = Options(rule=rule, contamination=0.02, false_alerts=0.5)  # type: ignore[arg-type]
    unseen = [Unseen(between, between + later)]
    ensemble, threshold, _, changes = calibration.calibrate(unseen, 1, 4002, 10, options)
    levels = [calibration._level(between + more, 10, options, 4002, ensemble) for more in (0.0, later)]
    assert threshold == (max(levels) if rule == "peaks" or later == 5.0 else levels[0])
    assert changes == (later > 0)
    if level is not None:
        assert threshold == pytest.approx(level - 0.02, abs=1e-3)


@pytest.mark.parametrize(
    ("series", "rises", "kept"),
    [
        ("steady", {"LOF": 2.0}, ("LOF", "HBOS", "MP", "AbsDifference")),  # one by itself may be chance
        ("steady", {"LOF": 2.0, "HBOS": 2.0}, ("MP", "AbsDifference")),
        ("steady", {"LOF": 2.0, "HBOS": 2.0, "MP": 0.05}, ("MP", "AbsDifference")),  # 14 % pass the level of a tenth
        ("steady", {"LOF": 2.0, "HBOS": 2.0, "MP": 0.08}, ("AbsDifference",)),
        ("steady", {"LOF": 2.0, "HBOS": 2.0, "MP": 0.8, "AbsDifference": 0.7}, ("AbsDifference",)),  # the least
        ("trend", {}, ("MP", "AbsDifference")),
        ("wave on a slow climb", {}, ("MP", "AbsDifference")),  # the wave has more variance than the climb
        ("wave", {}, ("LOF", "HBOS", "MP", "AbsDifference")),
    ],
)
def test_a_series_that_moves_on_is_left_to_detectors_that_see_rows_at_their_own_level(
    series: str, rises: dict[str, float], kept: tuple[str, ...]
) -> None:
    rng = np.random.default_rng(1)
    n = np.arange(4000)
    x = (
        rng.normal(size=4000)
        + {
            "steady": 0,
            "trend": n / 1000,
            "wave": 3 * np.sin(n * np.pi / 5),
            "wave on a slow climb": n / 800 + 2 * np.sin(n * np.pi / 5),
        }[series]
    )
    between, behind = rng.permutation(np.linspace(0, 1, 2001)), rng.permutation(np.linspace(0, 1, 1001))
    names = ("LOF", "HBOS", "MP", "AbsDifference")
    unseen = {name: Unseen(between, behind * (1 + rises.get(name, 0))) for name in names}
    assert stable_detectors(unseen, x, 10) == kept
    without = {name: unseen[name] for name in ("LOF", "HBOS")}
    assert stable_detectors(without, x, 10) == ("LOF", "HBOS"), "where there is no other, they stay"


def test_a_stream_forgets_in_multiples_of_the_stride() -> None:
    model = SimpleNamespace(recent=np.zeros(0), margin=4, reach=2, memory=10, stride=5)
    stream = Stream(model, np.arange(100.0), np.zeros(100, dtype=bool), np.zeros(100, dtype=bool), first=0, final=100)
    stream._forget()
    assert (stream.first, stream.values.tolist()) == (80, list(range(80, 100)))
    assert len(stream.filled) == len(stream.flags) == 20


# -- a model and a watch, kept and loaded --------------------------------------------------------


def test_a_model_comes_back_as_it_was(tmp_path: Path) -> None:
    options = Options(("AbsDeviation",), {"AbsDeviation": {}}, "pot", 2.0, 0.2, 4.0, 3)
    ensemble = Ensemble([OrdinaryPeaks(1.0, 0.5, 12)], [(1.0, 2.5), (0.5, 4.0)])
    model = Model(
        *([AbsDeviation().fit(np.arange(9.0))] * 2, 7, ensemble, 3.5, np.arange(5.0), ("AbsDeviation",) * 2),
        *(options, 400, "2026-01-01", {"decimal": ","}, 60.0, [HeldOut(100, [1, 2])], True, ["LOF"]),
        centre=1.25,
    )
    model.save(tmp_path)
    again = Model.load(tmp_path)
    for name in (field.name for field in fields(Model)):
        if name not in ("detectors", "recent"):
            assert getattr(again, name) == getattr(model, name), name
    assert again.recent.tolist() == model.recent.tolist()
    assert again.score_alone(np.arange(4.0)).tolist() == model.score_alone(np.arange(4.0)).tolist()
    assert again._history_note() == (
        "The rows are assumed to follow the 400 rows of history that the model was fitted to, which ends at 2026-01-01."
    )
    recording = Recording("new", "v", np.arange(40.0), np.zeros(40, dtype=bool))
    assert again._scaled(recording) == replace(options, false_alerts=2.0 * 40 / 400)


def test_files_that_follow_inherit_all_but_labels_and_sheets() -> None:
    read = ReadOptions(**{field.name: field.name for field in fields(ReadOptions)})  # type: ignore[arg-type]
    recording = Recording("mine", "v", np.zeros(3), np.zeros(3, dtype=bool), reading=read)
    inherited = {field.name for field in fields(ReadOptions)} - {"label", "labels", "sheet"}
    assert _inherited_options(recording) == {name: name for name in inherited}


def stub_model() -> Any:
    facts = {"recent": np.zeros(3), "threshold": 2.0, "memory": 10, "margin": 4, "step": None, "stride": 1}
    return SimpleNamespace(**facts, inherit_options=lambda given: given)


def watch(folder: Path, **more: Any) -> Watch:
    model = stub_model()
    return Watch(model, folder / "state.json", "my.csv", ReadOptions(), Stream.begin(model), **more)


def test_a_stream_comes_back_as_it_was() -> None:
    model = stub_model()
    marks = np.array([True, False, False, True]), np.array([False, True, False, False])
    stream = Stream(model, np.arange(4.0), *marks, first=6, final=8, count=10, open=Alert(7, 9, 7, 9, 8, 2.5))
    again = Stream.load(model, stream.state())
    assert (again.first, again.final, again.count, again.open) == (6, 8, 10, stream.open)
    for name in ("values", "filled", "flags"):
        assert getattr(again, name).tolist() == getattr(stream, name).tolist(), name


def test_an_event_is_announced_once_and_so_is_its_end(tmp_path: Path) -> None:
    one = watch(tmp_path)
    assert one.news(False) == []
    one.stream.suspect = (7, 2.5)
    assert one.news(False) == ["row 7  above the threshold (2.5, 2.0); later rows decide"]
    one.stream.suspect = (8, 2.75)
    assert one.news(False) == [], "it was announced already"
    one.stream.suspect = None
    assert one.news(True) == ['{"event": "over", "first_row": 7, "last_row": 7}']
    assert one.news(True) == []
    one.stream.open = Alert(1234, 1236, 1234, 1236, 1235, 4.0)
    assert one.news(False) == ["row 1,234  above the threshold (4.0, 2.0); later rows decide"]


@pytest.mark.parametrize(("first", "said"), [(4, 1), (5, 0), (8, 0), (9, 1)])
def test_what_was_told_is_not_announced_again(first: int, said: int, tmp_path: Path) -> None:
    one = watch(tmp_path, reported=[(5, 9)])
    one.stream.suspect = (first, 2.5)
    assert len(one.news(False)) == said


@pytest.mark.parametrize(
    ("first", "last", "line"),
    [
        (5, 9, None),
        (5, 12, "row 5  ALERT reported before continues until row 11 (7 rows, score 4)"),
        (8, 12, "row 8  ALERT reported before continues until row 11 (4 rows, score 4)"),
        (9, 12, "row 9  ALERT until row 11 (3 rows, score 4)"),
        (2, 5, "row 2  ALERT until row 4 (3 rows, score 4)"),
    ],
)
def test_an_alert_that_meets_one_told_before_goes_on(first: int, last: int, line: str | None, tmp_path: Path) -> None:
    found = watch(tmp_path, reported=[(5, 9)])._new([Alert(first, last, first, last, first, 4.0)], False)
    assert found == ([] if line is None else [line])


class Follows:
    """Points as they are given, without times."""

    def read(self, lines: bytes, path: Path) -> tuple[Points, list[str]]:
        values = np.array(lines.split(), dtype=float)
        none = np.zeros(len(values), dtype=np.int64)
        return Points(values, np.zeros(len(values), dtype=bool), none, none), ["a note"]

    def text(self, points: Points) -> None:
        return None

    def state(self) -> dict[str, Any]:
        return {"of": "follower"}


def test_a_complete_alert_ends_what_was_told_up_to_it(tmp_path: Path) -> None:
    one = watch(tmp_path, reported=[(1, 4), (8, 12)], announced=2, follower=Follows())
    one.stream.values, one.stream.count = np.arange(2.0), 3
    one.stream.push = lambda values, filled: [Alert(2, 5, 2, 5, 3, 4.0)]  # type: ignore[method-assign]
    printed = one.take(Block(b"10 20 30", 80, False, False, b"10"), False)
    assert printed == ["row 2  ALERT reported before continues until row 4 (3 rows, score 4)"]
    assert (one.announced, one.reported, one.offset, one.first, one.take_notes()) == (
        None,
        [(8, 12)],
        80,
        b"10",
        ["a note"],
    )
    assert one.recent.values.tolist() == [20, 30], "as many as the stream looks back on"


def test_a_watch_goes_on_as_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = watch(tmp_path, reported=[(5, 9)], announced=7, offset=80, first=b"head", follower=Follows())
    one.recent = Follows().read(b"1 2", tmp_path)[0]
    one.keep()
    loaded: list[Any] = []
    monkeypatch.setattr("benchmark.detection.watch.Follower.load", lambda facts: loaded.append(facts) or Follows())
    again = watch(tmp_path)
    again._load()
    assert (again.reported, again.announced, again.offset, again.first) == ([(5, 9)], 7, 80, b"head")
    assert again.recent.values.tolist() == [1, 2]
    assert loaded == [{"of": "follower"}]
    one.reported.append((20, 30))
    one.keep()
    again._load()
    assert again.reported == [(5, 9), (20, 30)], "a change of what was told is kept"


def test_how_a_file_is_read_is_said_when_its_first_rows_are_there(tmp_path: Path) -> None:
    one = watch(tmp_path)
    one.model.inherit_options = lambda options: options
    one.model.read_like_history = lambda options, begin: begin(options)
    text = "t,v\n" + "".join(f"2026-01-01T00:{k:02d}:00,{k % 7}.5\n" for k in range(30))
    rest = one._decide(text.encode(), False)
    assert rest.count(b"\n") == 30
    assert [note.split()[0] for note in one.notes] == ["time", "values", "step"]


def test_likes_and_alerts_move_together() -> None:
    similar = SimilarWindows(90, np.array([40, 200]), np.zeros((2, 30)))
    moved = replace(ALERTS[0], similar=similar).shifted(-5)
    assert (moved.start, moved.stop, moved.first, moved.last, moved.peak) == (95, 105, 90, 107, 99)
    assert moved.normal == 35 + 10


def test_numbers_that_watch_tells_have_the_decimal_mark_of_the_file() -> None:
    facts = {"rows": 3, "score": 4.0, "value": 1.5, "expected": [1.25, 2.0]}
    assert told_in_words(facts, ReadOptions(decimal=",").mark) == " (3 rows, value 1,5, expected 1,25 to 2, score 4)"
    assert told_in_words(facts | {"rows": 1}, ReadOptions().mark) == " (1 row, value 1.5, expected 1.25 to 2, score 4)"


# -- levels where most rows tie, and the drawing of similar windows ------------------------------


@pytest.mark.parametrize("value", [1.0, -1.0, 0.0])
def test_where_most_rows_tie_the_threshold_lies_above_them_even_for_a_stream(value: float) -> None:
    scores = np.where(np.arange(1000) % 5 < 3, value, value - 1)
    options = Options(rule="quantile", contamination=0.02)
    level = calibration._level(scores, 10, options, 1000, Ensemble([], []))
    assert level - TIE * abs(level) > value
    assert level < value + 1e-6


def test_the_drawing_shows_the_nearest_of_the_similar_windows_within_the_band_of_all() -> None:
    values = np.sin(np.arange(400.0))
    similar = SimilarWindows(90, np.array([200, 300]), np.array([np.full(30, 0.5), np.full(30, -2.0)]))
    recording = replace(finding().recording, values=values)
    drawn = drawing(finding(recording=recording), replace(ALERTS[0], similar=similar))
    assert drawn is not None
    assert (drawn["low"], drawn["high"]) == ("-2", f"{values[90:120].max():.4g}")
    heights = {part.split()[1] for part in drawn["near"][1:].split("L")}
    low, high = -2.0, values[90:120].max()
    box = 2 + (HEIGHT - 4) * (1 - (0.5 - low) / (high - low))
    assert heights == {f"{box:.1f}"}
    band = [float(part.split()[1]) for part in drawn["band"][1:-1].split("L")]
    assert (min(band), max(band)) == (round(box, 1), HEIGHT - 2)


def test_rows_before_the_file_are_left_out_of_the_drawing_where_they_would_stand() -> None:
    similar = SimilarWindows(-10, np.array([200]), np.zeros((1, 30)))
    drawn = drawing(finding(), replace(ALERTS[0], start=2, stop=4, similar=similar))
    assert drawn is not None
    own = [float(part.split()[0]) for part in drawn["own"][1:].split("L")]
    width = drawn["marked"][1] / 2  # of a row
    assert drawn["marked"][0] == pytest.approx(12 * width, abs=0.1)
    assert own == pytest.approx((10.5 + np.arange(20)) * width, abs=0.1)
    assert (drawn["low"], drawn["high"]) == ("0", "19")


@pytest.mark.parametrize(("times", "free"), [(3.8, True), (4.2, False)])
def test_a_window_without_an_alert_is_preferred_up_to_four_times_the_least_distance(times: float, free: bool) -> None:
    rng = np.random.default_rng(0)
    x, shape, apart = rng.normal(0, 50, 400), rng.normal(size=20), np.tile([1.0, -1.0], 10)
    x[100:120], x[200:220], x[300:320] = shape, shape + 0.1 * apart, shape + 0.1 * np.sqrt(times) * apart
    avoid = np.zeros(400, dtype=bool)
    avoid[210] = True
    assert find_similar(x, 100, np.ones(20, dtype=bool), avoid)[0] == (300 if free else 200)


@pytest.mark.parametrize(("n", "sample"), [(LOOKED_AT, None), (LOOKED_AT + 1, REFERENCES)])
def test_lof_compares_with_a_sample_of_a_long_series_alone(n: int, sample: int | None) -> None:
    detector: Any = build("LOF", 20, 0, n)
    assert detector.sample == sample
    chosen: Any = build("LOF", 20, 0, n, {"sample": 77})
    assert chosen.sample == 77


def test_a_model_waits_for_the_widest_of_its_detectors() -> None:
    narrow, wide = (SimpleNamespace(window_=width) for width in (4, 90))
    margin: Any = Model.margin.fget  # type: ignore[attr-defined]
    for detectors in ([narrow, wide], [wide, narrow]):
        assert margin(SimpleNamespace(detectors=detectors, window=4)) == 180


def test_a_ranking_by_labels_is_of_auroc() -> None:
    assert why.merit_name(Ranking({}, LABELLED)) == "AUROC"
    assert why.merit_name(Ranking({}, ("spike", "drift"))) == "found"


@pytest.mark.parametrize(("n", "left"), [(400, 10.0), (600, 4.0)])
def test_of_a_long_series_the_ranking_has_what_scoring_leaves_of_the_budget(
    monkeypatch: pytest.MonkeyPatch, n: int, left: float
) -> None:
    module, asked = importlib.import_module("benchmark.detection.detect"), []
    monkeypatch.setattr(module, "LONG", 500)
    monkeypatch.setattr(module, "rank", lambda *given: asked.append(given) or Ranking(reason="It was asked for."))
    x, options = np.sin(np.arange(n) / 4), Options(("MovingStd",), seed=3, budget=10.0, params={"MovingStd": {}})
    detect(Recording("mine", "v", x, np.zeros(n, dtype=bool)), options)
    assert [given[2:] for given in asked] == [(("MovingStd",), 25, 3, left, {"MovingStd": {}})]


@pytest.mark.parametrize(("n", "rows"), [(700, 700), (4000, 3000)])
@pytest.mark.parametrize(("share", "trials"), [(0.99, 1), (1.99, 1), (2.0, 2)])
def test_trials_are_made_while_their_seconds_are_within_the_budget(
    monkeypatch: pytest.MonkeyPatch, n: int, rows: int, share: float, trials: int
) -> None:
    """A second a row of the excerpt that is made, for each of two detectors."""
    module = importlib.import_module("benchmark.detection.ranking")
    monkeypatch.setattr(module, "seconds", lambda name, n, window: float(n))
    found = module.rank(np.sin(np.arange(n) / 4), None, ("MovingStd", "AbsDeviation"), 25, 0, share * 2 * rows)
    assert len(found.kinds) == trials * len(KINDS)


def test_the_cheapest_candidates_are_kept_within_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("benchmark.detection.detect")
    names = sorted(name for name in module.CANDIDATES if name not in module.TRIVIAL)
    cost = dict.fromkeys(names, 0.4) | {names[0]: 1.0}
    monkeypatch.setattr(module, "seconds", lambda name, n, window: cost.get(name, 0.0))
    kept = [name for name in module._affordable(5000, 20, 1.0, []) if name in names]
    assert len(kept) == 2
    assert names[0] not in kept
