"""Files of recorders, meters and monitors: what each cell means, or which option says so."""

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


def test_since_without_counts_is_told(read: Read) -> None:
    found = read(lines("time,v", MINUTES, VALUES), since="2001-01-01")
    assert "--since 2001-01-01 has no effect: no column of counts is the time." in found.notes
