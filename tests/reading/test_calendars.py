"""Dates of the Thai calendar and of Japanese eras, years and days of loggers, counts from an unnamed day."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from written import Read, lines

from benchmark.errors import UserError

N = 60
DAYS = pd.date_range("2024-01-05", periods=N, freq="D")
SPRING = pd.date_range("2019-04-15", periods=N, freq="D")
HOURS = pd.date_range("2023-12-30 22:00", periods=N, freq="h")
MONTHS = pd.date_range("2018-01-01", periods=N, freq="MS")
VALUES = np.round(50 + 10 * np.sin(np.arange(N) / 3), 2)
SHORT = ["ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค."]
LONG = [
    "มกราคม",
    "กุมภาพันธ์",
    "มีนาคม",
    "เมษายน",
    "พฤษภาคม",
    "มิถุนายน",
    "กรกฎาคม",
    "สิงหาคม",
    "กันยายน",
    "ตุลาคม",
    "พฤศจิกายน",
    "ธันวาคม",
]


def era(t: pd.Timestamp, signs: str = "平成 令和") -> str:
    """An era and its year; the first year of Reiwa began on 1 May 2019."""
    before, now = signs.split()
    if t < pd.Timestamp("2019-05-01"):
        return f"{before}{t.year - 1988}"
    return f"{now}{'元' if t.year == 2019 and len(now) > 1 else t.year - 2018}"


THAI = {
    "short months": (
        "วันที่;v",
        [f"{t.day} {SHORT[t.month - 1]} {t.year + 543}" for t in DAYS],
        DAYS,
        "'2567' is read as 2024",
    ),
    "long months": (
        "x;v",
        [f"{t.day} {LONG[t.month - 1]} พ.ศ. {t.year + 543}" for t in MONTHS],
        MONTHS,
        "'2561' is read as 2018",
    ),
    "two digits": (
        "x;v",
        [f"{SHORT[t.month - 1]} {(t.year + 543) % 100}" for t in MONTHS],
        MONTHS,
        "'61' is read as 2018",
    ),
    "numbers": ("วันที่;v", [f"{t:%d/%m}/{t.year + 543} {t:%H:%M} น." for t in HOURS], HOURS, "'2566' is read as 2023"),
    "parts": ("ปี;เดือน;v", [f"{t.year + 543};{t.month}" for t in MONTHS], MONTHS, "'2561' is read as 2018"),
}
JAPANESE = {
    "signs": ("x;v", [f"{era(t)}年{t.month}月{t.day}日" for t in SPRING], SPRING, "'平成31' is read as 2019"),
    "months": (
        "x;v",
        [f"令和{t.year - 2017}年{t.month}月" for t in MONTHS],
        MONTHS + pd.DateOffset(years=1),
        "'令和1' is read as 2019",
    ),
    "letters": ("日付;v", [f"{era(t, 'H R')}.{t.month}.{t.day}" for t in SPRING], SPRING, "'H31' is read as 2019"),
    "parts": ("年;月;v", [f"{era(t)}年;{t.month}月" for t in MONTHS], MONTHS, "'平成30年' is read as 2018"),
}


@pytest.mark.parametrize("form", [*THAI.values(), *JAPANESE.values()], ids=[*THAI, *(f"era's {f}" for f in JAPANESE)])
def test_other_calendars_are_converted_and_named(
    read: Read, form: tuple[str, list[str], pd.DatetimeIndex, str]
) -> None:
    head, cells, times, said = form
    found = read(lines(head, cells, VALUES, sep=";"))
    assert [pd.Timestamp(found.show_time(k)) for k in range(N)] == [*times]
    assert f"Years are those of another calendar: {said}." in found.notes
    assert found.values.tolist() == VALUES.tolist()


def test_years_of_ours_stay_beside_thai_words(read: Read) -> None:
    found = read(lines("วันที่;v", [f"{t.day} {SHORT[t.month - 1]} {t.year}" for t in DAYS], VALUES, sep=";"))
    assert [found.show_time(k) for k in range(N)] == [str(t.date()) for t in DAYS]
    assert not any("calendar" in note for note in found.notes)


@pytest.mark.parametrize(
    ("head", "cells", "cure"),
    [
        ("date;v", [f"{t.year + 543}{t:-%m-%d}" for t in DAYS], "write 2567 as 2024"),
        ("date;v", [f"{t:%d/%m}/{t.year + 543}" for t in DAYS], "write 2567 as 2024"),
        ("Year;Month;v", [f"{t.year + 543};{t.month}" for t in MONTHS], "write 2561 as 2018"),
        ("تاریخ;v", [f"1403/01/{k % 31 + 1:02d}" for k in range(N)], "convert them, e.g. with jdatetime"),
    ],
)
def test_years_of_an_unnamed_calendar_are_refused(read: Read, head: str, cells: list[str], cure: str) -> None:
    text = lines(head, cells, VALUES, sep=";")
    with pytest.raises(UserError, match=rf"calendar.*{cure}.*--time none"):
        read(text)
    assert read(text, time="none").values.tolist() == VALUES.tolist()


LOGGED = {
    "two digits": ("", lambda t: f"{t:%y},{t.day_of_year},{100 * t.hour + t.minute}"),
    "number of the logger": ("", lambda t: f"110,{t.year},{t.day_of_year},{100 * t.hour}"),
    "header": ("YY,DDD,HHMM,v", lambda t: f"{t:%y,%j,%H%M}"),
    "long year": ("Year,DOY,HHMM,v", lambda t: f"{t.year},{t.day_of_year},{100 * t.hour}"),
}


@pytest.mark.parametrize("first", ["2023-12-30 22:00", "2024-01-05 03:00"])
@pytest.mark.parametrize("form", LOGGED)
def test_loggers_write_year_day_and_hours_in_columns(read: Read, form: str, first: str) -> None:
    head, written = LOGGED[form]
    times = pd.date_range(first, periods=N, freq="h")
    found = read(lines(head, map(written, times), VALUES))
    assert found.values.tolist() == VALUES.tolist()
    assert [found.show_time(k) for k in range(N)] == [str(t) for t in times]


def test_months_of_a_year_are_no_days(read: Read) -> None:
    found = read(lines("", ["2024"] * 12, range(1, 13), VALUES[:12]))
    assert [found.show_time(k) for k in (0, 11)] == ["2024-01-01", "2024-12-01"]


def test_seconds_of_sas_and_of_unix_are_told_apart_by_the_user(read: Read) -> None:
    seconds = ((HOURS - pd.Timestamp("1960-01-01")) // pd.Timedelta("1s")).to_numpy()
    text = lines("datetime,v", seconds, VALUES)
    with pytest.raises(UserError, match=r"--since 1970-01-01 \(from 2033-.*--since 1960-01-01 \(from 2023-12-30 on\)"):
        read(text)
    assert read(text, since="1960-01-01").show_time(0) == f"{HOURS[0]}Z"


def test_days_that_only_count_are_named_by_their_likely_beginnings(read: Read) -> None:
    text = lines("date,v", (DAYS - pd.Timestamp("1960-01-01")).days, VALUES)
    told = (
        "--since 'days since 1970-01-01' (from 2034-01-05 on) or --since 'days since 1960-01-01' (from 2024-01-05 on)"
    )
    assert any(told in note for note in read(text).notes)
    assert read(text, since="days since 1960-01-01").show_time(0)[:10] == "2024-01-05"


def test_times_of_net_in_json(read: Read) -> None:
    rows = [{"t": f"/Date({int(t.timestamp()) * 1000}+0200)/", "v": v} for t, v in zip(HOURS, VALUES, strict=True)]
    found = read(json.dumps(rows), "x.json")
    assert found.show_time(0) == "2023-12-31 00:00:00+02:00"
    plain = read(lines("t,v", [f"/Date({int(t.timestamp()) * 1000})/" for t in HOURS], VALUES))
    assert plain.show_time(N - 1) == f"{HOURS[-1]}Z"


@pytest.mark.parametrize(("zone", "shown"), [("CET", "+01:00"), ("UTC", "Z"), ("", "")])
def test_the_zone_within_a_time_of_ctime_is_kept(read: Read, zone: str, shown: str) -> None:
    cells = [" ".join(f"{t:%a %b %d %H:%M:%S} {zone} {t.year}".split()) for t in HOURS]
    assert read(lines("t,v", cells, VALUES)).show_time(0) == f"{HOURS[0]}{shown}"
