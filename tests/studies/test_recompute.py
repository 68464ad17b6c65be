"""Stored cells are computed again: true scores are confirmed, scores of another detector are found out."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.cli import main
from benchmark.execution import Backend, Board, pending, run
from benchmark.grid import Selection, plan, rows
from benchmark.store import Store
from benchmark.store.evaluate import measure
from benchmark.studies import recompute
from tests.support.cases import toy
from tests.support.stored import cell, ok

PARAMS = {"HBOS": {"n_bins": 7}, "CNN": {"epochs": 1}}


def filled(path: Path, names: Sequence[str] = ("HBOS", "POLY"), quick: bool = False) -> Path:
    """A store with cells of ``names`` on one series, by the run of the grid."""
    params = {name: PARAMS[name] for name in names if name in PARAMS}
    selection = Selection(tuple(names), ("prefix",), (3,), params, quick=quick)
    with Store(path, write=True) as store:
        todo, summary = pending(plan(selection, rows(selection), [toy()]), store, False)
        assert run(todo, summary, Backend("serial"), store, Board()).clean
    return path


def verify(path: Path, *more: str) -> int:
    return main(["results", "verify", "--store", str(path), "--jobs", "1", *more])


def forge(path: Path) -> None:
    """Give POLY the scores and figures of HBOS, with the hash of these scores."""
    with Store(path) as store:
        keys = dict(store.frame()[["detector", "key"]].itertuples(index=False))
        first, scores = store.scores(keys["HBOS"])
    blob = scores.tobytes()
    figures = measure(keys["POLY"], ("auroc", "auprc"), toy().labels[first:], scores, "prefix", 1)
    with closing(sqlite3.connect(path)) as db, db:
        digest = hashlib.sha256(blob).hexdigest()
        db.execute("UPDATE scores SET scores = ?, sha256 = ? WHERE key = ?", (blob, digest, keys["POLY"]))
        db.executemany("INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)", figures)


@pytest.mark.parametrize("quick", [False, True])
def test_true_cells_are_confirmed(tmp_path: Path, capsys: pytest.CaptureFixture[str], quick: bool) -> None:
    store = filled(tmp_path / "s.sqlite", ("HBOS", "POLY", "IForest"), quick)
    assert verify(store, "--recompute", "9") == 0
    said = capsys.readouterr().err
    assert said.count("; equal scores") == 3
    assert "3 of 3 cells computed again" in said


@pytest.mark.parametrize("quick", [False, True])
def test_a_mark_quick_that_somebody_changed_makes_no_other_cell(tmp_path: Path, quick: bool) -> None:
    path = filled(tmp_path / "s.sqlite", ("CNN",), quick)  # its quick runs have parameters of their own
    with Store(path) as store:
        ((task,), _) = recompute.choose(store, 1)
        key = task.cell.key
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE cells SET quick = 1 - quick")
    with Store(path) as store:
        ((again,), _) = recompute.choose(store, 1)
    assert again.cell.key == key
    assert (task.explicit == {"epochs"}) or not quick


def test_scores_of_another_detector_are_found_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = filled(tmp_path / "s.sqlite")
    forge(store)
    assert verify(store) == 0, "no hash and no figure can show it"
    assert verify(store, "--recompute", "9") == 1
    said = capsys.readouterr().err
    assert "NOT CONFIRMED: POLY on Toy/toy (prefix, seed 3): AUROC" in said
    assert "\nHBOS on Toy/toy (prefix, seed 3): AUROC" in said
    assert verify(store, "--recompute", "9", "--detector", "HBOS") == 0


def test_as_many_cells_are_drawn_as_asked_for_and_not_always_the_same(tmp_path: Path) -> None:
    with Store(filled(tmp_path / "s.sqlite")) as store:
        drawn = [recompute.choose(store, 1) for _ in range(40)]
    assert {total for _, total in drawn} == {2}
    assert {task.cell.detector for (task,), _ in drawn} == {"HBOS", "POLY"}


def test_nothing_that_the_store_names_is_considered(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path, write=True) as store:
        store.put_series(toy())
        mine = replace(ok(), extra={"spec": f"exec:touch {tmp_path / 'harm'}"})
        for one in (cell("Mine"), cell("exec:touch harm"), cell("HBOS", version="0-old")):
            store.put(one, mine, "plug-in")
        assert recompute.choose(store, 9) == ([], 0)


def test_a_store_without_such_cells_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(filled(tmp_path / "s.sqlite"), "--recompute", "1", "--detector", "LOF") == 2
    assert "has no cell to compute again" in capsys.readouterr().err


def test_a_mistyped_detector_is_refused_before_anything_is_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(filled(tmp_path / "s.sqlite"), "--recompute", "1", "--detector", "HBSO") == 2
    said = capsys.readouterr().err
    assert "unknown detector 'HBSO'" in said
    assert "HBOS" in said
    assert "every array has its hash" not in said


@pytest.mark.parametrize("option", [("--recompute", "1"), ("--repair",)])
def test_options_of_verify_are_refused_elsewhere(tmp_path: Path, option: tuple[str, ...]) -> None:
    store = filled(tmp_path / "s.sqlite")
    assert main(["results", "list", "--store", str(store), *option]) == 2


def test_a_cell_is_confirmed_by_its_auroc_or_where_that_is_undefined_by_its_scores() -> None:
    near = recompute.Recomputed("c", "", 0.8, 0.8099, 0.5)
    assert near.confirmed
    assert not replace(near, now=0.8101).confirmed
    undefined = recompute.Recomputed("c", "", np.nan, np.nan, 0.0099)
    assert undefined.confirmed
    assert not replace(undefined, difference=0.0101).confirmed
    failed = recompute.Recomputed("c", "failed: no memory")
    assert not failed.confirmed
    assert str(failed) == "c: failed: no memory"
