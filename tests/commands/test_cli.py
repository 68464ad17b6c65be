"""The command line: typos, exit codes, and all checks before any computation."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmark.cli import build_parser, main
from benchmark.commands._options import folder_options, parse_set
from benchmark.commands._session import add_trivial_baselines
from benchmark.commands.data import _table
from benchmark.errors import UserError
from benchmark.execution import Summary
from benchmark.reading import FolderOptions, ReadOptions
from benchmark.store import Store
from benchmark.system.settings import cache_dir, data_dir
from datasets import SeriesStatus
from tests.support.cases import plugin


def folder_of_series(path: Path, count: int = 2, broken: bool = False) -> Path:
    path.mkdir()
    rng = np.random.default_rng(0)
    for k in range(count):
        labels = np.zeros(300, dtype=int)
        labels[200:210] = 1
        rows = np.column_stack([rng.normal(size=300) + 5 * labels, labels])
        np.savetxt(path / f"s{k}.out", rows, delimiter=",", fmt=["%.6f", "%d"])
    if broken:
        (path / "bad.out").write_text("1.0,0\nnan,0\n2.0,1\n")
    return path


def run(tmp_path: Path, *words: str) -> int:
    store, out = tmp_path / "r.sqlite", tmp_path / "report"
    return main(["run", *words, "--store", str(store), "--out", str(out), "--jobs", "1", "--backend", "serial"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run"], "nothing selected"),
        ([], "give a COMMAND"),
        (["--versoin"], "did you mean --version?"),
        (["run", "--detector", "LOF", "--dataset", "nope"], "unknown data set 'nope': known: Daphnet"),
        (["--quiet", "run", "--all"], "write --quiet after the command: python -m benchmark run --quiet"),
        (["run", "--al"], "did you mean --all"),
        (["rum", "--all"], "did you mean run"),
        (["run", "--detector", "LOFF"], "did you mean LOF"),
        (["run", "--dataset", "Genesiss"], "did you mean Genesis"),
        (["run", "--detector", "LOFF", "--detector", "LOF", "--detector", "MPP"], "'MPP': did you mean MP"),
        (["run", "--dataset", "MGBA", "--dataset", "Genesiss"], "'Genesiss': did you mean Genesis"),
        (["run", "--all", "--protocol", "prefx", "--protocol", "tsb-uda"], "'tsb-uda': did you mean tsb-uad"),
        (["run", "--dataset", "Genesis", "--series", "C9", "--series", "nope"], "unknown series 'nope'"),
        (["run", "--dataset", "MGAB", "--series", "77.test.out"], "unknown series"),
        (["run", "--all", "--protocol", "tsbuad"], "did you mean tsb-uad"),
        (["run", "--all", "--set", "LOF.n_neighbours=5"], "did you mean n_neighbors"),
        (["run", "--all", "--set", "LOF"], "Detector.parameter=value"),
        (["run", "--all", "--jobs", "0"], "at least 1"),
        (["report", "--jobs", "0"], "at least 1"),
        (["list", "--from", "pyod", "--try", "--n", "0"], "at least 1"),
        (["list", "--from", "pyod", "--try", "--n", "50"], "mackey-glass needs at least 120 points"),
        (["run", "--all", "--seed", "-1"], "from 0 to 4294967295"),
        (["explain", "MP", "Genesis", "--seed", "4294967296"], "from 0 to 4294967295"),
        (["run", "--all", "--backend", "dusk"], "did you mean dask"),
        (["run", "--all", "--data-dir", "/no/such/folder"], "does not exist"),
        (["report", "--store", "/no/such.sqlite"], "no results at"),
        (["capsule", "LOF/MGAB/1.test.out", "--store", "/no/such.sqlite"], "no results at"),
        (["explain", "MPP", "Genesis"], "did you mean MP"),
        (["check", "nowhere.py"], "no file nowhere.py"),
        (["new", "detector", "lower"], "not a class name"),
    ],
)
def test_wrong_use_gets_one_message_and_exit_code_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said


def test_a_report_that_cannot_be_written_is_refused_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report").touch()
    assert run(tmp_path, "--detector", "LOF", "--dataset", "Dodgers") == 2
    assert f"{tmp_path / 'report'} is not a folder; name another folder with --out" in capsys.readouterr().err
    assert not (tmp_path / "r.sqlite").exists()


@pytest.mark.parametrize(
    "line",
    [
        "results import near.csv --detector Theirs",
        "results verify --repair",
        "results list",
        "submit HBOS",
        "report",
        "leaderboard",
        "capsule HBOS",
    ],
)
def test_what_needs_results_makes_no_empty_store(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("near.csv").touch()
    Path("result.sqlite").touch()
    assert main([*line.split(), "--store", "results.sqlite"]) == 2
    assert "no results at results.sqlite (did you mean result.sqlite?)" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["near.csv", "result.sqlite"]


@pytest.mark.parametrize(
    "line",
    [
        "run --dataset Genesis --detector mime.py",
        "run --dataset Genesis --detector pyod:mime.py:Mine",
        "check mime.py",
        "results import mime.py --detector Theirs",
        "results merge mime.py",
        "detect mime.py",
    ],
)
def test_a_file_that_is_not_there_gets_the_nearest(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").touch()
    assert main(line.split()) == 2
    assert "no file mime.py (did you mean mine.py?)" in capsys.readouterr().err


def test_an_interrupted_run_without_results_keeps_the_previous_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "table.md").write_text("before")
    stopped = Summary(planned=2, interrupted=True)
    monkeypatch.setattr("benchmark.commands._session.execute", lambda *_: stopped)
    assert run(tmp_path, "--detector", "HBOS", "--dataset", str(folder_of_series(tmp_path / "mine"))) == 130
    assert (tmp_path / "report" / "table.md").read_text() == "before"


def test_a_full_disk_leaves_the_store_as_it_is_and_the_report_is_made_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of_series(tmp_path / "mine", 1)
    assert run(tmp_path, "--detector", "HBOS", "--dataset", str(folder), "--no-report") == 0
    store, out = tmp_path / "r.sqlite", tmp_path / "elsewhere"
    before = store.read_bytes()
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    assert main(["report", "--store", str(store), "--out", str(out), "--jobs", "1"]) == 0
    assert f"the disk of {store} is full\nreading it only" in capsys.readouterr().err
    assert "TimeIndex" in (out / "table.md").read_text()
    assert store.read_bytes() == before


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a file system in which no file can be made")
def test_a_place_for_no_file_is_not_called_locked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["results", "merge", "/proc/version", "--store", "/proc/s.sqlite"]) == 2
    assert "cannot write beside /proc/s.sqlite; name another with --store" in capsys.readouterr().err


def test_an_option_written_rightly_is_not_guessed_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--jobs", "0"]) == 2
    assert "did you mean" not in capsys.readouterr().err


def test_a_broken_file_costs_only_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_of_series(tmp_path / "mine", broken=True)
    assert run(tmp_path, "--detector", "AbsDeviation", "--dataset", str(folder)) == 1
    said = capsys.readouterr()
    assert "bad.out" in said.err
    assert "2 ok; 1 series unusable" in said.err
    assert "AbsDeviation" in said.out


def test_a_second_run_computes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_of_series(tmp_path / "mine")
    words = ("--detector", "AbsDeviation", "--detector", "HBOS", "--dataset", str(folder))
    assert run(tmp_path, *words) == 0
    capsys.readouterr()
    assert run(tmp_path, *words) == 0
    assert "4 cells: 4 stored, 0 to run" in capsys.readouterr().err


def test_only_series_that_lack_a_trivial_baseline_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of_series(tmp_path / "mine")
    assert run(tmp_path, "--detector", "HBOS", "--dataset", str(folder), "--no-report") == 0
    read: list[str] = []
    with Store(tmp_path / "r.sqlite", write=True) as store:
        whole = store.load_series
        monkeypatch.setattr(store, "load_series", lambda key: read.append(key) or whole(key))
        add_trivial_baselines(store)
        assert len(store.frame()) == 2 * 7
        assert len(set(read)) == 2
        read.clear()
        add_trivial_baselines(store)
        assert not read
        one = store.frame().query("detector == 'TimeIndex'").iloc[0]
        with store.database.transaction() as db:
            db.execute("DELETE FROM cells WHERE key = ?", (one["key"],))
        add_trivial_baselines(store)
        assert set(read) == {one["data_hash"]}
        assert len(store.frame()) == 2 * 7


def test_simulated_data_is_shouted_about_and_refused_by_data_real(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCHMARK_DATA", "")
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))
    words = ("--detector", "AbsDeviation", "--dataset", "NASA-MSL", "--series", "C-1", "--offline")
    assert run(tmp_path, *words) == 0
    said = capsys.readouterr()
    assert "SIMULATED data stood in for: NASA-MSL" in said.err
    assert "SIMULATED" in said.out
    assert run(tmp_path, *words, "--data", "real") == 2
    assert "no usable series is left" in capsys.readouterr().err


def test_set_reads_numbers_words_and_lists() -> None:
    given = parse_set(["A.x=3", "A.y=1e-4", "B.s=max", "B.f=true", "B.g=False", "B.l=[1,2]", "B.t=(8,)", "B.n=null"])
    assert given == {
        "A": {"x": 3, "y": 1e-4},
        "B": {"s": "max", "f": True, "g": False, "l": (1, 2), "t": (8,), "n": None},
    }
    for wrong in ("x=3", "A.x", "=3", "A.=3"):
        with pytest.raises(UserError):
            parse_set([wrong])


def test_a_folder_is_read_as_the_options_say() -> None:
    words = ["--dataset", "mine", "--train", "70", "--value", "load", "--dayfirst"]
    read = folder_options(build_parser().parse_args(["run", *words]))
    assert read == FolderOptions(ReadOptions(value="load", day_first=True), train=70)
    assert folder_options(build_parser().parse_args(["list"])) is None


def test_dry_run_lists_cells_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_of_series(tmp_path / "mine")
    assert run(tmp_path, "--detector", "HBOS", "--dataset", str(folder), "--dry-run") == 0
    said = capsys.readouterr()
    assert said.out.count("HBOS on mine/") == 2
    assert "2 cells to run" in said.err
    assert not (tmp_path / "r.sqlite").exists()


def test_data_lists_points_anomalies_and_what_is_wrong() -> None:
    rows = [SeriesStatus("MGAB", "1.test.out", "local", 100_000, 400, "exact", "")]
    rows.append(SeriesStatus("Dodgers", "101", "file", 50_400, 5_632, "", "damaged: fetch it again"))
    assert [line.split(None, 5) for line in _table(rows).splitlines()[1:]] == [
        ["MGAB", "1.test.out", "local", "100000", "400", "exact"],
        ["Dodgers", "101", "file", "50400", "5632", "damaged: fetch it again"],
    ]


def test_ctrl_c_is_an_exit_code_of_its_own(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("benchmark.commands.list._datasets", interrupted)
    assert main(["list", "datasets"]) == 130
    assert capsys.readouterr().err == "\ninterrupted\n"


@pytest.mark.parametrize(("name", "folder"), [("BENCHMARK_CACHE", cache_dir), ("BENCHMARK_DATA", data_dir)])
def test_a_folder_that_is_not_set_is_none(
    name: str, folder: Callable[[], Path | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    for value, found in (("", None), ("~/here", Path("/home/me/here"))):
        monkeypatch.setenv(name, value)
        assert folder() == found


def test_the_version_is_the_distributions(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"tsad-benchmark {metadata.version('tsad-benchmark')}\n"


def test_quiet_says_results_and_what_went_wrong_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_of_series(tmp_path / "Mine")
    assert run(tmp_path, "--detector", "AbsDeviation", "--dataset", str(folder), "--quiet") == 0
    said = capsys.readouterr()
    assert (said.err, "AbsDeviation" in said.out) == ("", True)
    command = ["--detector", plugin(tmp_path, "Raises"), "--dataset", str(folder), "--no-report", "--quiet"]
    assert run(tmp_path, *command) == 1
    said = capsys.readouterr()
    assert said.err.count("ZeroDivisionError") == 2
    assert said.out == ""


def test_a_store_that_cannot_be_written_is_reported_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    values = np.sin(np.arange(400) / 7)
    (folder / "a.out").write_text("".join(f"{x},{int(190 < k < 200)}\n" for k, x in enumerate(values)))
    store = tmp_path / "s.sqlite"
    where = ["--store", str(store), "--out", str(tmp_path / "report")]
    run = ["run", "--detector", "HBOS", "--dataset", str(folder), "--seeds", "2", "--backend", "serial"]
    assert main([*run, "--no-report", *where]) == 0
    assert "one run serves all seeds: HBOS" in capsys.readouterr().err
    assert main([*run, *where]) == 0
    printed = capsys.readouterr().out
    assert "| HBOS | tsb-uad | any |" in printed
    assert "| TimeIndex | tsb-uad | any |" in printed, "a trivial baseline stands in every table"
    assert printed.count("## ") == 1, "the main table alone is printed unless --tables asks for more"
    assert main([*run, *where, "--tables", "none"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["report", *where, "--series", "b*"]) == 2
    assert "has no such series" in capsys.readouterr().err
    Path(f"{store}.lock").unlink()
    Path(f"{store}.lock").mkdir()  # no lock can be taken, whoever runs the test
    assert main(["report", *where]) == 0
    assert "reading it only" in capsys.readouterr().err
    assert main(["results", "verify", "--store", str(store)]) == 0
    for action in ("verify", "list"):
        assert main(["results", action, "theirs.sqlite", "--store", str(store)]) == 2, "not the store that was meant"
        assert "name the store with --store theirs.sqlite" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["report", "--store", str(store), "--out", str(tmp_path / "file" / "below")]) == 2
    assert "name another folder with --out" in capsys.readouterr().err
