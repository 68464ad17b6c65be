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
        ("value\n1\x00\x01\n", "not a text file"),
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


def test_a_table_between_other_lines_is_found(read: Read) -> None:
    """Preamble of two cells a line, longer than half of the head; a legend below the data."""
    rows = "".join(f'"{i}","28/03/2024","{i // 60:02d}:{i % 60:02d}:00","{i % 9}.5","ACTIVE",\n' for i in range(250))
    keys = "".join(f'"Key {i}:","x"\n' for i in range(140))
    got = read(f'"Export"\n{keys}\n"Line","Date","Time","Activity","Status",\n\n{rows}')
    assert (got.column, len(got.values)) == ("Activity", 250)
    rows = "".join(f"20160101:{i:02d}10,{i}.5,3\n" for i in range(14))
    head = "Latitude:\t45\nLongitude:\t8\n\nSlope: 30 deg.\ntime,G,T\n"
    got = read(f"{head}{rows}\nG: sun, W/m2\nT: air\n\nmade in 2021\n")
    assert (got.column, len(got.values), got.show_time(0)) == ("G", 14, "2016-01-01 00:10:00")
    assert any("Left out: 3 lines below the data (first: data row 14, 'G: sun" in note for note in got.notes)


@pytest.mark.parametrize(
    ("above", "row", "below"),
    [
        ("  time      | load\n------------+------\n", " 2024-01-{0:02d} | {1}", "(20 rows)\n"),
        ("| time | load |\n|------|------|\n", "| 2024-01-{0:02d} | {1} |", ""),
        ("+----+----+\n| time | load |\n+----+----+\n", "| 2024-01-{0:02d} | {1} |", "+----+----+\n20 rows in set\n"),
        ("Year mean\nload 2024\n=====\n-----\ntime load\n-----\n", "2024-01-{0:02d} {1}", ""),
    ],
)
def test_drawn_lines_are_none_of_the_table(read: Read, above: str, row: str, below: str) -> None:
    got = read(above + "".join(row.format(i + 1, 5 + i % 3) + "\n" for i in range(20)) + below)
    assert (got.column, len(got.values), got.show_time(0)) == ("load", 20, "2024-01-01")


def test_lines_above_the_data_may_come_again(read: Read) -> None:
    head = "procs ---memory--- --cpu--\n r  b   free  us       UTC\n"
    rows = [f" 1  0  80{i % 7}00 {i % 9}  2024-03-28 10:00:{i:02d}\n" for i in range(60)]
    got = read("".join(row if i % 20 else head + row for i, row in enumerate(rows)))
    assert (got.column, len(got.values), got.show_time(59)) == ("free", 60, "2024-03-28 10:00:59")
    assert "Left out: 4 lines that also stand above the data." in got.notes


def test_a_header_behind_a_hash_counts_more_than_a_line_of_other_width(read: Read) -> None:
    rows = [f"#      Time   UID    %usr  Command\n {1711620000 + i}  1000  3{i % 9}.5  python\n" for i in range(30)]
    got = read("Linux 5.4.0 (host) \t03/28/24 \t_x86_64_\t(4 CPU)\n\n" + "\n".join(rows))
    assert (got.column, len(got.values), got.show_time(0)) == ("%usr", 30, "2024-03-28 10:00:00Z")


def test_a_separator_separates_the_header_too(read: Read) -> None:
    rows = "".join(f"2024-01-01 {i:02d}:00,BZN|DE,{45000 + i % 7},3\n" for i in range(24))
    assert read(f"MTU (UTC),Area,Load (MW),Other (MW)\n{rows}").column == "Load (MW)"


def test_a_line_of_numbers_among_names_is_no_data(read: Read) -> None:
    rows = "".join(f"{1 + i:02d}/03/2024 10:00:00;{i % 7 + 5},25\n" for i in range(20))
    got = read(f"sep=;\nVersion 1|Tool SE\n\n;SN: 213|Name\n;2130441\n;Power\n;Analog\ndd/MM/yyyy HH:mm:ss;kW\n{rows}")
    assert (got.column, len(got.values), got.values[0]) == ("Analog", 20, 5.25)


def test_rows_that_lose_a_cell_are_no_lines_below_the_data(read: Read) -> None:
    rows = [f"2024-01-{1 + i // 24:02d} {i % 24:02d}:00,{i % 5},1" for i in range(60)]
    with pytest.raises(UserError, match="4 rows of 60 without the 3 cells"):
        read("time,load,other\n" + "\n".join([*rows[:56], *(row[:-2] for row in rows[56:])]) + "\n")


def test_lines_of_words_alone_name_the_separator(read: Read) -> None:
    with pytest.raises(UserError, match="read as one column; name the separator with --sep"):
        read("Report of the night\n" + "\n".join("page" + " and" * i for i in range(20)))
