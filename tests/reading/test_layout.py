"""Separator, preamble, header, units and encodings of text files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from written import Read, german, lines

from benchmark.errors import UserError


@pytest.mark.parametrize("sep", [",", ";", "\t", "|", "  "])
def test_separators(read: Read, wave: np.ndarray, times: pd.DatetimeIndex, sep: str) -> None:
    got = read(lines(sep.join(["when", "load"]), times.strftime("%Y-%m-%dT%H:%M"), wave, sep=sep))
    assert got.values.tolist() == wave.tolist()
    assert got.show_time(1) == "2023-06-27 18:30:00"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1", "utf-32"])
def test_encodings(read: Read, wave: np.ndarray, times: pd.DatetimeIndex, encoding: str) -> None:
    got = read(lines("Zeit;Größe", times, wave, sep=";"), encoding=encoding)
    assert got.column == "Größe"
    assert got.values.tolist() == wave.tolist()


def test_an_unmarked_file_of_windows_keeps_its_signs(read: Read, wave: np.ndarray, times: pd.DatetimeIndex) -> None:
    assert read(lines("Zeit;Preis in €", times, wave, sep=";"), encoding="cp1252").column == "Preis in €"


def test_a_sep_line_is_heeded(read: Read, wave: np.ndarray, times: pd.DatetimeIndex) -> None:
    got = read("sep=;\r\n" + lines("Time;cpu", times, german(wave), sep=";"))
    assert got.values.tolist() == wave.tolist()
    assert got.show_time(0) == "2023-06-27 18:00:00"


def test_preamble_and_units_are_said(read: Read, wave: np.ndarray, times: pd.DatetimeIndex) -> None:
    head = "Datalogger 3\nSerial;77\n\nDatum;Druck\nTT.MM.JJJJ hh:mm;[bar]\n"
    got = read(head + lines("", times.strftime("%d.%m.%Y %H:%M"), german(wave), sep=";"))
    assert got.column == "Druck"
    assert len(got) == len(wave)
    said = " ".join(got.notes)
    assert "2 lines before the header" in said
    assert "units or types" in said


def test_a_geological_survey(read: Read, wave: np.ndarray, times: pd.DatetimeIndex) -> None:
    n = len(wave)
    head = "# survey\n# two lines\nagency\tsite_no\tdatetime\ttz\t00065\n5s\t15s\t20d\t6s\t14n\n"
    text = head + lines("", ["US"] * n, ["0123"] * n, times.strftime("%Y-%m-%d %H:%M"), ["EST"] * n, wave, sep="\t")
    assert read(text).values.tolist() == wave.tolist()


@pytest.mark.parametrize("sep", [",", ";", " "])
def test_without_header_the_first_line_is_data(read: Read, wave: np.ndarray, times: pd.DatetimeIndex, sep: str) -> None:
    got = read(lines("", times, wave, sep=sep))
    assert len(got) == len(wave)
    assert got.show_time(0) == "2023-06-27 18:00:00"
    assert "no header" in got.notes[0]


def test_without_header_epoch_value_and_label(read: Read, wave: np.ndarray) -> None:
    labels = (np.arange(len(wave)) == 9).astype(int)
    got = read(lines("", 1_600_000_000 + 60 * np.arange(len(wave)), wave, labels))
    assert got.values.tolist() == wave.tolist()
    assert got.labels is not None
    assert got.labels.tolist() == labels.tolist()


def test_hash_in_names_and_cells_cuts_nothing(read: Read) -> None:
    got = read("time,pump #1,place\n2023-01-01,1,a #2\n# off\n2023-01-02,2,b\n2023-01-03,3,#c\n")
    assert got.column == "pump #1"
    assert got.values.tolist() == [1, 2, 3]
    assert any("1 line beginning with #" in note for note in got.notes)


def test_a_header_behind_a_hash(read: Read) -> None:
    assert read("# made by x\n# t load\n1 5\n2 6\n3 8\n4 7\n").column == "load"


def test_one_odd_cell_at_the_top_is_no_header(read: Read, wave: np.ndarray, times: pd.DatetimeIndex) -> None:
    got = read(lines("time,v", ["oops", *times[1:]], wave))
    assert got.column == "v"
    assert len(got) == len(wave) - 1
    assert any("Dropped: 1 row" in note for note in got.notes)


def test_one_line_of_numbers_is_a_series(read: Read, wave: np.ndarray) -> None:
    assert read("  ".join(f"{v:.7e}" for v in wave) + "\n").values == pytest.approx(wave, rel=1e-6)


def test_a_broken_last_line_is_dropped_and_said(read: Read, wave: np.ndarray, times: pd.DatetimeIndex) -> None:
    got = read(lines("time,v", times, wave) + "2023-07-0")
    assert len(got) == len(wave)
    assert any("data row 300" in note for note in got.notes)


def test_quoted_cells_with_separators_and_line_breaks(read: Read) -> None:
    got = read('time,v,remark\n2023-01-01,1,"a, b"\n2023-01-02,2,"c\nd"\n2023-01-03,4,\n')
    assert got.values.tolist() == [1, 2, 4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,v\n" + "2023-01-01,50,07\n" * 20, "the header names 2 columns.*--sep"),
        ("a,b\n1,2\n3\n" + "4,5\n" * 10, "1 row of 12.*data row 1.*--sep"),
        ("", "has no rows"),
        ("value\n", "has no rows"),
        ("value\n1\x00\n", "not a text file"),
    ],
)
def test_what_cannot_be_read_names_the_option(read: Read, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(text)


@pytest.mark.parametrize("first", ['"a note\nof two lines"', '"4"" pipe\n\n(new)"'])
def test_a_quoted_line_break_in_the_first_row_loses_no_row(read: Read, first: str) -> None:
    cells = [first, *["ok"] * 49]
    found = read(
        lines('"note\nof the day",time,"v\n[kW]"', cells, pd.date_range("2024-05-01", periods=50), range(7, 57))
    )
    assert (found.values.tolist(), found.column) == ([*map(float, range(7, 57))], "v [kW]")


def test_a_lone_quote_joins_no_lines(read: Read) -> None:
    cells = ['3" pipe' if k % 2 else '"4"" pipe"' for k in range(50)]
    assert len(read(lines("time,v,size", pd.date_range("2024-05-01", periods=50), range(7, 57), cells))) == 50


@pytest.mark.parametrize("rows", [(20,), (20, 24)])
def test_a_quote_that_is_not_closed_is_refused(read: Read, rows: tuple[int, ...]) -> None:
    cells = ['"' if k in rows else str(k) for k in range(50)]
    with pytest.raises(UserError, match="a quote in data row 20 is not closed and takes in"):
        read(lines("time,v,w", pd.date_range("2024-05-01", periods=50), cells, range(50)))
