"""Further forms of times and words: read correctly, or refused with a message."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.errors import UserError
from benchmark.reading import ReadOptions, Recording, read_recording

ROWS = 120
VALUES = (50 + 10 * np.sin(np.arange(ROWS) * 2 * np.pi / 24)).round(2)


def read(folder: Path, head: str, lines: list[str], **options: object) -> Recording:
    file = folder / "my.csv"
    file.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return read_recording(file, ReadOptions(**options))  # type: ignore[arg-type]


def iso_week(day: pd.Timestamp) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


FORMS = {
    "week": (pd.date_range("2019-12-30", periods=ROWS, freq="7D"), iso_week),
    "quarter": (pd.date_range("1990-01-01", periods=ROWS, freq="QS"), lambda t: f"{t.year}Q{t.quarter}"),
    "quarter first": (pd.date_range("1990-01-01", periods=ROWS, freq="QS"), lambda t: f"Q{t.quarter} {t.year}"),
    "day of the year": (pd.date_range("2023-11-20", periods=ROWS, freq="D"), lambda t: t.strftime("%Y-%j")),
    "month/year": (pd.date_range("2010-01-01", periods=ROWS, freq="MS"), lambda t: t.strftime("%m/%Y")),
    "named month": (pd.date_range("2010-01-01", periods=ROWS, freq="MS"), lambda t: t.strftime("%b %Y")),
    "clock first": (pd.date_range("2024-01-03", periods=ROWS, freq="h"), lambda t: t.strftime("%H:%M:%S %d.%m.%Y")),
    "year of two digits": (pd.date_range("2024-01-03", periods=ROWS, freq="h"), lambda t: t.strftime("%y/%m/%d %H:%M")),
    "days of two digits": (pd.date_range("2010-01-01", periods=ROWS, freq="D"), lambda t: t.strftime("%y-%m-%d")),
    "microseconds": (
        pd.date_range("2024-01-03", periods=ROWS, freq="250ms"),
        lambda t: str(round(t.timestamp() * 1e6)),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_times_are_read_as_they_are_meant(form: str, tmp_path: Path) -> None:
    times, written = FORMS[form]
    lines = [f"{written(time)},{value}" for time, value in zip(times, VALUES, strict=True)]
    found = read(tmp_path, "when,value", lines)
    assert found.times is not None
    assert (found.times.dt.tz_localize(None).to_numpy() == times.to_numpy()).all()
    assert found.values.tolist() == VALUES.tolist()


def test_day_first_with_two_digits_is_not_taken_for_the_year(tmp_path: Path) -> None:
    times = pd.date_range("2024-01-03", periods=ROWS * 6, freq="h")
    lines = [f"{t:%d/%m/%y %H:%M},{VALUES[k % ROWS]}" for k, t in enumerate(times)]
    assert (read(tmp_path, "when,value", lines).times.to_numpy() == times.to_numpy()).all()


def test_year_and_day_of_the_year_in_columns_are_joined(tmp_path: Path) -> None:
    times = pd.date_range("2024-01-03", periods=ROWS, freq="h")
    lines = [f"{t.year},{t.day_of_year},{t.hour},{v}" for t, v in zip(times, VALUES, strict=True)]
    found = read(tmp_path, "year,doy,hour,value", lines)
    assert (found.times.to_numpy() == times.to_numpy()).all()
    assert found.column == "value"


def test_a_column_that_may_be_times_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    lines = [f"frame-{k:04d}-{k % 7},{v}" for k, v in enumerate(VALUES)]
    found = read(tmp_path, "stamp,value", lines)
    assert found.times is None
    assert "'stamp' was not read as times, e.g. 'frame-0000-0'" in " ".join(found.notes)


@pytest.mark.parametrize(
    ("low", "high"), [("CLOSED", "OPEN"), ("False", "True"), ("off", "on"), ("offline", "online"), ("Ok", "FAULT")]
)
def test_two_words_are_states_and_said(low: str, high: str, tmp_path: Path) -> None:
    states = np.arange(ROWS) % 5 == 0
    found = read(tmp_path, "t,door", [f"{k},{high if state else low}" for k, state in enumerate(states)])
    assert found.values.tolist() == states.astype(float).tolist()
    assert f"{low.lower()!r} is read as 0, {high.lower()!r} as 1" in " ".join(found.notes)
    assert found.show_value(0) == high


def test_unknown_words_make_the_frequent_one_0_and_a_number_comes_first(tmp_path: Path) -> None:
    lines = [f"{k},{'b' if k % 5 else 'a'},{v}" for k, v in enumerate(VALUES)]
    assert read(tmp_path, "t,mode,value", lines).column == "value"
    found = read(tmp_path, "t,mode,value", lines, value="mode")
    assert found.values.sum() == ROWS / 5


def test_three_words_are_refused_with_the_words(tmp_path: Path) -> None:
    times = pd.date_range("2024-01-03", periods=ROWS, freq="h")
    lines = [f"{t},{('idle', 'run', 'fault')[k % 3]}" for k, t in enumerate(times)]
    with pytest.raises(UserError, match=r"3 different words \(.*idle.*\): two can be read as states"):
        read(tmp_path, "t,mode", lines)


def test_three_digits_behind_every_dot_are_said_or_refused(tmp_path: Path) -> None:
    found = read(tmp_path, "t,v", [f"{k},{1 + v / 100:.3f}" for k, v in enumerate(VALUES)])
    assert found.values.max() < 2
    assert "--thousands ." in " ".join(found.notes)
    semicolons = [f"{k};{1 + v / 100:.3f}" for k, v in enumerate(VALUES)]
    with pytest.raises(UserError, match="two ways"):
        read(tmp_path, "t;v", semicolons)
    assert read(tmp_path, "t;v", semicolons, thousands=".").values.min() > 1000
    assert read(tmp_path, "t;v", semicolons, decimal=".").values.max() < 2


AMOUNTS = {
    "behind": lambda v: f"{abs(v):.2f}" + ("-" if v < 0 else ""),
    "in brackets": lambda v: f"({abs(v):.2f})" if v < 0 else f"{v:.2f}",
    "brackets and currency": lambda v: f"(${abs(v):.2f})" if v < 0 else f"${v:.2f}",
    "currency, behind": lambda v: f"€ {abs(v):.2f}" + (" -" if v < 0 else ""),
}


@pytest.mark.parametrize("form", AMOUNTS)
def test_amounts_below_zero_keep_their_sign(form: str, tmp_path: Path) -> None:
    amounts = VALUES - 50.005
    found = read(tmp_path, "day;net", [f"2024-01-03;{AMOUNTS[form](v)}" for v in amounts], time="none", value="net")
    assert found.values == pytest.approx(amounts, abs=0.006)
    assert "Below zero in 'net'" in " ".join(found.notes)


def test_a_clock_that_is_rounded_is_no_value_while_another_column_is_left(tmp_path: Path) -> None:
    """MATLAB's days with seven digits: some rows tie."""
    lines = [f"{7.36e5 + k / 144:.7e},{v:.7e}" for k, v in enumerate(VALUES)]
    assert read(tmp_path, lines[0], lines[1:]).values == pytest.approx(VALUES)


def test_cells_in_single_quotes_and_a_row_of_units_are_read(tmp_path: Path) -> None:
    lines = [f"'{k // 60}:{k % 60:06.3f}',{v},{-v}" for k, v in enumerate(VALUES)]
    found = read(tmp_path, "'Elapsed time','MLII','V5'", ["'mm:ss.mmm','mV','mV'", *lines])
    assert (found.column, found.values.tolist()) == ("MLII", VALUES.tolist())


def test_narrow_blanks_between_thousands_are_no_time_of_day(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-13", periods=ROWS, freq="D")
    lines = [f"{day:%d.%m.%Y};13\u202f{v * 10:03.0f}" for day, v in zip(days, VALUES, strict=True)]
    assert read(tmp_path, "Datum;Zahl", lines).values == pytest.approx(13_000 + np.round(VALUES * 10))
