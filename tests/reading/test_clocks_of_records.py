"""Clocks of public records: parts of dates, minutes without colons, years of panels, typical years."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from written import Read

from benchmark.errors import UserError

START = datetime(2024, 3, 4, 15, 30)


def stamps(count: int, minutes: int, start: datetime = START) -> list[datetime]:
    return [start + timedelta(minutes=minutes * i) for i in range(count)]


def rows(*lines: str, head: str = "") -> str:
    return head + "".join(line + "\n" for line in lines)


@pytest.mark.parametrize(
    ("head", "row", "first", "step"),
    [
        ("year,quarter,gdp", "{0},{1},{2}", "1959-01-01", "3 months"),
        ("Series id,Year,Period,Value", "LNS14,{0},Q0{1},{2}", "1959-01-01", "3 months"),
        ("year,quarter,gdp", "{0}.0,{1}.0,{2}", "1959-01-01", "3 months"),
        ("jahr;kw;wert", "2018;{3};{2}", "2018-01-08", "1 week"),
    ],
)
def test_a_year_and_a_part_of_it(read: Read, head: str, row: str, first: str, step: str) -> None:
    got = read(rows(*(row.format(1959 + i // 4, i % 4 + 1, 5 + i % 7 / 4, i + 2) for i in range(40)), head=f"{head}\n"))
    assert got.show_time(0) == first
    assert any(line.split() == ["step", *step.split()] for line in got.lineup)


def test_periods_that_are_none_are_named(read: Read) -> None:
    """The thirteenth month of a bureau is the mean of the others."""
    cells = (f"{2010 + i // 13},M{i % 13 + 1:02d},{5 + i % 7}" for i in range(130))
    with pytest.raises(UserError, match=r"10 of 130 cells of 'year' and 'period' are no times, e\.g\. '2010M13'"):
        read(rows(*cells, head="year,period,value\n"))


@pytest.mark.parametrize("names", ["country,year,pop", "firm,year,pop"])
def test_years_that_come_again_are_of_several_series(read: Read, names: str) -> None:
    cells = [f"{place},{1960 + i},{1000 + i % 7}.5" for place in ("Albania", "Brazil", "Chad") for i in range(20)]
    with pytest.raises(UserError, match="3 series, named by"):
        read(rows(*cells, head=f"{names}\n"))
    assert read(rows(*cells, head=f"{names}\n"), series="Chad").show_time(19) == "1979"


def test_years_go_before_a_number_of_the_row(read: Read) -> None:
    got = read(rows(*(f"{1951 + i} {3173 + i % 5}.5 {i + 1}" for i in range(25)), head="YEAR PRICE TIME\n"))
    assert (got.column, got.show_time(0)) == ("PRICE", "1951")


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("Year,DOY,MST,G\n", "{0:%Y},{0:%j},{1},{2}"),
        ("", "94255 {0:%Y%m%d} {1:04d} {2}"),
        ("", "{0:%Y%m%d},{0:%H:%M},{2}"),
        ("<TICKER>,<DATE>,<TIME>,<OPEN>\n", "A.US,{0:%Y%m%d},{0:%H%M%S},{2}"),
        ("", "{0:%Y} {0:%j} {0:%m} {0:%d} {0:%H} {0:%M} {2} {2}"),
    ],
)
def test_minutes_beside_a_date_that_does_not_change(read: Read, head: str, row: str) -> None:
    cells = (row.format(t, t.hour * 100 + t.minute, 300 + i % 9 / 8) for i, t in enumerate(stamps(90, 5)))
    assert read(rows(*cells, head=head)).show_time(89) == "2024-03-04 22:55:00"


def test_hours_of_a_file_without_header_are_told_by_their_dates(read: Read) -> None:
    times = stamps(72, 60, datetime(2024, 3, 4, 15))
    assert read(rows(*(f"{t:%Y-%m-%d},{t.hour},5.{i % 9}" for i, t in enumerate(times)))).show_time(71) == str(
        times[71]
    )
    shops = (f"2024-03-{1 + i // 20:02d},{i % 20},{i % 9}.5" for i in range(80))
    with pytest.raises(UserError, match="rows repeat a time"):
        read(rows(*shops))


@pytest.mark.parametrize(("first", "step"), [(100_101, 1), (1, 1), (240_301, 2)])
def test_counters_are_no_dates_of_six_digits(read: Read, first: int, step: int) -> None:
    got = read(rows(*(f"{first + step * i} {300 + i % 9 / 8}" for i in range(28))))
    assert got.show_time(0) == str(first)


def test_dates_of_six_digits_without_a_name(read: Read) -> None:
    weeks = [datetime(1958, 3, 29) + timedelta(days=7 * i) for i in range(200)]
    got = read(rows(*(f"MLO    {t:%y%m%d}   316.{i % 9}0" for i, t in enumerate(weeks))))
    assert (got.column, got.show_time(199)) == ("column 3", "1962-01-20 00:00:00")


@pytest.mark.parametrize("form", ["%d/%m/%Y %H:%M", "%d/%m/%y %H:%M:%S+00:00"])
def test_a_record_that_goes_on_at_midnight_tells_day_from_month(read: Read, form: str) -> None:
    times = [t for t in stamps(300, 10) if not 20 < t.minute + 60 * (t.hour - 17) < 80]
    got = read(rows(*(f"{t.strftime(form)},{i % 9}.5" for i, t in enumerate(times)), head="time,load\n"))
    assert got.show_time(0).startswith("2024-03-04 15:30:00")
    days = (f"{t:%d/%m/%Y};{t:%H:%M};{i % 9}.5" for i, t in enumerate(times))
    assert read(rows(*days, head="Datum;Zeit;Last\n")).show_time(0) == "2024-03-04 15:30:00"


def test_months_of_several_years_are_not_sorted(read: Read) -> None:
    """A typical year; files of two years in the wrong order are sorted."""
    times = [t for year, month in ((2009, 1), (2012, 2), (2007, 3)) for t in stamps(600, 60, datetime(year, month, 1))]
    lines = [f"{t:%Y-%m-%d %H:%M},{i % 9}.5" for i, t in enumerate(times)]
    with pytest.raises(UserError, match=r"fall back by years in 1 place .* as in a typical year"):
        read(rows(*lines, head="time,load\n"))
    assert read(rows(*lines, head="time,load\n"), time="none").values[:2].tolist() == [0.5, 1.5]
    years = stamps(500, 1440, datetime(2020, 1, 1))
    lines = [f"{t:%Y-%m-%d},{i % 9}.5" for i, t in enumerate(years[250:] + years[:250])]
    assert read(rows(*lines, head="time,load\n")).show_time(0) == "2020-01-01"


def test_hours_behind_midnight_are_said_where_they_are_in_order(read: Read) -> None:
    lines = [f"2024-01-0{1 + i // 48} {i % 48 // 2 + 4:02d}:{i % 2 * 30:02d},{i % 9}.5" for i in range(120)]
    got = read(rows(*lines, head="time,load\n"))
    assert got.show_time(47) == "2024-01-02 03:30:00"
    assert any("Hours beyond 24" in note for note in got.notes)
    with pytest.raises(UserError, match="cells of 'time' are no times"):
        read(rows(*lines[:60], "2024-01-02 29:50,3.5", *lines[61:], head="time,load\n"))


@pytest.mark.parametrize("tail", [" UTCx", " AMx"])
def test_words_behind_a_time_that_are_no_zone_are_not_passed_over(read: Read, tail: str) -> None:
    with pytest.raises(UserError):
        read(rows(*(f"2024-01-01 {i % 12:02d}:30{tail},{i % 5}.5" for i in range(12)), head="time,load\n"))


def test_forms_of_times_in_public_records(read: Read) -> None:
    got = read(rows(*(f"Jan-{i + 1}-1995,{i % 5}.5" for i in range(20)), head="DATE,index\n"))
    assert got.show_time(19) == "1995-01-20"
    span = (f"2020-06-01T12:{i:02d}:00.0/2020-06-01T12:{i + 1:02d}:00.0;{i % 5}.5" for i in range(4))
    assert read(rows(*span, head="# Observation period;GHI\n")).show_time(3) == "2020-06-01 12:03:00"
    got = read(rows(*(f"{1711620000 + 300 * i}: {i % 5}.5e+00 3" for i in range(20)), head="             ds0  ds1\n\n"))
    assert (got.column, got.show_time(1)) == ("ds0", "2024-03-28 10:05:00Z")


def test_a_column_with_three_entries_is_not_the_series(read: Read) -> None:
    """What an oscilloscope says of itself beside its first samples."""
    got = read(
        rows(
            "Length,2500,-5,5.5",
            "Interval,4e-7,-4,6.5",
            "Trigger,1250,-3,7.5",
            *(f",,{i - 2},{i % 7}.5" for i in range(60)),
        )
    )
    assert (got.column, len(got.values)) == ("column 4", 63)


def test_two_columns_name_the_series(read: Read) -> None:
    cells = [f"{s},{d},2024-03-{1 + i:02d},{i % 9}.5,{i == 3}" for s in (1, 2) for d in (1, 2, 3) for i in range(20)]
    with pytest.raises(UserError, match="6 series, named by 'Store' and 'Dept'"):
        read(rows(*cells, head="Store,Dept,Date,Sales,Holiday\n"))
