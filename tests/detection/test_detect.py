"""The command `detect`: planted anomalies, ranking, thresholds, and its output files."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.cli import main
from benchmark.detection import Model, Options, detect, false_alerts, report
from benchmark.detection.alerts import (
    Alert,
    SimilarWindows,
    alerts,
    dilate,
    find_similar,
    merge_overlapping,
    narrow,
    next_peaks,
)
from benchmark.detection.calibration import (
    CHANGES,
    HeldOut,
    Promise,
    expected,
    folds,
    level_moves,
    percent,
    promise,
)
from benchmark.detection.conventions import APERIODIC, build, choose_window, equal_windows
from benchmark.detection.detect import _other_detectors, _without_lof, choose_threshold, flag_rows
from benchmark.detection.peaks import (
    ALIKE,
    MOST,
    RARE,
    Ensemble,
    OrdinaryPeaks,
    block_maxima,
    hills,
    mean_surprise,
    return_level,
)
from benchmark.detection.planted import HOLIDAY, KINDS, plant, weekly
from benchmark.detection.ranking import LABELLED, Ranking, _compare, rank, trials
from benchmark.detection.scoring import fit_score, score_part
from benchmark.detection.ties import above_ties, reaches
from benchmark.errors import UserError
from benchmark.reading import Recording
from tests.trials.ordinary import stuck

FEW = ("IForest", "PCA", "MovingStd", "AbsDeviation")


def wave(n: int = 1500, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.sin(np.arange(n) * 2 * np.pi / 50) + rng.normal(0, 0.05, n)


def recording(values: np.ndarray, labels: np.ndarray | None = None) -> Recording:
    return Recording("mine", "value", values, np.zeros(len(values), dtype=bool), labels=labels)


def week(weeks: int = 9, seed: int = 0) -> np.ndarray:
    """Hourly counts, quiet on two days of seven."""
    rng = np.random.default_rng(seed)
    hour, day = np.arange(weeks * 168) % 24, np.arange(weeks * 168) // 24
    return rng.poisson(5 + np.where(day % 7 < 5, 60, 12) * np.exp(-0.5 * ((hour - 13) / 3) ** 2)).astype(float)


def noise(n: int = 1500, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


# -- planting ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_planting_changes_exactly_what_it_names(kind: str) -> None:
    x = wave()
    planted = plant(x, (kind, kind), length=40, seed=3)
    changed = planted.values != x
    assert len(planted.events) == 2
    assert not changed[planted.labels == 0].any()
    for name, a, b in planted.events:
        assert name == kind
        assert changed[a]
        assert changed[b - 1]
    assert np.array_equal(planted.values, plant(x, (kind, kind), length=40, seed=3).values)


def test_nothing_is_planted_where_nothing_changes() -> None:
    assert not plant(np.ones(1000), ("stuck",), 40, 0).events


def test_planted_anomalies_keep_apart() -> None:
    planted = plant(noise(), tuple(KINDS), 20, 1)
    edges = sorted((a, b) for _, a, b in planted.events)
    assert len(edges) == len(KINDS)
    assert all(later[0] - earlier[1] >= 40 for earlier, later in pairwise(edges))


def test_a_holiday_is_another_day_of_the_same_week() -> None:
    x = week()
    assert weekly(x) == 24
    planted = plant(x, (HOLIDAY,), 24, 5)
    (_, a, b) = planted.events[0]
    others = [x[c : c + b - a] for c in range(a - 6 * 24, a + 7 * 24, 24)]
    assert any(np.array_equal(planted.values[a:b], other) for other in others)


@pytest.mark.parametrize("x", [wave(), noise(), np.cumsum(noise())], ids=["wave", "noise", "random walk"])
def test_days_without_weeks_have_no_holidays(x: np.ndarray) -> None:
    assert weekly(x) is None


# -- conventions -------------------------------------------------------------------------------


def test_the_window_is_a_period_however_long() -> None:
    long = np.sin(np.arange(60_000) * 2 * np.pi / 1257) + np.random.default_rng(0).normal(0, 0.05, 60_000)
    assert abs(choose_window(long) - 1257) <= 3
    assert abs(choose_window(wave()) - 50) <= 1
    assert choose_window(week()) == 72
    assert choose_window(noise()) == APERIODIC
    assert choose_window(noise(80)) == 10


def test_conventions_are_not_the_published_ones_and_set_comes_first() -> None:
    usual = build("MP", 30)
    assert (usual.window, usual.align, usual.constants) == (30, "mean", "zero")  # type: ignore[attr-defined]
    assert build("MP", 30, params={"constants": "sqrt", "window": 9}).get_params()["window"] == 9
    with pytest.raises(UserError, match="wnidow"):
        build("MP", 30, params={"wnidow": 9})


# -- ordinary peaks ----------------------------------------------------------------------------


def test_gumbel_maxima_pass_the_threshold_as_often_as_promised() -> None:
    rng = np.random.default_rng(2)
    window = 20
    passed = []
    for _ in range(300):
        maxima = rng.gumbel(3, 2, 200)  # one maximum in each block of half a window
        scores = np.where(np.arange(2000) % 10 == 4, np.repeat(maxima, 10), -1e3)
        passed.append((scores > OrdinaryPeaks.fit(scores, window).threshold(2.0)).sum())
    assert 1.5 < np.mean(passed) < 2.7


def test_a_tenth_of_anomalous_blocks_moves_the_threshold_little() -> None:
    scores = np.abs(noise(4000))
    odd = scores.copy()
    odd[1000:1400] += 100
    usual, shifted = (OrdinaryPeaks.fit(s, 40).threshold(0.1) for s in (scores, odd))
    assert usual < shifted < 1.5 * usual


@pytest.mark.parametrize(
    ("draw", "least", "most"),
    [("exponential", 0.02, 0.2), ("normal", 0.0, 0.1), ("poisson", 0.0, 0.1), ("standard_t", 0.0, 1.2)],
)
def test_clean_peaks_reach_the_level_as_often_as_was_asked(draw: str, least: float, most: float) -> None:
    """One alert in ten clean series; seldom with a light tail or ties, at most one in each with a heavy one."""
    rng, passed = np.random.default_rng(3), []
    args = {"poisson": (2.0,), "standard_t": (3,)}.get(draw, ())
    for _ in range(200):
        scores = np.abs(getattr(rng, draw)(*args, size=3000)).astype(float)
        passed.append(len(alerts(scores, scores >= return_level(scores, 50, 0.1), 50)))
    assert least <= np.mean(passed) <= most


def test_events_neither_hide_each_other_nor_move_the_level_much() -> None:
    scores = np.random.default_rng(0).exponential(size=3000)
    odd = scores.copy()
    odd[100::300] += 30
    usual, beside = return_level(scores, 20, 0.1), return_level(odd, 20, 0.1)
    assert 0.8 * usual < beside < 1.2 * usual
    assert np.array_equal(np.flatnonzero(odd >= beside), np.arange(100, 3000, 300))


def test_peaks_that_differ_by_rounding_are_alike() -> None:
    scores = np.full(2000, 5.0)
    scores[::50] += 1e-4 * np.arange(40)
    assert not (scores >= return_level(scores, 20, 0.1)).any()


def test_the_level_of_rounded_scores_lies_half_a_step_higher() -> None:
    scores = np.random.default_rng(4).exponential(size=4000)
    rounded, step = np.round(scores, 1), 0.1
    plain = return_level(scores, 20, 0.1)
    assert return_level(rounded, 20, 0.1) - step / 2 == pytest.approx(plain, rel=0.03)


def test_the_slopes_of_an_event_do_not_hide_it_where_a_detector_is_alone() -> None:
    """Its windows rise and fall over twelve blocks, as steadily as an exponential tail."""
    scores = np.random.default_rng(0).exponential(size=800)
    slope = np.linspace(2, 20, 60)
    odd = scores.copy()
    odd[300:420] += np.concatenate([slope, slope[::-1]])
    assert not (odd >= return_level(odd, 20, 0.1)).any()
    found = np.flatnonzero(odd >= return_level(odd, 20, 0.1, slopes=True))
    assert 300 <= found.min() < 360 <= found.max() < 420
    assert return_level(scores, 20, 0.1, slopes=True) == return_level(scores, 20, 0.1)
    usual = [OrdinaryPeaks.fit(odd, 20)]
    assert choose_threshold(odd, 20, Options(), Ensemble(usual, [])) == return_level(odd, 20, 0.1, slopes=True)


def test_a_hill_is_a_local_maximum_with_its_slopes() -> None:
    found = hills(np.array([1.0, 3, 2, 1.5, 4, 0, 5, 5]))
    assert [hill.tolist() for hill in found] == [[1, 2, 3], [1.5, 4], [0, 5], [5]]


def test_lof_is_left_out_where_equal_windows_are_ordinary() -> None:
    """As where it hardly ever rains; one stuck stretch is no reason."""
    dry, wet = np.zeros(1600), np.arange(1600) % 100 == 0
    dry[wet] = np.random.default_rng(0).exponential(size=16)
    assert 0.8 < equal_windows(dry, 10) < 1
    hung = noise(1600)
    hung[500:550] = 1
    assert equal_windows(hung, 10) == pytest.approx(41 / 1591)
    notes: list[str] = []
    assert _without_lof(hung, 10, ("LOF", "PCA"), notes) == ("LOF", "PCA")
    assert not notes
    assert _without_lof(dry, 10, ("LOF", "PCA"), notes) == ("PCA",)
    assert notes[0].startswith("LOF is left out: 91 %")


def test_a_mild_trend_moves_the_level_because_it_goes_on() -> None:
    """Its rise over the history is as large as the noise; a level that changes for two tenths is no trend."""
    calm, row = noise(2400), np.arange(2400)
    assert not level_moves(("HBOS",), calm, 50)
    assert level_moves(("HBOS",), calm + row / 2400, 50)
    assert level_moves(("HBOS",), calm - row / 2400, 50)
    assert not level_moves(("HBOS",), calm + 0.6 * ((row > 960) & (row < 1440)), 50)
    assert not level_moves(("HBOS",), calm + 0.1 * row / 2400, 50), "less than window means differ"
    assert not level_moves(("MP",), calm + row / 2400, 50), "which removes the level"


def test_each_half_of_a_window_has_a_peak() -> None:
    assert block_maxima(np.array([0, 3, 3, 0, 1, 0, 0, 2, 0, 5.0]), 6).tolist() == [3.0, 1.0, 2.0]
    assert block_maxima(np.array([1.0, 2.0]), 50).tolist() == [2.0]


def test_no_detector_outshouts_the_others() -> None:
    quiet, loud = np.abs(noise(seed=1)), np.abs(noise(seed=2))
    loud[700] = 1e12
    usual = [OrdinaryPeaks.fit(scores, 40) for scores in (quiet, loud)]
    together = mean_surprise([quiet, loud], usual)
    assert together.max() <= (MOST + usual[0].surprise(quiet).max()) / 2
    assert together.argmax() == 700


# -- alerts ------------------------------------------------------------------------------------


def test_close_rows_are_one_alert_and_the_highest_comes_first() -> None:
    scores = np.zeros(100)
    scores[[10, 13, 60]] = [2, 3, 5]
    found = alerts(scores, scores > 1, window=10)
    assert [(a.start, a.stop, a.peak) for a in found] == [(60, 61, 60), (10, 14, 13)]


def test_runners_up_keep_a_window_apart_from_what_is_taken() -> None:
    scores = np.zeros(200)
    scores[[50, 55, 120]] = [9, 8, 7]
    taken = np.zeros(200, dtype=bool)
    taken[50] = True
    assert [a.peak for a in next_peaks(scores, taken, window=10)] == [120]


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(0, 70))
def test_near_is_a_dilation(marks: list[bool], reach: int) -> None:
    rows = np.array(marks)
    at = np.flatnonzero(rows)
    slow = [any(abs(row - mark) <= reach for mark in at) for row in range(len(rows))]
    assert dilate(rows, reach).tolist() == slow


@pytest.mark.parametrize("x", [wave(300, 4), np.cumsum(np.random.default_rng(0).normal(size=300))])
def test_similar_windows_are_the_nearest_by_a_plain_search(x: np.ndarray) -> None:
    a, size = 150, 40
    context = np.ones(size, dtype=bool)
    context[15:25] = False
    found = find_similar(x, a, context, np.zeros(300, dtype=bool), count=1)

    def distance(start: int) -> float:
        mine, other = x[a : a + size][context], x[start : start + size][context]
        return float(np.sum(((mine - mine.mean()) - (other - other.mean())) ** 2))

    allowed = [start for start in range(300 - size + 1) if abs(start - a) >= size]
    assert found[0] == min(allowed, key=distance)


def test_the_row_that_corresponds_to_an_alert_is_as_far_into_its_window() -> None:
    similar = SimilarWindows(10, np.array([50, 70]), np.zeros((2, 8)))
    alert = Alert(13, 15, 12, 16, 14, 1.0, similar=similar)
    assert (alert.normal, alert.shifted(100).normal) == (53, 153)


def test_similar_windows_hold_no_row_to_avoid_while_others_are_left() -> None:
    x = np.tile(np.sin(2 * np.pi * np.arange(50) / 50), 8)
    context, avoid = np.ones(50, dtype=bool), np.zeros(len(x), dtype=bool)
    avoid[90:160] = True
    begins = find_similar(x, 200, context, avoid)
    assert len(begins) > 1
    assert not [s for s in begins if avoid[s : s + 50].any()]
    assert len(find_similar(x, 200, context, np.ones(len(x), dtype=bool))) > 1, "without others they serve"


def test_an_alert_is_narrowed_to_the_rows_that_differ() -> None:
    x = wave()
    x[700:712] += 1.5
    odd = np.zeros(len(x), dtype=bool)
    odd[670:745] = True
    wide = alerts(odd.astype(float), odd, 50)[0]
    narrowed = narrow(x, wide, odd, 50)
    assert (narrowed.start, narrowed.stop) == (700, 712)
    assert (narrowed.first, narrowed.last) == (670, 745)
    assert 700 <= narrowed.peak < 712
    assert narrowed.band is not None
    low, middle, high = narrowed.band
    assert np.abs(x[700:712] - 1.5 - middle).max() < 0.3
    assert (low <= middle).all()
    assert (middle <= high).all()
    assert narrowed.normal is not None
    assert not odd[narrowed.normal : narrowed.normal + 12].any()


def test_an_alert_reaches_over_the_rows_beside_it_that_differ_as_much() -> None:
    x = wave()
    x[700:712] += 1.5
    x[720] += 1.5
    odd = np.zeros(len(x), dtype=bool)
    odd[705:707] = True
    narrowed = narrow(x, alerts(odd.astype(float), odd, 50)[0], odd, 50)
    assert (narrowed.start, narrowed.stop) == (700, 712), "row 720 lies behind a gap"
    assert (narrowed.first, narrowed.last) == (700, 712)
    assert 705 <= narrowed.peak < 707


def test_alerts_whose_rows_overlap_are_one() -> None:
    first, touching = Alert(10, 20, 8, 22, 15, 3.0), Alert(20, 25, 20, 26, 21, 2.0)
    within, far = Alert(19, 30, 5, 40, 28, 1.5, flagged=False), Alert(50, 60, 50, 60, 55, 1.0)
    assert merge_overlapping([first, touching, far]) == [first, touching, far]
    assert merge_overlapping([first, within, far]) == [Alert(10, 20, 5, 40, 15, 3.0), far]


def test_without_another_window_an_alert_stays_as_it_is() -> None:
    odd = np.ones(30, dtype=bool)
    alert = alerts(odd.astype(float), odd, 20)[0]
    assert narrow(noise(30), alert, odd, 20) == alert


# -- ranking -----------------------------------------------------------------------------------


def ranking(**merit: list[float]) -> Ranking:
    values = {name: np.array(each) for name, each in merit.items()}
    return Ranking(values, ("spike",) * len(next(iter(merit.values()))))


def test_a_clear_first_is_the_choice() -> None:
    assert ranking(LOF=[0.9, 0.8, 0.9], PCA=[0.1, 0.2, 0.1]).choice == ("LOF",)


def test_a_trivial_baseline_never_stands_alone() -> None:
    assert ranking(AbsDifference=[0.9] * 3, PCA=[0.1] * 3, HBOS=[0.2] * 3).choice == ("AbsDifference", "HBOS")


def test_windowed_detectors_of_like_merit_are_joined() -> None:
    close = ranking(AbsDeviation=[0.9, 0.5], LOF=[0.8, 0.5], HBOS=[0.4, 0.6], PCA=[0.4, 0.4])
    close.tied = ("LOF", "HBOS")
    assert close.choice == ("LOF", "HBOS")


def test_the_tied_are_those_that_trials_cannot_tell_from_the_first() -> None:
    first = np.linspace(0.7, 0.9, 40)
    found = ranking(LOF=[*first], PCA=[*(first + np.tile([0.199, -0.201], 20))], HBOS=[*(first - 0.3)])
    assert _compare(found) == (("PCA",), "")
    turned = ranking(HBOS=[*(first - 0.3)], PCA=[*(first + np.tile([0.199, -0.201], 20))], LOF=[*first])
    assert _compare(turned) == (("PCA",), ""), "in whichever order they were tried"


def test_a_kind_is_missed_below_half_of_the_threshold() -> None:
    kinds = ("spike", "spike", "drift", "drift", "stuck", "stuck")
    found = Ranking({"LOF": np.array([0.4, 0.5, 0.5, 0.5, 0.9, 0.2])}, kinds)
    assert found.misses("LOF") == ["spike"]


def test_trials_follow_the_seed() -> None:
    one, same, other = (next(iter(trials(wave(), 50, seed))) for seed in (1, 1, 2))
    assert [each.events for each in one.planted] == [each.events for each in same.planted]
    np.testing.assert_array_equal(one.planted[0].values, same.planted[0].values)
    assert not np.array_equal(one.planted[0].values, other.planted[0].values)


@pytest.mark.parametrize("x", [wave(5000), week(), noise(300)], ids=["excerpt", "week", "short"])
def test_each_planted_anomaly_is_alone_in_rows_that_are_not_fitted(x: np.ndarray) -> None:
    window = choose_window(x)
    for trial in trials(x, window, 3):
        rows = np.arange(len(trial.excerpt))
        assert set(rows[trial.known]) | set(rows[trial.unseen]) == set(rows)
        assert len(rows[trial.unseen]) == int(0.3 * len(rows))
        assert (
            len({each.events[0][0] for each in trial.planted} & set(KINDS)) >= len(KINDS) - 1
        )  # one may change nothing
        for planted in trial.planted:
            ((_, a, b),) = planted.events
            assert trial.unseen.start <= a < b <= trial.unseen.stop
            changed = np.flatnonzero(planted.values != trial.excerpt)
            assert (changed[0], changed[-1]) == (a, b - 1)
    assert weekly(x) is None or "holiday" in {each.events[0][0] for each in trial.planted}


def test_a_planted_spike_is_one_row() -> None:
    planted = plant(wave(), ("spike", "spike", "level shift"), length=40, seed=1)
    assert [b - a for kind, a, b in planted.events] == [1, 1, 40]


def test_the_options_reach_threshold_ranking_and_detectors() -> None:
    scores = noise(3000)
    rules = [Options(rule="quantile", contamination=share) for share in (0.01, 0.05)]
    found = [choose_threshold(scores, 20, options, Ensemble([], [])) for options in rules]
    assert found == pytest.approx([np.quantile(scores, 0.99), np.quantile(scores, 0.95)], abs=1e-3)
    alarms = [choose_threshold(scores, 20, Options(false_alerts=number), Ensemble([], [])) for number in (0.1, 1.0)]
    assert alarms == [return_level(scores, 20, 0.1), return_level(scores, 20, 1.0)]
    assert alarms[0] > alarms[1]
    plain = rank(wave(), None, ("MovingStd", "AbsDeviation"), 50, budget=1.0)
    other = rank(wave(), None, ("MovingStd", "AbsDeviation"), 50, budget=1.0, params={"MovingStd": {"window": 4}})
    assert plain.merit["AbsDeviation"].tolist() == other.merit["AbsDeviation"].tolist()
    assert plain.merit["MovingStd"].tolist() != other.merit["MovingStd"].tolist()


def test_labels_of_one_class_rank_nothing() -> None:
    for constant in (0, 1):
        labels = np.full(1500, constant, dtype=np.uint8)
        assert rank(wave(), labels, ("MovingStd", "AbsDeviation"), 50, budget=1.0).basis == "planted anomalies"


def test_what_is_planted_has_the_unit_of_the_series() -> None:
    kinds = tuple(kind for kind in KINDS if kind != "missing cycle")
    one, other = plant(wave(3000), kinds, 40, 3), plant(1024 * wave(3000), kinds, 40, 3)
    assert one.events == other.events
    np.testing.assert_allclose(1024 * one.values, other.values, rtol=1e-9)


def test_a_rate_counts_the_time_of_every_row() -> None:
    times = pd.Series(pd.date_range("2024-01-01", periods=10, freq="1h"))
    ten = Recording("mine", "value", np.arange(10.0), np.zeros(10, dtype=bool), times=times)
    assert false_alerts("1/hour", ten) == pytest.approx(10)


@pytest.mark.parametrize(("names", "window", "rows"), [(("LOF",), 1600, "1,500"), (("LOF", "PCA"), 1200, "1,050")])
def test_a_window_too_long_to_fit_is_refused_by_name(names: tuple[str, ...], window: int, rows: str) -> None:
    options = Options(detectors=names, params={"LOF": {"window": window}})
    with pytest.raises(UserError, match=rf"LOF needs {window + 1:,} consecutive rows.*has {rows}.*--set LOF\.window"):
        detect(recording(wave()), options)


def test_labels_in_the_file_decide_the_ranking() -> None:
    x = wave()
    labels = np.zeros(len(x), dtype=np.uint8)
    x[700:720] += 3
    labels[700:720] = 1
    finding = detect(recording(x, labels), Options(detectors=FEW))
    assert finding.ranking.basis == "the file's labels"
    assert finding.detectors == (finding.ranking.order[0],)


def test_a_smaller_budget_makes_fewer_trials_but_one() -> None:
    few = rank(wave(), None, ("HBOS", "AbsDeviation"), 50, budget=0.0)
    many = rank(wave(), None, ("HBOS", "AbsDeviation"), 50, budget=1000.0)
    assert 0 < len(few.kinds) < len(many.kinds)
    assert set(few.kinds) == set(many.kinds) == set(KINDS)


# -- detect ------------------------------------------------------------------------------------


def test_an_event_is_found_where_it_is() -> None:
    x = wave()
    x[700:720] += 3
    finding = detect(recording(x), Options(detectors=FEW))
    assert [(a.start, a.stop) for a in finding.alerts if a.flagged] == [(700, 720)]
    assert not finding.ranking.reason


@pytest.mark.parametrize("x", [noise(seed=7), wave(seed=7)], ids=["noise", "wave"])
def test_a_clean_series_has_no_alert(x: np.ndarray) -> None:
    finding = detect(recording(x), Options(detectors=FEW))
    assert not finding.flags.any()
    assert finding.alerts
    assert "Nothing stands out" in report.markdown(finding, 10)


def test_a_jump_back_is_an_alert_on_the_rows_before_it() -> None:
    """A sensor that hangs comes back at once: the difference stands at the first good row."""
    x = np.sin(np.arange(1500) * 2 * np.pi / 50) + noise(1500) / 100
    x[700:718] = x[700]
    finding = detect(recording(x), Options(detectors=("AbsDifference",)))
    best = finding.alerts[0]
    assert best.flagged
    assert 700 <= best.start < best.stop <= 718
    assert best.first <= best.start


@pytest.mark.parametrize("seed", [9, 11])
def test_odd_rows_beside_an_alert_do_not_move_its_level(seed: int) -> None:
    """The rows of a sensor that hung stand right before its jump back."""
    x, first, stop = stuck(np.random.default_rng([seed, 5])).values, *stuck(np.random.default_rng([seed, 5])).events[1]
    found = narrow(x, Alert(stop, stop + 1, stop, stop + 1, stop, 1.0), np.arange(len(x)) == stop, 48)
    assert first <= found.start < stop


@pytest.mark.parametrize("seed", range(3))
def test_a_worked_sunday_is_compared_with_weeks_not_with_other_days(seed: int) -> None:
    """Fridays beside a free Saturday look like Saturdays beside a free Sunday; two windows before tell them apart."""
    x, sunday = week(seed=seed), 24 * (7 * 5 + 6)
    x[sunday : sunday + 24] = x[24 * 29 : 24 * 30]
    reach = (sunday - 65, sunday + 28)
    rows = np.isin(np.arange(len(x)), np.arange(*reach))
    found = narrow(x, Alert(*reach, *reach, sunday, 1.0), rows, 72)
    assert sunday + 6 <= found.start < found.stop <= sunday + 20
    assert found.similar is not None
    assert not ((found.similar.begins - found.similar.first) % 168).any()


def test_ties_at_the_threshold_are_flagged() -> None:
    x = np.zeros(400)
    x[1::2] = 0.1
    x[[60, 200, 350]] = 7
    finding = detect(recording(x), Options(detectors=("AbsDeviation",), rule="quantile", contamination=0.001))
    assert np.flatnonzero(finding.flags).tolist() == [60, 200, 350]


def test_where_half_of_the_blocks_are_alike_their_height_gives_a_scale() -> None:
    assert OrdinaryPeaks.fit_maxima(np.zeros(40), usual=-1000.0).scale == pytest.approx(1.0)
    assert OrdinaryPeaks.fit_maxima(np.full(40, -5.0), usual=-5.0).scale == pytest.approx(0.01)


def test_equal_idle_weekends_are_not_the_anomaly() -> None:
    hour, day = np.arange(8 * 168) % 24, np.arange(8 * 168) // 24
    busy = np.where((day % 7 < 5) & (hour > 6) & (hour < 20), 1.0, 0.0)
    x = busy * (8 + np.random.default_rng(0).normal(0, 0.3, len(busy)))
    x[4 * 168 + 34 : 4 * 168 + 40] = 3
    best = detect(recording(x), Options(detectors=("MP",))).alerts[0]
    assert 4 * 168 + 30 < best.start < 4 * 168 + 40


def test_a_constant_series_has_nothing_to_find() -> None:
    finding = detect(recording(np.full(300, 4.0)))
    assert not finding.flags.any()
    assert "Every value is 4." in finding.notes
    said = report.markdown(finding, top=10)
    assert "A constant series has no anomaly to find.\n\n300 rows of 'value', not scored." in said
    assert "threshold" not in said


def test_too_few_rows_are_refused_by_their_number_unless_a_person_chose() -> None:
    x = np.arange(11.0) ** 2
    with pytest.raises(UserError, match=r"has 11 rows, and the detectors need 12.*--detector AbsDeviation"):
        detect(recording(x))
    assert len(detect(recording(x), Options(detectors=("AbsDeviation",))).scores) == 11
    assert len(detect(recording(np.append(x, 3.0))).scores) == 12


def test_ten_rows_get_an_answer_without_a_ranking() -> None:
    x = np.arange(10.0)
    x[4] = 50
    finding = detect(recording(x), Options(detectors=("AbsDeviation", "AbsDifference")))
    assert finding.alerts[0].peak == 4
    assert "too few" in finding.ranking.reason
    assert "There is no ranking" in " ".join(finding.notes)


def test_bursts_that_come_again_and_again_are_ordinary_and_one_among_them_is_not() -> None:
    x, rng = noise(3000), np.random.default_rng(0)
    x[60 * rng.permutation(50)[:40] + rng.integers(20, size=40)] += 100
    x[1530] += 400
    said = detect(recording(x), Options(detectors=("AbsDeviation",)))
    assert [alert.start for alert in said.alerts if alert.flagged] == [1530]


def test_scores_of_one_detector_are_as_it_gives_them() -> None:
    x = wave()
    found = detect(recording(x), Options(detectors=("PCA",)))
    alone = fit_score(build("PCA", found.window, Options().seed, len(x), None), x, found.window)
    np.testing.assert_array_equal(found.scores, alone)


def test_filled_rows_are_never_flagged() -> None:
    x = wave()
    filled = np.zeros(len(x), dtype=bool)
    filled[700:720] = True
    x[700:720] += 9
    finding = detect(Recording("mine", "value", x, filled), Options(detectors=("AbsDeviation",)))
    assert not finding.flags[filled].any()
    scores, beside = np.zeros(20), np.zeros(20, dtype=bool)
    scores[9:12], scores[15], beside[10] = 1.0, 1.0, True
    assert np.flatnonzero(flag_rows(scores, 1.0, beside)).tolist() == [15], "rows beside a filled one neither"


def test_false_alerts_count_in_the_file_or_by_its_times() -> None:
    hourly = recording(wave(1461))  # two months of hours
    hourly.times = pd.Series(pd.date_range("2026-01-01", periods=1461, freq="h"))
    assert false_alerts("0.3", recording(wave())) == 0.3
    assert false_alerts("1/month", hourly) == pytest.approx(2.0, rel=1e-3)
    for text, message in (("1/moon", "hour, day"), ("0", "above 0"), ("many", "above 0")):
        with pytest.raises(UserError, match=message):
            false_alerts(text, hourly)
    with pytest.raises(UserError, match="no times"):
        false_alerts("1/month", recording(wave()))


# -- models ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    finding = detect(recording(wave(1500)), Options(detectors=("PCA", "LOF", "HBOS")))
    Model.fit(replace(finding, detectors=("PCA", "LOF", "HBOS"), beside=())).save(folder)
    return folder


def test_a_dozen_new_rows_are_scored_by_a_loaded_model(model: Path) -> None:
    following = wave(1512)[1500:].copy()
    assert not Model.load(model).detect(recording(following)).flags.any()
    following[5] += 4
    finding = Model.load(model).detect(recording(following))
    best = finding.alerts[0]
    assert best.flagged
    assert (best.start, best.stop, best.peak) == (5, 6, 5)
    assert set(finding.detectors) == {"PCA", "LOF", "HBOS"}  # those that were asked for
    assert finding.options.false_alerts == pytest.approx(Options().false_alerts * 12 / 1500)
    assert "1,500 rows of history" in finding.notes[-1]


@pytest.mark.parametrize("name", ["PCA", "HBOS"])
def test_new_normal_rows_are_flagged_as_often_as_promised(name: str) -> None:
    share = 0.05
    options = Options(detectors=(name,), rule="quantile", contamination=share, params={name: {"window": 6}})
    flagged = []
    for seed in range(6):
        model = Model.fit(detect(recording(noise(4000, 10 * seed + 1)), options))
        flagged.append((model.detect(recording(noise(4000, 10 * seed + 2))).scores >= model.threshold).mean())
    assert share / 1.5 < np.mean(flagged) < share * 1.5
    assert share / 3 < min(flagged)
    assert max(flagged) < share * 3


def test_every_row_is_held_out_once() -> None:
    held = []
    for known, unknown in folds(1003):
        rows = np.concatenate([np.arange(1003)[part] for part in (*known, *unknown)])
        assert np.array_equal(np.sort(rows), np.arange(1003))
        held += [np.arange(1003)[part] for part in unknown]
    assert np.array_equal(np.sort(np.concatenate(held)), np.arange(1003))


def test_exceedances_within_a_window_are_one_stretch() -> None:
    scores = np.zeros(100)
    scores[[10, 15, 21, 50, 90]] = 1
    assert HeldOut.from_scores(scores, 1.0, 10) == (100, [3, 1, 1])
    assert HeldOut.from_scores(scores, 2.0, 10) == (100, [])


def test_a_promise_is_a_bound_that_says_what_a_share_takes_or_a_share_within_a_factor_of_two() -> None:
    few, many = HeldOut(5000, [10, 12]), HeldOut(5000, [3] * 40)
    low, high = expected([few, many], 50, 1000)
    assert (low, high) == (0.0, max(part.interval(50, 1000)[1] for part in (few, many)))
    said = promise([few, many], 50, 1000)
    assert said.startswith(f"At most {percent(high)} % of 1,000 new rows that are like the history will be flagged")
    assert "2 separate times" in said
    assert "some 43,000 rows" in said
    assert "a longer history" in promise([HeldOut(5000, [])], 50, 1000)
    assert "needs 49 or more" in promise([HeldOut(5000, [1, 1, 1, 20])], 50, 1000)  # unequal stretches say less
    assert promise([many], 50, 5000).startswith("Some 2.4 % of 5,000 new rows")
    assert promise([many, few], 50, 5000).startswith("At most")  # the parts disagree
    assert promise([many], 50, 300).startswith("At most")  # too few new rows to hold it
    assert promise([many], 50, 300).endswith(
        "40 separate times: a share within a factor of two needs more new rows, "
        "and a history whose end is like the rest."
    )
    bound, known = Promise.from_held_out([few], 50, 1000), Promise.from_held_out([many], 50, 5000)
    assert (bound.kept(0.0), bound.kept(bound.high), bound.kept(0.2)) == (True, True, False)
    assert [known.kept(0.024 * k) for k in (0.4, 0.6, 1.9, 2.1)] == [False, True, True, False]


def test_a_history_of_eight_windows_makes_a_model() -> None:
    x = np.sin(np.arange(1200) * 2 * np.pi / 150) + noise(1200) / 20
    assert choose_window(x) == 150
    assert Model.fit(detect(recording(x), Options(detectors=("HBOS",)))).window == 150


def test_a_series_that_changes_is_said() -> None:
    """A level that drifts: the end of the history is new to what lies before, and known from both sides."""
    x = noise(3000) / 4 + np.arange(3000) / 300
    steady, drifting = (
        Model.fit(detect(recording(values), Options(detectors=("LOF",), rule="quantile", contamination=0.05)))
        for values in (noise(3000), x)
    )
    assert (steady.changes, drifting.changes) == (False, True)
    later = drifting.detect(recording(noise(600, 5) / 4 + np.arange(3000, 3600) / 300))
    assert CHANGES in later.notes
    assert not any("of 600 new rows" in note for note in later.notes), "no share is promised"
    far = steady.detect(recording(noise(600, 5) + 10))
    assert "100 % of the rows are flagged" in far.notes[-1]
    assert "of 600 new rows" in far.notes[-2]
    assert "are flagged" not in " ".join(steady.detect(recording(noise(600, 5))).notes)


def test_a_walk_is_said_to_change_where_a_detector_refers_to_its_level() -> None:
    x = np.cumsum(noise(3000))
    for name, changes in (("HBOS", True), ("AbsDifference", False)):
        options = Options(detectors=(name,), rule="quantile", contamination=0.05)
        assert Model.fit(detect(recording(x), options)).changes == changes


def test_a_trend_that_goes_on_is_not_flagged_by_a_saved_model() -> None:
    x = noise(4000) / 4 + np.arange(4000) / 400
    options = Options(detectors=("PCA", "HBOS", "AbsDifference"), rule="quantile")
    found = detect(recording(x[:2400]), replace(options, budget=1.0))
    assert found.detectors != ("AbsDifference",)
    model = Model.fit(found)
    assert model.names == ("AbsDifference",)
    assert model.left_out
    assert any(model.left_out[0] in line for line in model.promise(1600))
    assert model.detect(recording(x[2400:])).flags.mean() < 0.02


def test_what_one_detector_sees_clearly_is_not_lost_among_others() -> None:
    """Two agree and see nothing; a third sees one event, which the mean of all three would hide."""
    rng = np.random.default_rng(8)
    calm = [rng.exponential(size=4000) for _ in range(3)]
    calm[2][2000:2003] += 30
    ensemble = Ensemble.fit(calm, 2, 20, 0.1)
    together = ensemble(calm)
    assert np.flatnonzero(together >= 1).tolist() == [2000, 2001, 2002]
    mean, level = mean_surprise(calm[:2], ensemble.usual), ensemble.parts[0][1]
    assert ensemble.parts[0] == (pytest.approx(np.median(mean)), return_level(mean, 20, 0.1))
    (low, high), alone = ensemble.parts[1], (mean - ensemble.parts[0][0]) / (level - ensemble.parts[0][0])
    slow = [max(alone[k], (calm[2][k] - low) / (high - low)) for k in range(4000)]
    np.testing.assert_allclose(together, slow)


def test_what_one_detector_sees_again_and_again_is_ordinary() -> None:
    """A switch every 300 rows is a peak in one block of six: for the chosen detectors it may be an event, alone not."""
    rng = np.random.default_rng(10)
    calm, switched = rng.exponential(size=6000), rng.exponential(size=6000)
    switched[::300] += 40
    assert np.count_nonzero(switched >= return_level(switched, 100, 0.1)) == 20
    assert np.count_nonzero(Ensemble.fit([calm, switched], 1, 100, 0.1)([calm, switched]) >= 1) == 0
    assert np.count_nonzero(Ensemble.fit([switched, calm], 1, 100, 0.1)([switched, calm]) >= 1) == 20


def test_detectors_of_an_ensemble_share_the_false_alerts_and_one_by_itself_keeps_its_scores() -> None:
    rng = np.random.default_rng(9)
    scores = [rng.exponential(size=3000) for _ in range(7)]
    ensemble = Ensemble.fit(scores, 2, 20, 0.3)
    assert len(ensemble.parts) == 6  # a mean of two, and five by themselves
    assert [level for _, level in ensemble.parts[1:]] == [
        return_level(s, 20, 0.3 / (6 / ALIKE), RARE) for s in scores[2:]
    ]
    higher = ensemble.with_higher_levels(ensemble.with_levels([2 * s for s in scores], 20, 0.3))
    assert all(new[1] >= old[1] and new[0] == old[0] for new, old in zip(higher.parts, ensemble.parts, strict=True))
    assert np.array_equal(Ensemble.fit(scores[:1], 1, 20, 0.3)(scores[:1]), scores[0])


def test_other_candidates_listen_unless_labels_or_a_person_chose() -> None:
    ranking = Ranking({"LOF": np.ones(1)}, ("spike",))
    assert _other_detectors(ranking, ("LOF", "NormA", "MovingStd"), ("LOF",)) == ("MovingStd",)
    assert _other_detectors(ranking, ("LOF",), ("LOF",)) == ()
    assert _other_detectors(Ranking(kinds=LABELLED), ("LOF", "MovingStd"), ("LOF",)) == ()


def test_a_model_of_the_release_before_keeps_its_mean(model: Path, tmp_path: Path) -> None:
    facts = json.loads((model / "model.json").read_text())
    now = Model.load(model)
    for path in model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.json").write_text(json.dumps({k: v for k, v in facts.items() if k != "parts"} | {"format": 2}))
    before = Model.load(tmp_path)
    x = noise(400)
    scores = [score_part(detector, x, before.centre) for detector in before.detectors]
    assert np.array_equal(
        before.score_alone(x), scores[0] if len(scores) == 1 else mean_surprise(scores, before.ensemble.usual)
    )
    assert now.ensemble.usual == before.ensemble.usual


def test_a_model_of_a_newer_release_or_none_is_refused(model: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no saved model"):
        Model.load(tmp_path)
    text = (model / "model.json").read_text()
    (tmp_path / "model.json").write_text(text.replace('"format": 4', '"format": 5'))
    with pytest.raises(UserError, match="update tsad-benchmark"):
        Model.load(tmp_path)
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(UserError, match=r"cannot load the model.*0\.safetensors"):
        Model.load(tmp_path)


def test_a_short_or_constant_history_makes_no_model() -> None:
    for x in (np.full(400, 1.0), noise(100)):
        with pytest.raises(UserError, match="at least 200 rows"):
            Model.fit(detect(recording(x), Options(detectors=("PCA",))))


def test_the_command_saves_and_uses_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = wave(620)
    for name, rows in (("history", x[:600]), ("new", x[600:])):
        pd.DataFrame({"value": rows}).to_csv(tmp_path / f"{name}.csv", index=False)
    saved = str(tmp_path / "model")
    assert main(["detect", str(tmp_path / "history.csv"), "--detector", "PCA", "--save", saved]) == 0
    assert main(["detect", str(tmp_path / "new.csv"), "--model", saved]) == 0
    assert "assumed to follow the 600 rows" in capsys.readouterr().out
    assert main(["detect", str(tmp_path / "new.csv"), "--model", saved, "--detector", "PCA"]) == 2
    assert "leave out --detector" in capsys.readouterr().err


def test_the_command_leaves_page_picture_and_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = wave()
    x[700:720] += 3
    file = tmp_path / "a|b <i>.csv"
    pd.DataFrame({"time": pd.date_range("2026-01-01", periods=len(x), freq="h"), "v$_1": x}).to_csv(file, index=False)
    assert main(["detect", str(file), "--detector", "PCA"]) == 0
    folder = tmp_path / "a|b <i>-anomalies"
    assert {p.name for p in folder.iterdir()} == {
        "report.html",
        "report.md",
        "picture.png",
        "anomalies.csv",
        "scores.csv",
    }
    scores = pd.read_csv(folder / "scores.csv")
    assert list(scores.columns) == ["row", "time", "value", "score", "anomalous"]
    assert len(scores) == len(x)
    page = (folder / "report.md").read_text()
    assert "<i>" not in page
    assert page in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.csv"], "no file nowhere.csv"),
        (["nowhere.csv", "--contamination", "2"], "between 0 and 0.5"),
        (["nowhere.csv", "--detector", "LOFF"], "did you mean LOF"),
        (["nowhere.csv", "--detectr", "LOF"], "did you mean --detector"),
    ],
)
def test_wrong_use_is_one_message_and_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_mistyped_file_is_told_by_the_nearest_one_in_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("temperature.csv", "other.csv"):
        (tmp_path / name).touch()
    wrong = tmp_path / "temperatur.csv"
    assert main(["detect", str(wrong)]) == 2
    assert f"no file {wrong} (did you mean temperature.csv?)" in capsys.readouterr().err


@pytest.mark.parametrize(("count", "rows", "needed"), [(3, 1000, "5,400"), (1, 250, "4,000"), (15, 1000, "1,100")])
def test_a_promise_asks_for_enough_rows_in_two_digits(count: int, rows: int, needed: str) -> None:
    assert f"some {needed} rows, and" in promise([HeldOut(rows, [1] * count)], 5, 100)


def test_a_cycle_that_repeats_exactly_has_no_flagged_row_by_rounding() -> None:
    """Its windows differ in the last bits of their scores alone; a quantile among those flagged all new rows."""
    x = np.sin(np.arange(2400) * 2 * np.pi / 91).round(4)
    finding = detect(recording(x[:1400]), Options(detectors=("KNN",), rule="quantile", contamination=0.01))
    assert not finding.flags.any()
    assert not Model.fit(finding).detect(recording(x[1400:])).flags.any()


def test_a_threshold_that_most_scores_reach_by_rounding_is_set_above_them() -> None:
    scores, above = np.ones(5), float(np.nextafter(1, 2))
    assert reaches(scores, above).all()
    assert not reaches(scores, above_ties(scores, above)).any()
    assert above_ties(np.array([1.0, 0, 0]), above) == above  # few scores that tie are flagged
