"""Names with markup, quotes, line breaks and LaTeX in store, tables, file names and messages."""

from __future__ import annotations

import csv
import io
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from benchmark.cli import main
from benchmark.errors import UNSAFE, UserError
from benchmark.execution.backends import Backend, Board
from benchmark.execution.display import Display
from benchmark.execution.runner import pending, run
from benchmark.grid.cells import Outcome
from benchmark.store.exchange import merge, verify
from benchmark.store.store import Store
from benchmark.store.validity import cell_of
from datasets.core.base import Series
from tests.support.cases import planned, plugin, toy

NAMES = (
    "<script>alert(1)</script>",
    "a|b`c*d_e",
    "quote\"'s",
    "two\nlines\r\ttab",
    r"\input{/etc/passwd} $x_1$ 100% & #",
    "=HYPERLINK(1)",
    "../../climbs/out",
    "ünï—𝄞",
    "nul\x00inside",
    "\x1b[2Jcleared \x9b31m",
    "right \u202etfel ot\u2066",
    "long " * 2000,
    "",
)


def hostile(name: str) -> Series:
    one = toy()
    dataset = name if name.startswith(("<", "..", "\\", "=")) else "Toy"  # a picture for each takes its time
    return Series(dataset, name, one.values, one.labels)


@pytest.fixture(scope="module")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    work = planned([plugin(folder, "Fine")], [hostile(name) for name in NAMES])
    with Store(folder / "s.sqlite", write=True) as store:
        todo, summary = pending(work, store, False)
        store.begin_run("a <b>command</b>\n", {"host": "<i>"})
        run(todo, summary, Backend("serial"), store, Board())
    return folder / "s.sqlite"


def test_names_are_kept_as_they_are(store_path: Path) -> None:
    with Store(store_path) as store:
        assert sorted(store.frame()["series"]) == sorted(NAMES)
        for row in store.database.rows("SELECT * FROM cells"):
            assert cell_of(row).key == row["key"]


def test_a_file_name_that_is_no_text_is_spelt_out_and_sound(tmp_path: Path) -> None:
    work = planned(["HBOS"], [hostile("caf\udce9.out")])
    with Store(tmp_path / "s.sqlite", write=True) as store:
        run(*pending(work, store, False), Backend("serial"), store, Board())
        assert not verify(store).damaged
        assert store.frame()["series"].tolist() == ["caf\\udce9.out"]
        assert not pending(work, store, False)[0], "known again"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
def test_a_file_name_that_is_no_text_has_a_report(tmp_path: Path) -> None:
    path = tmp_path / "caf\udce9.csv"
    path.write_text("v\n" + "\n".join(str(k % 7) for k in range(200)))
    assert main(["detect", str(path), "--detector", "AbsDeviation", "--out", str(tmp_path / "out")]) == 0
    assert "caf\\udce9" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


def test_output_that_is_closed_or_lacks_a_sign_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "日本.csv"
    path.write_text("v\n" + "\n".join(str(k % 7) for k in range(50)))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", None)
        assert main(["detect", str(path), "--dry-run"]) == 0
        sys.stdout.close()
    narrow = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    assert main(["detect", str(path), "--dry-run"]) == 0
    narrow.flush()
    assert rb"\u65e5\u672c.csv" in narrow.buffer.getvalue()


def test_they_survive_a_merge(store_path: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite", write=True) as store:
        assert merge(store, store_path).added == len(NAMES)


def test_they_do_not_disturb_the_display(store_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = planned([plugin(store_path.parent, "Fine")], [hostile(name) for name in NAMES])
    tasks = [task for task, _ in work]
    with Display(Board(), tasks, 1) as display:
        for task in tasks:
            display.done(task, Outcome("failed", "two\nlines \x1b[31mred\x1b[0m"))
    said = capsys.readouterr().err
    assert said.count("\n") == len(NAMES)
    assert "\x1b" not in said
    assert "\x00" not in said


def test_each_has_one_line_in_a_list_and_where_it_is_damaged(
    store_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copy(store_path, tmp_path / "s.sqlite")
    with closing(sqlite3.connect(copy)) as db, db:
        db.execute("UPDATE cells SET n = n + 1, detector = 'a' || char(10) || 'sound'")
        db.execute("UPDATE series SET name = 'a' || char(10) || 'sound'")
    assert main(["results", "list", "--store", str(copy)]) == 0
    assert "/a\\nsound  300 points" in capsys.readouterr().out
    assert main(["results", "verify", "--store", str(copy)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == len(NAMES) + 2  # the series, and what to do


def test_reports_escape_them_and_write_nowhere_else(store_path: Path, tmp_path: Path) -> None:
    from benchmark.report import writer

    out = tmp_path / "deep" / "report"
    with Store(store_path, write=True) as store:
        writer.write(store, out)
    files = [Path(folder) / name for folder, _, names in os.walk(tmp_path) for name in names]
    assert files
    assert all(file.resolve().is_relative_to(out.resolve()) for file in files)
    for file in files:
        assert "\n" not in file.name
        if file.suffix in (".html", ".md"):
            assert "<script>alert(1)" not in file.read_text(), file.name
        if file.suffix == ".tex":
            assert r"\input{" not in file.read_text(), file.name
        if file.suffix in (".html", ".md", ".tex", ".csv"):
            assert not UNSAFE.search(file.read_text()), file.name
        if file.suffix == ".md":
            assert max(map(len, file.read_text().splitlines())) < 4000, "names are cut in tables"
    with (out / "cells.csv").open(newline="") as lines:
        cells = [value for row in csv.reader(lines) for value in row]
    assert not [value for value in cells if value.startswith("=")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import sys; sys.exit(0)", "cannot be imported: SystemExit"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
        ("x = 1", "holds no class"),
        ("def broken(:", "cannot be imported: SyntaxError"),
    ],
)
def test_a_plug_in_that_cannot_be_imported_is_one_message(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(UserError, match=message):
        planned([str(file)], [toy()])
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not UTF-8"):
        planned([str(file)], [toy()])


def test_scores_with_a_million_points_come_back(tmp_path: Path) -> None:
    scores = np.random.default_rng(0).standard_normal(1_000_000)
    ((task, _),) = planned([plugin(tmp_path, "Fine")], [toy()])
    with Store(tmp_path / "s.sqlite", write=True) as store:
        store.put(task.cell, Outcome("ok", scores=scores))
        np.testing.assert_array_equal(store.scores(task.cell.key)[1], scores)
