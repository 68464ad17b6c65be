"""Who may import whom, read from the sources."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("benchmark", "detectors", "datasets")
HEAVY = ("torch", "sklearn", "numba", "scipy", "pandas", "matplotlib", "stumpy", "pyod", "rich", "joblib", "requests")

LAYERS = [
    {"errors", "settings", "cells", "costs"},
    {"registry", "protocols", "metrics", "pyod_bridge", "store", "tables", "plots", "statistics"},
]
BASE_NAMERS = {"protocols", "registry", "pyod_bridge", "plan", "execute", "checks"}


def imports(file: Path, top_level_only: bool = False) -> set[str]:
    tree = ast.parse(file.read_text())
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def test_detectors_and_datasets_stand_alone() -> None:
    for package in ("detectors", "datasets"):
        for file in sources(package):
            tops = {name.partition(".")[0] for name in imports(file)}
            assert not tops & (set(PACKAGES) - {package}), f"{file.name} imports another package of ours"


def test_the_lower_layer_of_benchmark_does_not_look_up() -> None:
    lowest = LAYERS[0]
    for name in lowest:
        used = {m.split(".")[1] for m in imports(ROOT / f"benchmark/{name}.py") if m.startswith("benchmark.")}
        assert used <= lowest, f"{name} imports {used - lowest}"


def test_only_settings_reads_the_environment() -> None:
    reads = re.compile(
        r"getenv|environ\.(get|items|copy|keys)|environ\[[^]]*\](?!\s*=)|dict\(os\.environ|\*\*os\.environ"
    )
    for package in PACKAGES:
        for file in sources(package):
            if file.name != "settings.py":
                assert not reads.search(file.read_text()), f"{file} reads the environment"


@pytest.mark.parametrize("command", [["--help"], ["list"], ["run", "--help"]])
def test_light_commands_load_no_heavy_library(command: list[str]) -> None:
    code = (
        "import sys; from benchmark.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        f"heavy = [m for m in {HEAVY!r} if m in sys.modules]\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
