"""Exports in other languages, zones and codings, and with broken lines."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from written import Read, archive, lines

from benchmark.errors import UserError
from benchmark.reading import Recording

MONTHS = {
    "German": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "French": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "Spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "Italian": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "Dutch": "januari februari maart april mei juni juli augustus september oktober november december",
    "Portuguese": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "Polish": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "Swedish": "januari februari mars april maj juni juli augusti september oktober november december",
}
DAYS = pd.date_range("2023-01-01", periods=365, freq="D")
HOURS = pd.date_range("2024-05-20", periods=240, freq="h")


def values(count: int) -> np.ndarray:
    return np.round(50 + 10 * np.sin(np.arange(count) / 9), 2)


@pytest.mark.parametrize("form", ["{day} {month} {year}", "{day} de {month} de {year}", "{day}. {month} {year}"])
@pytest.mark.parametrize("language", MONTHS)
def test_months_in_other_languages(read: Read, language: str, form: str) -> None:
    names = MONTHS[language].split()
    cells = [form.format(day=t.day, month=names[t.month - 1], year=t.year) for t in DAYS]
    found = read(lines("day;value", cells, values(365), sep=";"))
    assert [found.show_time(k) for k in range(365)] == [str(t)[:10] for t in DAYS]


CLOCKS = {
    "Spanish halves of the day": lambda t: t.strftime("%d/%m/%Y %I:%M:%S ") + ("a. m." if t.hour < 12 else "p. m."),
    "web server": lambda t: t.strftime("%d/%b/%Y:%H:%M:%S"),
    "Chinese": lambda t: t.strftime("%Y年%m月%d日 %H:%M"),
}


@pytest.mark.parametrize("form", CLOCKS)
def test_clocks(read: Read, form: str) -> None:
    found = read(lines("time;value", [CLOCKS[form](t) for t in HOURS], values(240), sep=";"))
    assert [found.show_time(k) for k in range(240)] == [str(t) for t in HOURS]


@pytest.mark.parametrize("tail", ["+02:00[Europe/Berlin]", "+0200 (CEST)"])
def test_a_zone_behind_an_offset(read: Read, tail: str) -> None:
    found = read(lines("time;value", HOURS.strftime("%Y-%m-%dT%H:%M:%S") + tail, values(240), sep=";"))
    assert found.show_time(239) == f"{HOURS[-1]}+02:00"


def test_zones_by_name_are_known_or_refused(read: Read) -> None:
    text = lines("time,value", HOURS.strftime("%Y-%m-%d %H:%M:%S AEST"), values(240))
    found = read(text)
    assert found.show_time(0) == f"{HOURS[0]}+10:00"
    assert "Zones are read by their names: AEST as UTC+10." in found.notes
    with pytest.raises(UserError, match=r"'XYT' .* is not known.*--tz"):
        read(text.replace("AEST", "XYT"))


@pytest.mark.parametrize(
    ("name", "word", "usual"),
    [
        ("Anomalie", "ja", "nein"),
        ("anomalie", "VRAI", "FAUX"),
        ("label", "1", ""),
        ("label", "1", "NaN"),
        ("etichetta", "anomalo", "normale"),
        ("stato", "anómalo", "normal"),
        ("anomaly", "x", ""),
    ],
)
def test_labels_of_other_languages_and_marks(read: Read, name: str, word: str, usual: str) -> None:
    cells = [word if 100 <= k < 112 else usual for k in range(240)]
    found = read(lines(f"time,value,{name}", HOURS, values(240), cells))
    assert found.labels is not None
    assert np.flatnonzero(found.labels).tolist() == list(range(100, 112))


@pytest.mark.parametrize("tail", [",", ",a note"])
def test_one_cell_too_many_in_the_first_row_keeps_the_header(read: Read, tail: str) -> None:
    head, first, *rest = lines("time,value", HOURS, values(240)).splitlines()
    found = read("\n".join([head, first + tail, *rest]))
    assert (found.column, len(found)) == ("value", 239)
    assert any(note.startswith("Dropped: 1 row of 240") for note in found.notes)


def test_rows_numbered_by_a_hash_are_no_comments(read: Read) -> None:
    found = read(lines("no,time,value", [f"#{k}" for k in range(240)], HOURS, values(240)))
    assert (found.column, len(found), found.show_time(0)) == ("value", 240, str(HOURS[0]))


def test_a_decimal_comma_without_a_header(read: Read) -> None:
    found = read("\n".join(f"{v:.2f}".replace(".", ",") for v in values(240)))
    assert found.values == pytest.approx(values(240))


def coded(read: Read, code: str, places: list[int], **options: object) -> Recording:
    cells = [code if k in places else str(v) for k, v in enumerate(values(240))]
    return read(lines("time,value", HOURS, cells), **options)


@pytest.mark.parametrize("code", ["-9999", "9999", "-999", "999.9", "-99.9", "1e30", "9.96921e+36", "-32768", "65535"])
def test_codes_for_a_missing_value_are_missing_and_said(read: Read, code: str) -> None:
    found = coded(read, code, [20, 21, 150])
    assert np.flatnonzero(found.filled).tolist() == [20, 21, 150]
    assert any(note.startswith("Missing values of 'value': 3 cells with") for note in found.notes)
    assert coded(read, code, [20, 21, 150], missing=("none",)).values[20] == float(code)


@pytest.mark.parametrize("code", ["60", "-1", "0", "77.5"])
def test_other_numbers_are_values(read: Read, code: str) -> None:
    assert not coded(read, code, [20, 21, 150]).filled.any()


def test_a_code_within_the_reach_of_the_values_is_a_value(read: Read) -> None:
    wide = np.round(5000 * np.sin(np.arange(240) / 9))
    wide[50] = 9999
    assert read(lines("time,value", HOURS, wide)).values[50] == 9999


def test_a_code_that_went_through_single_precision_is_one(read: Read) -> None:
    assert np.flatnonzero(coded(read, repr(float(np.float32(-99.9))), [20, 21]).filled).tolist() == [20, 21]


def test_named_codes_and_words_are_missing(read: Read) -> None:
    found = coded(read, "-1", [20, 21], missing=("-1",))
    assert np.flatnonzero(found.filled).tolist() == [20, 21]
    cells = ["frost" if k % 10 == 3 else str(v) for k, v in enumerate(values(240))]
    text = lines("time,value", HOURS, cells)
    with pytest.raises(UserError, match="--missing WORD"):
        read(text)
    assert read(text, missing=("Frost",)).filled.sum() == 24


def test_decided_codes_hold_for_files_that_follow(read: Read) -> None:
    assert coded(read, "-9999", [20]).reading.missing == ("-9999.0",)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gzip", "bzip2", "xz"])
def test_compressed_files(read: Read, pack: Callable[[bytes], bytes]) -> None:
    raw = pack(lines("time,value", HOURS, values(240)).encode())
    assert read(raw).values == pytest.approx(values(240))
    with pytest.raises(UserError, match="cannot be unpacked"):
        read(raw[:-30])


def test_archives_hold_one_file(read: Read) -> None:
    text = lines("time,value", HOURS, values(240))
    assert len(read(archive({"a.csv": text}), "a.zip")) == 240
    with pytest.raises(UserError, match=r"archive of 2 files \(a.csv, b.csv\)"):
        read(archive({"a.csv": text, "b.csv": text}), "a.zip")


@pytest.mark.parametrize("rows", [["Total,12034"], ["Summe;7"], ["Min,1", "Max,2", "Average: ,3"]])
def test_totals_at_the_end_are_left_out_and_said(read: Read, rows: list[str]) -> None:
    sep = ";" if ";" in rows[0] else ","
    found = read(lines(f"no{sep}value", range(1, 241), values(240), sep=sep) + "\n".join(rows))
    assert found.values == pytest.approx(values(240))
    assert "rows    240 of 240 kept" in found.lineup
    assert any(note.startswith(f"Left out: {len(rows)} row") for note in found.notes)


def test_words_that_a_column_has_throughout_are_no_totals(read: Read) -> None:
    cells = ["max" if k % 2 else "min" for k in range(240)]
    assert len(read(lines("no,kind,value", range(240), cells, values(240)), series="max")) == 120


def test_thousands_by_a_letter_beside_bare_numbers_are_refused(read: Read) -> None:
    cells = [f"{v / 1000:.3f} K" if v >= 1000 else f"{v:.0f}" for v in 1000 + 30 * (values(240) - 50)]
    with pytest.raises(UserError, match="its unit 'K' is not that of the others"):
        read(lines("time,value", HOURS, cells))


@pytest.mark.parametrize("unit", ["kWh/m2", "m3/h", "m3"])
def test_units_with_a_digit(read: Read, unit: str) -> None:
    found = read(lines("time,value", HOURS, [f"{v} {unit}" for v in values(240)]))
    assert found.values == pytest.approx(values(240))


@pytest.mark.parametrize("form", ["%d%m%Y", "%y%m%d", "%Y%m%d"])
def test_dates_as_whole_numbers(read: Read, form: str) -> None:
    cells = [str(int(t.strftime(form))) for t in DAYS]
    found = read(lines("date,value", cells, values(365)))
    assert [found.show_time(k) for k in (0, 364)] == ["2023-01-01", "2023-12-31"]
    assert found.values == pytest.approx(values(365))


def test_months_as_whole_numbers(read: Read) -> None:
    cells = [f"{2001 + k // 12}{k % 12 + 1:02d}" for k in range(240)]
    assert read(lines("month,value", cells, values(240))).show_time(239) == "2020-12-01"


def test_columns_joined_by_their_times_keep_their_own(read: Read) -> None:
    x = values(240)
    sparse = [[str(v) if k % 3 == place else "" for k, v in enumerate(x)] for place in range(3)]
    found = read(lines("time,a,b,c", HOURS, *sparse), value="b")
    assert found.values == pytest.approx(x[1::3])
    assert found.show_time(1) == str(HOURS[4])
    assert any(note.startswith("Left out: 160 rows without a value of 'b'") for note in found.notes)


def influx(*tables: tuple[str, list[str]]) -> str:
    head = ["#group,false,false", "#datatype,string,long", "#default,_result,"]
    return "\n".join("\n".join([*head, names, *rows, ""]) for names, rows in tables)


def test_tables_of_influx_with_columns_of_their_own(read: Read) -> None:
    x = values(240)
    one = [f",,0,{t:%Y-%m-%dT%H:%M:%SZ},{v},user" for t, v in zip(HOURS, x, strict=True)]
    two = [f",,1,{t:%Y-%m-%dT%H:%M:%SZ},sys,web1,{v}" for t, v in zip(HOURS, x + 100, strict=True)]
    words = [f",,2,{t:%Y-%m-%dT%H:%M:%SZ},ok,state" for t in HOURS]
    text = influx(
        (",result,table,_time,_value,_field", one),
        (",result,table,_time,_field,host,_value", two),
        (",result,table,_time,_value,_field", words),
    )
    assert read(text, series="user/").values == pytest.approx(x)
    assert read(text, series="sys/web1").values == pytest.approx(x + 100)


def test_json_lines_with_objects_inside(read: Read) -> None:
    rows = [{"@timestamp": f"{t}Z", "m": {"cpu": v}} for t, v in zip(HOURS, values(240), strict=True)]
    text = "\n".join(map(json.dumps, rows))
    assert (read(text).column, read(text).show_time(239)) == ("m.cpu", f"{HOURS[-1]}Z")
    with pytest.raises(UserError, match="line 240 is cut or broken"):
        read(text[:-5])


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"status": "error", "error": "parse error"}, "holds an error in place of a series: parse error"),
        ({"status": "success", "data": {"resultType": "matrix", "result": []}}, "answer without a series"),
    ],
)
def test_answers_without_a_series(read: Read, answer: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(json.dumps(answer))


def test_a_table_of_pandas_in_json(read: Read) -> None:
    frame = pd.DataFrame({"value": values(240)}, index=pd.DatetimeIndex(HOURS, name="time"))
    assert read(frame.to_json(orient="table"), "t.json").values == pytest.approx(values(240))


@pytest.mark.parametrize("usual", ["normal", "inlier"])
def test_labels_by_their_words_alone(read: Read, usual: str) -> None:
    cells = ["abnormal" if 100 <= k < 112 else usual for k in range(240)]
    assert read(lines("time,value,class", HOURS, values(240), cells)).labels.sum() == 12


def test_columns_that_may_be_labels_are_named(read: Read) -> None:
    cells = [int(100 <= k < 112) for k in range(240)]
    found = read(lines("time,value,target", HOURS, values(240), cells))
    assert "Columns of two values, one of them rare, may be labels: target (--label)." in found.notes


EVENTS = {
    "epoch": f"start,end\n{HOURS[100].timestamp():.0f},{HOURS[111].timestamp():.0f}\n",
    "duration": f"start,duration_min\n{HOURS[100]},660\n",
    "rows": "start,duration\n100,12\n",
    "single times": "timestamp\n" + "\n".join(map(str, HOURS[100:112])) + "\n",
}


@pytest.mark.parametrize("form", EVENTS)
def test_events_in_a_second_file(read: Read, tmp_path: Path, form: str) -> None:
    (tmp_path / "events.csv").write_text(EVENTS[form])
    found = read(lines("time,value", HOURS, values(240)), labels=tmp_path / "events.csv")
    assert np.flatnonzero(found.labels).tolist() == list(range(100, 112))


@pytest.mark.parametrize(("unit", "length"), [("s", 39_600), ("min", 660), ("h", 11), ("d", 11 / 24)])
def test_units_of_a_duration(read: Read, tmp_path: Path, unit: str, length: float) -> None:
    (tmp_path / "events.csv").write_text(f"start,duration_{unit}\n{HOURS[100]},{length + 1e-6}\n")
    found = read(lines("time,value", HOURS, values(240)), labels=tmp_path / "events.csv")
    assert np.flatnonzero(found.labels).tolist() == list(range(100, 112))


def test_a_duration_without_its_unit_is_refused(read: Read, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(f"start,duration\n{HOURS[100]},660\n")
    with pytest.raises(UserError, match="does not say its unit"):
        read(lines("time,value", HOURS, values(240)), labels=tmp_path / "events.csv")


@pytest.mark.parametrize("good", [1, 40])
def test_an_end_of_an_event_that_is_no_time_is_shown(read: Read, tmp_path: Path, good: int) -> None:
    events = [f"{HOURS[k]},{HOURS[k + 1]}\n" for k in range(good)]
    (tmp_path / "events.csv").write_text("".join(["start,end\n", *events, f"{HOURS[90]},open\n"]))
    with pytest.raises(UserError, match=r"'end'.* no?.* times?.*, e.g. 'open'"):
        read(lines("time,value", HOURS, values(240)), labels=tmp_path / "events.csv")


def test_date_and_padded_clock_in_columns_without_names(read: Read) -> None:
    rows = [f"{t:%Y%m%d %H%M} {v:8.2f}  0" for t, v in zip(HOURS, values(240), strict=True)]
    found = read("\n".join(rows))
    assert (found.show_time(239), found.values) == (str(HOURS[-1]), pytest.approx(values(240)))


@pytest.mark.parametrize("form", ["%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%dT%H%M%S"])
def test_compact_stamps_are_no_epochs(read: Read, form: str) -> None:
    found = read(lines("MESS_DATUM,value", HOURS.strftime(form), values(240)))
    assert (found.show_time(0), found.show_time(239)) == (str(HOURS[0]), str(HOURS[-1]))


def test_seconds_of_a_late_epoch_stay_an_epoch(read: Read) -> None:
    found = read(lines("epoch,value", 2_000_000_000 + 3600 * np.arange(240), values(240)))
    assert found.show_time(0) == "2033-05-18 03:33:20Z"


def test_one_date_and_a_clock_beside_a_row_number(read: Read) -> None:
    seconds = pd.date_range("2017-09-25 18:00", periods=240, freq="s")
    text = lines(
        "Row,Date,Time,T1", range(240), seconds.strftime("%m/%d/%Y"), seconds.strftime("%I:%M:%S.000 %p"), values(240)
    )
    assert read(text).show_time(239) == "2017-09-25 18:03:59"


def test_a_clock_with_dots_beside_a_date(read: Read) -> None:
    found = read(lines("Date;Time;T", HOURS.strftime("%d/%m/%Y"), HOURS.strftime("%H.%M.%S"), values(240), sep=";"))
    assert found.show_time(239) == str(HOURS[-1])


def test_cells_that_excel_is_to_leave_alone(read: Read) -> None:
    found = read(lines("time,value", [f'="{t}"' for t in HOURS], values(240)))
    assert found.show_time(239) == str(HOURS[-1])


def test_a_third_word_is_left_out_where_a_person_says_so(read: Read) -> None:
    cells = ["MOVING" if k % 40 == 0 else "OPEN" if k % 40 < 20 else "CLOSED" for k in range(240)]
    text = lines("time,door", HOURS, cells)
    with pytest.raises(UserError, match=r"3 different words .*--missing WORD"):
        read(text)
    found = read(text, missing=("moving",))
    assert np.flatnonzero(found.filled).tolist() == list(range(0, 240, 40))
    assert found.values[[10, 30]].tolist() == [1, 0]


@pytest.mark.parametrize("name", ["#1 flow", "pump #2 (bar)", "3 phase"])
@pytest.mark.parametrize("unit", ["", " kW"])
def test_a_number_in_a_name_is_no_row(read: Read, name: str, unit: str) -> None:
    text = lines(f"ts,{name}", 1_700_000_000 + 3600 * np.arange(240), [f"{v}{unit}" for v in values(240)])
    assert (read(text).column, len(read(text))) == (name, 240)


def test_a_tab_after_sep_is_the_separator(read: Read) -> None:
    assert len(read("sep=\t\n" + lines("time\tvalue", HOURS, values(240), sep="\t"))) == 240


def test_quoted_commas_before_three_digits_everywhere_are_asked_for(read: Read) -> None:
    cells = [f'"{v:.3f}"'.replace(".", ",") for v in values(240)]
    with pytest.raises(UserError, match="can be read in two ways"):
        read(lines("time,value", HOURS, cells))
    assert read(lines("time,value,other", HOURS, cells, [1.5] * 240)).values == pytest.approx(values(240) * 1000)
