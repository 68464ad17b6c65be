"""Files of further countries and programs: encodings, words in times, labels, marks that nobody sees."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from written import Read, archive, german, lines

from benchmark.errors import UserError
from benchmark.reading import ReadOptions, read_recording, read_recordings

WAVE = np.round(20 + 5 * np.sin(np.arange(100) / 4), 2)
HOURS = pd.date_range("2024-01-13 10:00", periods=100, freq="h")
DAYS = pd.date_range("2024-01-13", periods=100, freq="D")
ODD = (np.arange(100) % 50 == 7).astype(int)


@pytest.mark.parametrize(
    ("form", "encoding"),
    [
        ("{0.year}年{0.month}月{0.day}日 {0.hour}时{0.minute:02d}分", "gb18030"),
        ("{0.year}年{0.month}月{0.day}日 {0.hour}時{0.minute:02d}分", "cp932"),
        ("{0.year}년 {0.month}월 {0.day}일 {0.hour}시 {0.minute}분", "cp949"),
        ("{0:%d.%m.%Y} r. {0:%H:%M}", "utf-8"),
        ("sam. {0:%d/%m/%Y %H:%M}", "utf-8"),
        ("{0:%Y-%m-%d} 星期六 {0:%H:%M}", "utf-8"),
        ("{0.year}년 {0.month}월 {0.day}일 토요일 {0:%H:%M}", "utf-8"),
        ("{0:%Y/%m/%d}(土) {0:%H:%M}", "utf-8"),
        ("\u200e{0:%d}/\u200e{0:%m}/\u200e{0:%Y} \u200f\u200e{0:%H:%M}", "utf-8"),
    ],
)
def test_times_of_many_countries(read: Read, form: str, encoding: str) -> None:
    found = read(lines("t,v", map(form.format, HOURS), WAVE), encoding=encoding)
    assert (found.show_time(0), found.show_time(99)) == (str(HOURS[0]), str(HOURS[-1]))
    assert found.values.tolist() == WAVE.tolist()


@pytest.mark.parametrize(
    "form", ["2024. január {:%d}.", "{:%d} sausio 2024", "{:%d} يناير 2024", "2024-01-{0:%d} - 2025-01-{0:%d}"]
)
def test_days_of_many_countries(read: Read, form: str) -> None:
    january = DAYS[:19]
    found = read(lines("day;v", map(form.format, january), WAVE[:19], sep=";"))
    assert (found.show_time(0), found.show_time(18)) == ("2024-01-13", "2024-01-31")


def test_characters_that_nobody_sees_are_left_out_and_counted(read: Read) -> None:
    found = read(lines("time\u200b,v", [f"{t}\u200b" for t in HOURS], [f"{v}\ufeff" for v in WAVE]) + "\0" * 9)
    assert found.show_time(99) == str(HOURS[-1])
    assert "Left out: 210 characters that nobody sees" in "\n".join(found.notes)


@pytest.mark.parametrize("row", ['="{:%Y-%m-%d %H:%M}",="{:,.2f}"', '"{:%Y-%m-%d %H:%M},{:.2f}"'])
def test_cells_and_lines_that_are_quoted_as_a_whole(read: Read, row: str) -> None:
    found = read("time,v\n" + "".join(row.format(t, 1000 * v) + "\n" for t, v in zip(HOURS, WAVE, strict=True)))
    assert np.allclose(found.values, 1000 * WAVE)
    assert found.show_time(99) == str(HOURS[-1])


@pytest.mark.parametrize("by", [1, -1, 1000, 10**6])
def test_a_column_of_quoted_numbers_stays_one(read: Read, by: int) -> None:
    found = read("v\n" + "".join(f'"{v}"\n' for v in german(WAVE * by)))
    assert np.allclose(found.values, WAVE * by)


@pytest.mark.parametrize("names", ["年,月,日,時,気温", "Yıl,Ay,Gün,Saat,Isı", "년,월,일,시,기온"])
def test_parts_of_dates_in_further_languages(read: Read, names: str) -> None:
    found = read(lines(names, HOURS.year, HOURS.month, HOURS.day, HOURS.hour, WAVE))
    assert (found.column, found.show_time(99)) == (names.split(",")[-1], str(HOURS[-1]))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ラベル", ("正常", "異常")),
        ("标签", ("正常", "异常")),
        ("라벨", ("정상", "이상")),
        ("label", ("0.0E+00", "1.0E+00")),
    ],
)
def test_labels_of_many_countries(read: Read, name: str, words: tuple[str, str]) -> None:
    found = read(lines(f"time,v,{name}", HOURS, WAVE, [words[odd] for odd in ODD]))
    assert found.labels is not None
    assert found.labels.tolist() == ODD.tolist()


@pytest.mark.parametrize("name", ["Duration", "Moving Time", "sunrise", "pace"])
def test_what_is_measured_once_a_day_is_no_time_of_it(read: Read, name: str) -> None:
    found = read(lines(f"date,{name},v", DAYS.date, [f"00:{30 + k % 9}:07" for k in range(100)], WAVE))
    assert (found.show_time(0), found.show_time(99)) == ("2024-01-13", str(DAYS[-1].date()))


def test_a_time_goes_before_a_duration(read: Read) -> None:
    text = lines("date,duration,time,v", HOURS.date, ["00:00:30"] * 100, HOURS.strftime("%H:%M"), WAVE)
    assert read(text).show_time(99) == str(HOURS[-1])


def test_am_and_pm_in_a_column_of_their_own(read: Read) -> None:
    text = lines("Date,Time,AM/PM,v", HOURS.date, HOURS.strftime("%I:%M"), HOURS.strftime("%p"), WAVE)
    assert [read(text).show_time(k) for k in (0, 2, 14)] == [str(HOURS[k]) for k in (0, 2, 14)]


@pytest.mark.parametrize("name", ["sensor", "zone"])
def test_series_in_turn_without_times_are_several(read: Read, tmp_path: Path, name: str) -> None:
    text = lines(f"{name},v", ["a", "b"] * 50, np.ravel([WAVE[:50], WAVE[:50] + 500], order="F"))
    with pytest.raises(UserError, match=r"2 series.*--series"):
        read(text)
    found = read_recordings(tmp_path / "mine.csv", ReadOptions(series="all"))
    assert [one.values.tolist() for one in found] == [WAVE[:50].tolist(), (WAVE[:50] + 500).tolist()]


def test_events_from_and_to_seconds_since_1970(tmp_path: Path) -> None:
    data, events = tmp_path / "mine.csv", tmp_path / "events.csv"
    data.write_text(lines("time,v", [f"{t}Z" for t in HOURS], WAVE))
    seconds = HOURS[[10, 19]].astype("datetime64[s]").astype(np.int64)
    events.write_text(f"start_ts,end_ts,kind\n{seconds[0]},{seconds[1]},spike\n")
    found = read_recording(data, ReadOptions(labels=events))
    assert found.labels is not None
    assert np.flatnonzero(found.labels).tolist() == list(range(10, 20))


@pytest.mark.parametrize("name", ["date", "DATE"])
def test_dates_with_the_century_since_1900(read: Read, name: str) -> None:
    found = read(lines(f"{name},v", ["1" + day for day in DAYS.strftime("%y%m%d")], WAVE))
    assert (found.show_time(0), found.show_time(99)) == ("2024-01-13", str(DAYS[-1].date()))


def test_a_time_of_a_test_goes_before_the_number_of_the_row(read: Read) -> None:
    found = read(lines("Index,TestTime/h,Voltage/V", range(1, 101), np.arange(100) / 4, WAVE))
    assert (found.show_time(99), found.column) == ("24.75", "Voltage/V")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.ods", archive({"mimetype": "application/vnd.oasis", "content.xml": ""}), "OpenDocument.*xlsx"),
        ("a.db", b"SQLite format 3\0" + bytes(range(256)), "database of SQLite.*sqlite3 -csv"),
        ("a.npy", b"\x93NUMPY\x01\0v\0" + WAVE.tobytes(), r"NumPy.*numpy\.savetxt"),
        ("a.log", b'ts=2024-01-13T10:00:00Z level=info msg="all ok" v=1.5\n' * 9, "key=value.*mlr"),
        ("a.csv", b"t,v\n" + b"2024-01-13,20,5\n" * 9, "decimal marks, write another separator"),
        ("a.json", json.dumps({"errors": [{"code": "denied"}]}).encode(), "an error in place of a series.*denied"),
        ("b.csv", b"t,v\n" + b"Jan-13 10:00:00,1\n" * 9, "have no year"),
    ],
)
def test_further_refusals_name_their_cure(read: Read, name: str, content: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(content, name)


def test_a_sheet_is_read_like_lines_of_text(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    rows = [("Station 7",), ("#", "at", "v"), (None, None, "kW")]
    for row in [*rows, *((k + 1, t, v) for k, (t, v) in enumerate(zip(HOURS.to_pydatetime(), WAVE, strict=True)))]:
        book.active.append(row)
    book.save(tmp_path / "mine.xlsx")
    found = read_recording(tmp_path / "mine.xlsx")
    assert (found.column, found.values.tolist(), found.show_time(99)) == ("v", WAVE.tolist(), str(HOURS[-1]))
    assert "1 line before the header, no data: 'Station 7'" in " ".join(found.notes)


def test_hours_with_dots_beside_dates_that_repeat(read: Read) -> None:
    found = read(lines("data;ora;valore", HOURS.strftime("%d/%m/%Y"), HOURS.strftime("%H.%M"), WAVE, sep=";"))
    assert (found.column, found.show_time(99)) == ("valore", str(HOURS[-1]))


@pytest.mark.parametrize("name", ["MeteringPointID", "Messstelle"])
def test_numbers_of_meters_name_series(read: Read, name: str) -> None:
    meters = np.repeat([571313174000000001, 571313174000000002], 50)
    with pytest.raises(UserError, match=r"2 series.*571313174000000002.*--series"):
        read(lines(f"{name},from,v", meters, [*HOURS[:50]] * 2, WAVE))
