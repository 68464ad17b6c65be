"""The choice of the columns of time, values and labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from written import Read, german, lines

from benchmark.errors import UserError
from benchmark.reading.clocks.whole_dates import whole_dates
from benchmark.reading.parsing.labels import decode

ODD_COLUMNS = {
    "": np.arange(300),
    "id": 5000 + 3 * np.arange(300) + np.arange(300) % 2,
    "sensor_id": np.full(300, 17),
    "time_ms": 1_600_000_000_000 + 60_000 * np.arange(300),
    "offset": np.full(300, 0.5),
    "weekday": np.arange(300) // 48 % 7,
    "Weekday": np.arange(300) // 48 % 7,
    "QUALITY": np.arange(300) * 7 % 11,
}


@pytest.mark.parametrize("name", ODD_COLUMNS)
def test_clocks_counters_identifiers_and_constants_are_no_values(
    read: Read, wave: np.ndarray, times: pd.DatetimeIndex, name: str
) -> None:
    got = read(lines(f"{name},time,power", ODD_COLUMNS[name], times, wave))
    assert got.column == "power"
    assert got.show_time(0) == "2023-06-27 18:00:00"


@pytest.mark.parametrize("name", ["time_ms", "unixtime", "Epoch", "ts", "clock"])
@pytest.mark.parametrize("size", [1, 10**3, 10**6, 10**9])
def test_epochs_of_any_name_and_size(read: Read, wave: np.ndarray, name: str, size: int) -> None:
    got = read(lines(f"{name},cpu", (1_600_000_000 + 60 * np.arange(len(wave))) * size, wave))
    assert got.column == "cpu"
    assert got.show_time(1) == "2020-09-13 12:27:40Z"
    assert any("since 1970" in note for note in got.notes)


def test_a_counter_is_the_clock_when_there_is_no_other(read: Read, wave: np.ndarray) -> None:
    got = read(lines("timestamp,value,is_anomaly", range(1, 301), wave, [0] * 299 + [1]))
    assert got.column == "value"
    assert got.show_time(0) == "1"


def test_dates_written_as_whole_numbers(read: Read, wave: np.ndarray) -> None:
    weeks = pd.date_range("2003-11-24", periods=len(wave), freq="7D").strftime("%Y%m%d")
    got = read(lines("period,value", weeks, wave))
    assert got.show_time(0) == "2003-11-24"
    assert any(line.startswith("step") and "1 week" in line for line in got.lineup)


@pytest.mark.parametrize("form", ["%m%d%Y", "%d%m%Y", "%Y%m%d"])
def test_a_year_behind_a_date_is_no_time_of_day(read: Read, wave: np.ndarray, form: str) -> None:
    days = pd.date_range("2024-01-12", periods=90)
    got = read(lines("date,value", [str(int(text)) for text in days.strftime(form)], wave[:90]))
    assert [got.show_time(0), got.show_time(89)] == ["2024-01-12", "2024-04-10"]


def test_of_whole_numbers_that_are_dates_two_ways_the_one_in_order_counts() -> None:
    days = pd.date_range("2024-01-09", periods=60).to_series()
    early = days[days.dt.day <= 12]
    for form, told in (("%d%m%Y", "ddmmyyyy"), ("%m%d%Y", "mmddyyyy")):
        found = whole_dates(np.array([float(t.strftime(form)) for t in early]), "date")
        assert found is not None
        assert told in found.notes[0]
        assert found.wall.tolist() == [t.value for t in early]


@pytest.mark.parametrize(
    ("header", "date", "clock"),
    [
        ("Date,Time,kW", "%d/%m/%Y", "%H:%M:%S"),
        ("day,hhmm,kW", "%Y%m%d", "%H%M"),
        ("Date,Time,kW", "%m/%d/%Y", "%I:%M %p"),
    ],
)
def test_date_and_time_of_day_are_joined(
    read: Read, wave: np.ndarray, times: pd.DatetimeIndex, header: str, date: str, clock: str
) -> None:
    got = read(lines(header, times.strftime(date), times.strftime(clock), wave))
    assert len(got) == len(wave)
    assert got.show_time(299) == str(times[299])
    assert got.column == "kW"


def test_year_month_day_hour(read: Read, wave: np.ndarray) -> None:
    times = pd.date_range("2023-06-27 18:00", periods=len(wave), freq="h")
    got = read(lines("No,year,month,day,hour,pm", range(300), times.year, times.month, times.day, times.hour, wave))
    assert got.column == "pm"
    assert got.show_time(299) == str(times[299])


def test_a_time_of_day_alone_counts_days(read: Read, wave: np.ndarray, times: pd.DatetimeIndex) -> None:
    got = read(lines("Time,v", times.strftime("%H:%M:%S"), wave))
    assert len(got) == len(wave)
    assert any("without a date" in note for note in got.notes)


def test_german_excel(read: Read, wave: np.ndarray, times: pd.DatetimeIndex) -> None:
    got = read(lines("Zeit;Wert", times.strftime("%d.%m.%Y %H:%M"), german(wave), sep=";"))
    assert got.values.tolist() == wave.tolist()
    assert got.show_time(0) == "2023-06-27 18:00:00"
    assert got.show_value(0) == german(wave)[0]


def test_a_locale_decides_what_a_column_leaves_open(read: Read, times: pd.DatetimeIndex) -> None:
    cells = [f"{1 + k % 7},{125 + k:03d}" for k in range(300)]
    dotted = lines("Zeit;Wert", times.strftime("%d.%m.%Y %H:%M"), cells, sep=";")
    assert read(dotted).values[0] == 1.125
    with pytest.raises(UserError, match=r"two ways.*--decimal ',' or --thousands ','"):
        read(lines("Zeit;Wert", times, cells, sep=";"))
    assert read(lines("Zeit;Wert", times, cells, sep=";"), thousands=",").values[0] == 1125


def test_times_of_two_forms_are_refused(read: Read, wave: np.ndarray, times: pd.DatetimeIndex) -> None:
    cells = [*times[:150].strftime("%Y-%m-%d %H:%M"), *times[150:].strftime("%d/%m/%Y %H:%M")]
    with pytest.raises(UserError, match=r"not written in one way.*--time none"):
        read(lines("time,v", cells, wave))


def test_days_of_a_spreadsheet(read: Read, wave: np.ndarray, times: pd.DatetimeIndex) -> None:
    days = (times - pd.Timestamp("1899-12-30")) / pd.Timedelta("1D")
    got = read(lines("Date,v", [f"{d:.9f}" for d in days], wave))
    assert [got.show_time(k) for k in (0, 299)] == [str(times[0]), str(times[299])]


def test_a_frame_without_names(read: Read, wave: np.ndarray) -> None:
    assert read(lines(",0", range(300), wave)).values.tolist() == wave.tolist()


def test_a_column_that_nearly_parses_is_refused(read: Read, wave: np.ndarray, times: pd.DatetimeIndex) -> None:
    cells = ["broken" if k % 20 == 0 else v for k, v in enumerate(wave)]
    with pytest.raises(
        UserError, match=r"15 of 300 cells of 'v' \(5\.0%\) are not numbers, e\.g\. 'broken'.*--decimal"
    ):
        read(lines("time,v", times, cells))
    few = ["broken" if k in (3, 9) else v for k, v in enumerate(wave)]
    got = read(lines("time,v", times, few))
    assert np.flatnonzero(got.filled).tolist() == [3, 9]
    assert got.show_value(3) == "missing"


def test_times_that_nearly_parse_are_refused(read: Read, wave: np.ndarray, times: pd.DatetimeIndex) -> None:
    cells = ["later" if k % 20 == 5 else t for k, t in enumerate(times)]
    with pytest.raises(UserError, match=r"15 of 300 cells of 'time' are no times, e\.g\. 'later'.*--time none"):
        read(lines("time,v", cells, wave))
    assert len(read(lines("time,v", cells, wave), time="none")) == 300


def test_ambiguous_dates_name_the_option(read: Read, wave: np.ndarray) -> None:
    text = lines("when,v", [f"03/04/2023 {k // 60:02d}:{k % 60:02d}" for k in range(300)], wave)
    with pytest.raises(UserError, match="--dayfirst or --monthfirst"):
        read(text)
    assert read(text, day_first=True).show_time(0) == "2023-04-03 00:00:00"


@pytest.mark.parametrize(
    ("cells", "anomalous"),
    [
        (["0", "0", "1", "0"], [2]),
        (["1", "1", "-1", "1"], [2]),
        (["-1", "-1", "1", "-1"], [2]),
        (["False", "False", "True", "False"], [2]),
        (["normal", "normal", "anomaly", "normal"], [2]),
        (["no", "", "yes", "no"], [2]),
        (["0.0", "NaN", "1.0", "0.0"], [2]),
        (["0", "0", "3", "2"], [2, 3]),
        (["normal", "spike", "normal", "drift"], [1, 3]),
    ],
)
def test_labels_in_the_usual_codings(read: Read, cells: list[str], anomalous: list[int]) -> None:
    got = read(lines("value,label", [1.5, 2.5, 9.5, 3.5], cells))
    assert got.labels is not None
    assert np.flatnonzero(got.labels).tolist() == anomalous


@pytest.mark.parametrize("word", ["1", "-1", "yes"])
def test_a_column_of_one_label_marks_nothing(word: str) -> None:
    import pyarrow as pa

    decoded, why = decode(pa.array([word] * 5))
    assert decoded is None or not decoded.all()
    assert decoded is not None or "every label is" in why


def test_labels_that_cannot_be_read_are_said_or_refused(read: Read) -> None:
    text = lines("value,label", [1.5, 2.5, 9.5, 3.5], ["a", "b", "a", "c"])
    assert any("'label' was not used as labels" in note for note in read(text).notes)
    with pytest.raises(UserError, match=r"cannot be read as labels: its entries are 'a' \(2\).*--label none"):
        read(text, label="label")


def test_units_are_cut_off_and_said(read: Read, wave: np.ndarray, times: pd.DatetimeIndex) -> None:
    got = read(lines("Time,inside", times, [f"{v} °C" for v in wave]))
    assert got.values.tolist() == wave.tolist()
    assert got.show_value(0) == f"{wave[0]} °C"
    mixed = lines("Time,inside", times, [f"{v} {'MB' if k % 2 else 'GB'}" for k, v in enumerate(wave)])
    with pytest.raises(UserError, match=r"its unit '[MG]B' is not that of the others"):
        read(mixed)


def test_values_are_shown_as_the_file_has_them(read: Read) -> None:
    got = read("value\n1700000037.8\n1700000079.9\n1700000000.0\n")
    assert [got.show_value(k) for k in range(3)] == ["1700000037.8", "1700000079.9", "1700000000.0"]


def test_a_cell_that_is_no_time_is_the_example_among_those_that_are(read: Read) -> None:
    with pytest.raises(UserError, match=r"e\.g\. '2024-01-01' and 'xx'"):
        read("time,value\n2024-01-01,1\nxx,2\n2024-01-02,3\n")
