"""Columns of cells as numbers: one decision for each column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.reading.parsing.marks import Undecided
from benchmark.reading.parsing.numbers import read_numbers


def values(cells: list[str | None], **given_: str) -> list[float]:
    return read_numbers(pa.array(cells, pa.string()), "v", **given_).values.tolist()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["50,07", "1,123", "8"], [50.07, 1.123, 8]),
        (["998", "1,004", "1,012"], [998, 1004, 1012]),
        (["3,120,004", "17"], [3120004, 17]),
        (["1,234.5", "999.25"], [1234.5, 999.25]),
        (["1.234,5", "999,25", "1.001.234,0"], [1234.5, 999.25, 1001234]),
        (["0,125", "0,250"], [0.125, 0.25]),
        (["1 234,5", "12,25"], [1234.5, 12.25]),
        (["1\u202f234", "567"], [1234, 567]),
        (["50\u00a0170", "51\u00a0000"], [50170, 51000]),
        (["1'234.5", "12.5"], [1234.5, 12.5]),
        (["\u22125", "+4", "1e3", ".5", "2."], [-5, 4, 1000, 0.5, 2]),
        (["13.7 °C", "-2.0 °C"], [13.7, -2]),
        (["45%", "50 %", "0"], [45, 50, 0]),
        (["45%", "0", "0.0", "50 %", "0"], [45, 0, 0, 50, 0]),
        (["$1,234.50", "$7.25"], [1234.5, 7.25]),
        (["€ 1.234,50", "€ 7,25"], [1234.5, 7.25]),
        (["1.125", "2.250"], [1.125, 2.25]),
    ],
)
def test_one_reading_for_the_whole_column(cells: list[str | None], expected: list[float]) -> None:
    assert values(cells) == expected


@pytest.mark.parametrize("cells", [["1,234", "1,240"], ["2,500", "7,125", "8,001"]])
def test_a_comma_before_three_digits_throughout_is_undecided(cells: list[str | None]) -> None:
    with pytest.raises(Undecided):
        values(cells)
    assert values(cells, decimal=",") == [float(str(c).replace(",", ".")) for c in cells]
    assert values(cells, thousands=",") == [float(str(c).replace(",", "")) for c in cells]
    assert values(cells, country="comma") == values(cells, country="dates") == values(cells, decimal=",")
    assert values(cells, country="dot") == values(cells, thousands=",")


def test_a_dot_before_three_digits_beside_short_whole_numbers_is_undecided() -> None:
    cells = [str(n) for n in range(990, 1000)] + [f"1.{n:03d}" for n in range(10)]
    with pytest.raises(Undecided):
        values(cells)
    assert values(cells, thousands=".") == [float(n) for n in range(990, 1010)]
    assert values(cells, country="comma") == [float(n) for n in range(990, 1010)]


def test_words_for_nothing_are_missing_and_counted() -> None:
    found = read_numbers(pa.array(["1", "?", "NULL", "#N/A", "#DIV/0!", None, "n/a", "2"]), "v")
    assert found.wrong == 0
    assert np.isnan(found.values).tolist() == [False, True, True, True, True, True, True, False]
    assert "5 cells" in found.notes[0]


def test_different_units_are_no_numbers() -> None:
    assert read_numbers(pa.array(["1.2 GB", "900 MB"] * 5), "v").wrong >= 5


def test_marks_are_said_with_an_example() -> None:
    notes = " ".join(read_numbers(pa.array(["998", "1,004"]), "load").notes)
    assert "'1,004' is read as 1004" in notes
    assert "--thousands" in notes


@given(
    st.lists(st.decimals(-9_999_999, 9_999_999, places=2), min_size=3, max_size=30),
    st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'"), (".", ""), (",", "")]),
)
def test_numbers_come_back_however_a_country_writes_them(numbers: list[float], marks: tuple[str, str]) -> None:
    decimal, thousands = marks
    table = str.maketrans({",": thousands, ".": decimal})
    cells = [f"{n:,.2f}".translate(table) for n in numbers]
    assert values(cells) == [float(n) for n in numbers]
