"""Exports of further countries and programs, with the series that a person would read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from written import Read, lines

from benchmark.errors import UserError
from benchmark.reading import read_recordings

N = 240
HOURS = pd.date_range("2024-04-01", periods=N, freq="h")
VALUES = np.round(50 + 10 * np.sin(np.arange(N) / 9), 2)
WEEKDAYS = {
    "French": ("lundi mardi mercredi jeudi vendredi samedi dimanche", "avril"),
    "Dutch": ("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag", "april"),
    "Spanish": ("lunes martes miércoles jueves viernes sábado domingo", "abril"),
    "German": ("Montag, Dienstag, Mittwoch, Donnerstag, Freitag, Samstag, Sonntag,", "April"),
}


def half(t: pd.Timestamp, early: str, late: str) -> str:
    return early if t.hour < 12 else late


TIMES: dict[str, Callable[[pd.Timestamp], str]] = {
    "Japanese": lambda t: f"{t.year}年{t.month}月{t.day}日 {t.hour}時{t.minute}分",
    "Japanese with seconds": lambda t: f"{t:%Y年%m月%d日%H時%M分%S秒}",
    "Korean": lambda t: f"{t:%Y-%m-%d} {half(t, '오전', '오후')} {t:%I:%M:%S}",
    "Chinese": lambda t: f"{t.year}/{t.month}/{t.day} {half(t, '上午', '下午')} {t:%I:%M:%S}",
    "narrow blank before AM": lambda t: f"{t.year}-{t.month:02d}-{t.day:02d} {t:%I:%M:%S}\u202f{t:%p}",
    "Spanish with a hard blank": lambda t: f"{t:%Y/%m/%d %I:%M:%S} " + half(t, "a.\u00a0m.", "p.\u00a0m."),
    "Hungarian": lambda t: f"{t:%Y. %m. %d. %H:%M}",
    "Czech": lambda t: f"{t.day}. {t.month}. {t.year} {t:%H:%M}",
    "Korean with dots": lambda t: f"{t.year}. {t.month}. {t.day}. {half(t, '오전', '오후')} {t:%I:%M}",
    "o'clock": lambda t: f"{t:%d.%m.%Y %H:%M} Uhr",
    "thousandths without a mark": lambda t: f"{t:%Y%m%d%H%M%S}000",
    "ten digits": lambda t: f"{t:%y%m%d%H%M}",
    "twelve digits": lambda t: f"{t:%y%m%d%H%M%S}",
    "days of a spreadsheet": lambda t: f"{(t - pd.Timestamp('1899-12-30')) / pd.Timedelta('1D'):.8f}",
}


@pytest.mark.parametrize("form", TIMES)
def test_times_of_further_countries(read: Read, form: str) -> None:
    found = read(lines("Time;v", [TIMES[form](t) for t in HOURS], VALUES, sep=";"))
    assert [found.show_time(k) for k in range(N)] == [str(t) for t in HOURS]


@pytest.mark.parametrize("language", WEEKDAYS)
def test_a_weekday_that_begins_like_a_month_is_none(read: Read, language: str) -> None:
    days, month = WEEKDAYS[language]
    cells = [f"{days.split()[t.weekday()]} {t.day} {month} {t:%Y %H:%M}" for t in HOURS]
    assert read(lines("Time;v", cells, VALUES, sep=";")).show_time(N - 1) == str(HOURS[-1])


PERIODS: dict[str, tuple[str, Callable[[pd.Timestamp], str]]] = {
    "day of a week": ("D", lambda t: "{}-W{:02d}-{}".format(*t.isocalendar())),
    "day of a week, compact": ("D", lambda t: "{}W{:02d}{}".format(*t.isocalendar())),
    "calendar week": ("7D", lambda t: f"KW {t.isocalendar()[1]:02d}/{t.isocalendar()[0]}"),
    "quarter first": ("QS", lambda t: f"{t.quarter}Q{t.year}"),
    "Excel's month": ("MS", lambda t: f"{t:%b-%y}"),
    "day of the year": ("D", lambda t: f"{t:%Y%j}"),
    "month, day and two digits": ("D", lambda t: f"{t:%m%d%y}"),
    "day, month and two digits": ("D", lambda t: f"{t:%d%m%y}"),
}


@pytest.mark.parametrize("form", PERIODS)
def test_dates_in_other_words(read: Read, form: str) -> None:
    step, write = PERIODS[form]
    days = pd.date_range("2001-01-01", periods=N, freq=step)
    found = read(lines("date,v", [write(t) for t in days], VALUES))
    assert [found.show_time(k)[:10] for k in range(N)] == [str(t)[:10] for t in days]


def test_epochs_are_no_dates_of_ten_digits(read: Read) -> None:
    """13 March 2024 as an epoch begins like the 28th of 1971, or 17-10-28."""
    epochs = [1710288000 + 60 * k for k in range(N)]
    assert read(lines("time,v", epochs, VALUES)).show_time(0).startswith("2024-03-13")


def test_times_without_a_year_are_refused_and_say_so(read: Read) -> None:
    for form in ("%d %b %H:%M", "%b %d %H:%M:%S"):
        with pytest.raises(UserError, match=r"have no year.*--time none"):
            read(lines("t;v", [t.strftime(form) for t in HOURS], VALUES, sep=";"))


ZONES = {
    "MESZ": ("MESZ", "+02:00"),
    "hours ahead": ("UTC+9", "+09:00"),
    "a place": ("Europe/Berlin", ""),
}


@pytest.mark.parametrize("zone", ZONES)
def test_further_zones_are_kept_or_said(read: Read, zone: str) -> None:
    tail, offset = ZONES[zone]
    found = read(lines("t;v", [f"{t:%Y-%m-%d %H:%M:%S} {tail}" for t in HOURS], VALUES, sep=";"))
    assert found.show_time(0) == "2024-04-01 00:00:00" + offset
    assert offset or "--tz Europe/Berlin" in " ".join(found.notes)


def test_a_clock_change_does_not_hide_which_number_is_the_month(read: Read) -> None:
    local = pd.date_range("2024-11-01", periods=N, freq="h", tz="America/Chicago")
    found = read(lines("t,v", local.strftime("%m/%d/%Y %H:%M"), VALUES))
    assert found.show_time(N - 1).startswith("2024-11-10")
    assert len(found) == N


def indian(value: float) -> str:
    whole, rest = f"{abs(value):.2f}".split(".")
    head, tail = whole[:-3], whole[-3:]
    groups = [head[max(0, k - 2) : k] for k in range(len(head), 0, -2)][::-1]
    return ("-" if value < 0 else "") + ",".join([*groups, tail]) + "." + rest


AMOUNTS: dict[str, Callable[[float], str]] = {
    "India's groups": indian,
    "a dash as minus": lambda v: f"–{-v:.2f}" if v < 0 else f"{v:.2f}",
    "a wide minus": lambda v: f"－{-v:.2f}" if v < 0 else f"{v:.2f}",
    "a blank behind the minus": lambda v: f"- {-v:.2f}" if v < 0 else f"{v:.2f}",
    "currency before brackets": lambda v: f"$({-v:,.2f})" if v < 0 else f"${v:,.2f} ",
    "a unit of two words": lambda v: f"{v:.2f} mbar abs",
}


@pytest.mark.parametrize("form", AMOUNTS)
def test_amounts_of_further_countries(read: Read, form: str) -> None:
    amounts = np.round((VALUES - 48) * 30_011.7, 2)
    found = read(lines("t;v", HOURS, [AMOUNTS[form](v) for v in amounts], sep=";"))
    assert found.values == pytest.approx(amounts)


def test_headers_that_come_again_are_left_out_and_said(read: Read) -> None:
    parts = [lines("time,value", HOURS[k : k + 40], VALUES[k : k + 40]) for k in range(0, N, 40)]
    found = read("".join(parts))
    assert found.values.tolist() == VALUES.tolist()
    assert "5 rows equal to the header" in " ".join(found.notes)


def test_a_column_for_each_hour_month_or_time_is_one_series(read: Read) -> None:
    days = VALUES.reshape(10, 24)
    for names in ([f"H{k}" for k in range(1, 25)], [f"{k:02d}:00" for k in range(24)]):
        found = read(lines(",".join(["Date", *names]), HOURS[::24].strftime("%Y-%m-%d"), *days.T))
        assert (found.values.tolist(), found.show_time(N - 1)) == (VALUES.tolist(), str(HOURS[-1]))
        assert "hours of the day" in " ".join(found.notes)
    months = "Jahr;Januar;Februar;März;April;Mai;Juni;Juli;August;September;Oktober;November;Dezember"
    found = read(lines(months, range(1990, 2010), *VALUES.reshape(20, 12).T, sep=";"))
    assert (found.values.tolist(), found.show_time(N - 1)) == (VALUES.tolist(), "2009-12-01")
    found = read(lines(",".join(["name", *map(str, HOURS)]), ["A"], *VALUES.reshape(N, 1)))
    assert (found.values.tolist(), found.show_time(0)) == (VALUES.tolist(), str(HOURS[0]))
    one = read(lines(",".join(["Date", *(f"H{k}" for k in range(1, 25))]), HOURS[::24].date, *days.T), value="H3")
    assert one.values.tolist() == days[:, 2].tolist()


def test_years_as_names_of_columns_and_a_series_in_each_row(read: Read) -> None:
    header = ",".join(["Country Name", "Country Code", *(str(year) for year in range(1960, 2020))])
    rows = [[f"Land {k}", f"L{k}", *(f"{v + k:.2f}" for v in VALUES[:60])] for k in range(4)]
    text = "\n".join([header, *(",".join(row) for row in rows)]) + "\n"
    found = read(text, series="Land 2")
    assert found.values == pytest.approx(VALUES[:60] + 2)
    assert found.show_time(59).startswith("2019")


def test_rows_that_seem_to_be_series_are_refused(read: Read) -> None:
    header = ",".join(f"V{k}" for k in range(N))
    with pytest.raises(UserError, match=r"240 columns of numbers and 2 rows: .*--value"):
        read(lines(header, *np.array([VALUES, VALUES + 1]).T))


def test_sensors_that_are_called_by_numbers_are_no_hours(read: Read) -> None:
    columns = [VALUES + k for k in range(24)]
    found = read(lines(",".join(["stamp", *map(str, range(1, 25))]), HOURS, *columns))
    assert (found.values.tolist(), len(found)) == (VALUES.tolist(), N)


@pytest.mark.parametrize(
    "names", [("Jahr", "Monat", "Tag", "Stunde"), ("jaar", "maand", "dag", "uur"), ("Y", "M", "D", "H"), ()]
)
def test_parts_of_dates_in_other_languages_or_without_names(read: Read, names: tuple[str, ...]) -> None:
    header = ";".join([*names, "Wert"]) if names else ""
    found = read(lines(header, HOURS.year, HOURS.month, HOURS.day, HOURS.hour, VALUES, sep=";"))
    assert (found.values.tolist(), found.show_time(N - 1)) == (VALUES.tolist(), str(HOURS[-1]))


def test_series_by_store_and_item(tmp_path: Path) -> None:
    days = pd.date_range("2020-01-01", periods=60).strftime("%Y-%m-%d")
    rows = [f"{day},{s},{i},{10 * s + i + k % 7}" for k, day in enumerate(days) for s in (1, 2) for i in (1, 2)]
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(["date,store,item,sales", *rows]))
    with pytest.raises(UserError, match=r"4 series, named by 'store' and 'item'"):
        read_recordings(path)


def test_further_answers_of_servers(read: Read) -> None:
    epochs = [1714521600 + 60 * k for k in range(N)]
    points = {str(t): float(v) for t, v in zip(epochs, VALUES, strict=True)}
    found = read(json.dumps([{"metric": "load", "tags": {"host": "a"}, "dps": points}]), name="a.json")
    assert (found.values.tolist(), found.show_time(0)) == (VALUES.tolist(), "2024-05-01 00:00:00Z")
    lost = "#datatype,string,string\n#group,true,true\n#default,,\n,error,reference\n,too many points,897\n"
    with pytest.raises(UserError, match=r"InfluxDB's error .*too many points"):
        read(lost)


@pytest.mark.parametrize(("head", "form"), [("<html><table>", "HTML"), ("%PDF-1.4\n", "PDF")])
def test_pages_that_are_no_tables_are_refused_by_name(read: Read, head: str, form: str) -> None:
    with pytest.raises(UserError, match=f"is {form}.*save the table"):
        read(gzip.compress(head.encode()), name="export.xls")


RANGES: dict[str, Callable[[pd.Timestamp, pd.Timestamp], str]] = {
    "on one day": lambda a, b: f"{a:%d.%m.%Y %H:%M}-{b:%H:%M}",
    "like an offset": lambda a, b: f"{a:%Y-%m-%d %H:%M}-{b:%H:%M}",
    "both dates": lambda a, b: f"{a:%d.%m.%Y %H:%M} - {b:%d.%m.%Y %H:%M}",
    "ISO 8601": lambda a, b: f"{a:%Y-%m-%dT%H:%M}/{b:%Y-%m-%dT%H:%M}",
}


@pytest.mark.parametrize("form", RANGES)
def test_ranges_of_time_are_their_beginnings(read: Read, form: str) -> None:
    step = pd.Timedelta("15min")
    times = pd.date_range("2024-05-01", periods=N, freq=step)
    found = read(lines("Time;v", [RANGES[form](t, t + step) for t in times], VALUES, sep=";"))
    assert [found.show_time(k) for k in range(N)] == [str(t) for t in times]


def test_a_date_beside_a_range_of_the_day(read: Read) -> None:
    cells = [f"{t:%H:%M} - {t + pd.Timedelta('1h'):%H:%M}" for t in HOURS]
    found = read(lines("Datum;Zeit;v", HOURS.strftime("%d.%m.%Y"), cells, VALUES, sep=";"), day_first=True)
    assert found.show_time(N - 1) == str(HOURS[-1])


def test_one_offset_is_no_range(read: Read) -> None:
    assert read(lines("t,v", HOURS.strftime("%Y-%m-%d %H:%M-05:00"), VALUES)).show_time(0).endswith("-05:00")


@pytest.mark.parametrize("header", ["Year,Month,Passengers", ""])
def test_year_and_month_in_columns_are_months(read: Read, header: str) -> None:
    months = pd.date_range("1749-01-01", periods=N, freq="MS", unit="s")
    found = read(lines(header, months.year, months.month, VALUES))
    assert (found.values.tolist(), found.show_time(N - 1)) == (VALUES.tolist(), "1768-12-01")


def test_digits_of_other_scripts_are_read_and_said(read: Read) -> None:
    for zero, mark in (("๐", "."), ("٠", "٫"), ("۰", "٫"), ("０", "．")):
        script = str.maketrans("0123456789.", "".join(chr(ord(zero) + k) for k in range(10)) + mark)
        found = read(lines("Time;v", HOURS, [f"{v:.2f}".translate(script) for v in VALUES], sep=";"))
        assert found.values.tolist() == VALUES.tolist()
        assert "Digits of another script are read as 0 to 9." in found.notes


@pytest.mark.parametrize("sep", [",", "\t"])
def test_names_in_angle_brackets_are_no_page(read: Read, sep: str) -> None:
    header = sep.join(["<DATE>", "<TIME>", "<CLOSE>"])
    found = read(lines(header, HOURS.strftime("%Y.%m.%d"), HOURS.strftime("%H:%M:%S"), VALUES, sep=sep))
    assert (found.column, found.show_time(N - 1)) == ("<CLOSE>", str(HOURS[-1]))


def test_tables_that_r_and_pandas_print(read: Read) -> None:
    quoted = [f'"{k + 1}" "{t}" {v}' for k, (t, v) in enumerate(zip(HOURS, VALUES, strict=True))]
    for text in ("\n".join(['"time" "v"', *quoted]), pd.DataFrame({"time": HOURS, "v": VALUES}).to_string()):
        found = read(text)
        assert (found.column, found.values.tolist(), found.show_time(N - 1)) == ("v", VALUES.tolist(), str(HOURS[-1]))
        assert "The first column has no name; it numbers the rows." in found.notes


def test_a_header_in_blanks_above_units(read: Read) -> None:
    months = pd.date_range("1990-01-01", periods=N, freq="MS", unit="s")
    head = ["Oxford", "Location: 450900E", "  yyyy  mm   tmax    rain", "             degC      mm"]
    found = read(
        "\n".join([*head, *(f"  {t.year} {t.month:3} {v:7} 1.0" for t, v in zip(months, VALUES, strict=True))])
    )
    assert (found.column, found.show_time(N - 1)) == ("tmax", f"{months[-1]:%Y-%m-%d}")


def test_states_of_parquet_are_those_of_text(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    pd.DataFrame({"t": HOURS, "open": VALUES > 50}).to_parquet(path)
    assert read_recordings(path)[0].values.tolist() == (VALUES > 50).astype(float).tolist()


def test_rows_without_the_usual_word_are_told(read: Read) -> None:
    states = ["BROKEN" if 50 <= k < 60 else "NORMAL" for k in range(N)]
    found = read(lines("t,v,machine_status", HOURS, VALUES, states))
    assert any("10 rows of 'machine_status' without the usual 'normal', e.g. 'broken'" in note for note in found.notes)
    assert read(lines("t,v,machine_status", HOURS, VALUES, states), label="machine_status").labels.sum() == 10


def test_several_words_and_nothing_elsewhere_are_labels(read: Read) -> None:
    kinds = ["drift" if 50 <= k < 60 else "spike" if k == 90 else "" for k in range(N)]
    assert read(lines("t,v,anomaly_type", HOURS, VALUES, kinds)).labels.sum() == 11


def test_days_and_months_that_a_spreadsheet_has_changed_in_part_are_refused(read: Read) -> None:
    days = pd.date_range("2023-09-01", periods=100, freq="12h")
    cells = [f"{t:%d/%m/%Y %H:%M}" if t.day > 12 else f"{t:%m/%d/%Y %H:%M}" for t in days]
    with pytest.raises(UserError, match="only with day and month changed in some cells"):
        read(lines("time,v", cells, range(100)))
    assert len(read(lines("time,v", cells, range(100)), day_first=True)) == 100, "what is said comes first"
