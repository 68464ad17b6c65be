"""Columns of cells as times: one form and order of day and month for each column; pandas is the oracle."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from benchmark.reading.clocks.epochs import from_epoch
from benchmark.reading.parsing.fields import Ambiguous
from benchmark.reading.parsing.stamps import read_stamps
from benchmark.reading.parsing.units import NOT_A_TIME

FORMS = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y %H:%M",
    "%d.%m.%y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %I:%M %p",
    "%d-%b-%Y %H:%M",
    "%b %d, %Y %I:%M:%S %p",
    "%a, %d %b %Y %H:%M:%S",
    "%a %b %d %H:%M:%S %Y",
    "%Y%m%dT%H%M%S",
    "%Y%m%d%H%M",
    "%Y%m%d %H%M",
]


def walls(cells: list[str | None], day_first: bool | None = None) -> list[str]:
    found = read_stamps(pa.array(cells, pa.string()), day_first)
    assert found is not None
    return [str(t) for t in found.wall.view("M8[ns]").astype("M8[s]")]


@pytest.mark.parametrize("form", FORMS)
def test_every_usual_form(form: str) -> None:
    times = pd.date_range("2023-06-27 00:15", periods=200, freq="7h15min")
    assert walls([t.strftime(form) for t in times]) == [
        str(t.to_datetime64().astype("M8[s]")) for t in times.floor("min")
    ]


def test_the_last_of_a_month_decides_for_all_rows() -> None:
    assert walls(["01/02/2023", "02/02/2023", "13/02/2023"]) == [
        "2023-02-01T00:00:00",
        "2023-02-02T00:00:00",
        "2023-02-13T00:00:00",
    ]
    assert walls(["02/01/2023", "02/02/2023", "02/13/2023"]) == walls(["01/02/2023", "02/02/2023", "13/02/2023"])


def test_the_only_reading_in_order_decides() -> None:
    cells: list[str | None] = [
        "30/06/2023"[:0] + c for c in ("01/02/2023 06:00", "01/02/2023 18:00", "02/02/2023 06:00", "01/03/2023 06:00")
    ]
    assert walls(cells)[0] == "2023-02-01T06:00:00"


def test_years_from_1700_to_2199_are_dates() -> None:
    days = ["1700-01-01", "1700-12-31", "1719-06-15", "1720-02-29", "2199-12-31"]
    cells = [".".join(day.split("-")[::-1]) for day in (*days, "1699-12-31", "2200-01-01")]
    assert walls([*cells]) == [*(f"{day}T00:00:00" for day in days), "NaT", "NaT"]


def test_both_readings_in_order_are_asked_for() -> None:
    cells: list[str | None] = [f"03/04/2023 {h:02d}:00" for h in range(24)]
    with pytest.raises(Ambiguous):
        walls(cells)
    assert walls(cells, True)[0] == "2023-04-03T00:00:00"
    assert walls(cells, False)[0] == "2023-03-04T00:00:00"


def test_contradictory_cells_are_asked_for() -> None:
    with pytest.raises(Ambiguous):
        walls(["13/01/2023", "01/13/2023"] * 10)


def test_offsets_are_kept() -> None:
    found = read_stamps(pa.array(["2023-10-29T02:30:00+02:00", None, "2023-10-29T02:30:00+01:00"]))
    assert found is not None
    assert found.offset is not None
    assert found.offset[[0, 2]].tolist() == [120, 60]
    assert found.wall[0] == found.wall[2]
    assert found.instants[2] - found.instants[0] == 3600 * 10**9


def test_zones_by_name() -> None:
    found = read_stamps(pa.array(["29.10.2023 02:30 CEST", "29.10.2023 02:30 CET"]))
    assert found is not None
    assert found.offset is not None
    assert found.offset.tolist() == [120, 60]


def test_impossible_dates_are_counted() -> None:
    found = read_stamps(pa.array(["30.02.2023", "28.02.2023", "27.02.2023"]))
    assert found is not None
    assert (found.wrong, found.example) == (1, "30.02.2023")


@pytest.mark.parametrize(
    ("form", "wrong"),
    [("{}/2024", 0), ("{}/2024", 13), ("2024-W{:02}", 0), ("2024-W{:02}", 54), ("2024-{:03}", 0), ("2024-{:03}", 367)],
)
def test_periods_that_no_year_has_are_counted(form: str, wrong: int) -> None:
    found = read_stamps(pa.array([form.format(k) for k in (*range(1, 13), wrong)]))
    assert found is not None
    assert (found.wrong, found.wall[-1]) == (1, NOT_A_TIME)


@pytest.mark.parametrize("form", FORMS)
def test_blanks_around_times_change_nothing(form: str) -> None:
    cells = [t.strftime(form) for t in pd.date_range("2023-06-27 00:15", periods=20, freq="7h15min")]
    assert walls([f" {c} " for c in cells]) == walls(list(cells))


def test_words_are_no_times() -> None:
    assert read_stamps(pa.array(["north", "south"])) is None
    assert read_stamps(pa.array(["12.5", "13.5"])) is None


@pytest.mark.parametrize("size", [1, 10**3, 10**6, 10**9])
def test_epochs_by_their_size(size: int) -> None:
    seconds = np.array([1_600_000_000, 1_600_000_060])
    found = from_epoch((seconds * size).astype(np.float64))
    assert found is not None
    assert found.wall.tolist() == (seconds * 10**9).tolist()
    assert from_epoch(np.array([12.0, 13.0])) is None


def test_the_only_reading_in_order_decides_with_years_of_two_digits() -> None:
    assert walls(["11/01/23", "12/01/23", "01/02/23"])[0] == "2023-01-11T00:00:00"


def test_numbers_with_four_decimals_are_no_months() -> None:
    assert read_stamps(pa.array(["0.1344", "0.8474", "12.7638", "0.2551"])) is None


@pytest.mark.parametrize(
    ("cell", "wall", "offset"),
    [
        ("13.01.2023 04:11 PM utc", "2023-01-13T16:11:00", 0),
        ("13.01.2023 16:11 PM CET", "2023-01-13T16:11:00", 60),
        ("13.01.2023 04 PM+02:00", "2023-01-13T16:00:00", 120),
        ("13.01.2023 22.00+02:00", "2023-01-13T22:00:00", 120),
        ("2023-01-13 22:00+02", "2023-01-13T22:00:00", 120),
        ("20230113T220000+0200", "2023-01-13T22:00:00", 120),
        ("2023-01-13+02:00", "2023-01-13T00:00:00", None),
        ("2023-01-13 13-14", "2023-01-13T13:00:00", None),
    ],
)
def test_what_stands_behind_a_time_is_no_part_of_it(cell: str, wall: str, offset: int | None) -> None:
    found = read_stamps(pa.array([cell] * 3))
    assert found is not None
    assert str(found.wall[0].astype("M8[ns]").astype("M8[s]")) == wall
    assert (None if found.offset is None else int(found.offset[0])) == offset
