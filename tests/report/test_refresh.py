"""A repeated report renews exactly what has changed, and replaces all files or none."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.errors import UserError
from benchmark.grid import Cell, Outcome
from benchmark.report import publish as publishing
from benchmark.report import writer
from benchmark.report.cells import derived
from benchmark.report.cells.derived import Derived, digest
from benchmark.report.page import cards
from benchmark.report.publish import publish
from benchmark.store import Store
from benchmark.store.evaluate import measure
from datasets import Series
from tests.support.made_up import cell, frame

ROOT = Path(__file__).parents[2]
ROWS = (("LOF", "classical"), ("HBOS", "classical"), ("AE", "neural"), ("TimeIndex", "one-liner"))


def series(name: str) -> Series:
    rng = np.random.default_rng(len(name))
    labels = np.zeros(400, dtype=np.uint8)
    labels[100:110] = labels[300:320] = 1
    return Series("Toy", name, rng.normal(size=400) + labels, labels, "local")


def put(store: Store, detector: str, group: str, one: Series, seed: int, shift: float = 0.0) -> None:
    cell = Cell("Toy", one.name, detector, "tsb-uad", seed, data_hash=one.sha256, source="local")
    rng = np.random.default_rng([seed, len(detector), len(one.name)])
    scores = rng.normal(size=len(one)) + one.labels * (0.5 + shift)
    history = {"history": {"train": [3.0, 2.0, 1.0 + shift]}} if group == "neural" else {}
    outcome = Outcome("ok", scores=scores, n=len(one), n_anomalous=one.n_anomalous, window=10, extra=history)
    store.put(cell, outcome, group, metrics=measure(cell.key, ("auroc", "auprc"), one.labels, scores, "tsb-uad", 10))


def filled(path: Path, *names: str, seeds: int = 1) -> Path:
    with Store(path, write=True) as store:
        store.begin_run("test", {"python": "3"})
        for name in names or ("a", "bb"):
            store.put_series(series(name))
            for detector, group in ROWS:
                for seed in range(seeds):
                    put(store, detector, group, series(name), seed)
    return path


def write(path: Path, out: Path, **given: object) -> list[str]:
    told: list[str] = []
    with Store(path, write=True) as store:
        writer.write(store, out, wanted=writer.Wanted(progress=told.append, **given))  # type: ignore[arg-type]
    return told


def content(out: Path) -> dict[str, str]:
    """Hash of each file of a report, the page without the time at which it was written."""
    files = {file.relative_to(out).as_posix(): file.read_bytes() for file in out.rglob("*") if file.is_file()}
    files.pop(writer.KEPT, None)
    files["index.html"] = re.sub(rb"Written [^.]*UTC", b"", files["index.html"])
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("refresh")
    write(filled(folder / "s.sqlite"), folder / "out")
    return folder / "s.sqlite", folder / "out"


@pytest.fixture
def again(reported: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """A copy of a store and its report."""
    store, out = reported
    (tmp_path / "s.sqlite").write_bytes(store.read_bytes())
    for file in out.rglob("*"):
        if file.is_file():
            copy = tmp_path / "out" / file.relative_to(out)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    return tmp_path / "s.sqlite", tmp_path / "out"


def sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)


# -- nothing has changed -----------------------------------------------------------------------


def test_nothing_is_written_when_nothing_has_changed(again: tuple[Path, Path]) -> None:
    store, out = again
    before = {file: file.stat().st_mtime_ns for file in out.rglob("*")}
    assert write(store, out)[-1] == "nothing has changed"
    assert {file: file.stat().st_mtime_ns for file in out.rglob("*")} == before


def test_a_report_may_be_moved(again: tuple[Path, Path], tmp_path: Path) -> None:
    store, out = again
    out.rename(tmp_path / "elsewhere")
    assert write(store, tmp_path / "elsewhere")[-1] == "nothing has changed"


# -- something has changed ---------------------------------------------------------------------


def new_scores(store: Path) -> None:
    with Store(store, write=True) as opened:
        put(opened, "LOF", "classical", series("a"), 0, shift=1.0)


def new_losses_and_scores(store: Path) -> None:
    with Store(store, write=True) as opened:
        put(opened, "AE", "neural", series("a"), 0, shift=0.3)


def new_row(store: Path) -> None:
    with Store(store, write=True) as opened:
        put(opened, "PCA", "classical", series("a"), 0)


def new_seed(store: Path) -> None:
    with Store(store, write=True) as opened:
        put(opened, "AE", "neural", series("a"), 1)


CHANGES: dict[str, Callable[[Path], None]] = {
    "scores": new_scores,
    "losses": new_losses_and_scores,
    "a row": new_row,
    "a seed": new_seed,
    "a series": lambda store: (filled(store, "ccc"), None)[1],
    "a figure alone": lambda store: sql(store, "UPDATE metrics SET value = 0.123 WHERE metric = 'auroc'"),
    "a cell goes": lambda store: sql(store, "DELETE FROM cells WHERE detector = 'HBOS' AND series = 'a'"),
    "a row goes": lambda store: sql(store, "DELETE FROM cells WHERE detector = 'AE'"),
    "a reason": lambda store: sql(store, "UPDATE cells SET status = 'failed', reason = 'x' WHERE detector = 'HBOS'"),
    "seconds": lambda store: sql(store, "UPDATE cells SET fit_seconds = 99"),
    "a window": lambda store: sql(store, "UPDATE cells SET window = 40"),
    "a run": lambda store: sql(store, "UPDATE runs SET command = 'other'"),
    "all goes": lambda store: sql(store, "DELETE FROM cells"),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_what_is_refreshed_equals_what_is_written_anew(change: str, again: tuple[Path, Path], tmp_path: Path) -> None:
    store, out = again
    before = content(out)
    CHANGES[change](store)
    assert write(store, out)[-1] == "files"
    write(store, tmp_path / "anew")
    assert content(out) == content(tmp_path / "anew")
    assert content(out) != before
    assert write(store, out)[-1] == "nothing has changed"


def test_a_new_row_leaves_what_does_not_hang_on_it(again: tuple[Path, Path]) -> None:
    store, out = again
    before = {file.name: file.stat().st_mtime_ns for file in (out / "training").iterdir()}
    new_row(store)
    write(store, out)
    assert {file.name: file.stat().st_mtime_ns for file in (out / "training").iterdir()} == before


@pytest.mark.parametrize("first", [-1, 1])
def test_scores_that_do_not_fit_their_series_are_refused_in_words(first: int, again: tuple[Path, Path]) -> None:
    store, out = again
    before = content(out)
    sql(store, f"UPDATE cells SET first_row = {first} WHERE detector = 'LOF'")
    with pytest.raises(UserError, match="results verify"):
        write(store, out)
    sql(store, "DELETE FROM metrics WHERE metric LIKE 'vus%'")
    with pytest.raises(UserError, match="results verify"):
        write(store, out)
    assert content(out) == before


def test_another_protocol_on_request_is_another_report(again: tuple[Path, Path]) -> None:
    store, out = again
    assert write(store, out, common="tsb-uad")[-1] == "files"
    assert "every row under one protocol: tsb-uad" in (out / "table.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["file gone", "file edited", "kept damaged", "kept cut", "kept gone", "program"])
def test_a_damaged_report_is_made_whole(damage: str, again: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    store, out = again
    expected = content(out)
    kept = out / writer.KEPT
    if damage == "file gone":
        (out / "roc" / "Toy.png").unlink()
    elif damage == "file edited":
        (out / "table.md").write_text("mine")
    elif damage == "kept damaged":
        data = bytearray(kept.read_bytes())
        data[2000:2040] = bytes(40)
        kept.write_bytes(bytes(data))
    elif damage == "kept cut":
        kept.write_bytes(kept.read_bytes()[:5000])
    elif damage == "kept gone":
        kept.unlink()
    else:
        monkeypatch.setattr("benchmark.report.cells.derived.program", lambda: "another")
        monkeypatch.setattr("benchmark.report.writer.program", lambda: "another")
    assert write(store, out)[-1] == "files"
    assert content(out) == expected


def test_files_of_others_stay(again: tuple[Path, Path]) -> None:
    store, out = again
    (out / "explain").mkdir()
    (out / "explain" / "mine.png").write_bytes(b"mine")
    (out / "training" / "notes.txt").write_text("mine")
    CHANGES["a row goes"](store)
    write(store, out)
    assert (out / "explain" / "mine.png").exists()
    assert [file.name for file in (out / "training").iterdir()] == ["notes.txt"], "the picture of a row that is gone"


# -- kept values -------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def typed(value: object) -> object:
    """JSON with the type beside each leaf: 1, 1.0 and True are three contents, a tuple is a list."""
    if isinstance(value, dict):
        return {key: typed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [typed(part) for part in value]
    return (type(value).__name__, repr(value))


@given(JSON, JSON)
def test_equal_inputs_have_one_name_and_others_another(one: object, other: object) -> None:
    assert (digest(one) == digest(other)) == (typed(one) == typed(other))


def test_arrays_are_known_by_type_shape_and_content() -> None:
    x = np.arange(6.0)
    names = [digest(a) for a in (x, x.reshape(2, 3), x.astype(np.float32), x + 1e-15, x[::-1])]
    assert len(set(names)) == len(names)
    assert digest(x[::2]) == digest(x[::2].copy())
    with pytest.raises(TypeError, match="no content to hash"):
        digest(object())


def test_values_are_made_once_kept_after_an_interruption_and_forgotten_when_unused(tmp_path: Path) -> None:
    path = tmp_path / "kept.zip"
    made: list[int] = []

    def value(derived: Derived, k: int) -> bytes:
        return derived.get("number", k, lambda: (made.append(k), str(k).encode())[1])

    def work(*numbers: int, error: type[BaseException] | None = None) -> None:
        with Derived(path) as derived:
            assert [value(derived, k) for k in (*numbers, *numbers)] == [str(k).encode() for k in (*numbers, *numbers)]
            if error:
                raise error
            derived.finish("state", {})

    with pytest.raises(KeyboardInterrupt):
        work(1, 2, error=KeyboardInterrupt)
    work(2, 3)
    assert made == [1, 2, 3]
    work(1)
    assert made == [1, 2, 3, 1], "the report that was finished did not need it"
    with zipfile.ZipFile(path) as kept:
        assert len(kept.namelist()) == 2


# -- all or nothing ----------------------------------------------------------------------------


def test_an_interruption_waits_until_the_files_are_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path, {"a": b"1", "sub/b": b"1", "gone": b"1"}, {})
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        real(source, target)

    monkeypatch.setattr(publishing.os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        publish(tmp_path, {"a": b"2", "sub/b": b"2"}, {"gone": hashlib.sha256(b"1").hexdigest()})
    found = {file.relative_to(tmp_path).as_posix(): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert found == {"a": b"2", "sub/b": b"2"}


def test_an_interruption_before_leaves_all_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path, {"a": b"1", "b": b"1"}, {})
    written: list[Path] = []

    write = Path.write_bytes

    def interrupted(path: Path, content: bytes) -> int:
        if written:
            raise KeyboardInterrupt
        written.append(path)
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        publish(tmp_path, {"a": b"2", "b": b"2"}, {})
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"a": b"1", "b": b"1"}


def test_a_folder_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot write .*; name another folder with --out"):
        publish(tmp_path / "file" / "out", {"a": b"1"}, {})


def _heed_ctrl_c() -> None:
    """A test run in the background of a shell ignores the signal, and so would its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.slow
@pytest.mark.parametrize("step", ["tables", "ROC curves", "pictures", "page"])
def test_ctrl_c_ends_it_and_leaves_the_previous_report(step: str, again: tuple[Path, Path]) -> None:
    store, out = again
    new_scores(store)
    before = content(out)
    command = [sys.executable, "-u", "-m", "benchmark", "report", "--store", str(store), "--out", str(out)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=_heed_ctrl_c) as child:
        assert child.stderr is not None
        said = []
        for line in child.stderr:
            said.append(line)
            if line == f"writing the report: {step}\n":
                child.send_signal(signal.SIGINT)
    assert child.returncode == 130, "".join(said)
    assert content(out) == before
    assert "Traceback" not in "".join(said)
    assert "is as it was" in "".join(said)
    assert not [name for name in os.listdir(out) if name.startswith(".new-")]
    assert write(store, out)[-1] == "files"


def _never() -> bytes:
    raise AssertionError("it is kept")


def test_an_interrupted_report_keeps_what_an_earlier_one_had(tmp_path: Path) -> None:
    path = tmp_path / "kept.zip"
    with derived.Derived(path) as first:
        first.get("value", 1, lambda: b"1")
        first.finish("", {})
    with derived.Derived(path) as interrupted:
        interrupted.get("value", 2, lambda: b"2")
    with derived.Derived(path) as again:
        assert [again.get("value", k, _never) for k in (1, 2)] == [b"1", b"2"]


def test_another_program_derives_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kept.zip"
    with derived.Derived(path) as old:
        old.get("value", 1, lambda: b"old")
    monkeypatch.setattr(derived, "program", lambda: "another")
    with derived.Derived(path) as new:
        assert new.get("value", 1, lambda: b"new") == b"new"


def test_a_trace_is_of_the_first_seed() -> None:
    tidy = frame([cell("mine", "s", "LOF", 0.9, seed=seed, key=f"row {seed}") for seed in (2, 0, 1)])
    shown = cards._one_seed(tidy.assign(label="LOF"))
    assert shown["seed"].tolist() == [0]


def test_a_card_names_the_best_one_liner_and_the_best_of_the_others() -> None:
    rows = [cell("mine", "s", name, auroc) for name, auroc in (("TimeIndex", 0.9), ("LOF", 0.6), ("HBOS", 0.7))]
    tidy = frame(rows).assign(simulated=False)
    card = cards._card(cards._Place("mine", "s", "hash"), tidy.assign(label=tidy["detector"]), None)
    assert (card["simple"]["label"], card["best"]["label"]) == ("TimeIndex", "HBOS")
