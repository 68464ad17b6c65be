"""The table of allowed imports between packages, checked against the sources."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
TOPS = ("benchmark", "detectors", "datasets")
HEAVY = ("torch", "sklearn", "numba", "scipy", "pandas", "matplotlib", "stumpy", "pyod", "rich", "joblib", "requests")

GROUND = ("benchmark.errors", "benchmark.system")
# Each package, or module beside the packages, and what it may import; a package may always import itself.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "datasets.core": (),
    "datasets": ("datasets.core",),
    "detectors.core": (),
    "detectors.kernels": ("detectors.core",),
    "detectors.neural": ("detectors.core", "detectors.kernels"),
    "detectors.flows": ("detectors.core", "detectors.kernels", "detectors.neural"),
    "detectors": ("detectors.core", "detectors.kernels", "detectors.neural", "detectors.flows"),
    "benchmark.errors": (),
    "benchmark.system": ("datasets",),
    "benchmark.metrics": ("benchmark.errors",),
    "benchmark.statistics": ("benchmark.metrics",),
    "benchmark.adapters": (*GROUND, "detectors", "detectors.core"),
    "benchmark.catalogue": (*GROUND, "benchmark.adapters", "detectors"),
    "benchmark.grid": (
        *(*GROUND, "benchmark.adapters", "benchmark.catalogue", "benchmark.metrics", "detectors", "datasets"),
    ),
    "benchmark.store": (*GROUND, "benchmark.catalogue", "benchmark.grid", "benchmark.metrics", "detectors", "datasets"),
    "benchmark.execution": (
        *(*GROUND, "benchmark.catalogue", "benchmark.grid", "benchmark.store"),
        *("detectors", "datasets"),
    ),
    "benchmark.report.cells": (*GROUND, "benchmark.grid", "benchmark.metrics", "benchmark.store", "datasets"),
    "benchmark.report.tables": (
        *(*GROUND, "benchmark.catalogue", "benchmark.grid", "benchmark.statistics", "benchmark.report.cells"),
    ),
    "benchmark.report.formats": (*GROUND, "benchmark.report.tables"),
    "benchmark.report.plots": (
        *("benchmark.metrics", "benchmark.statistics", "benchmark.store"),
        *("benchmark.report.cells", "benchmark.report.tables"),
    ),
    "benchmark.report.page": (
        *(*GROUND, "benchmark.catalogue", "benchmark.grid", "benchmark.metrics", "datasets"),
        *("benchmark.report.cells", "benchmark.report.tables", "benchmark.report.plots"),
    ),
    "benchmark.report": (
        *(*GROUND, "benchmark.catalogue", "benchmark.grid", "benchmark.store", "datasets"),
        *("benchmark.report.cells", "benchmark.report.tables", "benchmark.report.formats"),
        *("benchmark.report.plots", "benchmark.report.page"),
    ),
    "benchmark.studies": (
        *(*GROUND, "benchmark.catalogue", "benchmark.grid", "benchmark.store", "benchmark.execution"),
        *("benchmark.report", "benchmark.detection", "benchmark.metrics", "detectors", "datasets"),
    ),
    "benchmark.reading.options": (),
    "benchmark.reading.parsing": (*GROUND, "benchmark.reading.options"),
    "benchmark.reading.formats": (*GROUND, "benchmark.reading.options", "benchmark.reading.parsing"),
    "benchmark.reading.clocks": (*GROUND, "benchmark.reading.options", "benchmark.reading.parsing"),
    "benchmark.reading": (
        *(*GROUND, "benchmark.reading.options", "benchmark.reading.parsing", "benchmark.reading.formats"),
        *("benchmark.reading.clocks", "datasets"),
    ),
    "benchmark.leaderboard": (
        *(*GROUND, "benchmark.catalogue", "benchmark.grid", "benchmark.report"),
        *("benchmark.statistics", "benchmark.store"),
    ),
    "benchmark.detection": (
        *(*GROUND, "benchmark.catalogue", "benchmark.grid", "benchmark.metrics", "benchmark.reading"),
        *("benchmark.report", "detectors", "detectors.core"),
    ),
    "benchmark.speed": (
        *(
            *GROUND,
            "benchmark.catalogue",
            "benchmark.grid",
            "benchmark.metrics",
            "benchmark.report",
        ),
        *("detectors", "datasets"),
    ),
    "benchmark.commands": (
        *(*GROUND, "benchmark.adapters", "benchmark.catalogue"),
        *("benchmark.grid", "benchmark.store", "benchmark.execution", "benchmark.report", "benchmark.studies"),
        *(
            "benchmark.detection",
            "benchmark.reading",
            "benchmark.speed",
            "benchmark.evaluation",
            "benchmark.leaderboard",
        ),
        *("detectors", "datasets"),
    ),
    "benchmark.cli": ("benchmark.commands", "benchmark.errors", "datasets"),
    "benchmark.__main__": ("benchmark.cli",),
    "benchmark.evaluation": (
        *(*GROUND, "benchmark.catalogue", "benchmark.grid", "benchmark.metrics"),
        *("benchmark.store", "benchmark.execution", "benchmark.report", "benchmark.reading", "detectors", "datasets"),
    ),
    "benchmark": ("benchmark.store", "benchmark.evaluation", "benchmark.report", "benchmark.detection"),
}


class Import(NamedTuple):
    """One imported name: by which file, from which module, which name of it."""

    file: str
    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.file}: from {self.module} import {self.name}"


@cache
def imported(text: str) -> tuple[tuple[str, str], ...]:
    """(module, name) of what a source imports from our packages."""
    found: list[tuple[str, str]] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [(a.name, "") for a in node.names if a.name.split(".")[0] in TOPS]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in TOPS:
            found += [(node.module or "", alias.name) for alias in node.names]
    return tuple(found)


class Sources:
    """The modules of the three packages, as text."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts
        self.packages = {
            file.removesuffix("/__init__.py").replace("/", ".") for file in texts if file.endswith("/__init__.py")
        }

    @classmethod
    def read(cls) -> Sources:
        files = [file for top in TOPS for file in (ROOT / top).rglob("*.py")]
        return cls({file.relative_to(ROOT).as_posix(): file.read_text() for file in files})

    def with_line(self, file: str, line: str) -> Sources:
        """The same sources, one line longer."""
        return Sources({**self.texts, file: self.texts[file] + f"\n{line}\n"})

    def alone(self, file: str, line: str) -> Sources:
        """The same packages, and of their modules one, with one line."""
        found = Sources({file: line})
        found.packages = self.packages
        return found

    def imports(self) -> Iterator[Import]:
        for file, text in self.texts.items():
            yield from (Import(file, module, name) for module, name in imported(text))

    def room(self, module: str) -> str:
        """The package of a module; a module that stands beside the packages of ``benchmark`` is its own."""
        if module in MAY_IMPORT:
            return module
        return module if module in self.packages else module.rpartition(".")[0]

    def place(self, entry: Import) -> tuple[str, str]:
        """Importing and imported room."""
        here = entry.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        whole = f"{entry.module}.{entry.name}"
        there = whole if whole in self.packages or whole in MAY_IMPORT else entry.module
        return self.room(here), self.room(there)

    def face(self, package: str) -> set[str]:
        """What a package's ``__init__`` imports and its ``__all__`` names; of the three at the top, the latter only."""
        found: set[str] = set()
        for node in ast.parse(self.texts[f"{package.replace('.', '/')}/__init__.py"]).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
                found |= set(ast.literal_eval(node.value))
            if isinstance(node, ast.ImportFrom) and package not in TOPS:
                found |= {alias.name for alias in node.names}
        return found


def forbidden(sources: Sources) -> list[str]:
    """Imports that the table does not allow."""
    found = []
    for entry in sources.imports():
        here, there = sources.place(entry)
        if here != there and there not in MAY_IMPORT[here]:
            found.append(str(entry))
    return found


def behind_the_face(sources: Sources) -> list[str]:
    """Imports from outside a package of what its face does not name.

    A face names objects, or whole modules where loading them with the package would cost a heavy library.
    """
    found = []
    for entry in sources.imports():
        here, there = sources.place(entry)
        if here == there or there not in sources.packages:
            continue
        if entry.module == there:
            name = entry.name
        elif entry.module.startswith(there + "."):
            name = entry.module.removeprefix(there + ".")
        else:  # `from benchmark import statistics`: the package itself
            continue
        detector = there == "detectors" and name and name[0].isupper()
        if name and name not in sources.face(there) and not detector:
            found.append(str(entry))
    return found


def underscored(sources: Sources) -> list[str]:
    """Imports across packages of a name or module with a leading underscore."""
    across = (entry for entry in sources.imports() if len(set(sources.place(entry))) == 2)
    private = re.compile(r"(^|\.)_(?!_)")
    return [str(entry) for entry in across if private.search(f"{entry.module}.{entry.name}")]


def circles(graph: dict[str, set[str]]) -> list[str]:
    """Modules from which a chain of imports leads back to themselves."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        todo = list(graph.get(start, ()))
        while todo:
            node = todo.pop()
            if node not in seen:
                seen.add(node)
                todo.extend(graph.get(node, ()))
        return seen

    return sorted(node for node in graph if node in reached(node))


def rooms(sources: Sources) -> dict[str, set[str]]:
    """Room -> rooms that it imports."""
    graph: dict[str, set[str]] = {}
    for entry in sources.imports():
        here, there = sources.place(entry)
        if here != there:
            graph.setdefault(here, set()).add(there)
    return graph


def modules(sources: Sources) -> dict[str, set[str]]:
    """Module -> modules that it imports within its package, faces left out."""
    graph: dict[str, set[str]] = {}
    files = {file.removesuffix(".py").replace("/", ".") for file in sources.texts}
    for entry in sources.imports():
        here = entry.file.removesuffix(".py").replace("/", ".")
        whole = f"{entry.module}.{entry.name}"
        there = whole if whole in files else entry.module
        if there in files and there != here:
            graph.setdefault(here, set()).add(there)
    return graph


SOURCES = Sources.read()


def test_every_room_is_in_the_table() -> None:
    here = {
        SOURCES.room(file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")) for file in SOURCES.texts
    }
    assert here == set(MAY_IMPORT)


def test_no_import_that_the_table_does_not_allow() -> None:
    assert not forbidden(SOURCES)


def test_the_table_allows_nothing_that_nobody_uses() -> None:
    used = rooms(SOURCES)
    spare = {here: set(may) - used.get(here, set()) - set(GROUND) for here, may in MAY_IMPORT.items()}
    assert not {here: rest for here, rest in spare.items() if rest}


def test_packages_are_entered_by_their_faces() -> None:
    assert not behind_the_face(SOURCES)


def test_no_underscore_crosses_a_package() -> None:
    assert not underscored(SOURCES)


def test_no_circle() -> None:
    assert not circles(rooms(SOURCES))
    assert not circles(modules(SOURCES))


def _some_file(room: str) -> str:
    file = f"{room.replace('.', '/')}.py"
    return file if file in SOURCES.texts else f"{room.replace('.', '/')}/__init__.py"


ROOMS = sorted(MAY_IMPORT)


@pytest.mark.parametrize("here", ROOMS)
def test_each_line_of_the_table_bites(here: str) -> None:
    for there in ROOMS:
        if there in (here, *MAY_IMPORT[here]):
            continue
        broken = SOURCES.alone(_some_file(here), f"from {there} import something")
        assert forbidden(broken), f"{here} could import {there} unnoticed"


def test_a_deep_import_an_underscore_and_a_circle_are_noticed() -> None:
    deep = SOURCES.with_line("benchmark/report/page/index.py", "from benchmark.store.database import Database")
    assert behind_the_face(deep)
    private = SOURCES.with_line("benchmark/report/page/index.py", "from benchmark.store.rows import _unpack")
    assert underscored(private)
    assert underscored(SOURCES.with_line("benchmark/report/page/index.py", "from datasets.core.base import _Series"))
    assert circles(rooms(SOURCES.with_line("benchmark/grid/cells.py", "from benchmark.store import Store")))
    assert circles(
        modules(SOURCES.with_line("benchmark/report/tables/model.py", "from benchmark.report.tables import text"))
    )


def test_only_settings_reads_the_environment() -> None:
    reads = re.compile(
        r"getenv|environ\.(get|items|copy|keys)|environ\[[^]]*\](?!\s*=)|dict\(os\.environ|\*\*os\.environ"
    )
    for file, text in SOURCES.texts.items():
        if file != "benchmark/system/settings.py":
            assert not reads.search(text), f"{file} reads the environment"


def test_a_section_of_a_docstring_begins_with_a_line_of_its_own() -> None:
    for file, text in SOURCES.texts.items():
        joined = re.search(r"^ *[A-Z][a-z]+ -{4,} .*", text, re.MULTILINE)
        assert not joined, f"{file}: {joined[0].strip()}"


def test_long_files_say_why_in_their_first_lines() -> None:
    for file, text in SOURCES.texts.items():
        if len(text.splitlines()) > 300:
            docstring = ast.get_docstring(ast.parse(text)) or ""
            assert "Over 300 lines:" in docstring, f"{file} has {len(text.splitlines())} lines and gives no reason"


def definition(sources: Sources, module: str, name: str) -> ast.ClassDef | ast.FunctionDef | None:
    """The class or function that a module defines, or imports from a module that does; None for anything else."""
    path = module.replace(".", "/")
    file = f"{path}.py" if f"{path}.py" in sources.texts else f"{path}/__init__.py"
    for node in ast.parse(sources.texts[file]).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return node
        if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
            return definition(sources, node.module or "", name)
    return None


def detector_classes(sources: Sources) -> Iterator[tuple[str, str]]:
    """Module and name of the detectors, which are the public heirs of ``Detector`` at the top of their package."""
    found = [
        (file.removesuffix(".py").replace("/", "."), node)
        for file, text in sources.texts.items()
        if file.startswith("detectors/")
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef)
    ]
    heirs, before = {"Detector"}, 0
    while len(heirs) > before:
        before = len(heirs)
        heirs |= {node.name for _, node in found if {getattr(base, "id", "") for base in node.bases} & heirs}
    for module, node in found:
        if module.count(".") == 1 and node.name in heirs and not node.name.startswith("_"):
            yield module, node.name


def without_example(sources: Sources) -> list[str]:
    """Classes and functions that the three faces name, and detectors, whose docstrings have no example."""
    offered = [*((top, name) for top in TOPS for name in sources.face(top)), *detector_classes(sources)]
    found = {f"{module}.{name}": definition(sources, module, name) for module, name in offered}
    return sorted(name for name, node in found.items() if node and ">>>" not in (ast.get_docstring(node) or ""))


def test_whatever_the_packages_offer_has_an_example_in_its_docstring() -> None:
    """The examples themselves run as doctests of their modules."""
    assert not without_example(SOURCES)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("detectors/lof.py", "detectors.lof.LOF"),
        ("detectors/core/windows.py", "detectors.Windows"),
        ("datasets/core/base.py", "datasets.Series"),
        ("benchmark/__init__.py", "benchmark.evaluate"),
    ],
)
def test_a_missing_example_is_noticed(file: str, name: str) -> None:
    bare = Sources({**SOURCES.texts, file: SOURCES.texts[file].replace(">>>", "")})
    assert name in without_example(bare)


@pytest.mark.parametrize(
    ("command", "heavy"),
    [(["--help"], (*HEAVY, "numpy")), (["run", "--help"], (*HEAVY, "numpy")), (["list"], HEAVY)],
)
def test_light_commands_load_no_heavy_library(command: list[str], heavy: tuple[str, ...]) -> None:
    code = (
        "import sys; from benchmark.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        f"heavy = [m for m in {heavy!r} if m in sys.modules]\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_tests_share_helpers_in_their_support_package_alone() -> None:
    own = re.compile(r"^\s*(from|import) (tests\.)*test_|sys\.path\.(insert|append)", re.MULTILINE)
    tests = [file for file in (ROOT / "tests").rglob("test_*.py") if file != Path(__file__)]
    assert not [str(file) for file in tests if own.search(file.read_text())]
