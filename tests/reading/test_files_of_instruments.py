"""Files as instruments and agencies write them: what a person reads in them, or why they are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from written import Read, lines

from benchmark.errors import UserError
from benchmark.reading import Follower, ReadOptions

N = 60
RNG = np.random.default_rng(5)
VALUES = np.round(50 + 10 * np.sin(np.arange(N) / 3) + RNG.normal(0, 0.3, N), 2)
DAYS = pd.date_range("2024-01-25", periods=N, freq="D")


def test_a_column_called_min_is_no_minute_without_an_hour(read: Read) -> None:
    low = np.arange(N) % 15
    found = read(lines("Year,Month,Day,Max,Min", DAYS.year, DAYS.month, DAYS.day, low + 9, low))
    assert (found.column, found.show_time(1)) == ("Max", "2024-01-26")


def test_hours_may_have_fractions(read: Read) -> None:
    times = pd.date_range("2024-01-25", periods=N, freq="30min")
    header = "#YYY MM DD hh.h Kp"  # as GFZ writes it, in a comment
    found = read(lines(header, times.year, times.month, times.day, times.hour + times.minute / 60, VALUES, sep=" "))
    assert (found.column, found.show_time(1)) == ("Kp", "2024-01-25 00:30:00")


def test_parts_of_a_date_without_a_year_are_no_values(read: Read) -> None:
    """A test reference year, whose header is followed by a rule."""
    cells = DAYS.month, DAYS.day, np.arange(N) % 24 + 1, VALUES
    found = read(lines("a title\nMM DD HH t\n***", *cells, sep="  "))
    assert (found.column, found.times, len(found)) == ("t", None, N)


def test_year_and_day_of_the_year_without_a_header(read: Read) -> None:
    times = pd.date_range("2024-12-25", periods=14 * 24, freq="h")
    values = np.arange(len(times)) % 7 + 0.5
    found = read(lines("", times.year, times.day_of_year, times.hour, values, sep="  "))
    assert (found.show_time(0), found.show_time(len(found) - 1)) == ("2024-12-25 00:00:00", "2025-01-07 23:00:00")
    assert found.column == "column 4"


def test_codes_with_a_leading_zero_are_no_values(read: Read) -> None:
    found = read(lines("date,code of site,flow", DAYS.date, [f"0{3339000 + k * 7919 % 997}" for k in range(N)], VALUES))
    assert found.column == "flow"


def test_places_are_no_numbers(read: Read) -> None:
    found = read(lines("date,place,height", DAYS.date, [f'"42.{k:02d}1,141.{k:02d}2"' for k in range(N)], VALUES))
    assert found.column == "height"


@pytest.mark.parametrize(("name", "value"), [("time", "weight"), ("t", "weight")])
def test_a_time_that_series_share_asks_for_them(read: Read, name: str, value: str) -> None:
    text = lines(f"{value},{name},chick", VALUES, np.arange(N) // 5, np.arange(N) % 5)
    with pytest.raises(UserError, match=r"48 of 60 rows repeat a time of .*--series-column"):
        read(text)
    assert len(read(text, series_column="chick", series="3")) == N // 5


def test_a_first_column_that_repeats_may_be_the_time_of_several_series(read: Read) -> None:
    """As ``perf stat -x,`` writes it, without a header."""
    text = lines("", np.arange(N) // 2 * 1.0001, VALUES, ["cycles", "instructions"] * (N // 2))
    with pytest.raises(UserError, match=r"2 series, named by 'column 3': cycles \(30 rows\), instructions \(30 rows\)"):
        read(text)


def test_a_quality_flag_names_no_series(read: Read) -> None:
    times = pd.date_range("2024-01-25", periods=N, freq="15min")
    found = read(lines("time,qualifiers,level", times, ["A", "upsampled"] * (N // 2), VALUES))
    assert len(found) == N


def test_types_below_the_names_are_no_data(read: Read) -> None:
    """As USGS writes them, without a column of text that tells them apart."""
    found = read(lines("site\tday\tflow\n5s\t3n\t12n", [7] * N, np.arange(N) + 1, VALUES, sep="\t"))
    assert len(found) == N
    assert found.values[0] == VALUES[0]


@pytest.mark.parametrize(
    ("header", "columns", "names"),
    [
        ("time,101,102", (DAYS.date, VALUES, VALUES), ("101", "102")),
        ("1,2,3", (VALUES, VALUES + 1, VALUES), ("1", "2, 3")),
    ],
)
def test_numbers_that_are_names(read: Read, header: str, columns: tuple[object, ...], names: tuple[str, str]) -> None:
    found = read(lines(header, *columns))
    assert (found.column, len(found)) == (names[0], N)
    assert [line[8:] for line in found.lineup if line.startswith("unused")] == [names[1]][: len(names[1])]


def test_whole_numbers_in_the_first_row_are_data(read: Read) -> None:
    assert len(read("1,2,3\n" + lines("", np.arange(N) % 7, np.arange(N) % 5, np.arange(N) % 3))) == N + 1


TITLE = "TIMESERIES XX_TEST__BHZ_R, 60 samples, 40 sps, 2008-01-15T00:00:00.025000, SLIST, FLOAT, Counts"


def test_a_title_with_a_time_is_no_header(read: Read) -> None:
    times = pd.date_range("2008-01-15 00:00:00.025", periods=N, freq="25ms")
    found = read(lines(TITLE, [t.isoformat() for t in times], VALUES, sep="  "))
    assert (len(found), found.show_time(1)) == (N, "2008-01-15 00:00:00.050")


@pytest.mark.parametrize(("title", "count"), [(TITLE, N), ("Station AKT013", N - 1)])
def test_lines_that_hold_one_series(read: Read, title: str, count: int) -> None:
    """The number of values stands above them, or the last line is shorter."""
    rows = "\n".join(" ".join(f"{v:8.2f}" for v in VALUES[k : min(k + 3, count)]) for k in range(0, count, 3))
    found = read(f"A record\n{title}\n{rows}\n")
    np.testing.assert_array_equal(found.values, VALUES[:count])
    assert any(note.startswith("Each line holds 3 values of one series") for note in found.notes)


@pytest.mark.parametrize("cut", [0, 1])
def test_columns_of_several_series_stay_columns(read: Read, cut: int) -> None:
    """Although the number of cells stands above them, or the file ends within a line."""
    rows = lines("", np.arange(N) * 0.1, VALUES, VALUES + 40, sep="  ")
    found = read(f"A table of numbers\n180 cells\n{rows}" + "6.0  51\n" * cut)
    assert len(found) == N


def test_a_longer_line_above_the_data_is_no_header(read: Read) -> None:
    times = pd.date_range("2024-01-25", periods=N, freq="min")
    head = "".join(f"; line {k} of a description\n" for k in range(15))
    found = read(head + "2016 162 06 10\n" + lines("", times.strftime("%H%M"), VALUES, VALUES, sep="  "))
    assert (found.column, len(found)) == ("column 2", N)
    assert any("data row 0, '2016" in note for note in found.notes)


def test_one_row_a_month_tells_the_order_of_day_and_month(read: Read) -> None:
    months = pd.date_range("2020-01-01", periods=N, freq="MS")
    for form, start in (("%-m/%-d/%Y", "month first"), ("%-d/%-m/%Y", "day first")):
        found = read(lines("date,v", months.strftime(form), VALUES))
        assert found.show_time(1) == "2020-02-01"
        assert any(f"Dates are {start} (only so there is one row a month)" in note for note in found.notes)
    with pytest.raises(UserError, match="--dayfirst or --monthfirst"):
        read(lines("date,v", months[:12].strftime("%m/%d/%Y"), VALUES[:12]))


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ('<?xml version="1.0"?>\n<gpx creator="x"><trk/></gpx>', r"a track \(GPX\).*xpath='.//{\*}trkpt'"),
        ('<?xml version="1.0"?>\n<TrainingCenterDatabase/>', r"a track \(TCX\).*xpath='.//{\*}Trackpoint'"),
        ("AAA,progname,nmon\nAAA,version,13g\n", "grep .CPU_ALL, 'mine.csv' > cpu.csv"),
        ("*U0001\n 21  6 2016  1\n", r"read_bsrn\('mine.csv'\)"),
        ("#The data\n\n@problemName Power\n@data\n1,2,3:1\n", "sktime.datasets.load_from_tsfile"),
        ("# A set\n@relation x\n@attribute series_name string\n@data\nT1:1,2\n", "load_tsf_to_dataframe"),
        ("web.cpu,1311836008,1311846008,60|1.0,2.0\n", "format=csv"),
        ("# started on Mon\n\n#   time     counts unit events\n  1.0   1,200  cycles\n", "perf stat -x,"),
        ("Linux 5.4 (web1) \t05/01/2024\n\navg-cpu:  %user\n          2.0\n", "iostat -t -o JSON"),
    ],
)
def test_files_of_several_kinds_of_rows_name_a_cure(read: Read, text: str, cure: str) -> None:
    with pytest.raises(UserError, match=cure):
        read(text)


def test_a_form_of_times_that_is_not_known_is_shown(read: Read) -> None:
    cells = [f"2024-01-02 07:41:{k:02d}Z.515" for k in range(N)]
    with pytest.raises(UserError, match=r"are written in an unknown way \(e.g. '2024-01-02 07:41:00Z.515'\)"):
        read(lines("time,v", cells, VALUES))


def test_what_is_constant_in_each_series_is_no_value(read: Read) -> None:
    """The places of stations stand in each of their rows."""
    days = DAYS[: N // 3].strftime("%Y-%m-%d").tolist() * 3
    places = ("A", 50.1, 8.2), ("B", 51.3, 9.1), ("C", 49.9, 8.7)
    stations = [place for place in places for _ in range(N // 3)]
    text = lines("station,lat,lon,date,temp", *zip(*stations, strict=True), days, VALUES)
    assert read(text, series="B").column == "temp"


def test_the_hour_once_more_is_no_value(read: Read) -> None:
    times = pd.date_range("2024-01-25", periods=N, freq="30min")
    hours = times.hour + times.minute / 60
    text = lines("YYYY MM DD hh.h middle Kp", times.year, times.month, times.day, hours, hours + 0.25, VALUES, sep=" ")
    assert read(text).column == "Kp"


def test_a_clock_of_twelve_hours_without_halves_is_no_time(read: Read) -> None:
    times = pd.date_range("2024-01-25 11:30", periods=N, freq="10min")
    found = read(lines("time of day,v", times.strftime("%I:%M:%S"), VALUES))
    assert (found.times, found.values[-1]) == (None, VALUES[-1])
    assert any("'time of day' was not read as times" in note for note in found.notes)


def test_rows_repeated_for_a_word_are_no_series(read: Read) -> None:
    """Weather has two words in some hours, and a row for each, with the same numbers."""
    again = [k for k in range(N) for _ in range(1 + (k % 5 == 0))]
    times = pd.date_range("2024-01-25", periods=N, freq="h")[again]
    words = [("clouds", "rain", "mist")[k % 3] for k in range(len(again))]
    with pytest.raises(UserError, match=r"12 of 72 rows repeat a time of 'time'.*--time none"):
        read(lines("time,weather,temp,volume", times, words, VALUES[again], VALUES[again] + 1))


def test_a_capacity_is_no_city(read: Read) -> None:
    days = np.repeat(DAYS[:30].strftime("%Y-%m-%d"), 2)
    with pytest.raises(UserError, match="named by 'park'"):
        read(lines("capacity,park,day,cars", [100, 200] * 30, ["A", "B"] * 30, days, VALUES))
    with pytest.raises(UserError, match="rows repeat a time"):
        read(lines("capacity,day,cars", [100, 200] * 30, days, VALUES))


TENS = pd.date_range("2024-01-25 21:00", periods=N, freq="10min")
FINE = pd.date_range("2024-01-25 21:00", periods=N, freq="40ms")


@pytest.mark.parametrize(
    ("header", "columns", "second"),
    [
        ("date,Hour,Minute,v", (TENS.date, TENS.hour, TENS.minute), "2024-01-25 21:10:00"),
        ("YYYY,MM,DD,hh,mm,v", (TENS.year, TENS.month, TENS.day, TENS.hour, TENS.minute), "2024-01-25 21:10:00"),
        ("YY,MM,DD,HH,MI,v", (TENS.year % 100, TENS.month, TENS.day, TENS.hour, TENS.minute), "2024-01-25 21:10:00"),
        ("time,ms,v", (FINE.floor("s"), FINE.microsecond // 1000), "2024-01-25 21:00:00.040"),
        ("sec,usec,v", (FINE.floor("s").astype("M8[s]").astype(int), FINE.microsecond), "2024-01-25 21:00:00.040Z"),
    ],
)
def test_minutes_and_parts_of_seconds_have_columns_of_their_own(
    read: Read, header: str, columns: tuple[object, ...], second: str
) -> None:
    found = read(lines(header, *columns, VALUES))
    assert (found.column, found.show_time(1), len(found)) == ("v", second, N)


def test_a_column_that_only_has_the_name_of_minutes_is_none(read: Read) -> None:
    days = np.repeat(DAYS[:30].strftime("%Y-%m-%d"), 2)
    text = lines("date,station,min,max", days, ["A", "B"] * 30, [30, 9] * 30, VALUES)
    assert [read(text, series="A").show_time(row) for row in (0, 1)] == ["2024-01-25", "2024-01-26"]


def test_two_comments_above_the_data_are_names_and_units(read: Read) -> None:
    """As the NDBC writes them."""
    head = "#YY MM DD hh mm WSPD GST\n#yr mo dy hr mn m/s m/s"
    parts = TENS.year, TENS.month, TENS.day, TENS.hour, TENS.minute
    found = read(lines(head, *parts, VALUES, VALUES + 1, sep=" "))
    assert (found.column, found.show_time(1)) == ("WSPD", "2024-01-25 21:10:00")


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("date,Hour,v", (DAYS.repeat(3)[:N].date, np.arange(N) % 3)),
        ("year,month,day,v", (DAYS.year, DAYS.month, DAYS.day)),
        ("time,ms,v", (FINE.floor("s"), FINE.microsecond // 1000)),
    ],
)
def test_watch_refuses_times_that_a_line_alone_does_not_tell(header: str, columns: tuple[object, ...]) -> None:
    """Each later row would be dropped as not after the one before."""
    text = lines(header, *columns, VALUES).encode()
    with pytest.raises(UserError, match="write date and time in one column"):
        Follower.begin(text, Path("mine.csv"), ReadOptions(), None, 100)
