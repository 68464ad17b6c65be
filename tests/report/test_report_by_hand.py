"""Pictures, cards and lines of the report, for given cells and ranks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmark.report import summary, writer
from benchmark.report.cells.derived import digest
from benchmark.report.cells.figures import Checked
from benchmark.report.cells.source import Source
from benchmark.report.formats import latex, markdown
from benchmark.report.page import cards
from benchmark.report.page import index as page
from benchmark.report.plots.cd_diagram import MARGIN, WIDTH, _caption, cd_figure, rank_figure
from benchmark.report.plots.pictures import Drawing, summary_drawings
from benchmark.report.plots.style import ACCENT, INK
from benchmark.report.tables import bar, text, verdicts
from benchmark.report.tables.builder import build, current
from benchmark.report.tables.model import Entry, Row, Versus
from benchmark.system.packaged import read_csv
from tests.support.made_up import MadeUpResults, cell, frame, grid

RANKS = {"A": 1.0, "B": 2.25, "C": 3.75, "D": 4.5, "E": 5.0}
GROUPS = [("A", "B"), ("C", "E")]


def diagram(highlight: tuple[str, ...] = ()) -> Any:
    test = SimpleNamespace(
        reason="", mean_ranks=RANKS, groups=GROUPS, p_value=0.01, n_series={"MGAB": 10}, method="Holm"
    )
    return cd_figure(test, highlight=highlight).axes[0]  # type: ignore[arg-type]


def inches(rank: float) -> float:
    """The axis runs from rank 1 to rank 5 between the margins."""
    return MARGIN + (rank - 1) / 4 * (WIDTH - 2 * MARGIN)


def test_a_rank_stands_at_its_place_with_its_figure() -> None:
    axes = diagram()
    dots = [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "o"]
    assert dots == pytest.approx([inches(rank) for rank in RANKS.values()])
    shown = {t.get_text() for t in axes.texts}
    assert {"A  1.00", "B  2.25", "C  3.75", "4.50  D", "5.00  E"} <= shown
    ticks = {t.get_text(): t.get_position()[0] for t in axes.texts if t.get_text() in list("12345")}
    assert ticks == pytest.approx({str(rank): inches(rank) for rank in range(1, 6)})


def test_a_bar_joins_those_that_do_not_differ() -> None:
    bars = [line.get_xdata() for line in diagram().lines if line.get_linewidth() > 3]
    assert [tuple(bar) for bar in bars] == [
        pytest.approx((inches(RANKS[a]) - 0.04, inches(RANKS[b]) + 0.04)) for a, b in GROUPS
    ]


@pytest.mark.parametrize(("count", "name"), [(2, "Wilcoxon"), (3, "Friedman")])
def test_the_caption_names_the_test(count: int, name: str) -> None:
    ranks = dict(list(RANKS.items())[:count])
    test = SimpleNamespace(mean_ranks=ranks, p_value=0.0123, n_series={"MGAB": 10, "Dodgers": 1}, method="Holm")
    caption = _caption(test).replace("\n", " ")  # type: ignore[arg-type]
    assert f"Holm. {name} p = 0.012. Series: MGAB 10, Dodgers 1." in caption


@pytest.mark.parametrize("source", ["local", "cache", "file", "simulated"])
def test_only_a_simulated_series_counts_as_such(source: str) -> None:
    cells = current(frame([cell("MGAB", "1", "LOF", source=source)]))
    assert cells["simulated"].tolist() == [source == "simulated"]
    assert {table.simulated for table in build(cells)} == {source == "simulated"}


def test_the_named_rows_alone_are_coloured() -> None:
    colours = [line.get_color() for line in diagram(highlight=("B",)).lines if line.get_marker() == "o"]
    assert colours == [INK, ACCENT, INK, INK, INK]


def test_trivial_baselines_are_those_coloured_in_the_report() -> None:
    """Twelve series, on each of which the detectors stand in one order."""
    names = ("TimeIndex", "LOF", "IForest")
    cells = current(
        frame(cell("MGAB", f"{k}", name, 0.5 + 0.1 * place) for place, name in enumerate(names) for k in range(12))
    )
    (table,) = [table for table in build(cells) if not table.main]
    figure = rank_figure(cells, table)
    assert figure is not None
    caption = figure.axes[0].texts[-1].get_text().replace("\n", " ")
    assert caption.endswith("Protocol: tsb-uad. Seeds: 1. Without randomness: LOF.")
    labels = [t for t in figure.axes[0].texts if any(name in t.get_text() for name in names)]
    coloured = {t.get_text().split()[-1 if t.get_text()[0].isdigit() else 0] for t in labels if t.get_color() == ACCENT}
    assert coloured == {"TimeIndex"}


# -- nothing stale -------------------------------------------------------------------------------


def drawings(auroc: float, seconds: float = 1.5) -> dict[str, Drawing]:
    rows = grid().to_dict("records")
    chosen = [row for row in rows if row["detector"] == "LOF"]
    chosen[0]["auroc"] = auroc
    for row in chosen:
        row["fit_seconds"] = seconds
    cells = current(frame({str(k): v for k, v in row.items()} for row in rows))
    return {drawing.section: drawing for drawing in reversed(summary_drawings(cells, build(cells)))}


@pytest.mark.parametrize("section", ["Glance", "Ranks", "Time"])
def test_a_picture_is_drawn_anew_when_a_figure_of_it_changes(section: str) -> None:
    before, after, same = drawings(0.6), drawings(0.9), drawings(0.6)
    assert digest(before[section].inputs) == digest(same[section].inputs)
    assert digest(before[section].inputs) != digest(after[section].inputs)


def test_the_picture_of_times_is_drawn_anew_when_a_time_changes() -> None:
    assert digest(drawings(0.6)["Time"].inputs) != digest(drawings(0.6, seconds=400.0)["Time"].inputs)


def test_traces_of_another_resolution_are_made_anew() -> None:
    cells = current(grid())
    made_up: Any = MadeUpResults(cells)
    of_one = cells[cells["data_hash"] == cells["data_hash"].iloc[0]]
    kept = Source(made_up)
    about = cards._about(kept, of_one["data_hash"].iloc[0])
    assert about is not None
    for size in (cards._Size(50, 1.0), cards._Size(50, None), cards._Size(50, 0.0), cards._Size(80, 0.0)):
        given = (of_one["data_hash"].iloc[0], of_one, size, about)
        assert cards._payload(kept, *given) == cards._payload(Source(made_up), *given)


# -- lines ---------------------------------------------------------------------------------------


def test_a_failure_counts_its_cells_and_names_its_series_once() -> None:
    rows = [cell("MGAB", name, "IForest", status="oom", reason="x", seed=s) for name in "12" for s in range(3)]
    (line,) = page.failures(current(frame(rows)))
    assert (line["count"], line["series"]) == (6, ["1", "2"])


def test_a_difference_is_ours_minus_published() -> None:
    assert text.difference(Entry(value=0.8, published=0.81, verdict="reproduced"), {}) == "−.010 ="
    assert text.difference(Entry(value=0.83, published=0.81, verdict="explained", cause="x"), {"x": "a"}) == "+.020 †a"
    assert text.difference(Entry(value=0.8), {}) == ""


def test_the_main_table_has_the_data_sets_that_its_protocols_have() -> None:
    cells = current(frame([cell("MGAB", "1", "LOF"), cell("Dodgers", "1", "LOF", protocol="prefix")]))
    (main,) = [table for table in build(cells) if table.main]
    assert main.datasets == ("MGAB",)


def test_rows_that_a_table_lacks_are_detectors_alone() -> None:
    """A trivial baseline is computed where a table lacks it: nobody has to run it."""
    rows = [cell("MGAB", "1", name) for name in ("LOF", "IForest", "Random")]
    built = build(current(frame([*rows, cell("MGAB", "1", "LOF", protocol="prefix")])))
    (common,) = [table for table in built if table.common]
    assert common.notes[0].startswith("Not run under prefix: IForest, ")
    assert "Random" not in common.notes[0]


def test_a_table_of_own_detectors_lists_no_published_row_as_lacking() -> None:
    (main,) = [table for table in build(current(frame([cell("MGAB", "1", "Mine")]))) if table.main]
    assert [row.label for row in main.rows] == ["Mine"]
    (main,) = [table for table in build(current(frame([cell("MGAB", "1", "LOF")]))) if table.main]
    assert "IForest" in [row.label for row in main.rows]


def test_the_published_figure_is_bold_where_it_is_the_best_of_its_column() -> None:
    for entry, shown in (
        (Entry(published=0.8, best=True), ".80"),
        (Entry(published=0.8, published_best=True), "**.80**"),
        (Entry(best=True), ""),
    ):
        assert text.published(entry, "**{}**") == shown


@pytest.mark.parametrize("form", ["md", "tex"])
def test_each_figure_stands_in_its_row_and_column(form: str) -> None:
    for table in build(current(grid())):
        if form == "md":
            parts = [line.split("|")[1:-1] for line in markdown.document([table]).splitlines()]
        else:
            parts = [line.removesuffix(r"\\").split("&") for line in latex.document([table]).splitlines()]
        found = {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in parts if len(cells) > 3}
        for row in table.rows:
            assert found[row.label][:2] == [row.protocol, text.seeds(row)]
            rest = iter(found[row.label][2:])
            for dataset in table.datasets:
                entry, shown = row.entries[dataset], next(rest)
                if table.compared and table.has_published(dataset):
                    assert text.published(entry, "{}") in shown
                    shown, difference = next(rest), next(rest)
                    assert entry.difference is None or text.figure(abs(entry.difference)) in difference
                assert (text.figure(entry.value) if entry.value is not None else "not run") in shown


def test_what_a_reader_must_not_overlook_stands_above_every_table(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = grid()
    monkeypatch.setattr(writer, "recompute_figures", lambda source: Checked(cells, 0, 0, ("LOF on MGAB/1",), ()))
    monkeypatch.setattr(writer, "_files", lambda *_: {})
    said: list[str] = []
    built = writer.write_views(MadeUpResults(cells), tmp_path, writer.Wanted(warn=said.append))
    (warning,) = said
    assert "LOF on MGAB/1" in warning
    assert {table.notes[0] for table in built} == {warning}


def test_a_row_that_beats_its_baseline_is_not_excused() -> None:
    """A mean above the baseline's whose interval reaches 0 is named with it."""
    for versus, told in (
        (Versus("Random", 0.6, True, 0.01, 0.2), False),
        (Versus("Random", 0.6, False, -0.01, 0.2), True),
        (Versus("Random", 0.6, False), False),
    ):
        entry = Entry(value=0.7, n_series=1, size=1, versus=versus)
        note = bar._not_beyond_chance([Row("LOF", "LOF", "classical", "tsb-uad", {"MGAB": entry})], "MGAB")
        assert ("LOF [−.010, +.200]" in note) == told
        assert (note == "") != told


def test_a_line_of_the_readme_by_hand() -> None:
    line = {"published": "0.8", "ours": "0.8125", "verdict": "not reproduced", "not_better_than_one_liner": "True"}
    line |= {"low": "0.79", "high": "0.835"}
    assert summary._cell(line, "") == ".80 / .812° [.790, .835] ≠"
    assert summary._cell(line, ".812") == "**.812**° [.790, .835]"
    line |= {"published": "", "verdict": "", "not_better_than_one_liner": "False", "low": "", "high": ""}
    assert summary._cell(line, "") == "– / .812"
    assert summary._cell(line, ".900") == ".812"


def test_bold_is_given_within_a_protocol_to_published_figures_too() -> None:
    """On Dodgers, .81 of Proposed and .79 of IForest and NormA are published; .69 of POLY is not bold."""
    names = ("Proposed", "IForest", "NormA", "POLY")
    table = build(current(frame([cell("Dodgers", "1", name) for name in names])))[0]
    bold = {row.label for row in table.rows if row.entries["Dodgers"].published_best}
    assert bold == {"Proposed", "IForest", "NormA"}


def test_captions_speak_of_the_rows_that_are_drawn() -> None:
    """A row without a figure for each data set is in the table and not in the picture."""
    cells = current(frame([cell("MGAB", "1", "LOF"), cell("Dodgers", "1", "LOF"), cell("MGAB", "1", "IForest")]))
    built = build(cells)
    (drawn,) = [drawing for drawing in summary_drawings(cells, built[1:]) if drawing.section == "Time"]
    assert [point.label for point in drawn.inputs[0]] == ["LOF"]
    assert drawn.inputs[2] == "Protocol: tsb-uad. Without randomness: LOF."
    assert text.conditions(built[1]) == "Protocol: tsb-uad. Seeds: 1. Without randomness: LOF."


@pytest.mark.parametrize("mine", [(0, 10), (2, 8), (1, 4)])
@pytest.mark.parametrize("other", [(0, 10), (3, 5), (2, 8)])
def test_two_rows_are_compared_on_the_points_that_both_score(
    mine: tuple[int, int], other: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """First row and number of scores of either; a score is its row, and its row less 100."""
    spans = {"mine": mine, "other": other}

    def scored(_: Source, key: str, data_hash: str) -> tuple[int, Any, Any]:
        first, count = spans[key]
        rows = np.arange(first, first + count)
        return first, rows % 2, rows - (100 if key == "other" else 0)

    monkeypatch.setattr(Source, "scored", scored)
    duel = bar.OneLinerTest.__new__(bar.OneLinerTest)
    duel._source = Source(MadeUpResults(frame([])))  # type: ignore[arg-type]
    pair = duel._pair(bar._Cell("mine", "", 0), bar._Cell("other", "", 0))
    rows = np.arange(max(mine[0], other[0]), min(sum(mine), sum(other)))
    expected = ((rows % 2).tolist(), rows.tolist(), (rows - 100).tolist(), 1)
    assert (pair.labels.tolist(), pair.scores.tolist(), pair.rival.tolist(), pair.block) == expected


def test_each_caveat_stands_with_its_data_set() -> None:
    listed = read_csv(verdicts.__package__, "caveats.csv")
    assert listed
    facts = verdicts.caveats()
    assert sum(map(len, facts.values())) == len(listed)
    for row in listed:
        assert row["caveat"] in facts[row["dataset"]]
