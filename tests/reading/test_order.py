"""Order, zones, clock changes, gaps and grid; pandas' zones are the oracle."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from written import Read, lines

from benchmark.errors import UserError
from benchmark.reading.clocks import zones
from benchmark.reading.parsing.units import HOUR


def local(start: str, step: str, zone: str, count: int = 600) -> pd.DatetimeIndex:
    return pd.date_range(pd.Timestamp(start, tz=zone), periods=count, freq=step)


@pytest.fixture
def values() -> np.ndarray:
    return np.round(np.sin(np.arange(600) / 7) * 9 + np.random.default_rng(3).normal(0, 1, 600), 3)


CHANGES = [
    ("2023-10-26", "Europe/Berlin", "15min"),
    ("2023-10-24", "Europe/London", "30min"),
    ("2023-11-01", "America/New_York", "30min"),
    ("2023-10-24", "Europe/Berlin", "60min"),
    ("2023-03-30", "Australia/Sydney", "30min"),
    ("2023-03-22", "Europe/Berlin", "30min"),
    ("2023-03-10", "America/Chicago", "60min"),
    ("2023-09-29", "Australia/Sydney", "15min"),
]


@pytest.mark.parametrize(("start", "zone", "step"), CHANGES)
@pytest.mark.parametrize("order", ["as recorded", "newest first", "sorted"])
def test_clock_changes_lose_no_row_and_make_no_gap(
    read: Read, values: np.ndarray, start: str, zone: str, step: str, order: str
) -> None:
    walls = local(start, step, zone).strftime("%Y-%m-%d %H:%M")
    rows = list(range(600))
    if order == "newest first":
        rows.reverse()
    if order == "sorted":
        rows.sort(key=lambda k: walls[k])
    got = read(lines("time,v", walls[rows], values[rows]))
    assert got.values.tolist() == values.tolist()
    assert any("clock was set" in note for note in got.notes)
    assert [got.show_time(k)[:16] for k in range(600)] == walls.tolist()


@pytest.mark.parametrize(("start", "zone", "step"), CHANGES)
def test_a_named_zone_resolves_the_hour_that_comes_twice(
    read: Read, values: np.ndarray, start: str, zone: str, step: str
) -> None:
    times = local(start, step, zone)
    got = read(lines("time,v", times.strftime("%Y-%m-%d %H:%M"), values), tz=zone)
    assert got.values.tolist() == values.tolist()
    assert [pd.Timestamp(got.show_time(k)) for k in range(600)] == times.tolist()


def test_offsets_are_shown_as_written(read: Read, values: np.ndarray) -> None:
    times = local("2023-10-26", "15min", "Europe/Berlin")
    got = read(lines("time,v", [t.isoformat() for t in times], values))
    assert [pd.Timestamp(got.show_time(k)) for k in range(600)] == times.tolist()
    assert got.show_time(0).endswith("+02:00")
    assert any("+01:00, +02:00" in note for note in got.notes)
    fixed = read(lines("time,v", [f"2023-01-01T00:{k:02d}:00+11:00" for k in range(60)], values[:60]))
    assert fixed.show_time(1) == "2023-01-01 00:01:00+11:00"
    assert str(fixed.times.iloc[1]) == "2023-01-01 00:01:00+11:00"


def test_days_with_an_offset_stay_days(read: Read, values: np.ndarray) -> None:
    times = local("2023-01-01", "D", "Europe/Berlin")
    got = read(lines("time,v", [t.isoformat() for t in times], values))
    assert len(got) == 600


def test_of_rows_at_one_time_the_first_counts(read: Read, values: np.ndarray) -> None:
    times = pd.date_range("2023-05-01", periods=600, freq="10min")
    rows = np.sort(np.r_[:600, 40, 40, 599])
    written = values[rows] + 1000.0 * np.r_[0, np.diff(rows) == 0]
    got = read(lines("time,v", times[rows], written))
    assert got.values.tolist() == values.tolist()
    assert any("Dropped: 3 rows" in note for note in got.notes)


def test_loads_that_could_be_times_of_day_are_none(read: Read, values: np.ndarray) -> None:
    days = pd.date_range("2023-05-01", periods=30).repeat(3)
    loads = 1000 + 100 * (np.arange(90) % 3) + np.arange(90) % 50
    with pytest.raises(UserError, match="repeat a time of 'day'"):
        read(lines("day,load,v", days.strftime("%Y-%m-%d"), loads, values[:90]))
    padded = [f"{800 + k % 3 * 100 + k % 50:04d}" for k in range(90)]
    got = read(lines("day,load,v", days.strftime("%Y-%m-%d"), padded, values[:90]), value="v")
    assert got.show_time(1) == "2023-05-01 09:01:00"


def test_gaps_become_missing_points(read: Read, values: np.ndarray) -> None:
    times = pd.date_range("2023-05-01", periods=600, freq="10min")
    rows = [k for k in range(600) if not (100 <= k < 130 or k == 400)]
    got = read(lines("time,v", times[rows], values[rows]))
    assert len(got) == 600
    assert np.flatnonzero(got.filled).tolist() == [*range(100, 130), 400]
    assert [got.show_time(k) for k in range(600)] == [str(t) for t in times]
    assert got.rows is not None
    assert got.rows[got.rows >= 0].tolist() == list(range(569))
    assert any("31 missing points in 2 gaps" in note for note in got.notes)
    assert got.values[~got.filled].tolist() == values[rows].tolist()


def test_gaps_of_numbers_too(read: Read, values: np.ndarray) -> None:
    rows = [k for k in range(600) if not 50 <= k < 60]
    got = read(lines("timestamp,value", [k + 1 for k in rows], values[rows]))
    assert len(got) == 600
    assert got.show_time(55) == "56"


def test_stamps_that_tremble_are_a_grid(read: Read, values: np.ndarray) -> None:
    rng = np.random.default_rng(5)
    times = pd.date_range("2023-05-01", periods=600, freq="60s") + pd.to_timedelta(rng.integers(-2, 3, 600), unit="s")
    rows = [k for k in range(600) if not 100 <= k < 105]
    assert len(read(lines("time,v", times[rows], values[rows]))) == 600


def test_irregular_times_count_as_evenly_spaced_and_are_said(read: Read, values: np.ndarray) -> None:
    steps = np.random.default_rng(5).integers(1, 4000, 600)
    times = pd.Timestamp("2023-05-01") + pd.to_timedelta(np.cumsum(steps), unit="s")
    got = read(lines("time,v", times, values[:600]))
    assert len(got) == 600
    assert any("of 599 steps are no multiple of the usual one" in note for note in got.notes)


def test_weekends_left_out_are_no_gaps(read: Read, values: np.ndarray) -> None:
    got = read(lines("date,close", pd.bdate_range("2020-01-01", periods=600), values))
    assert len(got) == 600
    assert any("nights or weekends" in note for note in got.notes)
    assert got.step is None
    assert read(lines("date,close", pd.date_range("2020-01-01", periods=600), values)).step == 86400e9


@pytest.mark.parametrize("freq", ["MS", "ME", "QS", "YS"])
def test_months_count_alike(read: Read, values: np.ndarray, freq: str) -> None:
    got = read(lines("date,v", pd.date_range("1850-01-01", periods=300, freq=freq).strftime("%Y-%m-%d"), values[:300]))
    assert len(got) == 300
    assert not any("steps" in note for note in got.notes)


def test_unsorted_rows_are_sorted_and_counted(read: Read, values: np.ndarray) -> None:
    times = pd.date_range("2023-05-01", periods=600, freq="h")
    rows = [1, 0, *range(2, 600)]
    got = read(lines("time,v", times[rows], values[rows]))
    assert got.values.tolist() == values.tolist()
    assert any("Sorted by time: 1 row" in note for note in got.notes)
    assert got.rows is not None
    assert got.rows[:2].tolist() == [1, 0]


def test_repeated_times_are_dropped_when_few_and_refused_when_many(read: Read, values: np.ndarray) -> None:
    times = pd.date_range("2023-05-01", periods=600, freq="h").tolist()
    few = times[:300] + times[299:599]
    got = read(lines("time,v", few, values))
    assert len(got) == 599
    assert any("Dropped: 1 row at a time that an earlier row has" in note for note in got.notes)
    with pytest.raises(UserError, match=r"300 of 600 rows repeat.*--series-column.*--time none"):
        read(lines("time,v", [times[k // 2] for k in range(600)], values))


def test_no_such_zone(read: Read, values: np.ndarray) -> None:
    text = lines("time,v", pd.date_range("2023-05-01", periods=600, freq="h"), values)
    with pytest.raises(UserError, match="--tz"):
        read(text, tz="Mars/Olympus")


@pytest.mark.parametrize(("last", "taken"), [("2024-03-24", False), ("2024-03-31", True)])
def test_a_year_has_two_changes_of_the_clock_at_most(last: str, taken: bool) -> None:
    """Three Sundays of 364 days are none; those of 371 are, as they span a year and a day."""
    step = HOUR // 2
    nights = [np.datetime64(day, "ns").astype(np.int64) + 3 * HOUR for day in ("2023-03-26", "2023-10-29", last)]
    begins = [nights[0] - 4 * HOUR, *(night - HOUR for night in nights)]
    ends = [*nights, nights[-1] + HOUR]
    wall = np.concatenate([np.arange(begin, end, step) for begin, end in zip(begins, ends, strict=True)])
    assert (len(zones._set_back(wall, step)) == 3) == taken
