"""Foreign files: each oddity has a defined outcome, said in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.errors import UserError
from benchmark.reading import Recording, read_recording


def read(folder: Path, text: str, name: str = "mine.csv", encoding: str = "utf-8", **columns: str) -> Recording:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return read_recording(path, **columns)


def test_time_value_and_label_are_guessed_from_names(tmp_path: Path) -> None:
    got = read(tmp_path, "timestamp,value,label\n2026-01-01,1.5,0\n2026-01-02,2.5,1\n2026-01-03,3.5,0\n")
    assert got.column == "value"
    assert got.values.tolist() == [1.5, 2.5, 3.5]
    assert got.labels is not None
    assert got.labels.tolist() == [0, 1, 0]
    assert str(got.times.iloc[1]) == "2026-01-02 00:00:00"
    assert got.notes == []


def test_a_time_column_is_known_by_its_contents(tmp_path: Path) -> None:
    got = read(tmp_path, "when it was,load\n2026-01-01 10:00,1\n2026-01-01 10:05,2\n")
    assert got.column == "load"
    assert got.times is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,0\n2,0\n3,1\n", [1.0, 2.0, 3.0]),
        ("v\n1\n2\n3\n", [1.0, 2.0, 3.0]),
        ("a;b\n1,5;x\n2,5;y\n", [1.5, 2.5]),
        ("a\tb\n1\tx\n2\ty\n", [1.0, 2.0]),
        ("1\n2\n3\n", [1.0, 2.0, 3.0]),
        ("\ufeffvalue\n7\n8\n", [7.0, 8.0]),
        ("# made by a machine\nvalue\n7\n8\n", [7.0, 8.0]),
    ],
)
def test_separators_headers_and_decimal_commas(tmp_path: Path, text: str, expected: list[float]) -> None:
    assert read(tmp_path, text).values.tolist() == expected


def test_a_file_that_is_not_utf8_is_read_and_said_so(tmp_path: Path) -> None:
    got = read(tmp_path, "Größe\n1\n2\n", encoding="latin-1")
    assert got.column == "Größe"
    assert "Latin-1" in got.notes[0]


def test_missing_values_are_interpolated_counted_and_marked(tmp_path: Path) -> None:
    got = read(tmp_path, "value\n1\n\nnan\n4\noops\n6\n".replace("\n\n", "\nNA\n"))
    assert got.values.tolist() == [1, 2, 3, 4, 5, 6]
    assert got.filled.tolist() == [False, True, True, False, True, False]
    assert any("3 missing values were interpolated" in note for note in got.notes)


def test_a_column_that_is_mostly_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"75% of the column 'value' is missing"):
        read(tmp_path, "time,value\n1,\n2,\n3,\n4,5\n", value="value")


def test_unsorted_repeated_and_irregular_times(tmp_path: Path) -> None:
    text = "time,value\n" + "".join(f"2026-01-{d:02d},{d}\n" for d in (3, 1, 2, 2, 4, 20))
    got = read(tmp_path, text)
    assert got.values.tolist() == [1, 2, 3, 4, 20]
    said = " ".join(got.notes)
    assert "they were sorted" in said
    assert "1 rows repeat a time stamp" in said
    assert "irregular" in said


def test_several_numeric_columns_are_a_choice_that_is_announced(tmp_path: Path) -> None:
    got = read(tmp_path, "cpu,mem\n1,5\n2,6\n")
    assert got.column == "cpu"
    assert "--value chooses another (mem)" in got.notes[0]
    assert read(tmp_path, "cpu,mem\n1,5\n2,6\n", value="mem").values.tolist() == [5, 6]


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("a,b\nx,y\n", {}, "has no numeric column"),
        ("", {}, "not a readable CSV|has no rows"),
        ("value\n", {}, "has no rows"),
        ("value\n1\n2\n", {"value": "vlaue"}, "did you mean value"),
        ("value,flag\n1,0\n2,7\n", {"label": "flag"}, "expected 0 or 1"),
        ("value\n1\x00\n", {}, "not a text file"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, text: str, columns: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(tmp_path, text, **columns)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file"):
        read_recording(tmp_path / "nothing.csv")


def test_parquet(tmp_path: Path) -> None:
    times = pd.date_range("2026-01-01", periods=3, freq="h", tz="Europe/Berlin")
    pd.DataFrame({"t": times, "x": [1.0, np.nan, 3.0]}).to_parquet(tmp_path / "mine.parquet")
    got = read_recording(tmp_path / "mine.parquet")
    assert got.values.tolist() == [1, 2, 3]
    assert str(got.times.iloc[0]) == "2025-12-31 23:00:00"


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=50))
def test_written_values_come_back(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    path = tmp_path_factory.mktemp("csv") / "mine.csv"
    pd.DataFrame({"value": values}).to_csv(path, index=False)
    assert read_recording(path).values.tolist() == pytest.approx(values, rel=1e-12)
