"""Manipulated stores are detected, refused with a message, and repaired where possible."""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import re
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmark.cli import main
from benchmark.errors import UserError
from benchmark.execution import Backend, Board, pending, run
from benchmark.grid import QUICK_POINTS, Outcome
from benchmark.report.tables.builder import build, current
from benchmark.report.writer import Wanted, write
from benchmark.store import Store, merge, verify
from benchmark.store.database import MAGIC
from benchmark.store.evaluate import fill, measure
from benchmark.store.validity import fault_of_cell, fault_of_run
from tests.support.cases import planned, toy
from tests.support.stored import cell
from tests.support.stored import fill as stored

EVIL = 'a"b\'c"""; import os #<img src=x onerror=alert(1)>\n## x | y'
CELLS = {
    "scores of zeros": "UPDATE scores SET scores = zeroblob(length(scores))",
    "scores of another length": "UPDATE scores SET scores = zeroblob(16), "
    "sha256 = '374708fff7719dd5979ec875d56cd2286f6d3cf7ec317a3b25632aab28ec37bb'",
    "no scores": "DELETE FROM scores",
    "no series": "DELETE FROM series",
    "a cut series": 'UPDATE series SET "values" = substr("values", 1, 20)',
    "a longer series": "UPDATE series SET n = n + 1",
    "another detector": "UPDATE cells SET detector = 'LOF'",
    "a path": "UPDATE cells SET dataset = '../../etc'",
    "params that are no JSON": "UPDATE cells SET params = '{'",
    "params that are a list": "UPDATE cells SET params = '[1]'",
    "extra that is no JSON": "UPDATE cells SET extra = 'nope'",
    "extra that is a list": "UPDATE cells SET extra = '[]'",
    "a history of text": """UPDATE cells SET extra = '{"history": {"train": "x"}}'""",
    "an unknown status": "UPDATE cells SET status = '<b>good</b>'",
    "an unknown protocol": "UPDATE cells SET protocol = 'nonsense'",
    "a seed of text": "UPDATE cells SET seed = 'x'",
    "seconds of text": "UPDATE cells SET fit_seconds = 'x'",
    "endless seconds": "UPDATE cells SET fit_seconds = 9e999",
    "a negative window": "UPDATE cells SET window = -5",
    "scores from before the first row": "UPDATE cells SET first_row = -5",
    "scores from a later row": "UPDATE cells SET first_row = 1",
    "simulated": "UPDATE cells SET source = 'simulated'",
    "scores of text": "UPDATE scores SET scores = 'abc'",
    "half a score": "UPDATE scores SET scores = x'00', "
    "sha256 = '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'",
    "values of text": """UPDATE series SET "values" = 'abc'""",
    "a length beyond all memory": "UPDATE series SET n = 9000000000000000000",
    "a negative length": "UPDATE series SET n = -1",
    "a failure with figures": "UPDATE cells SET status = 'failed', reason = 'no memory'; DELETE FROM scores",
    "an end in the future": "UPDATE cells SET finished = 99999999999",
    "an unknown source": "UPDATE cells SET source = 'moon'",
    "more than quick": "UPDATE cells SET quick = 7",
    "a reason without end": "UPDATE cells SET reason = hex(zeroblob(600000))",
    "a window longer than the series": "UPDATE cells SET window = n + 1",
    "other counts": "UPDATE cells SET n_anomalous = n_anomalous + 1",
}
FIGURES = {
    "a better figure": "UPDATE metrics SET value = 0.999",
    "a figure better by little": "UPDATE metrics SET value = value + 1e-6",
    "an endless figure": "UPDATE metrics SET value = 9e999",
    "a figure of text": "UPDATE metrics SET value = 'abc'",
    "an undefined figure": "UPDATE metrics SET value = NULL",
}
RUNS = {
    "a record that is no JSON": "UPDATE runs SET provenance = '{'",
    "a record that is a list": "UPDATE runs SET provenance = '[1]'",
    "folders that are a list": """UPDATE runs SET provenance = '{"folders": [1, 2]}'""",
    "versions that are a list": """UPDATE runs SET provenance = '{"versions": ["x"]}'""",
    "a start of text": "UPDATE runs SET started = 'x'",
    "a start beyond the calendar": "UPDATE runs SET started = 1e300",
    "no runs": "DELETE FROM runs",
    "cells of another run": "UPDATE cells SET run_id = 7",
    "a series under another name": "UPDATE series SET name = 'B'",
    "a series of another data set": "UPDATE series SET dataset = 'MGAB'",
}
ALL = CELLS | FIGURES | RUNS


def forged(tmp_path: Path, statement: str) -> Path:
    path = stored(tmp_path / "forged.sqlite", "A", "B")
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(statement)
    return path


@pytest.mark.parametrize("what", ALL)
def test_it_is_named_never_merged_and_repaired(what: str, tmp_path: Path) -> None:
    path = forged(tmp_path, ALL[what])
    with Store(path) as store:
        found = verify(store)
        assert found.damaged or found.differing
    with Store(tmp_path / "ours.sqlite", write=True) as ours:
        with pytest.raises(UserError, match=r"nothing was taken|damaged"):
            merge(ours, path)
        assert not ours.statuses()
    with Store(path, write=True) as store:
        verify(store, repair=True)
        again = verify(store)
        assert not again.damaged
        assert not again.differing
        assert again.cells == (0 if what in CELLS else 2)
        fill(store, ["auroc"])
        store.frame()
        store.runs()


@pytest.mark.parametrize("what", ALL)
def test_reading_it_is_refused_in_words_or_harmless(what: str, tmp_path: Path) -> None:
    said = ""
    with Store(forged(tmp_path, ALL[what]), write=True) as store:
        try:
            assert len(store.frame()) == (1 if what == "another detector" else 2)  # two of one name: the latest
            store.runs()
            fill(store)
        except UserError as error:
            said = str(error)
    assert not said or "results verify" in said or said.startswith("unknown protocol")


def test_a_report_shows_what_the_scores_give_and_says_so(tmp_path: Path) -> None:
    path, said = forged(tmp_path, "UPDATE metrics SET value = 0.999 WHERE key = (SELECT min(key) FROM cells)"), []
    with Store(path) as store:
        true = {key: roc_auc_score(toy().labels, store.scores(key)[1]) for key in store.statuses()}
        write(store, tmp_path / "out", wanted=Wanted(warn=said.append))
    with (tmp_path / "out" / "cells.csv").open() as file:
        shown = {line["key"]: float(line["auroc"]) for line in csv.DictReader(file)}
    assert shown == pytest.approx(true)
    assert len(said) == 1
    assert "Shown as recomputed, not as stored: 1 figure (" in said[0]
    for name in ("table.md", "table.tex", "index.html"):
        assert "AUROC 0.9990, by its scores" in (tmp_path / "out" / name).read_text()


@pytest.mark.parametrize("value", [17, -0.5])
def test_a_figure_that_no_metric_gives_is_not_shown(value: float, tmp_path: Path) -> None:
    path = forged(tmp_path, f"UPDATE metrics SET value = {value}")
    with Store(path) as store, pytest.raises(UserError, match=f"its auroc is {value}.*, not a number from 0 to 1"):
        store.frame()


def test_scores_that_change_later_are_recomputed_again(tmp_path: Path) -> None:
    path, said = forged(tmp_path, "SELECT 1"), []
    with Store(path, write=True) as store:
        write(store, tmp_path / "out", wanted=Wanted(warn=said.append))
        assert not said
        key = min(store.statuses())
        blob = (-store.scores(key)[1]).tobytes()
        with store.database.transaction() as db:
            db.execute("UPDATE scores SET scores = ?, sha256 = ?", (blob, hashlib.sha256(blob).hexdigest()))
        write(store, tmp_path / "out", wanted=Wanted(warn=said.append))
    assert "not as stored: 2 figures (" in said[0]


def test_a_quick_flag_excuses_nothing_but_a_cut_series(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path, write=True) as store:
        for n, seed in ((300, 0), (QUICK_POINTS, 1)):
            one = replace(toy("1.test.out", n), dataset="MGAB")
            todo, summary = pending(planned(["AbsDeviation"], [one], seeds=(seed,)), store, False)
            run(todo, summary, Backend("serial"), store, Board())
        with store.database.transaction() as db:
            db.execute("UPDATE cells SET quick = 1")
        (said,) = verify(store).damaged
        assert "its series is not the one published as MGAB/1.test.out" in said
        with store.database.transaction() as db:
            db.execute("UPDATE cells SET n_fit = n_fit - 1")
        assert sum("n_fit" in text for text in verify(store).damaged) == 2


@pytest.mark.parametrize("name", ["1.test.out", "mine.out"])
def test_what_is_not_of_a_published_data_set_is_told(name: str, tmp_path: Path) -> None:
    """Another series under a published name, and a name that the data set does not have."""
    path, said = tmp_path / "s.sqlite", []
    with Store(path, write=True) as store:
        todo, summary = pending(planned(["HBOS"], [replace(toy(name), dataset="MGAB")]), store, False)
        run(todo, summary, Backend("serial"), store, Board())
        assert f"its series is not the one published as MGAB/{name}" in verify(store).damaged[0]
        write(store, tmp_path / "out", wanted=Wanted(warn=said.append))
    assert f"Not the series that are published under these names: MGAB/{name}" in said[0]
    assert said[0] in (tmp_path / "out" / "table.md").read_text().replace("\\", "")


@pytest.mark.parametrize("table", ["scores", "metrics"])
def test_what_belongs_to_no_cell_is_named_and_dropped(table: str, tmp_path: Path) -> None:
    values = {"scores": "'x', '00', x'00'", "metrics": "'x', 'auroc', 0.999, ''"}
    path = forged(tmp_path, f"INSERT INTO {table} VALUES ({values[table]})")
    with Store(path, write=True) as store:
        assert verify(store).damaged == [f"{table} of the cell x, which is not in the store"]
        verify(store, repair=True)
        assert not verify(store).damaged


def test_figures_without_scores_are_told(tmp_path: Path) -> None:
    said: list[str] = []
    with Store(forged(tmp_path, "DELETE FROM scores WHERE key = (SELECT min(key) FROM cells)")) as store:
        write(store, tmp_path / "out", wanted=Wanted(warn=said.append))
    assert "The scores of 1 cell are not at hand: what is shown is as stored, unproved." in said[0]
    assert "unproved" in (tmp_path / "out" / "table.md").read_text()


def test_a_figure_of_an_unknown_metric_is_told(tmp_path: Path) -> None:
    path = forged(tmp_path, "INSERT INTO metrics SELECT key, 'best of all', 0.99, '' FROM cells")
    with Store(path) as store:
        assert verify(store).unknown == ["best of all"]


def test_a_store_in_use_says_so(tmp_path: Path) -> None:
    path = stored(tmp_path / "s.sqlite", "A")
    with Store(path, write=True) as store:
        store.database.rows("PRAGMA busy_timeout = 1")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(UserError, match=r"locked.* wait for the program that uses it"):
                store.put(cell("B"), Outcome("failed", reason="x"))


def test_a_failure_shows_no_figure(tmp_path: Path) -> None:
    with Store(forged(tmp_path, "UPDATE cells SET status = 'failed', reason = 'no memory'")) as store:
        write(store, tmp_path / "out")
    with (tmp_path / "out" / "cells.csv").open() as file:
        assert {line["auroc"] for line in csv.DictReader(file)} == {""}


def test_a_long_reason_is_cut_and_says_so(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite", write=True) as store:
        store.put(cell("A"), Outcome("failed", reason="x" * 2_000_000))
        (reason,) = store.frame()["reason"]
    assert reason.endswith("x... (cut)")
    assert len(reason) < 1_000_000


def a_loop(path: Path) -> None:
    path.symlink_to(path.name)


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (Path.mkdir, "is a folder, not a store of results"),
    "a link to itself": (a_loop, "is a symbolic link that leads back to itself"),
    "a pipe": (lambda path: os.mkfifo(path), "is not an ordinary file"),
    "a packed store": (lambda path: path.write_bytes(gzip.compress(MAGIC)), "is compressed with gzip"),
    "a newer store": (lambda path: of_schema(path, 99), "was written by a newer version"),
    "an older store than any": (lambda path: of_schema(path, -1), "is another program's database"),
}


def of_schema(path: Path, version: int) -> None:
    with closing(sqlite3.connect(stored(path, "A"))) as db:
        db.execute(f"PRAGMA user_version = {version}")


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of this kind are not there")
@pytest.mark.parametrize("writes", [False, True])
@pytest.mark.parametrize("what", FILES)
def test_what_is_no_store_is_refused_in_words(what: str, writes: bool, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    make, words = FILES[what]
    make(path)
    with pytest.raises(UserError, match=re.escape(words)):
        Store(path, write=writes)


def test_a_write_ahead_log_of_another_file_is_not_read(tmp_path: Path) -> None:
    path = stored(tmp_path / "s.sqlite", "A")
    Path(f"{path}-wal").write_bytes(np.random.default_rng(0).bytes(50_000))
    with Store(path) as store:
        assert len(store.frame()) == 1
        assert not verify(store).damaged


def test_a_group_of_somebody_s_own_changes_no_table(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path, write=True) as store:
        todo, summary = pending(planned(["HBOS"], [toy()]), store, False)
        run(todo, summary, Backend("serial"), store, Board())
        with store.database.transaction() as db:
            db.execute("""UPDATE cells SET "group" = 'one-liner'""")
        assert "group 'one-liner', but 'classical'" in verify(store).damaged[0]
        (table,) = build(current(store.frame()))[1:]
    assert [row.group for row in table.rows] == ["classical"]


@pytest.mark.parametrize("column", ["n_fit", "n_fit_anomalous"])
@pytest.mark.parametrize("protocol", ["tsb-uad", "prefix", "normal-only"])
def test_what_fit_saw_is_recomputed_too(column: str, protocol: str, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path, write=True) as store:
        todo, summary = pending(planned(["HBOS", "AbsDeviation"], [toy()], protocols=(protocol,)), store, False)
        run(todo, summary, Backend("serial"), store, Board())
        assert not verify(store).damaged
        with store.database.transaction() as db:
            db.execute(f"UPDATE cells SET {column} = {column} + 1")
        assert [column in text for text in verify(store).damaged] == [True, True]


def test_each_fault_of_a_row_is_named(tmp_path: Path) -> None:
    with closing(sqlite3.connect(stored(tmp_path / "s.sqlite", "A"))) as db:
        db.row_factory = sqlite3.Row
        cell, run = (dict(db.execute(f"SELECT * FROM {table}").fetchone()) for table in ("cells", "runs"))
    faults: list[tuple[str, Any, str]] = [
        ("reason", "", ""),
        ("reason", None, "its reason is None, not text"),
        ("reason", "x" * 10**6, ""),
        ("reason", "x" * (10**6 + 1), "its reason has 1,000,001 characters"),
        ("n", 2**53 - 1, ""),
        ("n", 2**53, "its n is 9007199254740992, not a number from 0 on"),
        ("n", 1.0, "its n is 1.0, not a number from 0 on"),
        ("window", -1, "its window is -1, not a number from 0 on"),
        ("peak_mb", 0, ""),
        ("peak_mb", -0.5, "its peak_mb is -0.5, not a number from 0 on"),
        ("finished", 253402300799, ""),
        ("finished", 253402300800, "its finished is 253402300800, not a number from 0 on"),
        ("fit_seconds", "1", "its fit_seconds is '1', not a number from 0 on"),
        ("quick", 2, "its quick is 2, not one of 0, 1"),
        ("protocol", "mine", "its protocol is 'mine', which is unknown"),
        ("params", "[]", "its params are not a JSON object"),
        ("series", "another", "its key is not that of its values"),
        ("extra", "{", "its extra is not a JSON object"),
        ("extra", '{"history": {"train": [1, 2.5]}}', ""),
        ("extra", '{"history": {"train": ["x"]}}', "its history is not lists of numbers"),
        ("extra", '{"history": [1]}', "its history is not lists of numbers"),
    ]
    for name, value, fault in faults:
        assert fault_of_cell(cell | {name: value}) == fault, name
    assert fault_of_cell({name: v for name, v in cell.items() if name != "seed"}) == "it has no seed"
    assert fault_of_run(run) == ""
    wrong = {
        "{": "its command, time or provenance is not valid",
        '{"folders": 3}': "its folders or versions are not a JSON object",
    }
    for record, fault in (wrong | {'{"folders": {"a": 3}}': "its folders are not text"}).items():
        assert fault_of_run(run | {"provenance": record}) == fault


NAMES = {
    "a key": "UPDATE cells SET key = {}",
    "a metric": "UPDATE metrics SET metric = {} WHERE metric = 'auprc'",
    "the key of scores": "UPDATE scores SET key = {}",
    "a series without its values": """UPDATE series SET name = {}, "values" = x'00'""",
    "a series with other values": """UPDATE series SET name = {}, "values" = zeroblob(length("values"))""",
}


@pytest.mark.parametrize("command", ["verify", "merge", "report"])
@pytest.mark.parametrize("what", NAMES)
def test_a_line_break_in_a_name_starts_no_line(
    what: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = forged(tmp_path, NAMES[what].format("'x' || char(10) || '2 cells: all is well' || rowid"))
    given = {"merge": [str(path), "--store", str(tmp_path / "ours.sqlite")]}.get(command, ["--store", str(path)])
    words = ["report", "--out", str(tmp_path / "out")] if command == "report" else ["results", command]
    main([*words, *given])
    assert not [line for line in capsys.readouterr().err.splitlines() if line.startswith("2 cells: all is well")]


def test_a_sound_store_is_found_sound(tmp_path: Path) -> None:
    with Store(stored(tmp_path / "s.sqlite", "A", "B")) as store:
        found = verify(store)
        assert (found.damaged, found.differing, found.cells) == ([], [], 2)


def test_names_are_data_whatever_they_say(tmp_path: Path) -> None:
    path, series = tmp_path / "s.sqlite", replace(toy(), dataset=EVIL, name=EVIL)
    mine, metrics = replace(cell("A"), dataset=EVIL, series=EVIL), ["auroc", "auprc"]
    with Store(path, write=True) as store:
        store.begin_run(EVIL, {})
        store.put_series(series)
        scores = np.arange(300.0)
        measured = measure(mine.key, metrics, series.labels, scores, mine.protocol, 1)
        store.put(mine, Outcome("ok", scores=scores, n=300, n_anomalous=5), metrics=measured)
    with Store(path) as store, Store(tmp_path / "ours.sqlite", write=True) as ours:
        assert not verify(store).damaged
        assert merge(ours, path).added == 1
        assert ours.inventory()[0].dataset == EVIL


ALTERED = {
    "table metrics": "DROP TABLE metrics",
    "view current": "DROP VIEW current",
    "table cells": "ALTER TABLE cells DROP COLUMN peak_mb",
    "trigger theirs": "CREATE TRIGGER theirs AFTER INSERT ON metrics BEGIN DELETE FROM scores; END",
    "view current ": "DROP VIEW current; CREATE VIEW current AS SELECT * FROM cells WHERE status = 'failed'",
}


@pytest.mark.parametrize(("part", "statement"), ALTERED.items(), ids=ALTERED)
def test_a_store_of_another_schema_is_refused_in_words(part: str, statement: str, tmp_path: Path) -> None:
    path = stored(tmp_path / "s.sqlite", "A")
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(statement)
    for writes in (False, True):
        with pytest.raises(UserError, match=rf"altered by another program \({part.strip()}\)"):
            Store(path, write=writes)


def test_a_series_may_go_by_two_names(tmp_path: Path) -> None:
    path = stored(tmp_path / "s.sqlite", "A")
    other = replace(cell("B"), series="copy")
    with Store(path, write=True) as store:
        scores = np.arange(300.0)
        measured = measure(other.key, ["auroc"], toy().labels, scores, other.protocol, 1)
        store.put(other, Outcome("ok", scores=scores, n=300, n_anomalous=5), metrics=measured)
        assert not verify(store).damaged


def test_repair_gives_a_series_the_name_that_its_cells_have(tmp_path: Path) -> None:
    path = forged(tmp_path, "UPDATE series SET dataset = 'MGAB', name = '1.test.out'; DELETE FROM runs")
    with Store(path, write=True) as store:
        assert verify(store, repair=True).damaged == [
            "series MGAB/1.test.out: its cells call it Toy/toy",
            "run 1, the origin of 2 cells, is not in the store",
        ]
    with Store(path) as store:
        assert store.load_series(toy().sha256).name == "toy"
        assert len(store.frame()) == 2


def test_a_table_of_ones_own_may_stand_beside(tmp_path: Path) -> None:
    path = stored(tmp_path / "s.sqlite", "A")
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript("CREATE TABLE notes (text TEXT); CREATE INDEX by_seed ON cells (seed)")
    with Store(path) as store:
        assert len(store.frame()) == 1
