"""Whole files: the line-up, the notes, and no row lost without a note."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from written import Read, german, lines

from benchmark.cli import main
from benchmark.errors import UserError
from benchmark.reading import ReadOptions, read_recording, read_recordings
from benchmark.reading.parsing.codes import CODES


def test_a_plain_file_needs_no_word(read: Read) -> None:
    got = read("timestamp,value,label\n2026-01-01,1.5,0\n2026-01-02,2.5,1\n2026-01-03,3.5,0\n")
    assert got.column == "value"
    assert got.values.tolist() == [1.5, 2.5, 3.5]
    assert got.labels is not None
    assert got.labels.tolist() == [0, 1, 0]
    assert str(got.times.iloc[1]) == "2026-01-02 00:00:00"
    assert got.show_time(1) == "2026-01-02"
    assert got.notes == []


def test_the_line_up(read: Read, wave: np.ndarray, times: pd.DatetimeIndex) -> None:
    kept = [k for k in range(300) if k not in (40, 41)]
    cells = ["" if k == 9 else v for k, v in enumerate(wave)]
    text = lines("when,kW,note,label", times, cells, ["x"] * 300, [int(k == 5) for k in range(300)])
    rows = text.splitlines()
    got = read("\n".join([rows[0], *[rows[k + 1] for k in kept]]) + "\n")
    assert got.lineup == [
        "file    mine.csv (text, UTF-8, separated by ',')",
        "time    'when'",
        f"values  'kW', first value {wave[0]}",
        "labels  'label', 1 of 300 points anomalous",
        "unused  note",
        "first   2023-06-27 18:00:00",
        "last    2023-07-03 23:30:00",
        "step    30 min",
        "rows    298 of 298 kept, 2 points put into gaps, 1 value missing",
    ]


def test_dry_run_prints_the_line_up_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        lines(
            "time,v", pd.date_range("2023-01-01", periods=50, freq="h"), german(np.arange(50) * 1.5), sep=";"
        ).replace("time,v", "time;v")
    )
    assert main(["detect", str(path), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("file    mine.csv")
    assert "comma" in out
    assert [p.name for p in tmp_path.iterdir()] == ["mine.csv"]


def test_missing_values_are_interpolated_counted_and_marked(read: Read) -> None:
    got = read("value\n1\n\nnan\n4\nNA\n6\n")
    assert got.values.tolist() == [1, 2, 3, 4, 5, 6]
    assert got.filled.tolist() == [False, True, True, False, True, False]
    assert any("Interpolated: 3 missing values" in note for note in got.notes)


def test_a_column_that_is_mostly_missing_is_refused(read: Read) -> None:
    with pytest.raises(UserError, match=r"75% of the column 'value' is missing"):
        read("time,value\n1,\n2,\n3,\n4,5\n", value="value")


def test_no_numbers_at_all(read: Read) -> None:
    with pytest.raises(UserError, match=r"no numeric column.*a \('x'\).*--value"):
        read("a,b\nx,y\nz,w\n")


def test_a_name_that_no_column_has(read: Read) -> None:
    with pytest.raises(UserError, match="did you mean value"):
        read("value\n1\n2\n", value="vlaue")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file"):
        read_recording(tmp_path / "nothing.csv")


@given(st.lists(st.floats(-1e9, 1e9).filter(lambda value: value not in CODES), min_size=2, max_size=50))
def test_written_values_come_back(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    path = tmp_path_factory.mktemp("csv") / "mine.csv"
    pd.DataFrame({"value": values}).to_csv(path, index=False)
    assert read_recording(path).values.tolist() == pytest.approx(values, rel=1e-12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_country_comes_back_or_is_asked(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """However a country writes dates and numbers, the file is read right or refused; never read wrong."""
    decimal, thousands = data.draw(st.sampled_from([(".", ","), (",", "."), (",", " "), (".", ""), (",", "")]))
    form = data.draw(st.sampled_from(["%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M"]))
    places = data.draw(st.integers(0, 4))
    scale = data.draw(st.sampled_from([1, 300, 2000, 10**6]))
    start = data.draw(st.datetimes(pd.Timestamp(2020, 1, 1), pd.Timestamp(2023, 1, 1))).replace(second=0, microsecond=0)
    step = data.draw(st.sampled_from(["1min", "15min", "1h", "1D"]))
    whole = places == 0 and scale == 2000  # 1,234 throughout, or 1.234: what such a file writes elsewhere decides
    assume(not (whole and (thousands, "." in form) in ((",", True), (".", False))))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    numbers = [round(float(v), places) for v in scale * (1 + 0.5 * np.sin(np.arange(120) / 5)) + rng.normal(0, 1, 120)]
    times = pd.date_range(start, periods=120, freq=step)
    table = str.maketrans({",": thousands, ".": decimal})
    cells = [f"{n:,.{places}f}".translate(table) for n in numbers]
    path, asked = tmp_path_factory.mktemp("csv") / "mine.csv", ""
    path.write_text(lines("time;load", times.strftime(form), cells, sep=";"))
    try:
        got = read_recording(path)
    except UserError as error:
        asked = str(error)
        got = read_recording(
            path,
            ReadOptions(
                decimal=decimal, thousands=thousands, day_first="%d" in form[:2] if "%Y-" not in form else None
            ),
        )
    assert not asked or "--dayfirst" in asked or "--decimal" in asked
    assert got.values.tolist() == numbers
    assert [got.show_time(k)[:16] for k in (0, 60, 119)] == [str(times[k])[:16] for k in (0, 60, 119)]


CASES = os.environ.get("BENCHMARK_CASES", "")


@pytest.mark.skipif(not CASES, reason="BENCHMARK_CASES names no folder of difficult files")
def test_difficult_files_are_read_whole_or_refused_with_an_option() -> None:
    files = [p for p in sorted(Path(CASES).rglob("*")) if p.suffix in (".csv", ".json", ".txt", ".parquet", ".xlsx")]
    assert files
    refused: dict[str, str] = {}
    for path in files:
        try:
            found = read_recordings(path, ReadOptions(series="all"))
        except UserError as error:
            refused[path.name] = str(error)
            continue
        for recording in found:
            assert recording.lineup, path
            assert np.isfinite(recording.values).all(), path
            assert recording.rows is not None
            assert len(np.unique(recording.rows[recording.rows >= 0])) == (recording.rows >= 0).sum(), path
    assert all("--" in why or "has no" in why for why in refused.values()), refused
