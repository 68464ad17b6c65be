"""Files of recorders, meters and monitors: the meaning of each cell, or the option that decides it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from written import Read, lines

from benchmark.errors import UserError

N = 60
MINUTES = pd.date_range("2024-03-01 05:00", periods=N, freq="min")
VALUES = np.round(50 + 10 * np.sin(np.arange(N) / 3), 2)


def counts(since: str, size: int = 1) -> list[int]:
    """The minutes in parts of a second since a day."""
    return [int((t - pd.Timestamp(since)).total_seconds()) * size for t in MINUTES]


@pytest.mark.parametrize(
    ("name", "since", "size"),
    [
        ("gps_time", "1980-01-06", 1),
        ("GPS ms", "1980-01-06", 1000),
        ("CFAbsoluteTime", "2001-01-01", 1),
        ("apple_timestamp", "2001-01-01", 10**9),
        ("Mac Absolute Time", "2001-01-01", 1),
        ("LabVIEW time", "1904-01-01", 1),
        ("ntp_time", "1900-01-01", 1),
        ("Time (s since 2001)", "2001-01-01", 1),
        ("time since 1904", "1904-01-01", 1),
        ("milliseconds since 2000", "2000-01-01", 1000),
    ],
)
def test_days_that_names_of_columns_tell(read: Read, name: str, since: str, size: int) -> None:
    found = read(lines(f"{name},v", counts(since, size), VALUES))
    assert [found.show_time(k) for k in (0, N - 1)] == ["2024-03-01 05:00:00Z", "2024-03-01 05:59:00Z"]
    assert any("Clocks of GPS" in note for note in found.notes) == ("gps" in name.lower())


@pytest.mark.parametrize("name", ["gps_odometer", "apple_sales", "visitors since 2001", "mac"])
def test_values_of_such_names_are_no_times(read: Read, name: str) -> None:
    rising = np.cumsum(np.arange(N) % 7 + 1) + 2 * 10**8
    found = read(lines(f"{name}", rising))
    assert found.column == name
    assert found.times is None


@pytest.mark.parametrize(
    ("since", "first"), [("2001-01-01", "2024-03-01 05:00:00Z"), ("1970-01-01", "1993-03-01 05:00:00Z")]
)
def test_two_likely_days_are_asked_for(read: Read, since: str, first: str) -> None:
    text = lines("time,v", counts("2001-01-01"), VALUES)
    with pytest.raises(UserError, match=r"--since 1970-01-01 \(from 1993-03-01 on\) or --since 2001-01-01 \(from 2024"):
        read(text)
    assert read(text, since=since).show_time(0) == first
    assert read(text.replace("time", "unix_time")).show_time(0) == "1993-03-01 05:00:00Z"


def test_two_days_of_a_counter_are_told(read: Read) -> None:
    text = lines("time,v", counts("1904-01-01"), VALUES)
    assert any("--since 1904-01-01 (from 2024-03-01 on) or --since 1900-01-01" in note for note in read(text).notes)
    assert read(text, since="1904-01-01").show_time(0) == "2024-03-01 05:00:00Z"


def test_a_counter_from_a_day_on(read: Read) -> None:
    text = lines("t,v", np.arange(N) / 4, VALUES)
    assert read(text, since="2024-03-01T05:00").show_time(2) == "2024-03-01 05:00:00.500Z"
    assert read(text, since="hours since 2024-03-01").show_time(2) == "2024-03-01 00:30:00Z"


@pytest.mark.parametrize("since", ["yesterday", "2001-13-01", "2001-1"])
def test_since_names_a_day(read: Read, since: str) -> None:
    with pytest.raises(UserError, match=r"e\.g\. 2001-01-01|names no day .*such as --since 2001-01-01"):
        read(lines("t,v", np.arange(N), VALUES), since=since)
    with pytest.raises(UserError, match=r"e\.g\. 2001-01-01|names no day"):
        read(lines("time,v", MINUTES, VALUES), since=since)


def test_since_without_counts_is_told(read: Read) -> None:
    found = read(lines("time,v", MINUTES, VALUES), since="2001-01-01")
    assert "--since 2001-01-01 has no effect: no column of counts is the time." in found.notes


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("form", ["{:.6f}", "{:g}"])
def test_a_start_and_a_rate_above_the_values(read: Read, columns: int, form: str) -> None:
    rows = [1.7e9, 4.0, *VALUES]
    text = "\n".join(",".join([form.format(v) if v < 1e9 else f"{v:.0f}"] * columns) for v in rows)
    found = read(text + "\n")
    assert np.allclose(found.values, VALUES)
    assert [found.show_time(k) for k in (0, 1)] == ["2023-11-14 22:13:20Z", "2023-11-14 22:13:20.250Z"]
    assert any("4 samples a second" in note for note in found.notes)
    assert found.rows is not None
    assert found.rows[0] == 2


def test_a_start_without_a_rate_is_refused(read: Read) -> None:
    rows = "\n".join(f"{k},{v}" for k, v in enumerate(VALUES))
    with pytest.raises(UserError, match=r"first cell, 1700000000, seems to be the time of the start.*delete that line"):
        read(f"1700000000.000000, IBI\n{rows}\n")


def test_a_nem12_file_is_refused_with_its_cure(read: Read) -> None:
    with pytest.raises(UserError, match=r"NEM12 .*one row for each interval"):
        read("100,NEM12,202403010000,A,B\n200,N,E1,E1,E1,N1,M,KWH,30,\n300,20240101,1.0,2.0\n900\n")


@pytest.mark.parametrize("clock", ["05:00:{:02d}", "05:00:{:02d} AM"])
def test_the_text_of_sar_is_refused_with_its_cure(read: Read, clock: str) -> None:
    head = "Linux 6.1.0 (web01) \t03/04/2024 \t_x86_64_\t(8 CPU)\n\n" + clock.format(0) + "  CPU  %user  %idle\n"
    with pytest.raises(UserError, match=r"text of sar.*sadf -d"):
        read(head + "".join(f"{clock.format(k)}  all  {v}  {90 - v}\n" for k, v in enumerate(VALUES, 1)))


def test_hours_behind_midnight_are_those_of_the_next_day(read: Read) -> None:
    times = pd.date_range("2024-01-01 03:00", periods=300, freq="10min")
    days = [(t - pd.Timedelta("3h")).strftime("%Y%m%d") for t in times]
    clocks = [f"{t.hour + 24 * (t.hour < 3):02d}:{t:%M}:00" for t in times]
    found = read(lines("date,arrival_time,v", days, clocks, np.arange(300) % 11))
    assert [found.show_time(k) for k in (126, 299)] == ["2024-01-02 00:00:00", str(times[-1])]


@pytest.mark.parametrize(("usual", "once"), [(24, 25), (48, 50), (48, 48), (96, 92)])
def test_periods_of_a_day_are_no_times(read: Read, usual: int, once: int) -> None:
    days = [(day, k + 1) for day in range(24, 29) for k in range(once if day == 27 else usual)]
    text = lines("date,Hour,load", *zip(*[(f"2024-10-{d}", k) for d, k in days], strict=True), np.arange(len(days)) % 7)
    with pytest.raises(
        UserError, match=rf"'Hour' counts the periods of each day, 1 to {max(usual, once)}.*--time none"
    ):
        read(text)
    assert len(read(text, time="none", value="load").values) == len(days)


@pytest.mark.parametrize("name", ["store", "item", "sensor"])
def test_what_is_counted_on_each_day_may_be_a_series(read: Read, name: str) -> None:
    days, keys = [f"2024-10-{1 + k // 30:02d}" for k in range(600)], [k % 30 + 1 for k in range(600)]
    text = lines(f"date,{name},sales", days, keys, np.arange(600) % 7)
    with pytest.raises(UserError, match=rf"30 series, named by '{name}'"):
        read(text)
    assert len(read(text, series="30").values) == 20


def test_hours_of_a_day_are_times(read: Read) -> None:
    days = [(f"2024-10-{24 + k // 24}", k % 24 + 1) for k in range(96)]
    found = read(lines("date,Hour,load", *zip(*days, strict=True), np.arange(96) % 7))
    assert [found.show_time(k) for k in (0, 95)] == ["2024-10-24 01:00:00", "2024-10-28 00:00:00"]
