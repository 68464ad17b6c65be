"""``benchmark.detect`` gives the command's results for arrays, Series, DataFrames and files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import benchmark
from benchmark.cli import main
from benchmark.errors import UserError
from benchmark.reading import ReadOptions, read_data
from tests.support.toys import tunable

EVENT = slice(1200, 1210)


def wave(n: int = 2000) -> np.ndarray[Any, np.dtype[np.float64]]:
    x = np.sin(np.arange(n) / 8) + 0.05 * np.random.default_rng(0).standard_normal(n)
    x[EVENT] += 2
    return x


def hourly(n: int = 2000) -> pd.Series[float]:
    return pd.Series(wave(n), pd.date_range("2024-01-01", periods=n, freq="h", tz="UTC"), name="load")


def test_it_is_what_the_command_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "load.csv"
    hourly().rename_axis("time").to_csv(file)
    assert main(["detect", str(file), "--detector", "MP", "--false-alerts", "1/month"]) == 0
    theirs = pd.read_csv(tmp_path / "load-anomalies" / "anomalies.csv").query("flagged == 'yes'")
    for data in (hourly(), file, str(file), hourly().to_frame()):
        found = benchmark.detect(data, "MP", "1/month")
        assert found.alerts["start"].tolist() == theirs["first_row"].tolist()
        assert (found.alerts["stop"] - 1).tolist() == theirs["last_row"].tolist()
        np.testing.assert_allclose(found.alerts["score"], theirs["score"], rtol=1e-5)
    scores = pd.read_csv(tmp_path / "load-anomalies" / "scores.csv")
    np.testing.assert_allclose(found.scores["score"], scores["score"], rtol=1e-9)
    assert found.scores["anomalous"].tolist() == scores["anomalous"].astype(bool).tolist()


def test_an_alert_has_rows_times_values_and_a_reason() -> None:
    x = hourly()
    found = benchmark.detect(x, "MP")
    (alert,) = found.alerts.to_dict("records")
    assert slice(alert["start"], alert["stop"]) == EVENT
    assert (alert["from"], alert["to"]) == (x.index[1200], x.index[1209])
    peak = int(np.argmax(x.to_numpy() == alert["value"]))
    assert 1200 <= peak < 1210
    assert alert["expected_low"] <= alert["expected"] <= alert["expected_high"] < 1.2 < alert["value"]
    assert f"At {x.index[peak]:%Y-%m-%d %H:%M:%S}Z the value is" in alert["why"]
    assert found.scores.index.equals(x.index)
    assert found.scores["value"].tolist() == x.tolist()
    assert found.scores["anomalous"].equals(found.scores["score"] >= found.threshold)
    assert found.detectors == ("MP",)
    assert found.peaks["alert"].tolist() == [True] + [False] * (len(found.peaks) - 1)
    assert "1,200" in found._repr_markdown_() or "1200" in found._repr_markdown_()
    assert repr(found).startswith("<data: 2,000 rows. One alert")
    assert len(found.ranking) == 0


def test_an_array_has_rows_for_times() -> None:
    found = benchmark.detect(wave().tolist(), ["HBOS", "MovingStd"], budget=5)
    assert found.scores.index.equals(pd.RangeIndex(2000))
    assert found.alerts["from"].isna().all()
    assert set(found.ranking["name"]) == {"HBOS", "MovingStd"}


def test_missing_values_are_interpolated_and_said() -> None:
    x = wave()
    x[[5, 700]] = np.nan
    for data in (x, np.ma.masked_invalid(x)):
        recording = read_data(data, ReadOptions())
        assert recording.values[5] == pytest.approx((x[4] + x[6]) / 2)
        assert any("2 missing values" in note for note in recording.notes)


def test_gaps_and_disorder_of_an_index_are_read_as_those_of_a_file() -> None:
    x = hourly().drop(hourly().index[300:303]).iloc[::-1]
    found = benchmark.detect(x, "MP")
    assert len(found.scores) == 2000
    assert any("3 missing" in note for note in found.notes), found.notes
    assert [*found.alerts["start"]] == [1200]


def test_columns_are_named_as_in_the_command() -> None:
    frame = pd.DataFrame({"cpu": np.cos(np.arange(2000) / 3), ("load", 1): wave(), "attack": 0})
    frame.loc[1200:1209, "attack"] = 1
    found = benchmark.detect(frame, ["HBOS", "MovingStd"], value="load 1", label="attack")
    assert found.finding.recording.labels is not None
    assert found.finding.recording.labels.sum() == 10
    assert found.finding.recording.column == "load 1"
    periods = pd.Series(wave(), pd.period_range("2024-01-01", periods=2000, freq="h"))
    assert read_data(periods, ReadOptions()).show_time(1) == "2024-01-01 01:00:00"


def test_a_model_scores_rows_that_follow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = hourly(2400)
    x.iloc[2200:2205] -= 3
    folder = benchmark.detect(x[:1900], "MP", budget=5).save(tmp_path / "model")
    found = benchmark.detect(x[1900:], model=folder)
    assert json.loads((folder / "model.json").read_text())["names"] == ["MP"]
    assert found.alerts["from"].tolist() == [x.index[2200]]
    assert not capsys.readouterr().err
    other = benchmark.detect(x[1900:].rename("flow").to_frame(), model=folder)
    assert other.alerts.equals(found.alerts)
    assert "not read as the history of the model was, but by itself: unknown column of data" in capsys.readouterr().err
    with pytest.raises(UserError, match="leave out detectors"):
        benchmark.detect(x, "MP", model=folder)


def test_the_report_is_the_command_s(tmp_path: Path) -> None:
    found = benchmark.detect(wave(), "MP", params={"MP": {"window": 50}})
    path = found.write(tmp_path / "report")
    assert path.parent == tmp_path / "report"
    assert {file.name for file in path.parent.iterdir()} == {
        *("report.html", "report.md", "picture.png", "anomalies.csv", "scores.csv")
    }
    text = path.read_text(encoding="utf-8")
    assert "benchmark.detect(ndarray, detectors=[" in text
    assert found.finding.window == 50 or "window" in text


WRONG = {
    "an option": ({"vlaue": "x"}, "unknown option 'vlaue': did you mean value?"),
    "a detector": ({"detectors": "LOFF"}, "did you mean LOF?"),
    "a threshold": ({"threshold": "peak"}, "did you mean peaks?"),
    "a share": ({"contamination": 0.7}, "contamination must lie between 0 and 0.5, got 0.7"),
    "a window beyond the rows": (
        {"detectors": "LOF", "params": {"LOF": {"window": 500}}},
        "give a smaller window (params={'LOF': {'window': ...}})",
    ),
    "parameters of nobody": (
        {"params": {"LOFF": {"window": 9}}},
        "unknown detector in params 'LOFF': did you mean LOF?",
    ),
    "parameters of another": ({"detectors": "HBOS", "params": {"LOF": {"window": 9}}}, "detector in params 'LOF'"),
    "a share of text": ({"contamination": "a", "threshold": "pot"}, "between 0 and 0.5, got 'a'"),
    "seconds of text": ({"budget": "a"}, "budget must be a number of seconds, at least 0, got 'a'"),
    "seconds below 0": ({"budget": -1}, "at least 0, got -1"),
    "a seed below 0": ({"seed": -1}, "a seed is a whole number from 0 to 4294967295, got -1"),
    "half a seed": ({"seed": 1.5}, "got 1.5"),
    "a share without its rule": ({"contamination": 0.1}, "no effect without threshold='quantile' or threshold='pot'"),
    "a rate beside a share": (
        {"false_alerts": 0.1, "threshold": "pot"},
        "false_alerts has no effect with threshold='pot'",
    ),
    "a rate": ({"false_alerts": "1/moth"}, "1/month"),
    "a rate without times": ({"false_alerts": "1/month"}, "no times"),
    "a column": ({"value": "y"}, "unknown column of data 'y'"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_refused_in_words(what: str) -> None:
    options, words = WRONG[what]
    with pytest.raises(UserError) as refused:
        benchmark.detect(wave(200), **options)
    assert words in str(refused.value)


SET_BY_MODEL = {
    "detectors": ("LOF", "--detector LOF"),
    "params": ({"LOF": {"window": 9}}, "--set LOF.window=9"),
    "false_alerts": (0.1, "--false-alerts 0.1"),
    "threshold": ("peaks", "--threshold peaks"),
    "contamination": (0.01, "--contamination 0.01"),
    "budget": (30, "--budget 30"),
    "seed": (0, "--seed 0"),
}


@pytest.mark.parametrize("keyword", SET_BY_MODEL)
def test_what_a_model_has_settled_is_refused_beside_it_even_where_it_is_the_default(
    keyword: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value, words = SET_BY_MODEL[keyword]
    with pytest.raises(UserError) as refused:
        benchmark.detect(wave(200), model="kept", **{keyword: value})
    assert str(refused.value).startswith("model sets the detectors, their parameters and the threshold: leave out")
    assert str(refused.value).endswith(f" {keyword}")
    assert main(["detect", "no.csv", "--model", "kept", *words.split()]) == 2
    assert capsys.readouterr().err.strip().endswith(f"leave out {words.split()[0]}")


def test_parameters_reach_a_detector_in_a_file_by_its_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("toy.py").write_text(tunable(), encoding="utf-8")
    plain = benchmark.detect(wave(), "toy.py").scores["score"]
    for name in ("Toy", "toy.py"):
        scores = benchmark.detect(wave(), "toy.py", params={name: {"power": 3}}).scores["score"]
        np.testing.assert_allclose(scores, plain**3, rtol=1e-9)


def test_the_call_in_the_report_can_be_called_again(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    hourly().rename_axis("time").to_csv(file)
    found = benchmark.detect(
        file, "MP", threshold="quantile", contamination=0.02, seed=0, params={"MP": {"window": 50}}
    )
    again = eval(found.call, {"benchmark": benchmark})
    assert again.call == found.call
    assert again.alerts.equals(found.alerts)


NO_SERIES = {
    "two dimensions": (np.zeros((3, 3)), "got an array of shape (3, 3)"),
    "words": (["a", "b"], "got list"),
    "nothing": ([], "data has no rows"),
    "no table": (pd.DataFrame(), "data has no rows"),
    "columns of two types": (pd.DataFrame({"x": [1.0, "a", b"b"]}), "convert it with pandas' astype"),
    "two series": (
        pd.DataFrame({"host": ["a"] * 50 + ["b"] * 50, "x": np.random.default_rng(0).random(100)}),
        "choose one with series=NAME, or each with series='all'",
    ),
    "too few rows": ([1.0, 2.0, 3.0], "and the detectors need 12"),
}


@pytest.mark.parametrize("what", NO_SERIES)
def test_what_is_no_series_is_refused_in_words(what: str) -> None:
    data, words = NO_SERIES[what]
    with pytest.raises(UserError) as refused:
        benchmark.detect(data)
    assert words in str(refused.value)


def test_one_series_of_several_is_named() -> None:
    frame = pd.DataFrame({"host": ["a"] * 50 + ["b"] * 50, "x": np.arange(100.0) % 7})
    assert read_data(frame, ReadOptions(series="b"), "mine").name == "mine b"
    with pytest.raises(UserError, match="mine holds 2 series: choose one with series=NAME"):
        read_data(frame, ReadOptions(series="all"), "mine")


def test_the_caller_s_data_stay_as_they_are() -> None:
    frame = hourly().to_frame()
    before = frame.copy()
    benchmark.detect(frame, "MP")
    pd.testing.assert_frame_equal(frame, before)
