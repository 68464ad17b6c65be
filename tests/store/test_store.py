"""The store returns what was stored, detects damage, and loses or rebuilds nothing silently."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import roc_auc_score

import benchmark
from benchmark.cli import main
from benchmark.errors import UserError
from benchmark.grid.cells import Cell, Outcome
from benchmark.store import database, evaluate
from benchmark.store.database import StoreLocked
from benchmark.store.exchange import Verified, export, merge, verify
from benchmark.store.schema import MIGRATIONS
from benchmark.store.scores_file import import_scores
from benchmark.store.store import Store
from benchmark.store.validity import cell_of
from tests.support.cases import toy
from tests.support.stored import cell, fill, ok

# -- round trips -------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(
    name=st.text(max_size=30),
    reason=st.text(alphabet=st.characters(exclude_categories=()), max_size=30),
    scores=arrays(np.float64, st.integers(0, 50), elements=st.floats(allow_nan=False, allow_infinity=False)),
    params=st.dictionaries(st.text(max_size=5), st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)),
)
def test_any_text_and_any_scores_come_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, reason: str, scores: np.ndarray, params: dict[str, object]
) -> None:
    path = tmp_path_factory.mktemp("s") / "s.sqlite"
    one = Cell("Toy\n<b>", name, 'D"; DROP TABLE cells; --', "tsb-uad", 3, tuple(sorted(params.items())), source="file")
    with Store(path, write=True) as store:
        store.put(one, Outcome("ok", reason, scores=scores, window=np.int64(7)))  # type: ignore[arg-type]
        np.testing.assert_array_equal(store.scores(one.key)[1], scores)
        row = store.frame().iloc[0]
        assert row["series"] == name
        assert row["window"] == 7
        assert cell_of(store.database.rows("SELECT * FROM cells")[0]).key == one.key


def test_a_series_comes_back_with_its_training_part(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite", write=True) as store:
        for one in (toy("a"), toy("b", seed=1, train=True)):
            store.put_series(one)
            store.put_series(one)
            again = store.load_series(one.sha256)
            assert again.sha256 == one.sha256
            assert (again.dataset, again.name, again.source) == (one.dataset, one.name, one.source)
            assert not again.values.flags.writeable
        with pytest.raises(KeyError):
            store.load_series("no such hash")


def test_only_a_few_series_stay_in_memory(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite", write=True) as store:
        hashes = []
        for k in range(30):
            store.put_series(toy(str(k), seed=k))
            hashes.append(toy(str(k), seed=k).sha256)
        for data_hash in hashes:
            store.load_series(data_hash)
        assert store._recent.cache_info().currsize <= 8


def test_a_later_version_or_other_data_replaces_what_tables_see(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path, write=True) as store:
        for one in (cell(), cell(version="2"), cell(version="2", data_hash="other"), cell("E"), cell(seed=1)):
            store.put(one, ok())
        store.put(cell(source="simulated", data_hash="twin"), ok())
        store.put(cell("E", data_hash="cut"), ok(), quick=True)
        frame = store.frame()
        assert store.database.rows("SELECT count(*) AS n FROM cells")[0]["n"] == 7
        assert sorted(zip(frame["detector"], frame["seed"], frame["source"], frame["quick"], strict=True)) == [
            ("D", 0, "file", False),
            ("D", 0, "simulated", False),
            ("D", 1, "file", False),
            ("E", 0, "file", False),
            ("E", 0, "file", True),
        ]
        mine = frame[(frame["detector"] == "D") & (frame["seed"] == 0) & (frame["source"] == "file")]
        assert mine["data_hash"].tolist() == ["other"]
        assert len(list(store.missing_metrics(["auroc"]))) == 5


def test_load_gives_a_tidy_table(tmp_path: Path) -> None:
    frame = benchmark.load(fill(tmp_path / "s.sqlite", "D", "E"))
    assert frame[["detector", "status"]].values.tolist() == [["D", "ok"], ["E", "ok"]]
    expected = [roc_auc_score(toy().labels, ok(k).scores) for k in range(2)]
    np.testing.assert_allclose(frame["auroc"], expected)
    with Store(tmp_path / "s.sqlite") as store:
        assert store.frame([cell("E").key])["detector"].tolist() == ["E"]
    with pytest.raises(UserError, match="no results at"):
        benchmark.load(tmp_path / "none.sqlite")


def test_a_success_replaces_a_failure_with_all_that_hung_on_it(tmp_path: Path) -> None:
    with Store(fill(tmp_path / "s.sqlite", "D"), write=True) as store:
        store.put(cell(), Outcome("failed", "again", traceback="line"))
        assert store.statuses() == {cell().key: "failed"}
        assert store.database.rows("SELECT traceback FROM cells")[0]["traceback"] == "line"
        with pytest.raises(KeyError):
            store.scores(cell().key)
        assert store.database.rows("SELECT * FROM metrics") == []


# -- one writer, versions, damage --------------------------------------------------------------


def test_a_second_writer_is_refused_and_a_reader_is_not(tmp_path: Path) -> None:
    path = fill(tmp_path / "s.sqlite", "D")
    with Store(path, write=True):
        with pytest.raises(StoreLocked, match="another run is writing"):
            Store(path, write=True)
        link = tmp_path / "link.sqlite"
        link.symlink_to(path)
        with pytest.raises(StoreLocked):
            Store(link, write=True)
        assert len(benchmark.load(path)) == 1
    Store(path, write=True).close()


HOLD = "import sys, time; from pathlib import Path; from benchmark.store import Store\n"
HOLD += "s = Store(Path(sys.argv[1]), write=True); print('held', flush=True); time.sleep(100)"


def test_kill_9_gives_the_lock_back(tmp_path: Path) -> None:
    path = fill(tmp_path / "s.sqlite", "D")
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StoreLocked):
            Store(path, write=True)
        other.send_signal(signal.SIGKILL)
    with Store(path, write=True) as store:
        assert len(store.frame()) == 1


def test_a_newer_store_is_refused_untouched(tmp_path: Path) -> None:
    path = fill(tmp_path / "s.sqlite", "D")
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    for write in (True, False):
        with pytest.raises(UserError, match="newer version"):
            Store(path, write=write)
    assert path.exists()


@pytest.mark.parametrize("write", [True, False])
def test_an_older_store_is_migrated(tmp_path: Path, write: bool) -> None:
    path = tmp_path / "old.sqlite"
    with sqlite3.connect(path) as db:
        db.executescript(MIGRATIONS[0] + "PRAGMA user_version = 1;")
        db.execute("INSERT INTO runs VALUES (1, 0, 'old', '{}')")
    db.close()
    with Store(path, write=write) as store:
        assert store.database.rows("PRAGMA user_version")[0][0] == len(MIGRATIONS)
        assert [run["command"] for run in store.runs()] == ["old"]
        assert store.frame().empty
    Store(path, write=True).close()


def damage(path: Path, how: str) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        if how == "cut":
            file.truncate(size // 2)
        elif how == "header":
            file.write(b"<html>not a database</html>")
        elif how == "schema":
            file.seek(100)
            file.write(os.urandom(2000))


@pytest.mark.parametrize("how", ["cut", "header", "schema"])
def test_a_damaged_store_is_set_aside_by_a_writer_alone(tmp_path: Path, how: str) -> None:
    path = fill(tmp_path / "s.sqlite", *"ABCDEFGH")
    damage(path, how)
    broken = path.read_bytes()
    with pytest.raises(UserError, match="damaged"):
        Store(path)
    assert path.read_bytes() == broken
    with pytest.raises(UserError, match="was set aside as s"):
        Store(path, write=True)
    (aside,) = tmp_path.glob("s.sqlite.damaged-*")
    assert aside.read_bytes() == broken
    with Store(path, write=True) as store:
        assert store.frame().empty


def test_a_log_without_its_file_is_not_poured_into_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    Path(f"{path}-wal").write_bytes(os.urandom(5000))
    with Store(path, write=True) as store:
        assert store.frame().empty
    assert list(tmp_path.glob("*.damaged-*-wal"))


def test_an_emptied_store_with_a_log_beside_it_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.touch()
    Path(f"{path}-wal").write_bytes(os.urandom(5000))
    with pytest.raises(UserError, match="was set aside as s"):
        Store(path, write=True)


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("dear diary")
    with pytest.raises(UserError, match="not a store of results"):
        Store(text, write=True)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    with pytest.raises(UserError, match="another program's"):
        Store(other, write=True)
    assert text.read_text() == "dear diary"
    with pytest.raises(UserError, match="cannot create"):
        Store(text / "below" / "s.sqlite", write=True)


def test_large_files_get_their_small_tables_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fill(tmp_path / "s.sqlite", *"ABC")
    monkeypatch.setattr(database, "MAX_FULL_CHECK", 0)
    Store(path, write=True).close()
    damage(path, "schema")
    with pytest.raises(UserError, match="damaged"):
        Store(path, write=True)


def test_runs_come_in_their_order(tmp_path: Path) -> None:
    with Store(tmp_path / "r.sqlite", write=True) as store:
        for command in ("first", "second", "third"):
            store.begin_run(command, {"of": command})
        runs = [(run["id"], run["command"], run["provenance"]["of"]) for run in store.runs()]
    assert runs == [(1, "first", "first"), (2, "second", "second"), (3, "third", "third")]


def test_the_fingerprint_is_of_every_column(tmp_path: Path) -> None:
    """Arrays enter by their hashes, so that nothing is unpacked."""
    arrays = {("scores", "scores"), ("series", "values"), ("series", "labels"), ("series", "train")}
    with Store(fill(tmp_path / "r.sqlite", "D"), write=True) as store:
        before, db = store.fingerprint(), store.database.connection
        for table in ("runs", "cells", "scores", "series", "metrics"):
            columns = {str(row["name"]) for row in store.database.rows(f"PRAGMA table_info({table})")}
            for column in sorted(columns - {name for of, name in arrays if of == table}):
                db.execute("BEGIN")
                db.execute(f'UPDATE {table} SET "{column}" = 17')
                assert store.fingerprint() != before, f"{table}.{column}"
                db.execute("ROLLBACK")
        assert store.fingerprint() == before


def test_the_inventory_counts_what_tables_see(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite", write=True) as store:
        store.put_series(toy())
        store.put_series(toy("other", seed=1))
        for name, outcome in (("D", ok()), ("E", Outcome("failed", "why")), ("F", Outcome("timeout", "why"))):
            store.put(cell(name), outcome)
        for version, finished in (("0", 1.0), ("2", 9e9)):
            store.put(cell("D", version=version), Outcome("failed", "why"))
            with store.database.transaction() as db:
                db.execute("UPDATE cells SET finished = ? WHERE version = ?", (finished, version))
        found = {line.series: (line.n, line.ok, line.cells) for line in store.inventory()}
        assert found == {"toy": (300, 0, 3), "other": (300, 0, 0)}, "the latest version of D counts"
        with store.database.transaction() as db:
            db.execute("UPDATE cells SET finished = 2 WHERE version = '2'")
        assert [(line.ok, line.cells) for line in store.inventory() if line.series == "toy"] == [(1, 3)]


@pytest.mark.parametrize("repair", [False, True])
def test_nothing_is_dropped_unless_that_is_asked_for(repair: bool, tmp_path: Path) -> None:
    with Store(fill(tmp_path / "s.sqlite", "D", "E"), write=True) as store:
        with store.database.transaction() as db:
            db.execute("UPDATE runs SET provenance = 'no json'")
            db.execute("UPDATE scores SET sha256 = 'x' WHERE key = ?", (cell("E").key,))
        assert len(verify(store, repair).damaged) == 2
        left = [len(store.database.rows(f"SELECT * FROM {table}")) for table in ("runs", "cells", "scores", "metrics")]
        assert left == ([0, 1, 1, 1] if repair else [1, 2, 2, 2])


def test_every_cell_gets_its_metric_however_many_are_taken_at_once(tmp_path: Path) -> None:
    with Store(fill(tmp_path / "s.sqlite", *"DEFGH"), write=True) as store:
        assert evaluate.fill(store, ["auprc"], at_once=2) >= 5
        assert not list(store.missing_metrics(["auprc"]))
        assert store.frame()["auprc"].notna().all()


def test_an_export_replaces_no_file(tmp_path: Path) -> None:
    target = tmp_path / "out.sqlite"
    target.write_text("mine")
    with Store(fill(tmp_path / "s.sqlite", "D")) as store, pytest.raises(UserError, match="exists"):
        export(store, target)
    assert target.read_text() == "mine"


def test_a_store_of_the_next_release_is_refused(tmp_path: Path) -> None:
    path = fill(tmp_path / "s.sqlite", "D")
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(UserError, match="newer version"):
        Store(path)


def test_a_figure_may_differ_from_its_scores_by_rounding_alone(tmp_path: Path) -> None:
    path = fill(tmp_path / "s.sqlite", "D")
    for change, told in ((1e-12, 0), (1e-6, 1)):
        with Store(path, write=True) as store:
            with store.database.transaction() as db:
                db.execute("UPDATE metrics SET value = value + ?", (change,))
            assert len(verify(store).differing) == told


def test_a_flipped_bit_in_scores_is_seen_and_verify_drops_the_cell(tmp_path: Path) -> None:
    path = fill(tmp_path / "s.sqlite", "D", "E")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE scores SET scores = zeroblob(2400) WHERE key = ?", (cell("D").key,))
    db.close()
    with Store(path, write=True) as store:
        with pytest.raises(UserError, match="damaged"):
            store.scores(cell("D").key)
        assert len(verify(store).damaged) == 1
        assert len(store.statuses()) == 2, "verify alone changed the store"
        assert len(verify(store, repair=True).damaged) == 1
        assert list(store.statuses()) == [cell("E").key]
        assert verify(store) == Verified(cells=1)


FULL = """
import resource, sys
from pathlib import Path
from tests.support.stored import cell, ok
from benchmark.store import Store
with Store(Path(sys.argv[1]), write=True) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    try:
        for k in range(500):
            store.put(cell(f"F{k}"), ok(k))
            print(k, flush=True)
    except Exception as error:
        print(type(error).__name__, error)
"""


def test_a_full_disk_keeps_what_was_committed(tmp_path: Path) -> None:
    path = fill(tmp_path / "s.sqlite", "D")
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True)
    *counted, last = done.stdout.splitlines()
    assert "UserError cannot write to" in last
    assert "is kept" in last
    assert 0 < len(counted) < 500
    with Store(path, write=True) as store:
        assert len(store.frame()) == 1 + len(counted)
        assert not verify(store).damaged


def test_a_read_only_folder_can_be_read(tmp_path: Path) -> None:
    path = fill(tmp_path / "folder" / "s.sqlite", "D")
    for stray in (*path.parent.glob("*-wal"), *path.parent.glob("*-shm")):
        stray.unlink()
    path.parent.chmod(0o500)
    try:
        assert len(benchmark.load(path)) == 1
    finally:
        path.parent.chmod(0o700)


# -- exchange ----------------------------------------------------------------------------------


def content(path: Path) -> list[tuple[object, ...]]:
    with Store(path) as store:
        rows = store.database.rows(
            "SELECT cells.*, sha256, value FROM cells LEFT JOIN scores USING (key) LEFT JOIN metrics USING (key)"
        )
        return sorted(tuple(value for key, value in dict(r).items() if key not in ("run_id", "finished")) for r in rows)


def test_two_machines_join_to_what_one_would_have(tmp_path: Path) -> None:
    whole = fill(tmp_path / "whole.sqlite", "A", "B", "C", "D")
    for name, drop in (("one", "BD"), ("two", "AC")):
        shutil.copy(whole, tmp_path / f"{name}.sqlite")
        with sqlite3.connect(tmp_path / f"{name}.sqlite") as db:
            for table in ("cells", "scores", "metrics"):
                db.executemany(f"DELETE FROM {table} WHERE key = ?", [(cell(d).key,) for d in drop])
        db.close()
    exported = tmp_path / "exported.sqlite"
    with Store(tmp_path / "two.sqlite") as store:
        assert len(export(store, exported)) == 64
        with pytest.raises(UserError, match="exists"):
            export(store, exported)
    joined = tmp_path / "joined.sqlite"
    with Store(joined, write=True) as store:
        assert str(merge(store, tmp_path / "one.sqlite")).startswith("2 cells added")
        assert merge(store, exported).added == 2
        again = merge(store, exported)
        assert (again.added, again.known, again.differing) == (0, 2, ())
        assert len(store.runs()) == 1
        with pytest.raises(UserError, match="is the store itself"):
            merge(store, joined)
    assert content(joined) == content(whole)


def test_an_empty_file_is_a_new_store(tmp_path: Path) -> None:
    """As ``touch`` and ``mktemp`` make it: nothing is in it that could be lost."""
    path = tmp_path / "s.sqlite"
    path.touch()
    with pytest.raises(UserError, match=r"no results at .*s\.sqlite \(the file is empty\)"):
        Store(path)
    assert (
        main(
            [
                "run",
                "--detector",
                "HBOS",
                "--dataset",
                "Genesis",
                "--data",
                "simulated",
                "--quick",
                "--dry-run",
                "--store",
                str(path),
            ]
        )
        == 0
    )
    fill(path, "D")
    assert not list(tmp_path.glob("*damaged*"))
    with Store(path) as store:
        assert len(store.frame()) == 1


def test_a_merge_prefers_success_and_reports_a_difference(tmp_path: Path) -> None:
    ours, theirs = fill(tmp_path / "a.sqlite", "D"), fill(tmp_path / "b.sqlite", "E", "D")
    with Store(ours, write=True) as store:
        store.put(cell("E"), Outcome("timeout", "too slow"))
        merged = merge(store, theirs)
        assert (merged.added, merged.replaced, merged.known) == (0, 1, 1)
        assert merged.differing == (str(cell("D")),)
        np.testing.assert_array_equal(store.scores(cell("D").key)[1], ok(0).scores)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE scores SET scores = zeroblob(8) WHERE key = (SELECT max(key) FROM scores)",
        "UPDATE cells SET detector = 'Better' WHERE key = (SELECT max(key) FROM cells)",
        "UPDATE cells SET params = 'no json'",
        "UPDATE series SET labels = (SELECT labels FROM series) || x'00', n = 10",
        "UPDATE series SET \"values\" = x'789c'",
        "UPDATE series SET data_hash = replace(data_hash, substr(data_hash, 1, 4), 'ffff')",
        'INSERT INTO series (data_hash, dataset, name, source, n, "values", labels) '
        "SELECT 'ffff', dataset, name, source, n, \"values\", labels FROM series",  # that no cell stands on
        "DELETE FROM scores",
        "DROP TABLE series",
    ],
)
def test_nothing_is_taken_from_a_file_with_one_wrong_row(tmp_path: Path, sql: str) -> None:
    ours, theirs = fill(tmp_path / "a.sqlite", "D"), fill(tmp_path / "b.sqlite", "E", "F", "G")
    with sqlite3.connect(theirs) as db:
        db.execute(sql)
    db.close()
    before = content(ours)
    with Store(ours, write=True) as store, pytest.raises(UserError):
        merge(store, theirs)
    assert content(ours) == before


def test_imported_scores_join_the_table_that_was_named(tmp_path: Path) -> None:
    path = fill(tmp_path / "s.sqlite", "D")
    file = scores_file(tmp_path / "theirs.csv", toy().sha256, list(np.arange(300) / 7))
    words = ["results", "import", str(file), "--detector", "Theirs", "--store", str(path)]
    assert main([*words, "--protocol", "prefix"]) == 0
    with Store(path) as store:
        assert store.frame().set_index("detector").loc["Theirs", "protocol"] == "prefix"


def scores_file(path: Path, data_hash: str, scores: list[object]) -> Path:
    path.write_text("series,score\n" + "".join(f"{data_hash},{s}\n" for s in scores))
    return path


def test_scores_of_a_closed_detector_become_a_row(tmp_path: Path) -> None:
    path = fill(tmp_path / "s.sqlite", "D")
    labels = toy().labels
    file = scores_file(tmp_path / "theirs.csv", toy().sha256, [0.5 + label for label in labels])
    with Store(path, write=True) as store:
        assert import_scores(store, file, "Theirs").series == 1
        row = store.frame().set_index("detector").loc["Theirs"]
        assert "precision_given" not in store.frame(), "scores are no answers"
    assert row["auroc"] == 1.0
    assert (row["n"], row["n_anomalous"], row["source"], row["series"]) == (300, 5, "file", "toy")


@pytest.mark.parametrize(
    ("scores", "data_hash", "name", "message"),
    [
        ([1.0] * 299, "", "Theirs", "299 scores for Toy/toy, of 300 points"),
        ([1.0] * 301, "", "Theirs", "301 scores for Toy/toy, of 300 points"),
        ([1.0, "nan"], "", "Theirs", "line 3: expected a finite score, got 'nan'"),
        ([1.0, "=1+1"], "", "Theirs", "line 3"),
        ([1.0], "0" * 64, "Theirs", "no stored series has the name or the hash"),
        ([1.0] * 300, "", "LOF", "a detector of the package"),
        ([1.0] * 300, "", "lof", "a detector of the package"),
        ([1.0] * 300, "", "pyod:KNN", "a detector of a library"),
    ],
)
def test_wrong_scores_are_refused_by_line(
    tmp_path: Path, scores: list[object], data_hash: str, name: str, message: str
) -> None:
    file = scores_file(tmp_path / "t.csv", data_hash or toy().sha256, scores)
    with Store(fill(tmp_path / "s.sqlite", "D"), write=True) as store:
        with pytest.raises(UserError, match=message):
            import_scores(store, file, name)
        file.write_text("a,b\n1,2\n")
        with pytest.raises(UserError, match="columns 'series' and 'score'"):
            import_scores(store, file, "Theirs")
        assert len(store.frame()) == 1


def test_a_store_that_lies_is_named_cell_by_cell_and_merged_nowhere(tmp_path: Path) -> None:
    ours, theirs = fill(tmp_path / "a.sqlite", "D"), fill(tmp_path / "b.sqlite", "E", "F")
    with sqlite3.connect(theirs) as db:
        db.execute("UPDATE metrics SET value = 0.99 WHERE key = ?", (cell("E").key,))
    db.close()
    with Store(theirs) as store:
        (text,) = verify(store).differing
    assert str(cell("E")) in text
    assert "AUROC is stored as 0.99, its scores give" in text
    with Store(ours, write=True) as store, pytest.raises(UserError, match=r"E on Toy/toy.*nothing was taken"):
        merge(store, theirs)
    with Store(theirs, write=True) as store:
        assert len(verify(store, repair=True).differing) == 1
        assert verify(store) == Verified(cells=2)
        assert len(store.database.rows("SELECT * FROM metrics")) == 1


@pytest.mark.parametrize("change", ["n_anomalous = 4", "source = 'simulated'", "n = 299", "first_row = 1"])
def test_a_cell_that_contradicts_its_series_is_named(tmp_path: Path, change: str) -> None:
    path = fill(tmp_path / "s.sqlite", "D")
    with sqlite3.connect(path) as db:
        db.execute(f"UPDATE cells SET {change}")
    db.close()
    with Store(path) as store:
        (text,) = verify(store).damaged
    assert "by its series" in text


def numbers(labels: np.ndarray) -> list[float]:
    return [0.5 + label for label in labels]


@pytest.mark.parametrize("form", ["hash", "prefix", "name", "bom", "spaces", "semicolon", "rows"])
def test_a_file_of_scores_may_look_as_programs_write_it(tmp_path: Path, form: str) -> None:
    one = toy()
    name = {"hash": one.sha256, "prefix": one.sha256[:12].upper()}.get(form, "Toy/toy")
    sep = {"spaces": ", ", "semicolon": ";"}.get(form, ",")
    rows = list(enumerate(numbers(one.labels)))
    lines = [sep.join(["series", "score"] + ["row"] * (form == "rows"))]
    for row, score in reversed(rows) if form == "rows" else rows:
        lines.append(sep.join([name, str(score)] + [str(row)] * (form == "rows")))
    file = tmp_path / "theirs.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8-sig" if form == "bom" else "utf-8")
    with Store(fill(tmp_path / "s.sqlite", "D"), write=True) as store:
        assert import_scores(store, file, "Theirs").notes == []
        assert store.frame().set_index("detector").loc["Theirs", "auroc"] == 1.0


def test_an_empty_file_is_refused_and_a_turned_sign_is_mentioned(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("series,score\n")
    turned = scores_file(tmp_path / "turned.csv", "Toy/toy", [-score for score in numbers(toy().labels)])
    with Store(fill(tmp_path / "s.sqlite", "D"), write=True) as store:
        with pytest.raises(UserError, match="no scores below"):
            import_scores(store, empty, "Theirs")
        (note,) = import_scores(store, turned, "Theirs").notes
    assert "AUROC 0.000 is far below .5: is the sign right" in note


def test_a_column_that_would_mean_nothing_is_refused_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("series,score,threshold\n" + "".join(f"{toy().sha256},{k},1\n" for k in range(300)))
    with Store(fill(tmp_path / "s.sqlite", "D"), write=True) as store:
        with pytest.raises(UserError, match=r"remove the columns \['threshold'\]"):
            import_scores(store, file, "Theirs")
        assert len(store.frame()) == 1


def test_answers_may_be_words_and_columns_capitals(tmp_path: Path) -> None:
    file = tmp_path / "flags.csv"
    file.write_text("Series,Score\n" + "".join(f"Toy/toy,{bool(label)}\n" for label in toy().labels))
    with Store(fill(tmp_path / "s.sqlite", "D"), write=True) as store:
        (note,) = import_scores(store, file, "Theirs").notes
    assert "as binary predictions: F1 1.000" in note


def test_a_name_nearly_right_is_guessed_and_cells_without_a_column_are_refused(tmp_path: Path) -> None:
    near = scores_file(tmp_path / "near.csv", "toy/Toyy", [1.0])
    more = tmp_path / "more.csv"
    more.write_text("series,score\nToy/toy,1,9\n")
    with Store(fill(tmp_path / "s.sqlite", "D"), write=True) as store:
        with pytest.raises(UserError, match=r"did you mean Toy/toy\?"):
            import_scores(store, near, "Theirs")
        with pytest.raises(UserError, match="more cells than its header line"):
            import_scores(store, more, "Theirs")
        store.put_series(toy(seed=1))  # other values under the same name
        with pytest.raises(UserError, match="Toy/toy matches 2 stored series: give the whole hash"):
            import_scores(store, scores_file(tmp_path / "two.csv", "Toy/toy", [1.0]), "Theirs")


def test_answers_of_zero_and_one_are_measured_as_given(tmp_path: Path) -> None:
    answers = toy().labels.copy()
    answers[np.flatnonzero(answers)[0]] = 0
    file = scores_file(tmp_path / "flags.csv", "Toy/toy", list(answers))
    with Store(fill(tmp_path / "s.sqlite", "D"), write=True) as store:
        (note,) = import_scores(store, file, "Theirs").notes
        row = store.frame().set_index("detector").loc["Theirs"]
    assert "as binary predictions: F1 0.889" in note  # 4 of 5 found, none wrong: 2 * 4 / (4 + 5)
    assert (row["precision_given"], row["recall_given"], row["event_f1_given"]) == (1.0, 0.8, 1.0)


def test_cells_keep_their_run_when_stores_are_merged(tmp_path: Path) -> None:
    with Store(tmp_path / "a.sqlite", write=True) as store:
        store.begin_run("ours", {})
        store.begin_run("ours again", {})
        store.put_series(toy())
        merge(store, fill(tmp_path / "b.sqlite", "D"))
        (row,) = store.database.rows("SELECT command FROM cells JOIN runs ON run_id = id")
        assert row["command"] == "test"


def test_a_series_that_is_not_what_its_hash_says_is_not_loaded(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite", write=True) as store:
        store.put_series(toy())
        labels = store.database.rows("SELECT labels FROM series")[0]["labels"]
        other = toy(seed=1)
        store.put_series(other)
        with store.database.transaction() as db:
            sql = 'UPDATE series SET "values" = (SELECT "values" FROM series WHERE data_hash = ?) WHERE data_hash = ?'
            db.execute(sql, (other.sha256, toy().sha256))
        assert labels
        with pytest.raises(UserError, match="Toy/toy is damaged"):
            store.load_series(toy().sha256)


def test_a_training_part_that_an_older_release_left_out_is_kept_when_it_comes_again(tmp_path: Path) -> None:
    one = toy(train=True)
    with Store(tmp_path / "s.sqlite", write=True) as store:
        store.put_series(one)
        with store.database.transaction() as db:
            db.execute("UPDATE series SET n_train = 0, train = x''")
        store.put_series(one)
        train = store.load_series(one.sha256).train
        assert train is not None
        assert one.train is not None
        assert train.tolist() == one.train.tolist()


@pytest.mark.parametrize("word", ["inf", "-inf", "nan", "1e999"])
def test_a_score_that_is_not_finite_is_not_imported(tmp_path: Path, word: str) -> None:
    fill(tmp_path / "s.sqlite", "A")
    file = tmp_path / "scores.csv"
    file.write_text("series,score\n" + "".join(f"Toy/toy,{word if k == 7 else k}\n" for k in range(300)))
    with Store(tmp_path / "s.sqlite", write=True) as store, pytest.raises(UserError, match="line 9: expected a finite"):
        import_scores(store, file, "Mine")


def test_failures_that_meet_stay_one(tmp_path: Path) -> None:
    for name, reason in (("a", "ours"), ("b", "theirs")):
        with Store(tmp_path / f"{name}.sqlite", write=True) as store:
            store.put_series(toy())
            store.put(cell("D"), Outcome("failed", reason))
    with Store(tmp_path / "a.sqlite", write=True) as store:
        merged = merge(store, tmp_path / "b.sqlite")
        assert (merged.added, merged.replaced, merged.known) == (0, 0, 1)
        assert store.frame()["reason"].item() == "ours"


def test_a_series_longer_than_its_row_says_is_damaged(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite", write=True) as store:
        store.put_series(toy())
        with store.database.transaction() as db:
            db.execute("UPDATE series SET n = n - 1")
        with pytest.raises(UserError, match="its length is not the one in its row"):
            store.load_series(toy().sha256)


def test_only_cells_with_scores_lack_metrics(tmp_path: Path) -> None:
    with Store(fill(tmp_path / "s.sqlite", "A"), write=True) as store:
        store.put(cell("B"), Outcome("failed", "why"))
        lacking = [(row["detector"], names) for row, names in store.missing_metrics(["auroc", "f1_topk"])]
        assert lacking == [("A", ["f1_topk"])]
        keys = [cell(name).key for name in "AB"]
        assert [row["detector"] for row, _ in store.missing_metrics(["f1_topk"], keys)] == ["A"]


def test_another_file_of_scores_is_another_version(tmp_path: Path) -> None:
    with Store(fill(tmp_path / "s.sqlite", "D"), write=True) as store:
        for k, shift in enumerate((0.0, 0.25)):
            file = scores_file(tmp_path / f"{k}.csv", toy().sha256, [shift + v for v in toy().values])
            import_scores(store, file, "Theirs")
        versions = [row["version"] for row in store.database.rows("SELECT * FROM cells WHERE detector = 'Theirs'")]
        assert len(set(versions)) == 2
        assert len(store.frame().query("detector == 'Theirs'")) == 1, "the later one counts"


def test_an_undefined_metric_is_no_number() -> None:
    from benchmark.store.evaluate import measure

    labels = np.tile([0, 1, 0], 100).astype(np.uint8)
    ((_, name, value, reason),) = measure("k", ["ucr_score"], labels, np.arange(300.0), "tsb-uad", 5)
    assert (name, value) == ("ucr_score", None)
    assert "exactly one anomalous segment" in reason


def test_figures_of_an_earlier_outcome_go_with_it(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite", write=True) as store:
        store.put(cell(), ok(), metrics=[(cell().key, "vus_roc", 0.9, "")])
        store.put(cell(), ok(1))
        assert store.database.rows("SELECT * FROM metrics") == []
        store.put(cell(), Outcome("failed", "why"))
        assert store.database.rows("SELECT * FROM scores") == []


def test_imported_scores_are_measured_by_their_protocol(tmp_path: Path) -> None:
    path = fill(tmp_path / "s.sqlite", "D")
    scores = np.linspace(0, 0.004, 300)[::-1] + 0.5 * (np.arange(300) == 299)  # equal but for one, at two decimals
    file = scores_file(tmp_path / "theirs.csv", toy().sha256, scores.tolist())
    with Store(path, write=True) as store:
        import_scores(store, file, "Plain")
        import_scores(store, file, "Rounded", "authors-csv")
        found = store.frame().set_index("detector")["auroc"]
    assert found["Plain"] == pytest.approx(roc_auc_score(toy().labels, scores))
    rounded = np.round((scores - scores.min()) / np.ptp(scores), 2)
    assert found["Rounded"] == pytest.approx(roc_auc_score(toy().labels, rounded))
    assert found["Rounded"] != found["Plain"]


def test_content_tells_at_which_row_scores_begin(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite", write=True) as store:
        for name, first in (("D", 0), ("E", 1), ("F", 1)):
            store.put(cell(name), Outcome("ok", scores=np.arange(5.0), first_row=first))
        d, e, f = (store.content(cell(name).key) for name in "DEF")
    assert d != e == f


@pytest.mark.parametrize("repair", [True, False])
def test_a_damaged_series_without_a_cell_is_named_too(repair: bool, tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite", write=True) as store:
        store.put_series(toy())
        with store.database.transaction() as db:
            db.execute("UPDATE series SET n = n - 1")
        (said,) = verify(store, repair=repair).damaged
        assert said.startswith("series Toy/toy: ")
        assert len(store.database.rows("SELECT * FROM series")) == (0 if repair else 1)
