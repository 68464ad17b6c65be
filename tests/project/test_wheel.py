"""The wheel has one top-level name and works beside a package called ``datasets``, in both orders."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.support.cases import toy

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
ALONE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # no way to the sources
SOURCES = ("benchmark", "detectors", "datasets", "pyproject.toml", "setup.py", "README.md", "LICENSE")


def call(*command: object, cwd: Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, env=ALONE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the sources, so that no earlier build is in the way."""
    copy = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, copy / name)
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", copy / "dist"]
    call(sys.executable, "-m", "pip", "wheel", "--quiet", *options, copy, cwd=copy)
    (built,) = (copy / "dist").glob("tsad_benchmark-*.whl")
    return built


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel with a top-level ``datasets`` of somebody else."""
    path = tmp_path_factory.mktemp("other") / "datasets-9.0-py3-none-any.whl"
    about = "datasets-9.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("datasets/__init__.py", "WHOSE = 'the stand-in'\n")
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: datasets\nVersion: 9.0\n")
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", f"datasets/__init__.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n")
    return path


def environment(folder: Path, wheels: list[Path]) -> Path:
    """The interpreter of a fresh environment that sees the libraries of this one, and none of our sources."""
    call(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    site = Path(call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")  # its own .pth files are not read
    for one in wheels:
        call(
            sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", one, cwd=folder
        )
    return python


def test_the_wheel_has_one_top_level_name(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        texts = {name: archive.read(name).decode() for name in names if name.endswith(".py")}
    assert {name.partition("/")[0] for name in names} == {"tsad_benchmark"}
    sources = [file.relative_to(ROOT) for top in SOURCES[:3] for file in (ROOT / top).rglob("*") if file.is_file()]
    kept = [file for file in sources if "__pycache__" not in file.parts]
    assert len(names) == len(kept)
    for name, text in texts.items():
        compile(text, name, "exec")


@pytest.mark.parametrize("ours_first", [True, False])
def test_both_work_side_by_side_in_both_orders(wheel: Path, stand_in: Path, tmp_path: Path, ours_first: bool) -> None:
    python = environment(tmp_path / "env", [wheel, stand_in] if ours_first else [stand_in, wheel])
    data = tmp_path / "data"
    data.mkdir()
    np.savetxt(data / "mine.out", np.column_stack([toy().values, toy().labels]), delimiter=",", fmt=["%.9f", "%d"])
    assert call(python, "-c", "import datasets; print(datasets.WHOSE)", cwd=tmp_path) == "the stand-in\n"
    assert call(python, "-m", "tsad_benchmark", "--version", cwd=tmp_path).startswith("tsad-benchmark ")
    script = python.parent / "tsad-benchmark"
    call(script, "new", "detector", "Mine", cwd=tmp_path)
    call(script, "check", "mine/mine.py", cwd=tmp_path)
    options = ["--detector", "HBOS", "--detector", "mine/mine.py", "--dataset", "data", "--jobs", "1"]
    table = call(python, "-m", "tsad_benchmark", "run", *options, cwd=tmp_path)
    assert "HBOS" in table
    assert "Mine" in table
    code = (
        "from tsad_benchmark.detectors import LOF; import tsad_benchmark as b; print(LOF(), *set(b.load()['status']))"
    )
    assert call(python, "-c", code, cwd=tmp_path) == "LOF() ok\n"
    capsule = call(script, "capsule", "HBOS/data/mine.out", cwd=tmp_path)
    (tmp_path / "cell.py").write_text(capsule)
    ours, stored = call(python, "cell.py", cwd=tmp_path).removeprefix("AUROC ").split(" stored ")
    assert float(ours) == pytest.approx(float(stored), abs=1e-6)
    left = subprocess.run([python, "-c", "import benchmark"], cwd=tmp_path, capture_output=True, text=True, env=ALONE)
    assert "No module named 'benchmark'" in left.stderr


@pytest.mark.parametrize("written_by", ["the wheel", "a checkout"])
def test_a_package_of_ones_own_is_installed_beside_it(wheel: Path, tmp_path: Path, written_by: str) -> None:
    """What ``new detector`` writes: installed, its tests run, listed by its name and run by it."""
    python = environment(tmp_path / "env", [wheel])
    new = ("new", "detector", "Mine", "--folder", tmp_path)
    if written_by == "the wheel":
        call(python.parent / "tsad-benchmark", *new, cwd=tmp_path)
    else:
        call(sys.executable, "-m", "benchmark", *new, cwd=ROOT)
    assert "from detectors import" in (tmp_path / "mine" / "mine.py").read_text(), "it runs in a checkout, too"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index"]
    call(*pip, "--no-build-isolation", tmp_path / "mine", cwd=tmp_path)
    tests = call(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py", cwd=tmp_path / "mine")
    assert " passed" in tests
    assert " failed" not in tests
    assert "  Mine " in call(python, "-m", "tsad_benchmark", "list", "detectors", cwd=tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    np.savetxt(data / "one.out", np.column_stack([toy().values, toy().labels]), delimiter=",", fmt=["%.9f", "%d"])
    options = ["--detector", "Mine", "--dataset", "data", "--jobs", "1"]
    assert "Mine" in call(python, "-m", "tsad_benchmark", "run", *options, cwd=tmp_path)
    code = "import tsad_benchmark as b; d = b.load(); print(*d.loc[d['detector'] == 'Mine', 'status'])"
    assert call(python, "-c", code, cwd=tmp_path) == "ok\n"
