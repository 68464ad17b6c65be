"""The tables: position of each figure, its number of series, and its verdict."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.catalogue import published, registry
from benchmark.errors import UserError
from benchmark.grid.protocols import paper_protocol
from benchmark.report.formats import csv as as_csv
from benchmark.report.formats import latex, markdown
from benchmark.report.tables import model as tables
from benchmark.report.tables import text, verdicts
from benchmark.report.tables.builder import build, current
from benchmark.report.tables.model import Entry, Row, Table, Versus
from tests.support.made_up import SIZES, cell, frame, grid

HOSTILE = r"=a|b*_<i>&%$#{}~^\é漢`[x](y)"


def main_table(cells: pd.DataFrame, simulated: bool = False, **given: object) -> Table:
    built = build(current(cells), SIZES, **given)  # type: ignore[arg-type]
    return next(t for t in built if t.main and t.simulated == simulated)


def row_of(table: Table, label: str) -> Row:
    return next(row for row in table.rows if row.label == label)


# -- what was published, and the verdict -------------------------------------------------------


def test_the_published_table_is_whole_and_its_known_figures_are_right() -> None:
    printed = published()
    assert len(printed) == 13 * 4
    assert printed["IForest", "NASA-MSL"] == 0.57
    assert printed["LOF", "MGAB"] == 0.96
    assert [printed["Proposed", d] for d in tables.DATASETS] == [0.81, 0.92, 0.82, 0.97]


@pytest.mark.parametrize(
    ("ours", "interval", "expected"),
    [
        (0.770, None, "reproduced"),
        (0.760, None, "reproduced"),
        (0.780, None, "reproduced"),
        (0.7805, None, "not reproduced"),
        (0.70, (0.66, 0.75), "not reproduced"),
        (0.70, (0.62, 0.78), "inside the seed interval"),
        (0.70, (0.64, 0.765), "inside the seed interval"),  # print may be .765 rounded
        (0.80, (0.774, 0.82), "inside the seed interval"),
        (0.70, (0.58, 0.80), "not reproduced"),  # wider than .2
        (0.70, (0.605, 0.80), "inside the seed interval"),
        (0.51, (0.108, 0.915), "not reproduced"),  # so wide that it would hold any figure
    ],
)
def test_verdicts(ours: float, interval: tuple[float, float] | None, expected: str) -> None:
    assert verdicts.compare("PCA", "Dodgers", ours, 0.77, interval)[0] == expected


def test_a_cause_excuses_no_more_than_it_can_account_for() -> None:
    verdict, cause = verdicts.compare("IForest", "NASA-MSL", 0.81, 0.57, None)
    assert verdict == "explained"
    assert "slip in the publication" in cause
    assert verdicts.compare("IForest", "NASA-MSL", 0.95, 0.57, None) == ("not reproduced", "")
    assert verdicts.compare("IForest", "NASA-MSL", 0.19, 0.57, None) == ("not reproduced", ""), "nor below"


def test_a_remark_excuses_nothing() -> None:
    verdict, remark = verdicts.compare("Proposed", "MGAB", 0.80, 0.92, None)
    assert verdict == "not reproduced"
    assert "chosen on other series" in remark


def test_every_cause_names_a_published_row_and_has_a_bound() -> None:
    rows = {detector for detector, _ in published()}
    for cause in verdicts.causes():
        assert cause.detector in rows
        assert cause.dataset in (*tables.DATASETS, "*")
        assert 0 <= cause.up_to <= 0.25
        assert not re.search(r"0?\.\d", cause.text), "a cause is text, not a result"


def test_two_seeds_make_no_interval() -> None:
    assert verdicts.seed_interval([0.5, 0.9]) is None
    low, high = verdicts.seed_interval([0.60, 0.62, 0.64]) or (0, 0)
    half = 4.302652729911275 * 0.02 * np.sqrt(4 / 3)  # t(.975, 2) s sqrt(1 + 1/k)
    assert (low, high) == pytest.approx((0.62 - half, 0.62 + half))


# -- means -------------------------------------------------------------------------------------


def test_a_figure_is_the_mean_over_series_of_the_mean_over_seeds() -> None:
    cells = frame(
        [
            *(cell("MGAB", "1", "IForest", a, seed=s) for s, a in enumerate((0.2, 0.4, 0.6))),
            cell("MGAB", "2", "IForest", 1.0),
            cell("MGAB", "3", "IForest", 0.4),
        ]
    )
    entry = row_of(main_table(cells), "IForest").entries["MGAB"]
    assert entry.value == pytest.approx((0.4 + 1.0 + 0.4) / 3)
    assert entry.seeds == 1, "only seed 0 covers every series"
    assert entry.complete


def test_series_that_no_cell_has_count_as_missing() -> None:
    entry = row_of(main_table(frame([cell("MGAB", "1", "LOF", 0.9)])), "LOF").entries["MGAB"]
    assert (entry.n_series, entry.size, entry.complete) == (1, SIZES["MGAB"], False)


def test_only_a_cell_that_ended_well_gives_a_figure() -> None:
    cells = frame([cell("MGAB", "1", "LOF", 0.9), cell("MGAB", "2", "LOF", 0.1)])
    cells.loc[1, "status"] = "failed"  # with a figure of an earlier time
    entry = row_of(main_table(cells), "LOF").entries["MGAB"]
    assert (entry.value, entry.n_series, entry.state) == (0.9, 1, "failed (1)")


def test_of_a_detector_that_is_not_registered_randomness_is_assumed() -> None:
    table = main_table(frame([cell("Dodgers", "1", "Mine", 0.5), cell("Dodgers", "1", "HBOS", 0.5)]))
    assert row_of(table, "Mine").random
    assert not row_of(table, "HBOS").random


def test_csv_has_ours_minus_published() -> None:
    table = main_table(frame([cell("Dodgers", "1", "LOF", 0.5)]))
    rows = list(csv.DictReader(io.StringIO(as_csv.document([table]))))
    mine = next(row for row in rows if (row["detector"], row["dataset"]) == ("LOF", "Dodgers"))
    assert float(mine["difference"]) == pytest.approx(0.5 - 0.54)
    assert float(mine["ours"]) == 0.5


def test_missing_series_are_counted_shown_and_not_compared() -> None:
    cells = frame(
        [
            cell("MGAB", "1", "LOF", 0.95),
            cell("MGAB", "2", "LOF", status="failed", reason="window 9 is too short"),
            cell("MGAB", "3", "LOF", 0.97),
            *(cell("MGAB", k, "AE", 0.5) for k in "123"),
        ]
    )
    table = main_table(cells)
    entry = row_of(table, "LOF").entries["MGAB"]
    assert text.ours(entry) == ".960 (2/3)"
    assert entry.verdict == "not compared"
    assert not entry.best, "a mean over fewer series than others is not the best"
    assert row_of(table, "AE").entries["MGAB"].best
    assert row_of(table, "IForest").entries["MGAB"].state == "not run"


@pytest.mark.parametrize("status", ["failed", "timeout", "oom", "crashed", "skipped", "diverged"])
def test_a_cell_without_result_is_a_word_never_a_number(status: str) -> None:
    cells = frame([cell("Dodgers", "1", "LOF", status=status, reason="why"), cell("Dodgers", "1", "AE", 0.7)])
    entry = row_of(main_table(cells), "LOF").entries["Dodgers"]
    assert entry.value is None
    assert text.ours(entry) == f"{status} (1)"
    line = next(li for li in markdown.document([main_table(cells)]).splitlines() if li.startswith("| LOF"))
    assert line == f"| LOF | tsb-uad |  | .54 | {status} (1) |  |"


def test_an_undefined_metric_is_named() -> None:
    cells = frame([cell("Dodgers", "1", "LOF", float("nan"))])
    assert text.ours(row_of(main_table(cells), "LOF").entries["Dodgers"]) == "auroc undefined (1)"


# -- simulated, quick, replaced ----------------------------------------------------------------


def test_simulated_cells_change_no_real_figure_and_stand_apart() -> None:
    real = grid()
    mixed = pd.concat([real, grid(source="simulated").assign(auroc=0.0)], ignore_index=True)
    assert main_table(mixed) == main_table(real)
    made_up = main_table(mixed, simulated=True)
    assert text.heading(made_up).startswith("SIMULATED: ")
    assert all(e.published is None and e.value in (0.0, None) for r in made_up.rows for e in r.entries.values())
    written = markdown.document([made_up])
    assert "published |" not in written
    assert "no figure here compares with the publication" in written


def test_what_a_person_sets_in_a_quick_run_is_shown() -> None:
    """Two settings share no row, of which only the later would be seen."""
    usual = registry.detectors()["AE"].quick
    given = [json.dumps(p) for p in (usual, usual | {"epochs": 7}, usual | {"width": 3})]
    table = main_table(frame([cell("MGAB", "1", "AE", 0.1 * k, quick=True, params=p) for k, p in enumerate(given)]))
    assert [row.label for row in table.rows if row.detector == "AE"] == ["AE", "AE (epochs=7)", "AE (width=3)"]


def test_a_full_cell_replaces_a_quick_one_and_a_quick_one_is_marked() -> None:
    usual = json.dumps(registry.detectors()["AE"].quick)
    quick = [cell("MGAB", "1", d, 0.1, quick=True, params=p) for d, p in (("AE", usual), ("LOF", "{}"))]
    table = main_table(frame([*quick, *(cell("MGAB", k, "LOF", 0.96) for k in "123")]))
    assert text.ours(row_of(table, "LOF").entries["MGAB"]) == ".960"
    entry = row_of(table, "AE").entries["MGAB"]
    assert text.ours(entry) == ".100q (1/3)"
    assert entry.verdict == "not compared"
    assert text.heading(table).startswith("QUICK: ")


def test_the_latest_outcome_of_a_cell_counts() -> None:
    old, new = cell("Dodgers", "1", "LOF", 0.1, finished=1.0), cell("Dodgers", "1", "LOF", 0.54, finished=2.0)
    for rows in ([old, new], [new, old]):
        assert row_of(main_table(frame(rows)), "LOF").entries["Dodgers"].value == 0.54


def test_a_changed_parameter_is_a_row_of_its_own_without_verdict() -> None:
    cells = frame([cell("Dodgers", "1", "LOF", 0.5), cell("Dodgers", "1", "LOF", 0.54, params='{"window": 50}')])
    table = main_table(cells)
    assert row_of(table, "LOF").entries["Dodgers"].verdict == "explained"
    assert row_of(table, "LOF (window=50)").entries["Dodgers"].published is None


# -- which rows and which mark -----------------------------------------------------------------


def test_the_main_table_is_the_papers_setting() -> None:
    table = main_table(grid())
    protocols = {row.label: row.protocol for row in table.rows}
    assert protocols["Proposed"] == "normal-only"
    assert {p for label, p in protocols.items() if label != "Proposed"} == {"tsb-uad"}
    printed = list(dict.fromkeys(d for d, _ in published()))
    assert [row.label for row in table.rows][:13] == printed
    assert [row.group for row in table.rows][-2:] == ["one-liner", "one-liner"]


def test_the_main_table_has_every_detector_that_ran_in_its_setting_of_the_paper_or_not() -> None:
    ran = {name: cls.group for name, cls in registry.detectors().items() if cls.group != "one-liner"}
    own = [cell("Dodgers", "1", n, 0.6, group=g, protocol=paper_protocol(n, g)) for n, g in ran.items()]
    assert {"SAND", "KNN", "ScaleFlow"} <= set(ran) <= {row.label for row in main_table(frame(own)).rows}


def test_there_is_a_table_per_protocol_with_every_detector_that_ran_under_it() -> None:
    built = {t.protocol: t for t in build(current(grid()), SIZES) if not t.main}
    assert list(built) == ["tsb-uad", "normal-only"]
    assert "Proposed" not in {row.label for row in built["tsb-uad"].rows}
    assert {row.label for row in built["normal-only"].rows} == {*map(str, grid()["detector"])}


def test_what_does_not_beat_the_best_one_liner_is_marked() -> None:
    rows = [("LOF", 0.6), ("AE", 0.8), ("TimeIndex", 0.7), ("Random", 0.5)]
    cells = frame(cell("Dodgers", "1", d, a) for d, a in rows)
    table = main_table(cells)
    assert row_of(table, "LOF").entries["Dodgers"].weak
    assert not row_of(table, "AE").entries["Dodgers"].weak
    assert "°" in text.ours(row_of(table, "LOF").entries["Dodgers"])
    asked = []

    def strict(row: Row, rival: Row, dataset: str) -> Versus:
        asked.append((row.label, rival.label, dataset))
        return Versus(rival.label, 0.7, False, -0.02, 0.31)

    table = main_table(cells, against=strict)
    assert row_of(table, "AE").entries["Dodgers"].weak
    assert ("AE", "TimeIndex", "Dodgers") in asked


def test_the_mark_names_its_test_where_it_stands() -> None:
    rows = [("LOF", 0.6), ("AE", 0.8), ("TimeIndex", 0.7)]
    cells = frame(cell("Dodgers", "1", d, a) for d, a in rows)

    def bootstrap(row: Row, rival: Row, dataset: str) -> Versus:
        return Versus(rival.label, 0.7, False, -0.02, 0.31)

    by_means, by_bootstrap = (markdown.document([main_table(cells, **given)]) for given in ({}, {"against": bootstrap}))
    assert "bootstrap" not in by_means, "a test that was not made is not named"
    assert "its mean is not above\n" in by_means
    assert "the 95 % interval of the difference reaches 0 (paired bootstrap" in by_bootstrap
    assert "Dodgers: best trivial baseline TimeIndex, .700. Above it, but" in by_bootstrap
    assert "AE \\[−.020, +.310\\]" in by_bootstrap
    written = list(csv.DictReader(io.StringIO(as_csv.document([main_table(cells, against=bootstrap)]))))
    lof = next(line for line in written if line["detector"] == "LOF")
    assert (lof["best_one_liner"], lof["one_liner_value"], lof["gain_low"]) == ("TimeIndex", "0.7", "-0.02")


# -- one protocol for all rows -----------------------------------------------------------------


def prefix_too(*lacking: str) -> pd.DataFrame:
    cells = pd.concat([grid(), grid(("prefix",))], ignore_index=True)
    return cells[~((cells["protocol"] == "prefix") & cells["detector"].isin(lacking))]


def test_every_row_under_one_protocol_stands_next_to_the_main_table() -> None:
    built = build(current(prefix_too()), SIZES)
    assert [t.protocol for t in built] == ["as published", "prefix", "tsb-uad", "normal-only"]
    main, common, *others = built
    assert (common.common, [t.common for t in others]) == (True, [False, False])
    assert {row.protocol for row in common.rows} == {"prefix"}
    assert {row.label for row in common.rows} == {row.label for row in main.rows if text.seeds(row)}
    written = markdown.document(built).split("## ")[2]
    assert written.startswith("AUROC with every row under one protocol: prefix\n")
    assert "Protocol: prefix." in written
    assert "saw different data" not in written
    assert "prefix: fit sees the first tenth" in written
    assert "Seeds: the runs behind a figure; any: the row draws no random numbers" in written
    assert ("in brackets: the 95 % prediction interval for one more seed" in written) == ("[" in written)


def test_rows_that_lack_the_common_protocol_are_named() -> None:
    common = build(current(prefix_too("AE", "Proposed")), SIZES)[1]
    assert "Not run under prefix: AE, Proposed." in " ".join(common.notes).replace("IForest1, ", "").replace(
        "MP, PCA, NormA, HBOS, POLY, OCSVM, ", ""
    ).replace("CNN, LSTM, ", "")


def test_another_protocol_for_all_rows_on_request() -> None:
    assert build(current(prefix_too()), SIZES, common="normal-only")[1].protocol == "normal-only"
    assert not any(t.common for t in build(current(grid()), SIZES)), "prefix was not run"
    with pytest.raises(UserError, match=r"no cell is under normal-crossfit: .* --protocol normal-crossfit"):
        build(current(grid()), SIZES, common="normal-crossfit")


def test_captions_name_protocol_and_seeds() -> None:
    rows = [("LOF", 1), ("IForest", 1), ("AE", 3), ("Proposed", 1)]
    cells = frame(cell("Dodgers", "1", d, 0.6, seed=seed) for d, seeds in rows for seed in range(seeds))
    table = main_table(cells)
    expected = "Protocol: tsb-uad (Proposed: normal-only). Seeds: 1 (AE: 3). Without randomness: LOF."
    assert text.conditions(table) == expected
    assert text.conditions(table, {"LOF"}) == "Protocol: tsb-uad. Without randomness: LOF."
    for written in (markdown.document([table]), latex.document([table])):
        assert expected in written


def test_the_rival_is_compared_on_the_series_that_both_have() -> None:
    rows = [("LOF", {"1": 0.9, "2": 0.3}), ("AE", {"2": 0.3}), ("TimeIndex", {"1": 0.8, "2": 0.3, "3": 0.9})]
    cells = frame(cell("MGAB", series, d, a) for d, figures in rows for series, a in figures.items())
    table = main_table(cells)
    assert not row_of(table, "LOF").entries["MGAB"].weak, "better on 1 and 2, whatever 3 says"
    assert row_of(table, "AE").entries["MGAB"].weak, "a tie is no win"


def test_a_quick_or_partial_figure_gets_no_verdict() -> None:
    quick = main_table(frame([cell("Dodgers", "1", "LOF", 0.54, quick=True)]))
    assert row_of(quick, "LOF").entries["Dodgers"].verdict == "not compared"
    part = main_table(frame([cell("MGAB", "1", "LOF", 0.96)]))
    assert row_of(part, "LOF").entries["MGAB"].verdict == "not compared"
    whole = main_table(frame([cell("Dodgers", "1", "LOF", 0.54)]))
    assert row_of(whole, "LOF").entries["Dodgers"].verdict == "reproduced"


def test_the_best_is_a_detector_by_three_digits_and_on_all_series() -> None:
    figures = {"LOF": 0.8104, "AE": 0.8096, "IForest": 0.811, "TimeIndex": 0.95}
    table = main_table(frame(cell("Dodgers", "1", d, a) for d, a in figures.items()))
    assert {row.label for row in table.rows if row.entries["Dodgers"].best} == {"IForest"}
    some = [cell("MGAB", s, "LOF", 0.6) for s in "123"] + [cell("MGAB", "1", "AE", 0.9), cell("MGAB", "1", "HBOS", 0.6)]
    table = main_table(frame(some))
    assert {row.label for row in table.rows if row.entries["MGAB"].best} == {"LOF"}


def test_the_facts_that_change_the_reading_stand_beside_the_figures() -> None:
    written = markdown.document([main_table(grid())])
    assert "missing count is written as -1" in written
    assert "the time index" in written
    assert re.search(r"Genesis: best trivial baseline \w+, \.\d{3}\.", written)


def test_one_seed_of_a_random_row_reproduces_nothing() -> None:
    rows = [("HBOS", 0.30, 1), ("IForest", 0.79, 1), ("AE", 0.73, 3)]
    cells = frame(cell("Dodgers", "1", d, a + seed / 1e4, seed=seed) for d, a, seeds in rows for seed in range(seeds))
    table = main_table(cells)
    found = {row.label: (text.seeds(row), row.entries["Dodgers"].verdict) for row in table.rows}
    assert found["HBOS"] == ("any", "reproduced")
    assert found["IForest"] == ("1", "within .01 by too few seeds")
    assert found["AE"] == ("3", "reproduced")
    line = next(li for li in markdown.document([table]).splitlines() if li.startswith("| IForest"))
    assert line.split(" | ")[1:3] == ["tsb-uad", "1"]
    assert line.endswith("(=) |")


def test_bold_is_given_within_a_protocol() -> None:
    cells = frame([cell("Dodgers", "1", d, a) for d, a in (("LOF", 0.6), ("AE", 0.7), ("Proposed", 0.65))])
    table = main_table(cells)
    best = {row.label for row in table.rows if row.entries["Dodgers"].best}
    assert best == {"AE", "Proposed"}
    assert "different protocols saw different data: do not compare" in markdown.document([table])


def test_a_table_of_own_files_has_no_published_columns_and_no_rows_that_were_not_run() -> None:
    table = main_table(frame([cell("mine", "a.csv", "LOF", 0.6), cell("mine", "a.csv", "TimeIndex", 0.5)]))
    assert [row.label for row in table.rows] == ["LOF", "TimeIndex"]
    assert "published |" not in markdown.document([table])
    both = main_table(frame([cell("mine", "a.csv", "LOF", 0.6), cell("Dodgers", "1", "LOF", 0.5)]))
    assert "| Dodgers published | ours | difference | mine |" in markdown.document([both])


# -- formats -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "printed"), [(0.775, ".775"), (1.0, "1.000"), (0.0, ".000"), (0.99999, "1.000")])
def test_figures_are_printed_as_the_field_does(value: float, printed: str) -> None:
    assert text.figure(value) == printed


def test_differences_carry_their_sign() -> None:
    assert [text.signed(v) for v in (0.012, -0.015, 0.0, -0.0001)] == ["+.012", "−.015", ".000", ".000"]


def hostile_tables() -> list[Table]:
    rows = [cell("Dodgers", "1", HOSTILE, 0.7, group="plug-in"), cell("Dodgers", "1", "LOF", 0.5)]
    rows += [cell("Dodgers", "1", HOSTILE, 0.7, group="plug-in", params='{"a": "|"}'), cell(HOSTILE, "1", "LOF", 0.5)]
    return build(current(frame(rows)))


def test_no_name_breaks_a_markdown_table() -> None:
    for block in markdown.document(hostile_tables()).split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
        assert len(columns) <= 1, block
    assert "<i>" not in markdown.document(hostile_tables())


def test_latex_sets_each_character_as_it_is() -> None:
    assert latex.escape('\\~^<>|"°†≈≠−–\n\r\t&%$#_{}aZ é☃') == (
        r"\textbackslash{}\textasciitilde{}\textasciicircum{}\textless{}\textgreater{}\textbar{}\textquotedbl{}"
        r"$^{\circ}$\textsuperscript{\textdagger}$\approx$$\neq$$-$--   \&\%\$\#\_\{\}aZ é\texttt{U+2603}"
    )


def test_latex_tables_are_sound() -> None:
    written = latex.document([*build(current(grid()), SIZES), *hostile_tables()])
    assert written.count(r"\begin{") == written.count(r"\end{")
    assert written.count(r"\toprule") == written.count(r"\bottomrule") == written.count(r"\begin{tabular}")
    for columns, body in re.findall(r"\\begin\{tabular\}\{(l?r*)\}(.*?)\\end\{tabular\}", written, re.S):
        for line in body.splitlines():
            if line.endswith(r"\\"):
                spans = sum(int(n) - 1 for n in re.findall(r"\\multicolumn\{(\d)\}", line))
                assert len(re.findall(r"(?<!\\)&", line)) + 1 + spans == len(columns), line
    assert set(re.findall(r"[^\x00-\x7f]", written)) <= {"é"}


@pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="pdflatex is not installed; the structure is checked above"
)
def test_latex_compiles(tmp_path: Path) -> None:
    path = tmp_path / "table.tex"
    path.write_text(latex.document([*build(current(grid()), SIZES), *hostile_tables()]), encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", path.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "table.pdf").stat().st_size > 0


def test_csv_carries_everything_and_no_formula() -> None:
    cells = grid()
    rows = list(csv.DictReader(io.StringIO(as_csv.document(build(current(cells), SIZES)))))
    lof = next(r for r in rows if r["detector"] == "LOF" and r["dataset"] == "MGAB" and r["published"])
    mine = cells[(cells["detector"] == "LOF") & (cells["dataset"] == "MGAB") & (cells["protocol"] == "tsb-uad")]
    assert float(lof["ours"]) == pytest.approx(mine["auroc"].mean(), abs=1e-12)
    assert float(lof["difference"]) == pytest.approx(mine["auroc"].mean() - 0.96, abs=1e-12)
    assert lof["verdict"] == "not reproduced"
    hostile = csv.DictReader(io.StringIO(as_csv.document(hostile_tables())))
    assert {row["detector"][:2] for row in hostile if HOSTILE in row["detector"]} == {"'="}


def test_each_line_of_csv_is_its_entry() -> None:
    rivals = [Versus("TimeIndex", 0.7, better, -0.25, 0.125) for better in (True, False)]
    entry = Entry(0.75, 2, 3, 4, (0.5, 0.875), "failed (1)", True, False, rivals[0], 0.25, False, "verdict", "a cause")
    entries = {"A": entry, "B": replace(entry, best=True, quick=False, versus=rivals[1]), "C": Entry()}
    table = Table("main", "tsb-uad", "auroc", ("A", "B", "C"), (Row("LOF", "LOF", "distance", "prefix", entries),))
    first, second, third = csv.DictReader(io.StringIO(as_csv.document([table])))
    assert dict(list(first.items())[1:]) == {
        **{"protocol": "prefix", "metric": "auroc", "simulated": "False", "quick": "True", "detector": "LOF"},
        **{"group": "distance", "dataset": "A", "published": "0.25", "ours": "0.75", "difference": "0.5"},
        **{"verdict": "verdict", "cause": "a cause", "n_series": "2", "size": "3", "seeds": "4", "low": "0.5"},
        **{"high": "0.875", "best": "False", "not_better_than_one_liner": "False", "best_one_liner": "TimeIndex"},
        **{"one_liner_value": "0.7", "gain_low": "-0.25", "gain_high": "0.125", "state": "failed (1)"},
    }
    other = {"quick": "False", "dataset": "B", "best": "True", "not_better_than_one_liner": "True"}
    assert dict(second) == dict(first) | other
    assert (third["ours"], third["low"], third["difference"], third["gain_high"], third["best"]) == (*[""] * 4, "False")


def test_cells_csv_starts_with_the_promised_columns() -> None:
    cells = frame([cell("Dodgers", "@1", "LOF", 0.5, reason="-1"), cell("Dodgers", "2", "LOF", status="failed")])
    written = as_csv.cells(cells)
    promised = "dataset,series,detector,protocol,seed,source,status,reason,auroc,auprc,n,n_anomalous,window,"
    assert written.startswith(promised + "fit_seconds,score_seconds,peak_mb,")
    rows = list(csv.DictReader(io.StringIO(written)))
    assert (rows[0]["series"], rows[0]["reason"]) == ("'@1", "'-1")
    assert rows[1]["auroc"] == ""
    assert float(rows[0]["auroc"]) == 0.5
    assert "note" not in rows[0]
    noted = list(csv.DictReader(io.StringIO(as_csv.cells(cells.assign(extra=['{"note": "=stuck"}', "{}"])))))
    assert [row["note"] for row in noted] == ["'=stuck", ""]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120), st.text(max_size=120))
def test_file_names_are_portable_and_keep_apart(one: str, other: str) -> None:
    a, b = text.file_name(one), text.file_name(other)
    assert re.fullmatch(r"[A-Za-z0-9._@ -]+", a)
    assert a not in (".", "..")
    assert len(a) < 100
    assert (a == b) == (one == other)


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_any_text_survives_latex_escaping_in_ascii(text: str) -> None:
    escaped = latex.escape(text)
    assert not re.search(r"(?<!\\)[&%$#_]", re.sub(r"\$(?:-|\^\{\\circ\}|\\approx|\\neq)\$", "", escaped))
    assert all(c <= "ÿ" for c in escaped)


def test_markdown_escapes_an_underscore_at_the_edge_of_a_word_only() -> None:
    assert markdown.escape("IForest (n_estimators=200)") == "IForest (n_estimators=200)"
    assert markdown.escape("_slanted_ __init__ a|b") == r"\_slanted\_ \_\_init\_\_ a\|b"


def test_a_cause_of_one_data_set_goes_before_that_of_any(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"detector": "PCA", "dataset": dataset, "up_to": "0.2", "cause": cause}
        for dataset, cause in (("*", "any"), ("MGAB", "this"))
    ]
    monkeypatch.setattr(verdicts, "read_csv", lambda *_: list(rows))
    verdicts.causes.cache_clear()
    try:
        assert [verdicts.known_cause("PCA", dataset, 0.1) for dataset in ("MGAB", "Dodgers")] == ["this", "any"]
    finally:
        verdicts.causes.cache_clear()


def test_csv_has_the_seed_interval_from_low_to_high() -> None:
    cells = frame([cell("Dodgers", "1", "IForest", a, seed=s) for s, a in enumerate((0.60, 0.62, 0.64))])
    rows = csv.DictReader(io.StringIO(as_csv.document(build(current(cells), SIZES))))
    (line,) = [
        r
        for r in rows
        if r["detector"] == "IForest"
        and r["dataset"] == "Dodgers"
        and r["protocol"] == "tsb-uad"
        and not r["published"]
    ]
    assert (float(line["low"]), float(line["high"])) == pytest.approx(verdicts.seed_interval([0.60, 0.62, 0.64]))
