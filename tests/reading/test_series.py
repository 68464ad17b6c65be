"""Several series in one file: they are listed, one is selected, none are mixed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from written import Read, lines

from benchmark.errors import UserError
from benchmark.reading import ReadOptions, read_recordings

TIMES = pd.date_range("2023-05-01", periods=200, freq="10min")
FIRST = np.round(np.sin(np.arange(200) / 7) + 10, 3)
SECOND = np.round(np.cos(np.arange(200) / 5) * 3 + 500, 3)


def long(
    late: str = "0s", header: str = "metric,time,value", names: tuple[object, object] = ("cpu", "mem")
) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"n": name, "t": TIMES + pd.Timedelta(shift), "v": values})
        for name, values, shift in ((names[0], FIRST, "0s"), (names[1], SECOND, late))
    ]
    return pd.concat(parts).set_axis(header.split(","), axis=1)


FILES = {
    "blocks": long(),
    "blocks a little later": long("30s"),
    "by time": long().sort_values("time", kind="stable"),
    "by time, a little later": long("4min").sort_values("time", kind="stable"),
    "blocks one row apart, by time": long("5min").sort_values("time", kind="stable"),
    "numbers as names": long(header="sensor_id,time,value", names=(4, 9)).sort_values("time", kind="stable"),
    "name last": long()[["time", "value", "metric"]],
    "newest first": long().iloc[::-1],
}


@pytest.mark.parametrize("kind", FILES)
def test_series_are_told_apart(read: Read, kind: str) -> None:
    frame = FILES[kind]
    text = frame.to_csv(index=False)
    names = ("4", "9") if kind.startswith("numbers") else ("cpu", "mem")
    with pytest.raises(
        UserError, match=rf"2 series.*({names[0]}|{names[1]}) \(200 rows\).*--series NAME.*--series all"
    ):
        read(text)
    assert read(text, series=names[0]).values.tolist() == FIRST.tolist()
    assert read(text, series=names[1]).values.tolist() == SECOND.tolist()


def test_each_series_is_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "both.csv"
    path.write_text(long("30s").to_csv(index=False))
    both = read_recordings(path, ReadOptions(series="all"))
    assert [r.name for r in both] == ["both cpu", "both mem"]
    assert [r.values.tolist() for r in both] == [FIRST.tolist(), SECOND.tolist()]


def test_a_name_that_nobody_has(read: Read) -> None:
    with pytest.raises(UserError, match="did you mean cpu"):
        read(long().to_csv(index=False), series="cpuu")


def test_names_from_two_columns(read: Read) -> None:
    parts = [long().assign(host=host) for host in ("a", "b")]
    text = pd.concat(parts).sort_values("time", kind="stable").to_csv(index=False)
    with pytest.raises(UserError, match="4 series, named by 'metric' and 'host'"):
        read(text)
    assert read(text, series="mem/b").values.tolist() == SECOND.tolist()


def test_remarks_do_not_hide_the_columns_that_name_the_series(read: Read) -> None:
    parts = [long().groupby("metric").head(20).assign(host=host) for host in ("a", "b")]
    rows = pd.concat(parts).sort_values("time", kind="stable")
    rows["remark"] = [f"seen by {chr(97 + k % 50 // 10)}{'vwxyz'[k % 5]}{'pq'[k % 10 // 5]}" for k in range(80)]
    assert rows["remark"].nunique() == 50
    with pytest.raises(UserError, match="4 series, named by 'metric' and 'host'"):
        read(rows.to_csv(index=False))


def test_parts_of_a_series_one_after_the_other_are_no_series(read: Read) -> None:
    cells = np.where(np.arange(200) < 90, "warm", "cold")
    order = np.r_[90:200, :90]
    got = read(lines("time,phase,v", TIMES[order], cells[order], FIRST[order]))
    assert got.values.tolist() == FIRST.tolist()


@pytest.mark.parametrize("word", ["state", "weekday", "status"])
def test_words_beside_one_series_are_none(read: Read, word: str) -> None:
    cells = TIMES.day_name() if word == "weekday" else ["ok" if k % 7 else "warn" for k in range(200)]
    assert len(read(lines(f"time,{word},v", TIMES, cells, FIRST))) == 200


def test_several_columns_are_a_choice_that_is_said(read: Read) -> None:
    text = lines("time,cpu,mem", TIMES, FIRST, SECOND)
    assert any("--value chooses another (mem)" in note for note in read(text).notes)
    assert read(text, value="mem").values.tolist() == SECOND.tolist()


def test_a_series_column_that_a_person_names(read: Read) -> None:
    text = lines("v,part", FIRST, ["x", "y"] * 100)
    assert read(text, series_column="part", series="y").values.tolist() == FIRST[1::2].tolist()


def test_times_as_values_of_one_series_are_counted_within_it(tmp_path: Path) -> None:
    times = np.tile(pd.date_range("2024-01-01", periods=50, freq="h"), 2)
    frame = pd.DataFrame({"time": times, "host": np.repeat(["a", "b"], 50), "when": times})
    frame.to_parquet(tmp_path / "mine.parquet")
    with pytest.raises(UserError, match="50 of 50 cells of 'when'"):
        read_recordings(tmp_path / "mine.parquet", ReadOptions(value="when", time="time", series="b"))
