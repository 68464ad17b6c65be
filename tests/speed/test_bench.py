"""The bench alternates its sides, compares only comparable ones, and asserts no time."""

from __future__ import annotations

import argparse
import ast
import io
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.catalogue import registry
from benchmark.cli import main
from benchmark.commands import bench
from benchmark.errors import UserError
from benchmark.grid.cells import Cell
from benchmark.grid.costs import OVERHEAD, costs, expected_seconds
from benchmark.speed import costing, measure, memory, others, series, tables, worker
from benchmark.speed.measure import Growth, Run
from benchmark.speed.others import MATCHES, OTHERS, Match, Side
from benchmark.system import environments
from benchmark.system.environments import EnvironmentMissing
from benchmark.system.provenance import measured_on

OURS, THEIRS = Side("ours"), Side("PyOD HBOS", "pyod")
HBOS = Match("HBOS", (THEIRS,))
HERE = Path(sys.executable)


def run(side: str = "ours", n: int = 1000, repeat: int = 0, seconds: float = 1.0, **more) -> Run:
    return Run("counts", "HBOS", side, n, 48, 1, repeat, seconds, **more)


@pytest.fixture
def calls(monkeypatch):
    """Replaces the fresh process: seconds by side, exceptions by side; returns who was called in which order."""
    order: list[str] = []
    answers: dict[str, object] = {}

    def call(side, python, match, one, window, threads, limit, epochs=5):
        order.append(side.name)
        answer = answers.get(side.name, 1.0)
        if isinstance(answer, BaseException):
            raise answer
        return {"seconds": answer, "cpu_seconds": answer, "startup": 0.1, "peak_mb": 9.0, "level_mb": 8.0}, one.values

    monkeypatch.setattr(measure, "call", call)
    return order, answers


def alternate(n=1000, repeats=2, growth=None):
    sides = [(OURS, HERE), (THEIRS, HERE)]
    one = series.make("counts", n)
    return list(measure.alternate(sides, HBOS, one, 48, 1, repeats, growth or Growth(100), lambda line: None))


# -- series ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", series.SIMULATED)
def test_a_series_has_the_asked_length_and_some_anomalies_and_is_the_same_each_time(name):
    one, again = series.make(name, 3000), series.make(name, 3000)
    assert len(one) == 3000
    assert 0 < one.n_anomalous < 300
    assert one.sha256 == again.sha256


@pytest.mark.parametrize("name", series.SIMULATED)
def test_a_simulated_series_has_room_for_its_anomalies(name):
    with pytest.raises(UserError, match="needs at least 120 points, got 119"):
        series.make(name, series.MIN_POINTS - 1)
    assert series.make(name, series.MIN_POINTS).labels.any()


def test_a_wrong_series_name_is_refused_with_the_choices():
    with pytest.raises(UserError, match="mackey-glass, counts or DATASET/SERIES"):
        series.make("sine", 3000)


# -- measuring ---------------------------------------------------------------------------------


def test_sides_run_in_turn_and_the_first_to_go_changes(calls):
    order, _ = calls
    runs = alternate(repeats=3)
    assert order == ["ours", "PyOD", "PyOD", "ours", "ours", "PyOD"]
    assert [r.repeat for r in runs] == [0, 0, 1, 1, 2, 2]
    assert [r.rank_correlation for r in runs if r.side == "PyOD"] == pytest.approx([1, 1, 1])


def test_every_side_is_compared_with_ours(monkeypatch):
    one = series.make("counts", 1000)
    scores = {"ours": one.values, "PyOD HBOS": -one.values, "scikit-learn HBOS": one.values * 2 + 1}
    monkeypatch.setattr(measure, "call", lambda side, *_, **__: ({"seconds": 1.0}, scores[side.call]))
    sides = [(Side(name), HERE) for name in scores]
    runs = list(measure.alternate(sides, HBOS, one, 48, 1, 3, Growth(100), lambda line: None))
    found = {r.side: set(np.round([s.rank_correlation for s in runs if s.side == r.side], 9)) for r in runs[1:3]}
    assert found == {"PyOD": {-1.0}, "scikit-learn": {1.0}}


@pytest.mark.parametrize("error", [RuntimeError("no module x"), measure.Stopped(3, 100)])
def test_a_side_that_fails_is_noted_once_and_the_others_go_on(calls, error):
    order, answers = calls
    answers["PyOD"] = error
    runs = alternate(repeats=3)
    assert order.count("PyOD") == 1
    assert order.count("ours") == 3
    (failed,) = [r for r in runs if r.side == "PyOD"]
    assert str(error)[:20] in failed.note
    assert np.isnan(failed.seconds)


def test_a_side_over_the_budget_is_left_out_of_longer_series(calls):
    order, answers = calls
    answers["PyOD"] = 60.0
    growth = Growth(100)
    alternate(1000, 1, growth)
    (left_out,) = [r for r in alternate(2000, 1, growth) if r.side == "PyOD"]
    assert left_out.note == "left out: over the budget of 100 s"
    assert order == ["ours", "PyOD", "ours"]
    assert growth.allows(("counts", "HBOS", "PyOD HBOS", 48, 1), 1500)


def test_a_side_that_proves_too_slow_keeps_the_runs_it_had(calls):
    _, answers = calls
    answers["PyOD"] = 60.0
    first, second = [r for r in alternate(1000, 3, Growth(50)) if r.side == "PyOD"]
    assert (first.seconds, first.note) == (60.0, "")
    assert second.note == "only 1 of 3 runs: over the budget of 50 s"


def test_our_side_in_a_fresh_process_gives_the_scores_of_this_one():
    one = series.make("counts", 1200)
    reply, scores = measure.call(OURS, HERE, HBOS, one, 30, 1, 100)
    np.testing.assert_array_equal(scores, registry.build("HBOS", {"window": 30}).fit(one.values).score(one.values))
    assert reply["peak_mb"] >= reply["level_mb"] > 0
    assert min(reply["seconds"], reply["cpu_seconds"], reply["startup"]) > 0


def test_a_process_that_fails_says_why():
    with pytest.raises(RuntimeError, match="NoSuchDetector"):
        measure.call(OURS, HERE, Match("NoSuchDetector"), series.make("counts", 1200), 30, 1, 100)


@pytest.mark.parametrize("window", [48, 49])
def test_window_scores_are_compared_at_their_centres(window):
    one = series.make("counts", 1000)
    rng = np.random.default_rng(0)
    ours = rng.normal(size=1000)
    front = -(-(window - 1) // 2)
    centred = ours[front : front + 1000 - window + 1]
    found = measure.agree(ours, 3 + 2 * centred, one, window)
    assert found["rank_correlation"] == pytest.approx(1)
    assert found["difference"] == pytest.approx(0, abs=1e-12)
    assert found["auroc_difference"] == 0
    assert measure.agree(ours, np.roll(centred, 1), one, window)["rank_correlation"] < 0.5


def test_two_figures_are_compared_as_they_are():
    found = measure.agree(np.array([0.5, 0.25]), np.array([0.5, 0.5]), series.make("counts", 1000), 48)
    assert found == {"difference": 0.25}


def test_the_worker_imports_from_where_its_request_says(tmp_path, monkeypatch):
    """Also where this package is not installed, but runs from a checkout."""
    (tmp_path / "only_there.py").write_text("def scored(x):\n    return 2 * x\n")
    request = {"call": "there", "window": 4, "threads": 3, "path": [str(tmp_path)]}
    request |= {name: str(tmp_path / f"{name}.npy") for name in ("values", "labels", "scores", "reply")}
    np.save(request["values"], np.arange(5.0))
    np.save(request["labels"], np.zeros(5))
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(request)))
    monkeypatch.setattr(worker.os, "dup2", lambda *_: None)
    monkeypatch.setitem(worker.CALLS, "there", lambda x, labels, request: import_module("only_there").scored(x))
    worker.main()
    assert np.load(request["scores"]).tolist() == [0, 2, 4, 6, 8]
    assert worker.os.environ["NUMBA_NUM_THREADS"] == "3"


def test_the_worker_stands_alone():
    tree = ast.parse(Path(worker.__file__).read_text())
    roots = {node.module.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    roots |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert roots - set(sys.stdlib_module_names) == {"numpy"}


# -- others ------------------------------------------------------------------------------------


def test_every_side_has_its_call_and_every_detector_of_the_paper_its_line():
    assert {side.call for match in MATCHES for side in (match.ours, *match.others)} == set(worker.CALLS)
    assert {match.detector for match in MATCHES} - {"VUS"} == set(registry.published_order()[:-1])


def test_matched_parameters_exist():
    for match in MATCHES:
        if match.detector != "VUS":
            registry.build(match.detector, match.params)


def test_ours_does_what_the_other_does():
    whole = {"max_windows": 1 << 30}  # no sample, where the other takes every window
    assert {match.detector: match.params for match in MATCHES if match.params} == {
        "MP": {"constants": "zero"},  # stumpy: equal constants are at distance 0
        "POLY": {"stretch": True},  # TSB-UAD: a block's fit runs over one point more
        **dict.fromkeys(("OCSVM", "AE"), whole),
        **{name: {"scaling": "lookahead"} | whole for name in ("CNN", "LSTM")},  # TSB-UAD scales by the future, too
    }


def test_absent_packages_are_named_and_left_out():
    match = Match("LOF", (Side("TSB-UAD LOF", "TSB_UAD", apart=True), Side("Nowhere LOF", "no_such_module"), THEIRS))
    sides, absent = others.present(match, None)
    assert [side.name for side, _ in sides] == ["ours", "PyOD"]
    assert absent == ["TSB-UAD LOF (no module TSB_UAD)", "Nowhere LOF (no module no_such_module)"]


def test_an_installation_that_fails_says_why_and_is_tried_again(monkeypatch, tmp_path):
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path))
    done: list[list[str]] = []

    def fake(command, **_):
        done.append(command)
        code = 1 if len(done) == 2 else 0
        (tmp_path / command[-1]).mkdir(parents=True, exist_ok=True) if "venv" in command else None
        return subprocess.CompletedProcess(command, code, "", "ERROR: no network")

    monkeypatch.setattr(environments.subprocess, "run", fake)
    with pytest.raises(EnvironmentMissing, match="no network"):
        OTHERS.interpreter(lambda line: None)
    python = OTHERS.interpreter(lambda line: None)
    assert len(done) == 5
    assert OTHERS.interpreter(lambda line: None) == python
    assert len(done) == 5, "a complete environment is not made twice"


# -- tables ------------------------------------------------------------------------------------


def test_the_ratio_is_the_median_of_ratios_within_repeats():
    # The machine is three times busier in the second round: both sides suffer, the ratio does not.
    runs = [run(seconds=1), run("PyOD", seconds=4), run(seconds=3, repeat=1), run("PyOD", seconds=12, repeat=1)]
    table = tables.summary(tables.frame(runs)).set_index("side")
    assert table.loc["PyOD", "ratio"] == 4
    assert table.loc["PyOD", "ratio_low"] == table.loc["PyOD", "ratio_high"] == 4
    assert table.loc["ours", ["seconds", "low", "high"]].tolist() == [2, 1, 3]


def test_growth_finds_the_exponent_and_ignores_what_is_too_short_to_time():
    runs = [run(n=n, seconds=1e-9 * n**2) for n in (1000, 4000, 16000)]
    (line,) = tables.growth(tables.summary(tables.frame(runs))).to_dict("records")
    assert line["exponent"] == pytest.approx(2)
    assert line["lengths"] == 2  # 1,000 points take a millisecond


def test_the_page_shows_ratios_agreement_notes_and_how_it_was_made():
    runs = [run(seconds=0.5), run("PyOD", seconds=2.5, rank_correlation=0.9991), run("Slow", note="left out: over")]
    runs[2] = Run("counts", "HBOS", "Slow", 1000, 48, 1, 0, note="left out: over")
    table = tables.summary(tables.frame(runs))
    page = tables.markdown(table, tables.growth(table), ["command: `bench`"])
    assert "- command: `bench`" in page
    assert "| HBOS | counts | 1,000 | 48 | 1 | PyOD | 2.500 (2.500-2.500) | 5.0 (5.0-5.0) |" in page
    assert "0.99910" in page
    assert "left out: over |" in page
    assert "nan" not in page


def test_the_command_writes_table_and_runs(calls, tmp_path, capsys):
    order, _ = calls
    options = ["--detector", "HBOS", "--series", "counts", "--n", "1000", "--n", "2000", "--repeats", "2"]
    code = main(["bench", "--ours", *options, "--out", str(tmp_path)])
    assert code == 0
    assert order == ["ours"] * 4
    assert "| HBOS | counts | 2,000 |" in capsys.readouterr().out
    assert {file.suffix for file in tmp_path.iterdir()} == {".md", ".csv"}


def test_a_page_gets_the_table_between_its_marks(calls, tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n")
    options = ["--ours", "--detector", "HBOS", "--series", "counts", "--n", "1000", "--out", str(tmp_path)]
    assert main(["bench", *options, "--page", str(page)]) == 0
    text = page.read_text()
    assert text.startswith("before\n<!-- bench -->\n\n| detector | side | series, n, W | seconds | peak MiB |")
    assert "| HBOS | ours | counts, 1,000, 48 | 1.000 | 9 |" in text
    assert "- command: `python -m benchmark bench" in text
    assert text.endswith("<!-- /bench -->\nafter\n")
    assert "\nold\n" not in text
    order, _ = calls
    order.clear()
    page.write_text("no marks")
    for file, message in ((page, "has no place for the table"), (tmp_path / "no.md", "there is no such file")):
        assert main(["bench", *options, "--page", str(file)]) == 2
        assert message in capsys.readouterr().err
    assert not order, "refused before work"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--n", "10"], "--n must be"),
        (["--window", "500"], "20 windows"),
        (["--detector", "LOV"], "LOF"),
        (["--threads", "0"], "--threads: expected a whole number of at least 1"),
        (["--repeats", "0"], "--repeats: expected a whole number of at least 1"),
        (["--budget", "0"], "--budget must be above 0"),
    ],
)
def test_the_command_refuses_what_cannot_be_measured(options, message, capsys):
    assert main(["bench", "--ours", *options]) == 2
    assert message in capsys.readouterr().err


def test_the_memory_page_has_exact_and_bounded_variants_and_says_what_the_latter_cost(calls, monkeypatch):
    monkeypatch.setattr(memory, "EXACT_N", 2000)
    page = memory.table(["LOF", "HBOS"], 5000, 100, 60, ["machine: x"], lambda line: None)
    assert "| LOF |  | 5,000 | 100 |" in page
    assert "| LOF | sample=25 | 5,000 | 100 |" in page
    assert "| HBOS |  | 5,000 | 100 |" in page
    assert "| LOF | sample=10 | 2,000 | 1.0000 | +0.0000 |" in page


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (measure.Stopped(60, 123.4), "| > 60 |  | 123 |  | stopped: memory so far |"),
        (RuntimeError("no room"), "| failed: no room |"),
    ],
)
def test_the_memory_page_goes_on_after_a_stopped_and_a_failed_detector(calls, answer, shown):
    calls[1]["ours"] = answer
    page = memory.table(["HBOS", "PCA"], 5000, 100, 60, [], lambda line: None)
    assert page.count(shown) == 2


def test_the_memory_page_holds_what_was_measured_before_an_interrupt(calls):
    calls[1]["ours"] = KeyboardInterrupt()
    assert "| detector |" in memory.table(["HBOS"], 5000, 100, 60, [], lambda line: None)


def test_a_process_over_its_time_is_stopped_and_its_memory_known():
    with pytest.raises(measure.Stopped) as stopped:
        measure._run([sys.executable, "-c", "import time; time.sleep(60)"], "", 1.0)
    assert stopped.value.peak_mb > 1 or not sys.platform.startswith("linux")


def test_the_command_takes_any_detector_for_its_memory(calls, tmp_path, capsys):
    options = ["--n", "2000", "--detector", "TimeIndex", "--out", str(tmp_path)]
    assert main(["bench", "--memory", *options]) == 0
    assert "| TimeIndex |  | 2,000 | 100 |" in capsys.readouterr().out
    assert main(["bench", "--memory", "--detector", "TimeIndx"]) == 2
    assert "TimeIndex" in capsys.readouterr().err


def test_the_machine_is_described():
    assert any("cores" in line for line in measured_on(["bench"]))


# -- costs -------------------------------------------------------------------------------------


def test_every_registered_detector_has_a_measured_cost():
    missing = set(registry.detectors()) - set(costs())
    assert not missing, f"run `python -m benchmark bench --costs`: {missing}"


def test_a_cost_grows_with_length_as_measured_and_with_what_the_protocol_fits():
    def seconds(detector: str, n: int, protocol: str = "tsb-uad") -> float:
        return expected_seconds(Cell("d", "s", detector, protocol), n) - OVERHEAD

    mp = costs()["MP"]
    assert 1.5 < mp.growth <= 2
    assert seconds("MP", 40_000) == pytest.approx(seconds("MP", 10_000) * 4**mp.growth)
    tenth, whole, blocks = (
        seconds("CNN", 10_000, protocol) for protocol in ("tsb-uad", "normal-only", "normal-crossfit")
    )
    assert tenth < whole < blocks
    assert seconds("LSTM", 200_000, "normal-only") < 1.5 * seconds("LSTM", 100_000, "normal-only"), "20,000 windows"


def test_a_protocol_whose_settings_take_another_way_has_costs_of_its_own():
    assert set().union(*costing.OTHERWISE.values()) <= set(costs())
    ours, published = (expected_seconds(Cell("d", "s", "KNN", p), 200_000) for p in ("tsb-uad", "tsb-ad"))
    assert published > 3 * ours, "every pair of z-normalised windows is compared"


def test_the_settings_of_a_protocol_are_measured_too(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(costing, "measure", lambda name, params: asked.append((name, params)) or costs()["LOF"])
    costing.write_costs(lambda line: None, ["LOF", "PCA"], tmp_path / "costs.csv")
    assert asked == [("LOF", {}), ("LOF", {"n_neighbors": 30, "scaling": "z-summed"}), ("PCA", {})]
    assert "\nLOF@tsb-ad," in (tmp_path / "costs.csv").read_text()


def test_costs_are_rewritten_row_by_row(tmp_path):
    file = tmp_path / "costs.csv"
    file.write_text("# old\ndetector,fit,score,growth,share,cap\nLOF,1,2,2,1,0\nRandomScore,9,9,9,9,9\n")
    costing.write_costs(lambda line: None, ["RandomScore"], file)
    lines = file.read_text().splitlines()
    assert lines[2:4] == ["detector,fit,score,growth,share,cap", "LOF,1,2,2,1,0"]
    assert lines[4].startswith("RandomScore,")
    assert not lines[4].endswith("9,9,9")


def test_costs_of_the_named_detectors_alone(monkeypatch):
    asked: list[list[str]] = []
    monkeypatch.setattr(costing, "write_costs", lambda say, names: asked.append(names))
    assert main(["bench", "--costs", "--detector", "TimeIndex"]) == 0
    assert main(["bench", "--costs", "--detector", "TimeIndx"]) == 2
    assert asked == [["TimeIndex"]]


@pytest.mark.parametrize(
    ("options", "n", "budget", "repeats"),
    [
        ({}, [2_000, 10_000, 50_000], 20.0, 3),
        ({"full": True, "window": [16]}, [2_000, 10_000, 30_000, 100_000, 300_000, 1_000_000], 900.0, 5),
        ({"memory": True}, [1_000_000], 900.0, 3),
        ({"full": True, "n": [30_000, 20_000], "repeats": 1}, [20_000, 30_000], 900.0, 1),
    ],
)
def test_what_is_measured_unless_it_is_said(options, n, budget, repeats):
    names = ("n", "window", "threads", "repeats", "budget")
    args = argparse.Namespace(**{"full": False, "memory": False, **dict.fromkeys(names), **options})
    bench._set_defaults(args)
    assert (args.n, args.budget, args.repeats) == (n, budget, repeats)


def test_a_row_of_the_memory_page_by_hand(monkeypatch):
    reply = {"seconds": 2.04, "cpu_seconds": 1.26, "peak_mb": 300.4, "level_mb": 100.6}
    monkeypatch.setattr(memory, "_call", lambda *_: (reply, np.zeros(5)))
    row = memory._row(Match("LOF", params={"sample": 7}), series.make("counts", 1000), 20, 60.0, lambda line: None)
    assert row == ["LOF", "sample=7", "1,000", 20, "2.0", "1.3", "300", "200", ""]


def test_the_short_page_by_hand():
    row = {"detector": "HBOS", "side": "PyOD HBOS", "series": "counts", "n": 2000, "window": 48, "seconds": 1.5}
    row |= {"peak_mb": 101.7, "cpu_ratio": 2.54, "difference": 3e-9}
    page = tables.short(pd.DataFrame([row, row | {"side": "ours"}]), ["machine: x"])
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")
    ]
    expected = ["HBOS", "PyOD HBOS", "counts, 2,000, 48", "1.500", "102", "2.5", "3e-09"]
    assert cells[2] == expected
    assert cells[3] == [expected[0], "ours", *expected[2:5], "", expected[6]]
    assert cells[0] == ["detector", "side", "series, n, W", "seconds", "peak MiB", "CPU times ours", "largest diff."]
