"""The trivial baselines are in every table, also of read-only stores and of stores made elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import benchmark
from benchmark.catalogue import trivial_baselines
from benchmark.cli import main
from benchmark.commands._session import open_with_baselines
from benchmark.store import Store, merge
from tests.support.cases import toy
from tests.support.stored import fill as stored


def named(path: Path) -> set[str]:
    return {line.split("|")[1].strip() for line in path.read_text().splitlines() if line.startswith("| ")}


def report(store: Path, out: Path) -> set[str]:
    assert main(["report", "--store", str(store), "--out", str(out), "--quiet", "--jobs", "1"]) == 0
    return named(out / "table.md")


def test_a_report_of_a_plug_in_alone_has_them(tmp_path: Path) -> None:
    path = stored(tmp_path / "s.sqlite", "Mine")
    assert {*trivial_baselines(), "Mine"} <= report(path, tmp_path / "out")
    with Store(path) as store:
        assert len(store.frame()) == 1 + len(trivial_baselines()), "they are kept"


def test_so_has_one_of_a_merged_store(tmp_path: Path) -> None:
    with Store(tmp_path / "all.sqlite", write=True) as store:
        for name in ("A", "B"):
            merge(store, stored(tmp_path / f"{name}.sqlite", name))
    assert {*trivial_baselines(), "A", "B"} <= report(tmp_path / "all.sqlite", tmp_path / "out")


def test_of_a_store_that_another_run_writes_to_they_are_computed_and_not_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = stored(tmp_path / "s.sqlite", "Mine")
    with Store(path, write=True) as writer:
        assert {*trivial_baselines(), "Mine"} <= report(path, tmp_path / "out")
        assert len(writer.frame()) == 1
    said = capsys.readouterr().err
    assert "another run is writing" in said
    assert "reading it only" in said


def test_they_are_computed_once(tmp_path: Path) -> None:
    path = stored(tmp_path / "s.sqlite", "Mine")
    with open_with_baselines(path) as store:
        first = store.fingerprint()
    with open_with_baselines(path) as store:
        assert store.fingerprint() == first


def test_tables_in_python_have_them_too() -> None:
    one = toy()
    cells = benchmark.evaluate("HBOS", (one.values, one.labels), protocol=("tsb-uad", "prefix"))
    assert set(cells["detector"]) == {"HBOS"}
    table = benchmark.table(cells)
    assert set(table.index) == {(p, name) for p in ("tsb-uad", "prefix") for name in ("HBOS", *trivial_baselines())}
    deviation = np.abs(one.values - np.median(one.values))
    above = (deviation[one.labels == 1][:, None] > deviation[one.labels == 0]).mean()
    assert table.loc[("prefix", "AbsDeviation")].item() == pytest.approx(above)


def test_a_table_holds_none_twice_and_none_of_series_that_were_left_out() -> None:
    series = [(one.values, one.labels) for one in (toy(), toy(seed=1))]
    cells = benchmark.evaluate(["HBOS", "TimeIndex"], series)
    assert benchmark.table(cells).index.is_unique
    whole = benchmark.table(cells)
    part = benchmark.table(cells[cells["series"] == cells["series"].iloc[0]])
    assert len(part) == len(whole)
    assert (part != whole).any(axis=None)
