"""The README's commands run, its example works, its links exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.cli import build_parser, command_modules

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PREFIX = "python -m benchmark "


def commands(text: str) -> list[str]:
    lines = [line.strip().split("#")[0].strip() for line in text.splitlines()]
    return [line.removeprefix(PREFIX) for line in lines if line.startswith(PREFIX)]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)


IN_README = [command for block in blocks("sh") for command in commands(block)]
IN_DOCS = [command for page in sorted((ROOT / "docs").glob("*.md")) for command in commands(page.read_text())]


def help_examples() -> list[str]:
    found = []
    for module in command_modules().values():
        for line in (module.__doc__ or "").splitlines():
            _, hit, rest = line.partition(PREFIX)
            if hit:
                found.append(re.split(r"\s{2,}|\s>\s", rest)[0])
    return found


def test_there_is_something_to_check() -> None:
    assert len(IN_README) > 10
    assert len(IN_DOCS) > 10
    assert len(help_examples()) > 10


@pytest.mark.parametrize("command", [*IN_README, *IN_DOCS, *help_examples()])
def test_each_command_parses(command: str) -> None:
    args = build_parser().parse_args(shlex.split(command.split(" > ")[0]))
    assert args.main is not None


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside of the clone with the README's example files in it."""
    folder = tmp_path_factory.mktemp("stranger")
    (folder / "mine.py").write_text(next(block for block in blocks("python") if block.startswith("# mine.py")))
    (folder / "mine.sh").write_text((ROOT / "examples" / "programs" / "mean.sh").read_text())
    (folder / "mine.sh").chmod(0o755)
    rng = np.random.default_rng(0)
    x = np.sin(np.arange(2000) * 2 * np.pi / 60) + rng.normal(0, 0.05, 2000)
    x[900:930] += 2
    pd.DataFrame({"time": pd.date_range("2026-01-01", periods=2000, freq="h"), "load": x}).to_csv(
        folder / "my.csv", index=False
    )
    labels = (np.arange(2000) // 30 == 30).astype(int)
    (folder / "data").mkdir()
    pd.DataFrame({"x": x, "label": labels}).to_csv(folder / "data" / "mine.out", header=False, index=False)
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "benchmark", *command], cwd=folder, capture_output=True, text=True, env=environment
    )


@pytest.mark.slow
def test_the_example_detector_keeps_the_contract_and_becomes_a_row(stranger: Path) -> None:
    checked = run(stranger, "check", "mine.py")
    assert checked.returncode == 0, checked.stdout
    done = run(stranger, "run", "--detector", "mine.py", "--detector", "IForest", "--dataset", "data")
    assert done.returncode == 0, done.stderr
    table = (stranger / "results" / "report" / "table.md").read_text()
    assert re.search(r"^\| Mine \|", table, flags=re.M)
    again = run(stranger, "run", "--detector", "mine.py", "--detector", "IForest", "--dataset", "data")
    assert "2 stored, 0 to run" in again.stderr
    capsule = run(stranger, "capsule", "IForest/data/mine.out")
    assert capsule.returncode == 0, capsule.stderr
    compile(capsule.stdout, "capsule", "exec")


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [c for c in IN_README if c.split()[0] in ("list", "detect", "new") or c == "data --about"],
)
def test_light_commands_run_as_they_stand(stranger: Path, command: str) -> None:
    done = run(stranger, *shlex.split(command))
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("command", [c for c in IN_README if c.startswith("run ")])
def test_long_commands_plan_as_they_stand(stranger: Path, command: str) -> None:
    words = [str(stranger / "data") if w == "path/to/folder" else w for w in shlex.split(command)]
    done = run(stranger, *words, "--dry-run", "--offline", "--data", "auto", "--store", str(stranger / "none.sqlite"))
    assert done.returncode == 0, done.stderr
    assert "cells to run" in done.stderr


def test_every_command_is_named() -> None:
    for name in command_modules():
        assert re.search(rf"benchmark {name}\b", README), f"the README does not mention {name}"
