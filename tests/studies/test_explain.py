"""`explain`: every figure is over the same series as the one that it is compared with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas

from benchmark.catalogue import published, published_per_series
from benchmark.cli import main
from benchmark.grid import Outcome, Selection, rows
from benchmark.store import Store
from benchmark.studies import explain
from datasets import Series
from tests.support.cases import toy

GENESIS = [f"genesis-anomalies.test.csv@{k}.out" for k in (1, 3, 5, 6, 13, 17)]


def genesis(names: Iterable[str], source: str = "local") -> list[Series]:
    values, labels = toy().values, toy().labels
    return [Series("Genesis", name, values + k, labels, source) for k, name in enumerate(names)]  # type: ignore[arg-type]


def explained(
    tmp_path: Path,
    series: list[Series],
    failed: tuple[tuple[str, str], ...] = (),
    detector: str = "HBOS",
    seeds: tuple[int, ...] = (0,),
) -> explain.Explanation:
    """AUROC of a cell is .5 + a hundredth for each letter of its protocol + a thousandth for its place and seed."""
    (row,) = rows(Selection(detectors=(detector,)))
    work = list(explain.work(row, series, seeds))
    with Store(tmp_path / "s.sqlite", write=True) as store:
        store.begin_run("test", {})
        for task, one in work:
            cell = task.cell
            if (cell.series, cell.protocol) in failed:
                store.put(cell, Outcome("failed", "why"))
                continue
            value = 0.5 + 0.01 * len(cell.protocol) + 0.001 * (series.index(one) + cell.seed)
            store.put(cell, Outcome("ok", scores=np.zeros(3)), metrics=[(cell.key, "auroc", value, "")])
        return explain.explanation(store, row, "Genesis", len(GENESIS), [task.cell for task, _ in work])


def test_the_whole_data_set_starts_from_the_printed_mean_and_the_authors_file(tmp_path: Path) -> None:
    told = explained(tmp_path, genesis(GENESIS))
    assert [figure.value for figure in told.published] == pytest.approx(
        [published()["HBOS", "Genesis"], np.mean([published_per_series()["HBOS", "Genesis", n] for n in GENESIS])]
    )
    written = explain.as_text(told)
    assert "mean AUROC over all 6 series" in written
    assert "published, mean over all 6 series" in written
    assert (
        re.search(r"difference in all +(\S+)", written)[1] == f"{told.chain[-1].value - told.published[0].value:+.4f}"
    )  # type: ignore[index]
    assert not told.notes


def test_a_subset_is_set_against_the_same_series_alone(tmp_path: Path) -> None:
    told = explained(tmp_path, genesis(GENESIS[:2]))
    (start,) = told.published
    assert start.value == pytest.approx(np.mean([published_per_series()["HBOS", "Genesis", n] for n in GENESIS[:2]]))
    written = explain.as_text(told)
    assert "mean AUROC over 2 of 6 series" in written
    assert "The published mean, 0.59, is over all 6 series: not compared with 2." in written
    assert written.count("0.59") == 1, "the printed mean is a note, not a row"
    explain.waterfall(told, tmp_path / "w.png")
    assert (tmp_path / "w.png").stat().st_size > 0


def test_the_command_counts_the_series_that_were_not_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "waterfall", lambda *_: None)
    (tmp_path / "own").mkdir()
    for name in "ab":
        rows = np.column_stack([toy().values, toy().labels])
        np.savetxt(tmp_path / "own" / f"{name}.out", rows, delimiter=",", fmt=["%.6f", "%d"])
    words = ["--series", "a*", "--store", str(tmp_path / "s"), "--jobs", "1"]
    assert main(["explain", "AbsDifference", str(tmp_path / "own"), *words, "--out", str(tmp_path)]) == 0
    assert "over 1 of 2 series" in capsys.readouterr().out


def test_a_series_that_one_step_lacks_is_left_out_of_all(tmp_path: Path) -> None:
    told = explained(tmp_path, genesis(GENESIS), failed=((GENESIS[5], "authors-csv"), (GENESIS[4], "prefix")))
    assert told.series == tuple(GENESIS[:5])
    first = told.chain[0]
    assert first.value == pytest.approx(0.5 + 0.01 * len("authors-csv") + 0.001 * np.mean(range(5)))
    prefix = next(pair for pair in told.branches if "prefix" in pair[0].what)
    assert "(on 5 series)" in prefix[0].what
    assert prefix[1] == pytest.approx(0.01 * (len("prefix") - len("tsb-uad"))), "the change is over the series of both"
    assert "5 of 6 series have a figure in every step" in told.notes[0]
    assert all("published, mean" not in figure.what for figure in told.published)


def test_a_row_whose_series_were_not_all_published_says_so(tmp_path: Path) -> None:
    nasa = [key for key in published_per_series() if key[:2] == ("NormA", "NASA-MSL")]
    assert len(nasa) == 22, "the file lacks five"
    told = explained(tmp_path, genesis([*GENESIS[:1], "unknown.out"]))
    assert not told.published
    assert "the authors' per-series file has 1 of these 2 series: not compared" in told.notes


def test_simulated_series_have_nothing_published(tmp_path: Path) -> None:
    told = explained(tmp_path, genesis(GENESIS, "simulated"))
    assert not told.published
    assert told.notes == (explain.SIMULATED,)
    assert "difference in all" not in explain.as_text(told)


def test_seeds_show_their_spread_and_a_step_without_cells_is_named(tmp_path: Path) -> None:
    failed = tuple((name, "prefix") for name in GENESIS)
    told = explained(tmp_path, genesis(GENESIS), failed, "IForest", seeds=(0, 2))
    lowest = 0.5 + 0.01 * len("tsb-uad") + 0.001 * 2.5
    last = told.chain[-1]
    assert (last.value, last.low, last.high) == pytest.approx((lowest + 0.001, lowest, lowest + 0.002))
    assert "seeds 0." in explain.as_text(told)
    assert told.notes[0].startswith("left out, as no cell is ok: fit sees the first tenth")


def test_nothing_that_ended_well_is_no_explanation(tmp_path: Path) -> None:
    (row,) = rows(Selection(detectors=("HBOS",)))
    chain, branches = explain.steps(row)
    failed = tuple((GENESIS[0], step.protocol) for step in (*chain, *branches))
    assert not explained(tmp_path, genesis(GENESIS[:1]), failed).chain


def test_a_waterfall_has_whole_bars_at_its_ends_and_changes_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Canvas] = []
    monkeypatch.setattr(Canvas, "savefig", lambda self, *_, **__: drawn.append(self))
    steps = [explain.Figure(name, value, value, value) for name, value in (("a", 0.5), ("b", 0.75), ("c", 0.625))]
    found = explain.Explanation("HBOS", "Genesis", ("s",), 6, tuple(steps[:1]), tuple(steps[1:]), (), ())
    explain.waterfall(found, tmp_path / "w.png")
    (axes,) = drawn[0].axes
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    assert bars == [(0.0, 0.5), (0.5, 0.75), (0.75, 0.625), (0.0, 0.625)]
    assert [text.get_text() for text in axes.texts] == ["0.500", "+0.250", "-0.125", "0.625"]
    assert axes.get_title(loc="left") == "HBOS on Genesis, 1 of 6 series"


def test_a_semi_supervised_detector_starts_from_the_normal_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = explained(tmp_path, genesis(GENESIS[:1]), detector="OCSVM")
    (row,) = rows(Selection(detectors=("Proposed",)))
    chain, branches = explain.steps(row)
    assert [step.protocol for step in chain] == ["normal-only"]
    assert [step.protocol for step in branches] == ["normal-crossfit", "prefix"]
    drawn: list[Canvas] = []
    monkeypatch.setattr(Canvas, "savefig", lambda self, *_, **__: drawn.append(self))
    bare = replace(told, published=())
    explain.waterfall(bare, tmp_path / "w.png")
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in drawn[0].axes[0].patches]
    values = [figure.value for figure in bare.chain]
    expected = [*pairwise(values), (0.0, values[-1])]
    np.testing.assert_allclose(bars, expected)


@pytest.mark.parametrize("name", ["HBOS", "POLY", "MovingStd", "Proposed", "RandomScore", "SAND"])
def test_each_alignment_is_a_step_of_a_detector_that_has_a_choice(name: str) -> None:
    (row,) = rows(Selection(detectors=(name,)))
    chain, branches = explain.steps(row)
    aligned = [step.protocol for step in branches if "align=" in step.protocol]
    wanted = ["start", "end", "mean", "max"] if name in ("HBOS", "MovingStd") else []
    assert aligned == [f"tsb-uad:align={where}" for where in wanted]
    assert (chain[0].protocol == "normal-only") == (name == "Proposed")
