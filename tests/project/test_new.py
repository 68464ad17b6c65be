"""``new detector`` writes a package that works unchanged."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from benchmark.catalogue import registry
from benchmark.cli import main

ROOT = Path(__file__).parents[2]


def test_the_package_names_its_entry_point_and_passes_its_own_tests(tmp_path: Path) -> None:
    assert main(["new", "detector", "Mine", "--folder", str(tmp_path)]) == 0
    package = tmp_path / "mine"
    assert sorted(path.name for path in package.iterdir()) == ["README.md", "mine.py", "pyproject.toml", "test_mine.py"]
    project = tomllib.loads((package / "pyproject.toml").read_text())
    assert project["project"]["entry-points"][registry.ENTRY_POINTS] == {"Mine": "mine:Mine"}
    assert project["tool"]["setuptools"]["py-modules"] == ["mine"]
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(package), str(package)]
    env = {"PYTHONPATH": f"{ROOT}:{package}", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(line, capture_output=True, text=True, cwd=package, env=env)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    assert main(["new", "detector", "Mine", "--folder", str(tmp_path)]) == 2
    assert "exists and is left as it is" in capsys.readouterr().err
    assert main(["new", "detector", "LOF", "--folder", str(tmp_path)]) == 2
    assert "there is a detector called LOF" in capsys.readouterr().err
