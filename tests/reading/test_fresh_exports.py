"""Cells, columns and documents of recent exports, with their meaning or the reason of a refusal."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from written import Read, archive, lines

from benchmark.errors import UserError
from benchmark.reading.formats import encoding

N = 60
DAYS = pd.date_range("2024-01-05", periods=N, freq="D")
VALUES = np.round(50 + 10 * np.sin(np.arange(N) / 3), 2)
MONTHS = {
    "Russian": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "Ukrainian": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "Greek": "Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου Σεπτεμβρίου Οκτωβρίου Νοεμβρίου "
    "Δεκεμβρίου",
    "Czech": "ledna února března dubna května června července srpna září října listopadu prosince",
    "Finnish": "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta "
    "lokakuuta marraskuuta joulukuuta",
    "Turkish": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    "Hungarian": "január február március április május június július augusztus szeptember október november december",
    "Romanian": "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",
    "short Russian": "янв фев мар апр мая июн июл авг сен окт ноя дек",
}
WRITTEN = {"Russian": "{d} {m} {y} г.", "short Russian": "{d:02d}.{m}.{y}"}


@pytest.mark.parametrize("language", MONTHS)
def test_months_by_their_names(read: Read, language: str) -> None:
    """Over all months of a year."""
    days = pd.date_range("2023-01-03", periods=N, freq="6D")
    form, names = WRITTEN.get(language, "{d} {m} {y}"), MONTHS[language].split()
    cells = [form.format(d=t.day, m=names[t.month - 1], y=t.year) for t in days]
    found = read(lines("Time;v", cells, VALUES, sep=";"))
    assert [found.show_time(k) for k in range(N)] == [str(t.date()) for t in days]


@pytest.mark.parametrize(
    ("years", "first", "last"),
    [
        ((1958, 1999), 1958, 1999),
        ((1951, 2024), 1951, 2024),
        ((1960, 1969), 1960, 1969),
        ((1930, 1990), 1930, 1990),
        ((1995, 2024), 1995, 2024),
        ((2020, 2045), 2020, 2045),
    ],
)
@pytest.mark.parametrize("form", ["%d/%m/%y", "%b-%y", "%y%m%d"])
def test_years_of_two_digits_have_one_century(
    read: Read, years: tuple[int, int], first: int, last: int, form: str
) -> None:
    months = [dt.date(y, m, 28) for y in range(years[0], years[1] + 1) for m in (1, 7)]
    found = read(lines("date,v", [t.strftime(form) for t in months], np.arange(len(months)) % 7 + 0.5))
    assert found.show_time(0)[:4] == str(first)
    assert found.show_time(len(found) - 1)[:4] == str(last)
    told = any(f"Years of two digits are those from {first} on." in note for note in found.notes)
    assert told == (first < 1970 and form != "%y%m%d")


@pytest.mark.parametrize("where", [0, 31, N - 1])
@pytest.mark.parametrize("wrong", ["1970-01-01", "2099-12-31"])
def test_a_wrong_clock_is_left_out_and_named(read: Read, where: int, wrong: str) -> None:
    days = [str(t.date()) for t in DAYS]
    days[where] = wrong
    found = read(lines("date,v", days, VALUES))
    assert any(f"1 row whose 'date' lies years from all others (data row {where}: {wrong}" in n for n in found.notes)
    assert found.show_time(0)[:4] == found.show_time(len(found) - 1)[:4] == "2024"


def test_a_wrong_clock_is_named_by_its_row_of_the_file(read: Read) -> None:
    """Not by its place among the rows of its series."""
    days = [str(t.date()) for t in DAYS for _ in range(2)]
    days[41] = "1970-01-01"
    found = read(
        lines("room,date,v", ["hall", "attic"] * N, days, np.repeat(VALUES, 2)), series_column="room", series="attic"
    )
    assert any("(data row 41: 1970-01-01" in note for note in found.notes)


def test_many_wrong_clocks_are_refused(read: Read) -> None:
    days = ["1970-01-01 00:00:0" + str(k % 7) if k % 20 == 3 else str(t) for k, t in enumerate(DAYS)]
    with pytest.raises(UserError, match=r"3 rows whose 'date' lies years .*data row 3: .*more than 2 %"):
        read(lines("date,v", days, VALUES))


def test_of_few_rows_none_is_a_wrong_clock(read: Read) -> None:
    days = [str(t.date()) for t in DAYS]
    few, enough = ([*days[:4], "1999-12-31", *days[5:n]] for n in (9, 10))
    assert read(lines("date,v", few, VALUES[:9])).show_time(0) == "1999-12-31"
    with pytest.raises(UserError, match="1 row whose 'date' lies years from all others"):
        read(lines("date,v", enough, VALUES[:10]))


def test_a_gap_of_years_is_no_wrong_clock(read: Read) -> None:
    days = [str(t.date()) for t in [*pd.date_range("2012-01-01", periods=6), *DAYS]]
    found = read(lines("date,v", days, np.arange(N + 6) % 7))
    assert len(found) == N + 6


HOURS = pd.date_range("2024-03-04 05:00", periods=N, freq="h")


def days(t: pd.Timestamp, since: str) -> float:
    return float((t - pd.Timestamp(since)) / pd.Timedelta("1D"))


def ticks(t: pd.Timestamp, before: int, size: int) -> int:
    return (int(t.timestamp()) + before) * 10**9 // size


TIMES: dict[str, tuple[str, Callable[[pd.Timestamp], object]]] = {
    "Kibana": ("@timestamp", lambda t: f"{t:%b} {t.day} {t.year} @ {t:%H:%M:%S}.000"),
    "SAS": ("dt", lambda t: f"{t:%d%b%Y:%H:%M:%S}".upper()),
    "Stata": ("time", lambda t: f"{t:%d%b%Y %H:%M:%S}".lower()),
    "SAP": ("time", lambda t: f"{t:%d.%b.%Y %H:%M}"),
    "Apache": ("time", lambda t: f"[{t:%d/%b/%Y:%H:%M:%S} +0000]"),
    "a controller": ("time", lambda t: f"DT#{t:%Y-%m-%d-%H:%M:%S}"),
    "names of files": ("time", lambda t: f"{t:%Y-%m-%d_%H-%M-%S}"),
    "an apostrophe": ("time", lambda t: f"'{t:%Y-%m-%d %H:%M}"),
    "Finnish": ("Aika", lambda t: f"{t:%d.%m.%Y} klo {t:%H.%M}"),
    "from to": ("Period", lambda t: f"{t:%Y-%m-%d %H:%M:%S}\u00a0to\u00a0{t + pd.Timedelta('1h'):%Y-%m-%d %H:%M:%S}"),
    "day of the year": ("time", lambda t: f"{t:%Y-%jT%H:%M:%S}"),
    "day of the year, as SPICE has it": ("time", lambda t: f"{t:%Y-%j // %H:%M:%S}"),
    "PVGIS": ("time", lambda t: f"{t:%Y%m%d:%H%M}"),
    "Julian days": ("JD", lambda t: f"{days(t, '1970-01-01') + 2440587.5:.6f}"),
    "modified Julian days": ("MJD", lambda t: f"{days(t, '1858-11-17'):.6f}"),
    "Matlab": ("time", lambda t: f"{days(t, '1970-01-01') + 719529:.8f}"),
    "serial days": ("Time", lambda t: f"{days(t, '1899-12-30'):.6f}"),
    "CF's hours": ("time (hours since 1900-01-01 00:00:0.0)", lambda t: int(24 * days(t, "1900-01-01"))),
    "CF's days": ("time [days since 2000-02-29 06:00]", lambda t: days(t, "2000-02-29 06:00")),
    "CF's seconds": ("seconds since 2000-01-01", lambda t: int((t - pd.Timestamp("2000-01-01")).total_seconds())),
    "Windows": ("time", lambda t: ticks(t, 11_644_473_600, 100)),
    "Chrome": ("time", lambda t: ticks(t, 11_644_473_600, 1000)),
    ".NET": ("Ticks", lambda t: ticks(t, 62_135_596_800, 100)),
    "SPSS": ("time", lambda t: ticks(t, 12_219_379_200, 10**9)),
}


@pytest.mark.parametrize("form", TIMES)
def test_times_as_further_programs_write_them(read: Read, form: str) -> None:
    name, written = TIMES[form]
    found = read(lines(f"{name};v", map(written, HOURS), VALUES, sep=";"))
    shown = [found.show_time(k).removesuffix("+00:00").removesuffix("Z") for k in range(N)]
    assert shown == [str(t) for t in HOURS]


@pytest.mark.parametrize(
    ("form", "step"),
    [("{y}M{m:02d}", 1), ("{y}m{m}", 1), ("{y}:{m:02d}", 1), ("{y} {n}", 1), ("{y}:{q}", 3), ("{y};{long}", 1)],
)
def test_months_and_quarters_of_statistics(read: Read, form: str, step: int) -> None:
    """Of EViews, Stata, gretl, the ONS; and by name in a column of their own."""
    months = pd.date_range("2004-01-01", periods=N, freq=f"{step}MS")
    cells = [form.format(y=t.year, m=t.month, q=t.quarter, n=f"{t:%b}".upper(), long=f"{t:%B}") for t in months]
    found = read(lines("year;month;v" if ";" in form else "obs;v", cells, VALUES, sep=";"))
    assert [found.show_time(k) for k in range(N)] == [str(t.date()) for t in months]


HOURLY: dict[str, tuple[str, Callable[[pd.Timestamp], str]]] = {
    "from one to the next": ("Datum;Timme;v", lambda t: f"{t:%Y-%m-%d};{t.hour:02d}-{t.hour + 1:02d}"),
    "by their end": ("OPR_DATE;OPR_HR;v", lambda t: f"{t:%Y-%m-%d};HE{t.hour:02d}"),
    "halves by a letter": (
        "Date;Time;v",
        lambda t: f"{t:%Y-%m-%d};{t.hour % 12 or 12}:00{'a' if t.hour < 12 else 'p'}",
    ),
}


@pytest.mark.parametrize("form", HOURLY)
def test_hours_beside_a_date(read: Read, form: str) -> None:
    head, written = HOURLY[form]
    found = read(lines(head, map(written, HOURS), VALUES, sep=";"))
    assert [found.show_time(k) for k in range(N)] == [str(t) for t in HOURS]


def test_results_beside_dates_are_no_hours(read: Read) -> None:
    found = read(
        lines("date,score,v", [str(t.date()) for t in DAYS], [f"{k * k % 11}-{k * 7 % 5}" for k in range(N)], VALUES)
    )
    assert found.lineup[1] == "time    'date'"


def test_names_stand_above_several_lines_of_units(read: Read) -> None:
    """As Campbell's loggers write them."""
    head = '"TOA5","CR1000","1234"\n"TIMESTAMP","RECORD","AirTC"\n"TS","RN","Deg C"\n"","","Avg"\n'
    found = read(head + lines("", HOURS, range(N), VALUES))
    assert (found.column, found.lineup[1], found.values.tolist()) == ("AirTC", "time    'TIMESTAMP'", VALUES.tolist())


def test_options_without_effect_are_told(read: Read) -> None:
    notes = read(lines("n,v", range(N), VALUES), tz="Europe/Berln", sheet="1").notes
    assert {
        "--tz Europe/Berln has no effect: the rows have no dates.",
        "--sheet 1 has no effect: the file is none of Excel.",
    } <= {*notes}


def test_marks_of_footnotes_are_cut_off(read: Read) -> None:
    found = read(
        lines("date,v", [str(t.date()) for t in DAYS], [f"{v}{'*' if k > 50 else ''}" for k, v in enumerate(VALUES)])
    )
    assert found.values.tolist() == VALUES.tolist()
    assert f"Marks of footnotes in 'v': cut off 9 cells, e.g. '{VALUES[51]}*'." in found.notes


def test_names_and_numbers_of_a_preamble_are_no_data(read: Read) -> None:
    head = "Name\tScope\nFile\tx\n\nName\tfTemp\nSampleTime[ms]\t1000\nVariableSize\t8\n"
    found = read(head + lines("", range(0, 1000 * N, 1000), VALUES, sep="\t"))
    assert found.values.tolist() == VALUES.tolist()


def test_a_date_and_a_time_under_one_name_shift_no_column(read: Read) -> None:
    """As vmstat has them, at the end of a line."""
    rows = [f" {k % 4}  0 {v}  {t:%Y-%m-%d %H:%M:%S}" for k, (t, v) in enumerate(zip(HOURS, VALUES, strict=True))]
    found = read("\n".join([" r  b  free  UTC", *rows]), value="free")
    assert found.values.tolist() == VALUES.tolist()
    assert found.show_time(0) == str(HOURS[0])


def test_one_entry_within_a_row_of_json_is_part_of_the_row(read: Read) -> None:
    """As New Relic answers."""
    rows = [{"begin": int(t.timestamp()), "results": [{"average": v}]} for t, v in zip(HOURS, VALUES, strict=True)]
    found = read(json.dumps({"timeSeries": rows}))
    assert (found.column, found.values.tolist()) == ("results.average", VALUES.tolist())


def test_a_constant_is_not_taken_where_values_cannot_be_read(read: Read) -> None:
    """As Nagios writes them."""
    cells = [f"load={v}/5" for v in VALUES]
    with pytest.raises(UserError, match="no numeric column"):
        read(lines("", [f"{int(t.timestamp())} host" for t in HOURS], cells, ["5"] * N, sep=";"))


NUMBERS: dict[str, Callable[[float], str]] = {
    "Brazilian money": lambda v: f"R$ {v + 1000:,.2f}".translate(str.maketrans(",.", ".,")),
    "Swiss money": lambda v: f"CHF {v + 1000:,.2f}".replace(",", "'"),
    "American money": lambda v: f"US${v + 1000:,.2f}",
    "Fortran": lambda v: f"{(v + 1000) / 1000:.5f}D+03",
}


@pytest.mark.parametrize("form", NUMBERS)
def test_numbers_as_further_programs_write_them(read: Read, form: str) -> None:
    found = read(lines("date;v", [str(t.date()) for t in DAYS], map(NUMBERS[form], VALUES), sep=";"))
    assert np.allclose(found.values, VALUES + 1000)


def test_unknown_numbers_do_not_make_a_counter_the_values(read: Read) -> None:
    with pytest.raises(UserError, match=r"no numeric column .*v \('n0'\)"):
        read(lines("t,v", range(N), [f"n{k}" for k in range(N)]))


def test_times_are_made_of_start_and_step(read: Read) -> None:
    """As rrdtool writes them."""
    meta = {"start": 1700000000, "step": 300, "end": 1700000000 + 300 * (N - 1), "legend": ["load", "users"]}
    found = read(json.dumps({"about": "RRDtool xport JSON output", "meta": meta, "data": [[v, 3] for v in VALUES]}))
    assert (found.column, found.values.tolist()) == ("load", VALUES.tolist())
    assert (found.show_time(0), found.show_time(1)) == ("2023-11-14 22:13:20Z", "2023-11-14 22:18:20Z")
    assert "time from start and step" in found.lineup[1]


def test_labels_of_minus_one_are_named(read: Read) -> None:
    text = lines("", VALUES, np.where(np.arange(N) % 20 == 7, -1, 1))
    assert "Columns of two values, one of them rare, may be labels: column 2 (--label)." in read(text).notes
    found = read(text, label="column 2")
    assert found.labels is not None
    assert found.labels.sum() == 3


@pytest.mark.parametrize("name", ["x.csv.gz", "x.zip", "x.xlsx"])
def test_what_unpacks_to_too_much_is_refused(read: Read, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(encoding, "MOST", 1000)
    kind = "[Content_Types].xml" if name.endswith("xlsx") else "x.csv"
    packed = gzip.compress(b"0" * 1001) if name.endswith("gz") else archive({kind: "0" * 1001})
    with pytest.raises(UserError, match=r"holds more than .* MiB: unpack it, or save it as CSV"):
        read(packed, name)
