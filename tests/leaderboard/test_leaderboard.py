"""TSB-AD's leaderboard: published figures, its metrics by slow loops, and the comparison with our rows."""

from __future__ import annotations

import csv
import io
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import datasets
from benchmark import cli, leaderboard, metrics
from benchmark.errors import UserError
from benchmark.evaluation import evaluate_cells, selection_of
from benchmark.grid import tsb_ad_rows
from benchmark.leaderboard import Figures, summary
from benchmark.leaderboard.figures import _row, leaderboard_cells
from benchmark.leaderboard.submission import _results, _script
from benchmark.store import Store, evaluate, verify
from benchmark.system.packaged import read_csv
from datasets import Series
from detectors import SR, estimate_window
from tests.support.cases import plugin
from tests.support.made_up import cell, frame
from tests.support.series import labelled, rhythm

MEANS = {row["method"]: row for row in read_csv("tests.support", "leaderboard_means.csv")}
FILES = ("277_NEK_id_1_WebService_tr_500_1st_17.csv", "001_NAB_id_1_Facility_tr_1007_1st_2014.csv")


def made_up(name: str, seed: int) -> Series:
    labels = np.zeros(1500, dtype=np.uint8)
    labels[1200:1220] = 1
    return Series("TSB-AD-U", name, rhythm(1500, seed) + 3 * labels, labels)


# -- facts ------------------------------------------------------------------------------------------


def test_the_printed_figures_are_those_of_the_whole_list() -> None:
    prints = leaderboard.published_figures()
    assert len(prints) == 32
    names = set(datasets.get("TSB-AD-U").series_names())
    assert all(set(by_file) == names for by_file in prints.values())
    for method, by_file in prints.items():
        assert np.mean(list(by_file.values())) == pytest.approx(float(MEANS[method]["VUS-PR"]), abs=0.0051)


def test_every_method_that_we_have_is_in_print_and_takes_its_settings() -> None:
    from benchmark.catalogue import build

    for row in tsb_ad_rows():
        assert row.method in leaderboard.published_figures()
        build(row.detector, row.params).check_params()
    assert set(leaderboard.METRICS.values()) <= set(metrics.METRICS)
    assert ["method", *leaderboard.METRICS] == list(MEANS["POLY"])


# -- measures ---------------------------------------------------------------------------------------


def segments(mask: np.ndarray) -> list[tuple[int, int]]:
    found, start = [], None
    for k, one in enumerate([*mask, 0]):
        if one and start is None:
            start = k
        if not one and start is not None:
            found.append((start, k))
            start = None
    return found


def f1(labels: np.ndarray, flags: np.ndarray) -> float:
    return 2 * (flags & (labels == 1)).sum() / (flags.sum() + labels.sum())


def by_steps(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    best = {"tsb_ad_pa_f1": 0.0, "tsb_ad_event_f1": 0.0, "tsb_ad_range_f1": 0.0}
    for threshold in np.linspace(scores.min(), scores.max(), 100):
        flags = scores > threshold
        if not flags.any():
            continue
        adjusted = flags.copy()
        for a, b in segments(labels):
            hits = [k for k in range(a, b) if flags[k]]
            if hits:
                adjusted[max(a, 1) : b] = True
        best["tsb_ad_pa_f1"] = max(best["tsb_ad_pa_f1"], f1(labels, adjusted))
        hit = np.mean([flags[a : min(b, len(flags) - 1)].any() for a, b in segments(labels)])
        precision = labels[flags].mean()
        best["tsb_ad_event_f1"] = max(best["tsb_ad_event_f1"], 2 * hit * precision / (hit + precision + 1e-15))
        recall, exact = reward(labels, flags, 0.2), reward(flags, labels, 0.0)
        best["tsb_ad_range_f1"] = max(best["tsb_ad_range_f1"], 2 * recall * exact / max(recall + exact, 1e-300))
    return best


def reward(ours: np.ndarray, theirs: np.ndarray, alpha: float) -> float:
    total = 0.0
    for a, b in segments(ours):
        touching = sum(c < b and d > a for c, d in segments(theirs))
        total += alpha * bool(touching) + (1 - alpha) * np.mean(theirs[a:b]) / max(touching, 1)
    return total / len(segments(ours))


@settings(max_examples=40, deadline=None)
@given(labelled())
def test_the_measures_are_those_of_slow_loops(pair: tuple[np.ndarray, np.ndarray]) -> None:
    labels, scores = pair
    if labels.all() or not labels.any() or scores.min() == scores.max():
        return
    for name, value in by_steps(labels, scores).items():
        assert metrics.METRICS[name](labels, scores) == pytest.approx(value, abs=1e-9), name
    standard = 0.0
    for threshold in scores:
        flags = scores >= threshold
        p, r = labels[flags].mean(), flags[labels == 1].mean()
        standard = max(standard, 2 * p * r / (p + r + 1e-5))
    assert metrics.METRICS["tsb_ad_standard_f1"](labels, scores) == pytest.approx(standard)
    pairs = [metrics.ranges.affiliation(labels, scores > t) for t in np.linspace(scores.min(), scores.max(), 100)[:-1]]
    assert metrics.METRICS["tsb_ad_affiliation_f"](labels, scores) == pytest.approx(max(p.f1 for p in pairs))


# -- the table --------------------------------------------------------------------------------------


def some(label: str, method: str, shift: float, files: int = 40, exact: bool = True) -> Figures:
    prints = leaderboard.published_figures()[method or "POLY"]
    values = {file: value + shift for file, value in list(prints.items())[::8][:files]}
    return Figures(label, label, method, exact, {0: values}, dict(values))


@pytest.mark.parametrize(
    ("shift", "exact", "text"),
    [
        (5e-5, True, "to the digit (40 of 40)"),
        (0.005, True, "mean within .01 (0 of 40 to the digit)"),
        (0.005, False, "mean within .01"),
        (0.05, False, "not reproduced"),
    ],
)
def test_verdicts(shift: float, exact: bool, text: str) -> None:
    lines, _ = leaderboard.summarise([some("POLY", "POLY", shift, exact=exact)])
    (ours,) = [line for line in lines if line.kind == "ours"]
    assert ours.verdict == text
    assert ours.mean - ours.published == pytest.approx(shift, abs=1e-6)


def test_lines_compare_like_with_like() -> None:
    whole, part = some("A", "POLY", 0.1), some("ScaleFlow", "", 0.3, files=20)
    lines, test = leaderboard.summarise([whole, part])
    by_name = {line.name: line for line in lines}
    assert len(lines) == 32 + 2 + 1
    assert lines[-1].name == "ScaleFlow (ours)"  # on fewer files: not among the others
    assert [line.mean for line in lines[:-1]] == sorted((line.mean for line in lines[:-1]), reverse=True)
    best, mean = summary.best_published(part.vus_pr)
    assert (lines[-1].method, lines[-1].published, lines[-1].best) == (best, mean, True)
    prints = leaderboard.published_figures()
    files = list(whole.vus_pr)
    oracle = by_name["best of the 32 published per file (oracle)"]
    assert oracle.mean == pytest.approx(np.mean([max(p[f] for p in prints.values()) for f in files]))
    assert by_name["A (ours)"].published == pytest.approx(np.mean([prints["POLY"][f] for f in files]))
    assert np.isnan(by_name["ScaleFlow (ours)"].rank)  # it lacks files, and a rank would pretend
    assert by_name["ScaleFlow (ours)"].tuned
    rest = [v for f, v in part.vus_pr.items() if f.split("_")[1] not in by_name["ScaleFlow (ours)"].tuned]
    assert by_name["ScaleFlow (ours)"].without_tuned == pytest.approx(np.mean(rest))
    ranks = [line.rank for line in lines if line.rank == line.rank]
    assert np.mean(ranks) == pytest.approx((len(ranks) + 1) / 2)
    assert test is not None
    text = leaderboard.document(leaderboard.sheets(lines, test))
    assert "40 of 350 files" in text
    assert "Tremor" in text
    table = list(csv.DictReader(io.StringIO(leaderboard.lines_csv(lines))))
    assert {row["row"] for row in table} == set(by_name)


def test_rows_that_repeat_a_method_say_on_how_many_files_and_what_decides() -> None:
    lines, _ = leaderboard.summarise([some("MP", "MatrixProfile", 0.0), some("ScaleFlow", "", 0.3)])
    part = leaderboard.document(leaderboard.sheets(lines)).split("### Rows that reproduce")[1].split("###")[0]
    (row,) = [line for line in part.splitlines() if "MatrixProfile" in line]
    assert "40 of 40" in row
    assert "stumpy" in row
    assert "ScaleFlow" not in part


def test_progress_is_told_by_source(capsys: pytest.CaptureFixture[str]) -> None:
    from benchmark.execution.backends import Board
    from benchmark.execution.display import Display
    from benchmark.grid import Outcome
    from benchmark.grid.plan import plan, rows

    selection = selection_of("tsb-ad", [0], detectors=("SR", "MovingStd"))
    tasks = [task for task, _ in plan(selection, rows(selection), [made_up(name, 0) for name in FILES])]
    with Display(Board(), tasks, 1) as display:
        for task in tasks:
            display.done(task, Outcome("ok"))
    said = capsys.readouterr().err.splitlines()
    assert {"NAB: all done, 2 cells", "NEK: all done, 2 cells"} <= set(said)
    assert display._sources() == "NAB 2/2  NEK 2/2"


def test_a_plan_says_what_each_source_will_take(monkeypatch: pytest.MonkeyPatch) -> None:
    import benchmark.grid
    from benchmark.commands.run import _by_source
    from benchmark.grid.plan import plan, rows

    selection = selection_of("tsb-ad", [0], detectors=("SR", "MovingStd"))
    tasks = [task for task, _ in plan(selection, rows(selection), [made_up(name, 0) for name in FILES])]
    monkeypatch.setattr(benchmark.grid, "expected_seconds", lambda cell, n: 90.0)
    assert list(_by_source(tasks)) == [f"{s}: 1 series, 2 cells, ~3.0 min\n" for s in ("NAB", "NEK")]


def test_the_highest_figure_has_rank_1_and_equal_ones_share_theirs() -> None:
    rows = {"A": {"f": 0.9, "g": 0.5}, "B": {"f": 0.1, "g": 0.5}, "C": {"f": 0.2, "g": 0.1}}
    assert summary.mean_ranks(rows, ["f", "g"]) == {"A": 1.25, "B": 2.25, "C": 2.5}


def test_the_interval_covers_the_mean_of_many_draws() -> None:
    x = np.random.default_rng(1).uniform(size=50)
    low, high = summary.bootstrap_interval(x)
    half = 1.96 * x.std() / np.sqrt(50)
    assert (low, high) == pytest.approx((x.mean() - half, x.mean() + half), abs=0.01)


# -- from a store -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("leaderboard") / "store.sqlite"
    series = [made_up(name, seed) for seed, name in enumerate(FILES)]
    evaluate_cells(["SR", "MovingStd"], series, selection_of("tsb-ad", [0]), store=path)
    return path


def test_rows_are_read_from_a_store_with_the_figure_behind_the_training_rows(store: Path) -> None:
    with Store(store, write=True) as opened:
        rows = {row.label: row for row in leaderboard.figures(opened)}
        again = {row.label: row for row in leaderboard.figures(opened)}
    assert rows == again
    assert (rows["SR"].method, rows["SR"].exact, rows["MovingStd"].method) == ("SR", True, "")
    assert set(rows["SR"].vus_pr) == set(FILES) == set(rows["SR"].after_train)
    assert all(rows["SR"].after_train[f] > rows["SR"].vus_pr[f] - 0.2 for f in FILES)
    one, begin = made_up(FILES[0], 0), 500  # tr_500 in its name
    scores = SR(padding="series").fit(one.values).score(one.values)[begin:]
    by_hand = metrics.METRICS["vus_pr"](one.labels[begin:], scores, estimate_window(one.values))
    assert rows["SR"].after_train[FILES[0]] == pytest.approx(by_hand, rel=1e-12)


def test_the_commands_write_table_and_submission(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["leaderboard", "--store", str(store), "--out", str(tmp_path)]) == 0
    assert "2 of 350 files" in capsys.readouterr().out
    assert {p.name for p in tmp_path.iterdir()} == {"leaderboard.md", "leaderboard.csv", "leaderboard_files.csv"}
    assert cli.main(["submit", "SR", "--store", str(store), "--out", str(tmp_path / "s")]) == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "s" / "SR.csv").read_text())))
    assert list(rows[0]) == ["file", "Time", *leaderboard.METRICS]
    assert [row["file"] for row in rows] == sorted(FILES)
    script = (tmp_path / "s" / "Run_SR.py").read_text()
    compile(script, "Run_SR.py", "exec")
    assert "SR_HP = {'padding': 'series'}" in script
    assert cli.main(["submit", "RS", "--store", str(store)]) == 2
    assert "did you mean SR" in capsys.readouterr().err


def test_a_plug_in_has_results_and_no_script(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = plugin(tmp_path, "Fine")
    evaluate_cells([folder], [made_up(FILES[0], 0)], selection_of("tsb-ad", [0]), store=tmp_path / "s.sqlite")
    assert cli.main(["submit", "Fine", "--store", "s.sqlite", "--out", "out"]) == 0
    assert [path.name for path in Path("out").iterdir()] == ["Fine.csv"]
    assert "no script" in capsys.readouterr().err


def test_a_submission_has_the_seconds_of_fit_and_score(store: Path, tmp_path: Path) -> None:
    shutil.copy(store, tmp_path / "s.sqlite")
    with Store(tmp_path / "s.sqlite", write=True) as opened:
        with opened.database.transaction() as db:
            db.execute("UPDATE cells SET fit_seconds = 1.25, score_seconds = 2.5")
        rows = csv.DictReader(io.StringIO(leaderboard.submission(opened, "SR")["SR.csv"]))
        assert {row["Time"] for row in rows} == {"3.750"}


@pytest.mark.parametrize(("name", "kind", "rank"), [("PCA", False, 1), ("KNN", False, 2), ("SAND", True, 1)])
def test_a_script_has_the_kind_and_the_window_of_the_detector(name: str, kind: bool, rank: int) -> None:
    text = _script(name, {})
    assert f"    if {kind}:\n" in text
    assert f"estimate_window(data, rank={rank})" in text


@pytest.mark.parametrize(
    ("detector", "seeds", "quick", "said"),
    [
        ("SR", (0,), True, "no row ran under tsb-ad"),
        ("RandomScore", (0, 1), False, "RandomScore has 2 seeds in the store: the leaderboard takes one run"),
    ],
)
def test_a_quick_run_and_one_of_several_seeds_are_not_submitted(
    tmp_path: Path, detector: str, seeds: tuple[int, ...], quick: bool, said: str
) -> None:
    path = tmp_path / "s.sqlite"
    evaluate_cells([detector], [made_up(FILES[0], 0)], selection_of("tsb-ad", seeds, quick=quick), store=path)
    with Store(path, write=True) as opened:
        assert bool(leaderboard.figures(opened)) != quick
        with pytest.raises(UserError, match=said):
            leaderboard.submission(opened, detector)


def test_a_store_without_such_rows_says_what_to_run_and_leaves_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, page = tmp_path / "s.sqlite", tmp_path / "page.md"
    page.write_text("kept")
    with Store(path, write=True) as empty, pytest.raises(UserError, match="run --dataset TSB-AD-U first"):
        leaderboard.submission(empty, "SR")
    assert cli.main(["leaderboard", "--store", str(path), "--out", str(tmp_path), "--page", str(page)]) == 2
    assert "ran under tsb-ad on a file of TSB-AD-U: python -m benchmark run" in capsys.readouterr().err
    assert page.read_text() == "kept"


def test_a_page_is_renewed_between_its_markers(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from benchmark.commands.leaderboard import BEGIN, END

    page = tmp_path / "page.md"
    page.write_text(f"# Before\n\n{BEGIN}\nyesterday\n{END}\n\nafter\n")
    command = ["leaderboard", "--store", str(store), "--out", str(tmp_path), "--page", str(page)]
    assert cli.main(command) == 0
    once = page.read_text()
    assert cli.main(command) == 0
    assert page.read_text() == once
    assert once.startswith("# Before")
    assert once.endswith("after\n")
    assert "yesterday" not in once
    for part in (
        "SR (ours)",
        "95 % over files",
        "(oracle)",
        "### By source",
        "### Rank test",
        "Tremor",
        "Seeds: the number of runs behind a figure",
    ):
        assert part in once, part
    page.write_text("no markers")
    assert cli.main(command) == 2
    assert "has no place for the table" in capsys.readouterr().err


def test_the_report_page_has_the_leaderboard(store: Path, tmp_path: Path) -> None:
    assert cli.main(["report", "--store", str(store), "--out", str(tmp_path), "--quiet"]) == 0
    page = (tmp_path / "index.html").read_text()
    section = page.partition('<section id="beyond">')[2].partition("</section>")[0]
    for part in ("2 of 350 files", "SR (ours)", "(oracle)", "<h3>By source</h3>", "Rank test", "Tremor", "NEK (1)"):
        assert part in section, part
    assert '<a href="#beyond">' in page


def test_a_random_row_tells_its_seeds_and_their_range_a_deterministic_one_that_it_has_none() -> None:
    random, certain = some("SAND", "SAND", 0.0, exact=False), some("SR", "SR", 0.0)
    random.by_seed[1] = {file: value + 0.02 for file, value in random.by_seed[0].items()}
    lines, _ = leaderboard.summarise([random, certain])
    table = leaderboard.sheets(lines)[0]
    seeds = {row[0]: row[table.head.index("Seeds")] for row in table.rows}
    assert (seeds["SAND (ours)"], seeds["SR (ours)"], seeds["SR"]) == ("2", "any", "")
    low = float(np.mean(list(random.by_seed[0].values())))
    first, last = (f"{mean:.3f}".removeprefix("0") for mean in (low, low + 0.02))
    assert f"Lowest and highest mean of a seed: SAND {first}–{last}." in table.notes


def test_a_random_method_that_repeats_print_is_compared_by_the_published_seed() -> None:
    row = some("IForest", "Sub-IForest", 0.0)
    row.by_seed[1] = {file: value + 0.02 for file, value in row.by_seed[0].items()}
    line = next(line for line in leaderboard.summarise([row])[0] if line.kind == "ours")
    assert line.mean == pytest.approx(line.published + 0.01)
    assert (line.met, line.verdict, line.seeds) == (40, "to the digit (40 of 40)", "2")
    assert line.reproduced == pytest.approx(line.published)


def test_a_row_has_the_fewest_seeds_of_its_files() -> None:
    cells = pd.DataFrame({"detector": "IForest", "params": "{}", "series": ["a", "a", "b"], "seed": [0, 1, 0]})
    cells = cells.assign(vus_pr=[0.2, 0.4, 0.8], vus_pr_after_train=[0.1, 0.3, np.nan])
    row = _row("IForest", cells)
    assert row.seeds == 1
    assert row.vus_pr == {"a": pytest.approx(0.3), "b": 0.8}
    assert row.after_train == {"a": pytest.approx(0.2)}


def test_files_of_untouched_sources_are_counted() -> None:
    lines, test = leaderboard.summarise([some("ScaleFlow", "", 0.3, files=39)])
    (mine,) = [line for line in lines if line.tuned]
    left = [file for file in mine.per_file if file.split("_")[1] not in mine.tuned]
    assert len(left) != 39 - len(left)
    assert f"on the {len(left)} files of other sources" in leaderboard.document(leaderboard.sheets(lines, test))


def test_tables_have_the_figures_and_the_files_of_each_source() -> None:
    lines, test = leaderboard.summarise([some("POLY", "POLY", 0.1), some("ScaleFlow", "", 0.3, files=20)])
    for row, line in zip(csv.DictReader(io.StringIO(leaderboard.lines_csv(lines))), lines, strict=True):
        shown = [float(row[name]) for name in ("mean", "low", "high", "rank", "published", "after_train")]
        exact = [line.mean, line.low, line.high, line.rank, line.published, line.after_train]
        assert shown == pytest.approx(exact, abs=1e-6, nan_ok=True)
        assert (int(row["files"]), int(row["met"]), row["method"]) == (len(line.per_file), line.met, line.method)
    text = leaderboard.document(leaderboard.sheets(lines, test))
    whole = max((line.per_file for line in lines), key=len)
    sources = [file.split("_")[1] for file in whole]
    head = next(line for line in text.split("### By source")[1].splitlines() if line.startswith("| Row"))
    assert re.findall(r"(\w+) \((\d+)\)", head) == [(s, str(sources.count(s))) for s in sorted(set(sources))]
    by_name = {line.split(" | ")[0]: line for line in text.split("### Rows that reproduce")[0].splitlines()}
    assert f"best: {lines[-1].method}" in by_name["| **ScaleFlow (ours)**"]
    assert "best" not in by_name["| **POLY (ours)**"]


def test_an_undefined_metric_is_empty_in_a_submission() -> None:
    cells = pd.DataFrame({"series": ["a"], "fit_seconds": 1.0, "score_seconds": 1.0})
    cells = cells.assign(**dict.fromkeys(leaderboard.METRICS.values(), 0.25)).assign(auprc=np.nan)
    (row,) = csv.DictReader(io.StringIO(_results(cells)))
    assert (row["AUC-PR"], row["VUS-PR"]) == ("", "0.25")


class Cells:
    """A store of which only the cells are asked for."""

    def __init__(self, *rows: dict[str, object]) -> None:
        self.rows = rows

    def frame(self) -> pd.DataFrame:
        return frame(self.rows)


def test_only_whole_cells_of_the_protocol_on_listed_files_that_ended_well_count() -> None:
    def row(series: str, **more: object) -> dict[str, object]:
        return cell("TSB-AD-U", series, "SR", **{"protocol": "tsb-ad", **more})

    others = [row(FILES[0], protocol="tsb-uad"), row("mine.csv"), row(FILES[0], status="failed", seed=1)]
    given = Cells(row(FILES[0]), *others, cell("TSB-AD-U", FILES[1], "POLY", protocol="tsb-ad", quick=True))
    counted = leaderboard_cells(given)  # type: ignore[arg-type]
    assert counted[["series", "protocol", "status", "seed", "detector"]].to_numpy().tolist() == [
        [FILES[0], "tsb-ad", "ok", 0, "SR"]
    ]


def test_ten_published_methods_and_our_whole_rows_are_tested_within_sources() -> None:
    whole, part = some("A", "POLY", 0.1), some("B", "POLY", 0.2, files=20)
    lines, test = leaderboard.summarise([whole, part])
    published = sorted((line.rank, line.name) for line in lines if line.kind == "published")
    assert test is not None
    assert set(test.mean_ranks) == {"A (ours)", *(name for _, name in published[:10])}
    sources = [file.split("_")[1] for file in whole.vus_pr]
    assert test.n_series == {source: sources.count(source) for source in set(sources)}
    assert test.pairs is not None
    ahead = test.pairs[(test.pairs["a"] == "A (ours)") & (test.pairs["b"] == "POLY")]
    behind = test.pairs[(test.pairs["b"] == "A (ours)") & (test.pairs["a"] == "POLY")]
    assert [*ahead["mean_difference"], *-behind["mean_difference"]] in ([pytest.approx(0.1)], [])


def test_the_best_method_without_tuned_sources_is_that_of_the_same_files() -> None:
    lines, _ = leaderboard.summarise([some("ScaleFlow", "", 0.3)])
    (mine,) = [line for line in lines if line.tuned]
    rest = [file for file in mine.per_file if file.split("_")[1] not in mine.tuned]
    means = {m: np.mean([by[f] for f in rest]) for m, by in leaderboard.published_figures().items()}
    best = max(means, key=lambda method: means[method])
    assert mine.best_without_tuned == (best, pytest.approx(means[best]))


@pytest.mark.parametrize("label", [0, 1])
def test_rows_of_one_class_behind_the_training_rows_have_no_figure(tmp_path: Path, label: int) -> None:
    one = made_up(FILES[0], 0)
    labels = np.where(np.arange(1500) < 500, one.labels, label).astype(np.uint8)  # tr_500 in its name
    labels[100:120] = 1 - label
    series = [Series("TSB-AD-U", FILES[0], one.values, labels), made_up(FILES[1], 1)]
    evaluate_cells(["MovingStd"], series, selection_of("tsb-ad", [0]), store=tmp_path / "s.sqlite")
    with Store(tmp_path / "s.sqlite", write=True) as opened:
        for _ in range(2):  # measured, then read
            (row,) = leaderboard.figures(opened)
            assert (set(row.vus_pr), set(row.after_train)) == (set(FILES), {FILES[1]})
            assert not verify(opened).differing
        keys = dict(opened.frame()[["series", "key"]].itertuples(index=False))
        opened.put_metrics([(keys[FILES[1]], evaluate.AFTER_TRAIN, 0.99, "")])
        (said,) = verify(opened).differing
        assert f"{FILES[1]} (tsb-ad, seed 0): VUS-PR after the training rows is stored as 0.99" in said


def test_a_row_of_other_settings_is_not_the_published_method() -> None:
    cells = pd.DataFrame({"detector": "SR", "series": ["a"], "seed": [0], "vus_pr": [0.2], "vus_pr_after_train": [0.1]})
    found = [_row("SR", cells.assign(params=params)) for params in ("{}", '{"width": 9}')]
    assert [(row.method, row.exact) for row in found] == [("SR", True), ("", False)]


@pytest.mark.parametrize(
    ("apart", "met", "said"),
    [
        (0.0099, 3, "mean within .01"),
        (-0.0099, 18, "mean within .01"),
        (0.0101, 18, "not reproduced"),
        (0.5, 19, "to the digit (19 of 20)"),
    ],
)
def test_what_is_said_of_a_row_by_hand(apart: float, met: int, said: str) -> None:
    pairs = [(0.4 + 0.001 * k, 0.4 + 0.001 * k + apart) for k in range(20)]
    assert summary.verdict(pairs, met, exact=False) == said
    assert summary.verdict(pairs, met, exact=True).startswith(f"{said} ({met} of 20" if met < 19 else said)
