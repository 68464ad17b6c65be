"""Folders that cannot be written, and full disks: what is there is read, and what cannot be kept is said in one line.

Permissions do not bind the superuser, so for him the commands run without that power, or the tests are skipped.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.cli import main
from benchmark.commands import results
from benchmark.errors import UserError
from benchmark.store import Store, export, verify
from tests.support.stored import cell, fill, ok

WITHOUT_POWER = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")


def bound() -> list[str]:
    """What to put before a command so that permissions bind it."""
    if not hasattr(os, "geteuid"):
        pytest.skip("no permissions of this kind here")
    if os.geteuid():
        return []
    if not shutil.which("setpriv") or subprocess.run([*WITHOUT_POWER, "true"], capture_output=True).returncode:
        pytest.skip("the superuser cannot be bound here: no setpriv")
    return list(WITHOUT_POWER)


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Path]:
    """A folder with a store, a report and a file of numbers, all read-only; it lies in a folder that can be written."""
    folder = tmp_path / "sealed"
    folder.mkdir()
    fill(folder / "results.sqlite", "A", "B")
    (folder / "plain.csv").write_text("value\n" + "\n".join(str(k % 17) for k in range(600)) + "\n")
    for path in (*folder.iterdir(), folder):
        path.chmod(path.stat().st_mode & ~0o222)
    yield folder
    folder.chmod(0o755)


def said(folder: Path, *command: str, **environment: str) -> tuple[int, str]:
    run = [*bound(), sys.executable, "-m", "benchmark", *command]
    ended = subprocess.run(run, cwd=folder, capture_output=True, text=True, env=os.environ | environment)
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stdout + ended.stderr


READ = {
    "results list": "results list --store sealed/results.sqlite",
    "results verify": "results verify --store sealed/results.sqlite",
    "results export": "results export copy.sqlite --store sealed/results.sqlite",
    "results merge": "results merge sealed/results.sqlite --store all.sqlite",
    "report": "report --store sealed/results.sqlite --out out --jobs 1",
}
REFUSED = {
    "results export": "results export sealed/copy.sqlite --store sealed/results.sqlite",
    "results verify --repair": "results verify --repair --store sealed/results.sqlite",
    "results merge": "results merge sealed/results.sqlite --store sealed/all.sqlite",
    "run": "run --detector HBOS --dataset Genesis --data simulated --quick --store sealed/results.sqlite",
    "report": "report --store sealed/results.sqlite --out sealed/report --jobs 1",
    "detect": "detect sealed/plain.csv --detector HBOS",
    "detect --save": "detect sealed/plain.csv --detector HBOS --out out --save sealed/model",
    "new": "new detector Mine --folder sealed",
    "check": "check HBOS --edges sealed/edges.md",
    "explain": "explain HBOS Genesis --data simulated --store sealed/results.sqlite",
}


QUICK = {"results verify", "results verify --repair"}


def some_slow(commands: dict[str, str]) -> list[object]:
    """Each starts a process, so only a few run with the quick tests."""
    return [
        pytest.param(text, id=name, marks=() if name in QUICK else pytest.mark.slow) for name, text in commands.items()
    ]


@pytest.mark.parametrize("command", some_slow(READ))
def test_a_read_only_store_is_read(command: str, sealed: Path) -> None:
    code, text = said(sealed.parent, *command.split())
    assert code == 0, text


@pytest.mark.parametrize("command", some_slow(REFUSED))
def test_a_folder_that_cannot_be_written_is_one_line(command: str, sealed: Path) -> None:
    code, text = said(sealed.parent, *command.split())
    assert code == 2, text
    (line,) = [line for line in text.splitlines() if line.startswith("error: ")]
    assert "sealed" in line


def pending(folder: Path, *suffixes: str) -> Path:
    """A copy of a store that is being written, with the parts of these suffixes beside it."""
    source, target = folder / "source.sqlite", folder / "copied" / "results.sqlite"
    target.parent.mkdir()
    with Store(fill(source, "A"), write=True) as store:
        store.put(cell("B"), ok(1))
        for suffix in suffixes:
            shutil.copy(f"{source}{suffix}", f"{target}{suffix}")
    return target


def test_results_in_a_write_ahead_log_are_never_overlooked(tmp_path: Path) -> None:
    whole = pending(tmp_path, "", "-wal")
    whole.parent.chmod(0o555)
    code, text = said(tmp_path, "results", "list", "--store", str(whole))
    whole.parent.chmod(0o755)
    assert code == 2
    assert "cannot read the newest results of" in text
    assert "results.sqlite-wal" in text
    with Store(whole) as store:
        assert set(store.frame()["detector"]) == {"A", "B"}


def test_a_store_beside_which_nothing_can_be_made_is_read(tmp_path: Path) -> None:
    """As on a full disk: SQLite cannot make the file that the readers of a write-ahead log share."""
    path = fill(tmp_path / "results.sqlite", "A")
    Path(f"{path}-shm").symlink_to("nowhere")
    with Store(path) as store:
        assert verify(store).cells == 1
        export(store, tmp_path / "copy.sqlite")
    with pytest.raises(UserError, match="cannot open"):
        Store(path, write=True)


def test_a_store_that_cannot_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(db: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("benchmark.store.database.apply_migrations", no_space)
    with pytest.raises(UserError, match="disk is full"):
        Store(tmp_path / "results.sqlite", write=True)
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == []


@pytest.mark.slow  # compiles into an empty cache
def test_an_installation_and_a_home_that_are_read_only_keep_compiled_loops_elsewhere(tmp_path: Path) -> None:
    import detectors

    shutil.copytree(
        Path(detectors.__file__).parent, tmp_path / "there" / "detectors", ignore=shutil.ignore_patterns("*cache*")
    )
    (tmp_path / "tmp").mkdir()
    for folder, _, _ in os.walk(tmp_path / "there"):
        Path(folder).chmod(0o555)
    program = "from detectors.kernels import histograms; import os; print(os.environ['NUMBA_CACHE_DIR'])"
    environment = {
        "HOME": str(tmp_path / "there"),
        "TMPDIR": str(tmp_path / "tmp"),
        "PYTHONPATH": str(tmp_path / "there"),
    }
    left = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    run = [*bound(), sys.executable, "-c", program]
    ended = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, env=left | environment)
    for folder, _, _ in os.walk(tmp_path / "there"):
        Path(folder).chmod(0o755)
    assert ended.returncode == 0, ended.stderr
    place = Path(ended.stdout.strip())
    assert place.parent == tmp_path / "tmp"
    assert place.stat().st_mode & 0o777 == 0o700


def test_a_file_that_cannot_be_written_is_one_line_whatever_writes_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_space(args: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", "scores.csv")

    monkeypatch.setitem(results.ACTIONS, "list", no_space)
    assert main(["results", "list"]) == 2
    assert capsys.readouterr().err.startswith("error: cannot use scores.csv: No space left on device; free or repair")
