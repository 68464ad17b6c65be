"""``watch`` gives the alerts of ``detect --model``, however the rows arrive, and after a restart."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.cli import main
from benchmark.detection import Model, Options, detect
from benchmark.detection.alerts import Alert
from benchmark.detection.peaks import MOST, Ensemble, OrdinaryPeaks
from benchmark.detection.scoring import score_part
from benchmark.detection.stream import Stream
from benchmark.detection.watch import Watch
from benchmark.errors import UserError
from benchmark.reading import Follower, Points, ReadOptions, Recording, read_recording
from benchmark.reading.follow import _blocks
from benchmark.reading.source import Block, open_source

PERIOD = 24


def wave(n: int, seed: int = 0, start: int = 0) -> np.ndarray:
    rng = np.random.default_rng([seed, start])
    return (10 + 3 * np.sin((start + np.arange(n)) * 2 * np.pi / PERIOD) + rng.normal(0, 0.3, n)).round(3)


def eventful(n: int, every: int, seed: int = 1) -> np.ndarray:
    """New rows with a spike, a shift and a standstill in turn."""
    x = wave(n, seed, 3000)
    for k, row in enumerate(range(every, n - every, every)):
        x[row] += 8
        x[row : row + (1, 12, 18)[k % 3]] = x[row] if k % 3 == 2 else x[row : row + (1, 12, 18)[k % 3]] + 4
    return x


def recording(x: np.ndarray) -> Recording:
    return Recording("mine", "value", x, np.zeros(len(x), dtype=bool))


def fitted(*names: str, **params: Any) -> Model:
    return Model.fit(detect(recording(wave(3000)), Options(detectors=names, params=params, budget=0.1)))


@pytest.fixture(scope="module")
def model() -> Model:
    return fitted("PCA", "HBOS")


def rows_of(alerts: list[Alert]) -> list[tuple[int, ...]]:
    return [(a.first, a.last, a.start, a.stop, a.peak) for a in alerts]


def streamed(model: Model, x: np.ndarray, cuts: list[int]) -> list[tuple[int, ...]]:
    """Alerts of rows pushed in pieces, the state through JSON between any two."""
    stream, found = Stream.begin(model), []
    for part in np.split(x, cuts):
        found += stream.push(part, np.zeros(len(part), dtype=bool))
        stream = Stream.load(model, json.loads(json.dumps(stream.state())))
    return rows_of(found + stream.finish())


# -- rows as they come -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("PCA", {}),
        ("NormA", {}),
        ("AbsDeviation", {}),
        ("ScaleFlow", {"ScaleFlow": {"steps": 5, "hidden": 8, "max_windows": 200}}),
    ],
)
def test_however_rows_come_the_alerts_are_the_same(name: str, params: dict[str, Any]) -> None:
    model = fitted(name, **params)
    x, rng = eventful(2500, 400), np.random.default_rng(4)
    whole = streamed(model, x, [])
    assert len(whole) >= 3
    for count in (1, 7, 40):
        assert streamed(model, x, sorted(rng.integers(0, len(x), count).tolist())) == whole


def test_detect_with_a_model_finds_what_the_stream_finds(model: Model) -> None:
    x = eventful(2500, 400)
    flagged = [alert for alert in model.detect(recording(x)).alerts if alert.flagged]
    assert sorted(rows_of(flagged)) == streamed(model, x, [1000])


def test_one_detector_scores_as_it_does_and_several_by_their_mean_surprise() -> None:
    one, other, x = fitted("AbsDeviation"), fitted("AbsDifference"), eventful(600, 150)
    both = replace(
        one,
        detectors=one.detectors + other.detectors,
        ensemble=Ensemble([OrdinaryPeaks(1, 2, 9), OrdinaryPeaks(0, 3, 9)], []),
    )
    first, second = (score_part(detector, x, one.centre) for detector in both.detectors)
    np.testing.assert_array_equal(one.score_alone(x), first)
    expected = (np.clip((first - 1) / 2, 0, MOST) + np.clip(second / 3, 0, MOST)) / 2
    np.testing.assert_allclose(both.score_alone(x), expected)


def test_rows_that_were_filled_in_raise_no_alert() -> None:
    model, x = fitted("AbsDeviation"), wave(400, 1, 3000)
    x[200:204] += 8
    found = {}
    for name, filled in (("none", slice(0, 0)), ("those", slice(200, 204))):
        stream, holes = Stream.begin(model), np.zeros(400, dtype=bool)
        holes[filled] = True
        found[name] = {r for a in stream.push(x, holes) + stream.finish() for r in range(a.start, a.stop)}
    assert found["none"] & set(range(200, 204))
    assert not found["those"] & set(range(200, 204))


def test_memory_is_bounded_also_within_an_alert_without_end(model: Model) -> None:
    stream = Stream.begin(model)
    x = wave(60_000, 2, 3000)
    x[20_000:] += 50
    sizes = []
    for part in np.split(x, 60):
        stream.push(part, np.zeros(len(part), dtype=bool))
        sizes.append(len(stream.values))
    assert stream.open is not None
    assert stream.open.last - stream.open.first > 30_000
    assert max(sizes) < 3 * (model.memory + model.margin) + 1000


def test_what_the_last_rows_show_is_known_at_once(model: Model) -> None:
    x = wave(500, 3, 3000)
    x[-8:] += 8
    stream = Stream.begin(model)
    assert stream.push(x, np.zeros(500, dtype=bool)) == []
    assert stream.suspect is not None
    assert 492 - model.window <= stream.suspect[0] < 500


# -- lines as they come ------------------------------------------------------------------------


def written(x: np.ndarray, style: str) -> bytes:
    times = pd.Series(pd.date_range("2026-03-01", periods=len(x), freq="h"))
    if style == "german":
        frame = pd.DataFrame({"Datum": times.dt.strftime("%d.%m.%Y %H:%M"), "Wert °C": x})
        return frame.to_csv(index=False, sep=";", decimal=",").encode("cp1252")
    if style == "epoch":
        return pd.DataFrame({"ts": times.astype("int64") // 10**6, "v": x}).to_csv(index=False).encode()
    if style == "zone":
        return pd.DataFrame({"t": times.dt.strftime("%Y-%m-%dT%H:%M:%S+02:00"), "v": x}).to_csv(index=False).encode()
    if style == "two columns":
        return pd.DataFrame({"d": times.dt.date, "h": times.dt.time, "v": x}).to_csv(index=False).encode()
    return pd.DataFrame({"v": x}).to_csv(index=False, header=style != "bare").encode()


@pytest.mark.parametrize("style", ["german", "epoch", "zone", "two columns", "plain", "bare"])
def test_lines_in_pieces_are_read_like_the_file(style: str, tmp_path: Path) -> None:
    x = wave(700)
    lines = written(x, style).splitlines(keepends=True)
    gap = slice(300, 304) if style not in ("plain", "bare") else slice(0, 0)
    del lines[gap]
    file = tmp_path / "my.csv"
    file.write_bytes(b"".join(lines))
    whole = read_recording(file)
    follower, _, rest = Follower.begin(b"".join(lines[:40]), file, ReadOptions(), None, 1000)
    parts = [follower.read(rest, file)[0]]
    for a in range(40, len(lines), 17):
        follower = Follower.load(json.loads(json.dumps(follower.state())))
        points, notes = follower.read(b"".join(lines[a : a + 17]), file)
        assert notes == []
        parts.append(points)
    points = Points.join(parts)
    assert np.allclose(points.values, whole.values)
    assert np.array_equal(points.filled, whole.filled)
    text = follower.text(points)
    if text is not None:
        assert [text(k) for k in range(len(whole))] == [whole.show_time(k) for k in range(len(whole))]


@given(st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b"")), max_size=9), st.integers(1, 12))
def test_text_is_cut_into_blocks_of_whole_lines(lines: list[bytes], size: int) -> None:
    text = b"\n".join(lines)
    blocks = _blocks(text, size)
    assert b"".join(blocks) == text
    assert all(block.endswith(b"\n") for block in blocks[:-1])
    assert all(len(block.rstrip(b"\n").rpartition(b"\n")[0]) <= size for block in blocks)


def test_one_line_with_another_number_of_cells_is_named_among_many(tmp_path: Path) -> None:
    """It was dropped without a word, as two lines of a hundred may be in a file."""
    path = tmp_path / "mine.csv"
    times = pd.date_range("2024-03-04 05:00", periods=300, freq="h")
    rows = [f"{t},{v}" for t, v in zip(times, wave(300), strict=True)]
    path.write_text("\n".join(["time,value", *rows[:200]]) + "\n")
    follower = Follower.begin(path.read_bytes(), path, ReadOptions(), None, 100)[0]
    rows[250] += ",7"
    _, notes = follower.read(("\n".join(rows[200:]) + "\n").encode(), path)
    assert any(note.startswith(f"dropped: '{times[250]},") and "2 cells" in note for note in notes)


def test_a_missing_value_waits_for_the_next_known_one(tmp_path: Path) -> None:
    file = tmp_path / "my.csv"
    follower, _, rest = Follower.begin(b"v,w\n1,a\n2,a\n3,a\n", file, ReadOptions(value="v"), None, 10)
    assert follower.read(rest, file)[0].values.tolist() == [1, 2, 3]
    assert len(follower.read(b",a\n,a\n", file)[0].values) == 0
    points, _ = follower.read(b"9,a\n", file)
    assert points.values.tolist() == [5, 7, 9]
    assert points.filled.tolist() == [True, True, False]


def test_a_code_of_the_person_is_a_missing_value_in_new_lines(tmp_path: Path) -> None:
    file = tmp_path / "my.csv"
    options = ReadOptions(value="v", missing=("-5",))
    follower, _, rest = Follower.begin(b"v,w\n1,a\n2,a\n3,a\n", file, options, None, 10)
    follower.read(rest, file)
    points, _ = follower.read(b"-5,a\n7,a\n", file)
    assert points.values.tolist() == [5, 7]
    assert points.filled.tolist() == [True, False]


def test_late_and_broken_lines_are_dropped_and_said(tmp_path: Path) -> None:
    file = tmp_path / "my.csv"
    head = b"time,v\n2026-01-01 00:00,1\n2026-01-01 01:00,2\n2026-01-01 02:00,3\n"
    follower, _, rest = Follower.begin(head, file, ReadOptions(), None, 10)
    follower.read(rest, file)
    late = b"2026-01-01 01:00,2\n2026-01-01 03:00,4,5,6\n2026-01-01 03:00,4\n"
    points, notes = follower.read(late, file)
    assert points.values.tolist() == [4]
    assert "not after that of an earlier row" in " ".join(notes)
    assert "2026-01-01 03:00,4,5,6" in " ".join(notes)


def followed(file: Path, rows: list[str], size: int) -> tuple[Points, list[str]]:
    """Points and notes of a file that grows by so many lines, stopped and begun again in between."""
    lines = ["time,v\n", *rows]
    follower, _, rest = Follower.begin("".join(lines[:40]).encode(), file, ReadOptions(), None, 500)
    points, notes = follower.read(rest, file)
    parts = [points]
    for a in range(40, len(lines), size):
        follower = Follower.load(json.loads(json.dumps(follower.state())))
        points, said = follower.read("".join(lines[a : a + size]).encode(), file)
        parts, notes = [*parts, points], notes + said
    return Points.join(parts), notes


@pytest.fixture
def minutes() -> list[str]:
    return [f"{t},{k % 7}\n" for k, t in enumerate(pd.date_range("2024-01-01", periods=200, freq="min"))]


@pytest.mark.parametrize("size", [1, 7, 300])
def test_a_wrong_clock_costs_its_row_alone(minutes: list[str], size: int, tmp_path: Path) -> None:
    minutes[120] = "2031-05-06 07:08:00,99\n"
    points, notes = followed(tmp_path / "my.csv", minutes, size)
    assert notes[-1] == "left out: 1 row (first: 2031-05-06 07:08:00), as rows behind are earlier"
    assert all("waiting" in note for note in notes[:-1])
    assert np.flatnonzero(points.filled).tolist() == [120]
    assert points.values.max() == 6


@pytest.mark.parametrize("size", [1, 7, 300])
@pytest.mark.parametrize(("wrong", "lost"), [(3, 0), (30, 9)])
def test_a_clock_that_is_wrong_for_a_while_is_no_end(
    minutes: list[str], wrong: int, lost: int, size: int, tmp_path: Path
) -> None:
    for k in range(100, 100 + wrong):
        minutes[k] = f"2031-05-06 07:{k - 100:02d}:00,99\n"
    points, notes = followed(tmp_path / "my.csv", minutes, size)
    counts = [int(n) for note in notes for n in re.findall(r"dropped: (\d+) row", note)]
    assert sum(counts) == lost
    assert points.values[-60:].tolist() == [float(k % 7) for k in range(140, 200)]
    assert re.search("clock fell back to 2024-01-01 0|left out: [13] row", notes[-1])


@pytest.mark.parametrize("size", [1, 300])
def test_a_long_gap_loses_no_row(minutes: list[str], size: int, tmp_path: Path) -> None:
    late = [f"{t},{k % 7}\n" for k, t in enumerate(pd.date_range("2024-02-01", periods=50, freq="min"))]
    points, notes = followed(tmp_path / "my.csv", minutes + late, size)
    assert len(points.values) == 200 + 500 + 50
    assert len(notes) <= 1


@pytest.mark.parametrize("size", [1, 7, 300])
@pytest.mark.parametrize(
    ("cell", "value"), [('"1,280"', 1280), ("1.280", 1.28), ('"0,5"', 0.5), ("12.25", 12.25), ("1280", 1280)]
)
def test_marks_that_come_late_decide_for_all_lines(
    minutes: list[str], cell: str, value: float, size: int, tmp_path: Path
) -> None:
    minutes[120:] = [f"{line.split(',')[0]},{cell}\n" for line in minutes[120:]]
    points, notes = followed(tmp_path / "my.csv", minutes, size)
    assert points.values[120:].tolist() == [value] * 80
    told = {"--thousands": "280" in cell and cell != "1280", "--decimal": value == 0.5}
    assert [sum(option in note for note in notes) for option in told] == [*map(int, told.values())]


@pytest.mark.parametrize(
    ("known", "cell"), [("{},5", "1.280"), ("{},5", "1.280,0"), ("{}.5", "1,280.0"), ("{}.5", "1,280")]
)
@pytest.mark.parametrize("size", [1, 300])
def test_thousands_that_come_late_are_groups(
    minutes: list[str], known: str, cell: str, size: int, tmp_path: Path
) -> None:
    written = [known.format(line.strip().split(",")[1]) for line in minutes[:120]] + [cell] * 80
    rows = [line.split(",")[0] + f',"{value}"\n' for line, value in zip(minutes, written, strict=True)]
    points, notes = followed(tmp_path / "my.csv", rows, size)
    assert points.values[119:].tolist() == [0.5] + [1280] * 80
    assert sum("Thousands of 'v' are set apart" in note for note in notes) == 1


def test_offsets_of_standard_input_count_all_that_came(monkeypatch: pytest.MonkeyPatch) -> None:
    there, here = os.pipe()
    with os.fdopen(there) as end:
        monkeypatch.setattr(sys, "stdin", end)
        with open_source("-", 0, 0.01, True) as source:
            found = []
            for text in (b"1\n2\n", b"3\n4"):
                os.write(here, text)
                found.append(next(source))
            os.close(here)
            found += source
    assert [(block.lines, block.offset) for block in found] == [(b"1\n2\n", 4), (b"3\n", 6), (b"4\n", 7)]


def test_a_header_that_comes_before_the_rows_is_theirs(model: Model, tmp_path: Path) -> None:
    watch = Watch.begin(model, tmp_path, "my.csv", ReadOptions(value="b"), True)
    x = wave(60)
    lines = ["a,b\n", *(f"{9 - v},{v}\n" for v in x)]
    for part in (lines[:1], lines[1:2], lines[2:30], lines[30:]):
        watch.take(Block("".join(part).encode(), 0, False), as_json=False)
    assert watch.rows == 60
    assert watch.recent.values.tolist() == x[-len(watch.recent.values) :].tolist()


# -- the command -------------------------------------------------------------------------------


def table(x: np.ndarray, start: int) -> pd.DataFrame:
    times = pd.date_range("2020-01-01", periods=start + len(x), freq="h")[start:]
    return pd.DataFrame({"time": times.strftime("%d.%m.%Y %H:%M"), "flow": x})


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("watch")
    table(wave(3000), 0).to_csv(folder / "history.csv", index=False)
    line = ["detect", str(folder / "history.csv"), "--detector", "PCA", "--detector", "HBOS", "--budget", "0.1"]
    assert main([*line, "--save", str(folder / "model")]) == 0
    return folder


def told(out: str, kind: str = "alert") -> list[tuple[int, int]]:
    events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return [(event["first_row"], event["last_row"]) for event in events if event["event"] == kind]


def test_100_000_lines_with_a_restart_give_the_alerts_of_one_run(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = eventful(100_000, 4001)
    lines = table(x, 3000).to_csv(index=False).splitlines(keepends=True)
    file, model = tmp_path / "new.csv", str(saved / "model")
    file.write_text("".join(lines))
    capsys.readouterr()
    assert main(["watch", str(file), "--model", model, "--until-end", "--json"]) == 0
    once = told(capsys.readouterr().out)
    assert main(["detect", str(file), "--model", model, "--top", "3"]) == 0
    frame = pd.read_csv(tmp_path / "new-anomalies" / "anomalies.csv")
    frame = frame[frame["flagged"] == "yes"].sort_values("first_row")
    assert once == list(zip(frame["first_row"], frame["last_row"], strict=True))
    assert len(once) >= 20
    capsys.readouterr()
    grown = tmp_path / "grown.csv"
    grown.write_text("")
    again = []
    for a, b in ((0, 41_007), (41_007, len(lines))):
        with grown.open("a") as out:
            out.write("".join(lines[a:b]))
        assert main(["watch", str(grown), "--model", model, "--until-end", "--json"]) == 0
        again += told(capsys.readouterr().out)
    assert again == once


def start(*arguments: str, **given: Any) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "benchmark", "watch", *arguments]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **given)


@pytest.mark.slow
def test_a_growing_file_is_followed_until_ctrl_c_which_is_exit_0(saved: Path, tmp_path: Path) -> None:
    x = wave(400, 5, 3000)
    x[300:312] += 6
    lines = table(x, 3000).to_csv(index=False).splitlines(keepends=True)
    file = tmp_path / "live.csv"
    file.write_text("".join(lines[:200]))
    process = start(str(file), "--model", str(saved / "model"), "--poll", "0.05", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    assert "watching" in process.stderr.readline()
    for line in lines[200:]:
        with file.open("a") as out:
            out.write(line[:5])
            out.flush()
            out.write(line[5:])
    events = [json.loads(process.stdout.readline())]
    while events[-1]["event"] != "alert":
        events.append(json.loads(process.stdout.readline()))
    assert 296 <= events[-1]["first_row"] <= 312
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "stopped after 400 rows" in err
    assert told(out) == []


@contextmanager
def piped(data: str) -> Iterator[None]:
    """Standard input that holds this."""
    read, write = os.pipe()
    os.write(write, data.encode())
    os.close(write)
    with pytest.MonkeyPatch.context() as patch, os.fdopen(read, "r") as pipe:
        patch.setattr(sys, "stdin", pipe)
        yield


def test_standard_input_goes_on_where_it_stopped(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = wave(900, 6, 3000)
    x[200:212] += 6
    x[440:452] += 6  # told when the first input ends, and not again
    x[700:712] += 6
    lines = table(x, 3000).to_csv(index=False).splitlines(keepends=True)
    found = []
    for part in (lines[:500], lines[500:]):
        with piped("".join(part)):
            assert main(["watch", "-", "--model", str(saved / "model"), "--json"]) == 0
        found += told(capsys.readouterr().out)
    assert [first // 100 for first, _ in found] == [2, 4, 7]
    with piped("".join(lines[:500])):
        assert main(["watch", "-", "--model", str(saved / "model"), "--fresh"]) == 0
    out = capsys.readouterr().out
    assert out.count("ALERT until 2020-05-13") == 1
    assert "expected" in out


def test_an_alert_that_was_told_before_its_end_goes_on_and_is_no_second_one(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = wave(900, 6, 3000)
    x[440:470] += 6
    lines = table(x, 3000).to_csv(index=False).splitlines(keepends=True)
    file, line = tmp_path / "ends.csv", ["--model", str(saved / "model"), "--until-end"]
    printed = []
    for a, b in ((0, 449), (449, 458), (458, 460), (460, len(lines))):
        with file.open("a") as out:
            out.write("".join(lines[a:b]))
        assert main(["watch", str(file), *line]) == 0
        printed += capsys.readouterr().out.splitlines()
    assert ["ALERT until" in text for text in printed].count(True) == 1
    assert "continues until" in printed[-1]
    assert sum("above the threshold" in text for text in printed) <= 1
    again = tmp_path / "as-json.csv"
    kinds = []
    for a, b in ((0, 449), (449, len(lines))):
        with again.open("a") as out:
            out.write("".join(lines[a:b]))
        assert main(["watch", str(again), *line, "--json"]) == 0
        kinds += [json.loads(text)["event"] for text in capsys.readouterr().out.splitlines()]
    assert [kind for kind in kinds if kind != "begins"] == ["alert", "grown"]


def test_a_file_that_was_cut_is_read_from_its_start(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = table(wave(900, 7, 3000), 3000).to_csv(index=False).splitlines(keepends=True)
    file, model = tmp_path / "cut.csv", str(saved / "model")
    file.write_text("".join(lines[:500]))
    assert main(["watch", str(file), "--model", model, "--until-end"]) == 0
    file.write_text("".join([lines[0], *lines[500:700]]))
    assert main(["watch", str(file), "--model", model, "--until-end"]) == 0
    err = capsys.readouterr().err
    assert "replaced or truncated" in err
    assert "a header that comes again" in err
    states = list((saved / "model").glob("watch-cut*.json"))
    assert json.loads(states[0].read_text())["stream"]["count"] == 699


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.csv"], "required: --model"),
        (["nowhere.csv", "--model", "MODEL"], "no file nowhere.csv"),
        (["nowhere.csv", "--model", "nothing"], "holds no saved model"),
        (["nowhere.csv", "--model", "MODEL", "--modl", "x"], "did you mean --model"),
        (["nowhere.csv", "--model", "MODEL", "--poll", "0"], "above 0"),
        (["nowhere.csv", "--model", "MODEL", "--label", "y"], "no labels"),
        (["nowhere.csv", "--model", "MODEL", "--series", "all"], "watch follows one series"),
    ],
)
def test_wrong_use_is_one_message(
    saved: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = [str(saved / "model") if a == "MODEL" else a for a in arguments]
    assert main(["watch", *line]) == 2
    assert message in capsys.readouterr().err


def test_a_damaged_state_and_one_of_another_model_are_refused(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "state.csv"
    table(wave(100, 8, 3000), 3000).to_csv(file, index=False)
    line = ["watch", str(file), "--model", str(saved / "model"), "--until-end"]
    assert main(line) == 0
    [state] = (saved / "model").glob("watch-state*.json")
    whole = state.read_text()
    odd = [whole.replace(name, f"{name}1") for name in ('"threshold": ', '"first": "')]  # the last: no bytes in hex
    for text in (whole[:-40], *odd):
        state.write_text(text)
        assert main(line) == 2
        assert "--fresh" in capsys.readouterr().err
    assert main([*line, "--fresh"]) == 0


def test_several_series_are_refused(tmp_path: Path) -> None:
    two = table(wave(50), 0).assign(sensor="a"), table(wave(50), 0).assign(sensor="b")
    head = pd.concat(two).sort_values("time", kind="stable").to_csv(index=False).encode()
    with pytest.raises(UserError, match="series"):
        Follower.begin(head, tmp_path / "two.csv", ReadOptions(), None, 10)


def test_new_rows_are_read_as_the_history_was(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = table(wave(9, 9, 3000), 3000)
    text["time"] = [f"04.05.2020 {hour:02d}:00" for hour in range(9)]
    text.to_csv(tmp_path / "dozen.csv", index=False)
    assert main(["detect", str(tmp_path / "dozen.csv"), "--model", str(saved / "model"), "--dry-run"]) == 0
    assert "2020-05-04 00:00:00" in capsys.readouterr().out


# -- several series, JSON lines, headers and files that change ------------------------------------


def long_lines(x: np.ndarray, start: int) -> list[str]:
    """Lines of two series in turn; the second is ``x``."""
    one, two = table(100 + 0 * x, start).assign(sensor="a"), table(x, start).assign(sensor="b")
    return pd.concat([one, two]).sort_index(kind="stable").to_csv(index=False).splitlines(keepends=True)


def json_lines(x: np.ndarray, start: int) -> list[str]:
    rows = table(x, start).to_dict("records")
    return [json.dumps({"time": row["time"], "host": {"flow": row["flow"]}}) + "\n" for row in rows]


@pytest.mark.parametrize(("form", "options"), [(long_lines, ["--series", "b"]), (json_lines, [])])
def test_one_of_several_series_and_json_lines_are_followed(
    form: Any, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history, file, model = (tmp_path / name for name in ("history.csv", "new.csv", "model"))
    history.write_text("".join(form(wave(3000), 0)))
    line = ["detect", str(history), *options, "--detector", "PCA", "--detector", "HBOS", "--budget", "0.1"]
    assert main([*line, "--save", str(model)]) == 0
    x = wave(900, 6, 3000)
    x[200:212] += 6
    x[700:712] += 6
    lines, found = form(x, 3000), []
    head = len(lines) % 2  # a header of its own
    for part in (lines[: head + 1], lines[head + 1 : 900], lines[900:]):
        with file.open("a") as out:
            out.write("".join(part))
        capsys.readouterr()
        assert main(["watch", str(file), "--model", str(model), "--until-end", "--json"]) == 0
        found += told(capsys.readouterr().out)
    assert [first // 100 for first, _ in found] == [2, 7]


def test_a_broken_line_of_json_is_dropped_and_said(tmp_path: Path) -> None:
    file = tmp_path / "my.jsonl"
    lines = [f'{{"t": "2026-01-01 {hour:02d}:00", "v": {hour}}}\n'.encode() for hour in range(8)]
    follower, _, rest = Follower.begin(b"".join(lines[:3]), file, ReadOptions(), None, 10)
    follower.read(rest, file)
    points, notes = follower.read(lines[3] + b'{"t": "2026-\n' + b'{"u": 1}\n' + lines[4], file)
    assert points.values.tolist() == [3, 4]
    assert len(notes) == 2


def test_a_header_that_comes_again_is_left_out_and_another_one_refused(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = table(wave(300, 7, 3000), 3000).to_csv(index=False).splitlines(keepends=True)
    file, line = tmp_path / "again.csv", ["--model", str(saved / "model"), "--until-end"]
    file.write_text("".join([*lines[:100], lines[0], *lines[100:]]))
    assert main(["watch", str(file), *line]) == 0
    assert "left out: 1 line of a header that comes again" in capsys.readouterr().err
    file.write_text("".join(["flow,time\n", *lines[1:]]))
    assert main(["watch", str(file), *line]) == 2
    assert "another header now, 'flow,time'" in capsys.readouterr().err


def test_a_longer_file_of_the_same_name_is_read_from_its_start(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = table(wave(900, 7, 3000), 3000).to_csv(index=False).splitlines(keepends=True)
    file, line = tmp_path / "rotated.csv", ["--model", str(saved / "model"), "--until-end"]
    for part in (lines[:100], [lines[0], *lines[100:700]]):
        file.write_text("".join(part))
        assert main(["watch", str(file), *line]) == 0
    assert "replaced or truncated" in capsys.readouterr().err
    states = list((saved / "model").glob("watch-rotated*.json"))
    assert json.loads(states[0].read_text())["stream"]["count"] == 699


def test_a_series_that_is_not_there_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("".join(table(wave(50), 0).to_csv(index=False)))
    with pytest.raises(UserError, match="shows one series"):
        read_recording(file, ReadOptions(series="b"))
    file.write_text("".join(table(wave(50), 0).assign(sensor="a").to_csv(index=False)))
    with pytest.raises(UserError, match="b"):
        read_recording(file, ReadOptions(series_column="sensor", series="b"))
