"""Detectors of libraries whose pins differ from ours: each runs as a program in an environment with its library."""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from benchmark.adapters import aeon, dtaianomaly
from benchmark.adapters.borrowed import named_class
from benchmark.adapters.names import Listed
from benchmark.adapters.options import check
from benchmark.adapters.program import Program
from benchmark.errors import UserError
from benchmark.system.environments import Environment, EnvironmentMissing
from detectors import Detector


@dataclass(frozen=True)
class Home:
    """An environment, and the script that runs its detectors there."""

    environment: Environment
    # ``runner NAME FOLDER`` scores as in docs/programs.md, ``runner --facts FILE`` writes the facts of each detector
    runner: Path

    @property
    def make(self) -> str:
        """The command that makes the environment."""
        return f"python -m benchmark environment {self.environment.name}"

    @property
    def ready(self) -> bool:
        """True if the environment exists and the facts of its detectors are known."""
        return self.environment.made and self._file.is_file()

    def facts(self) -> dict[str, dict[str, Any]]:
        """Read the facts of each detector (options, defaults, ...), by name."""
        found: dict[str, dict[str, Any]] = json.loads(self._file.read_text(encoding="utf-8"))
        return found

    def words(self, *rest: str) -> list[str]:
        """Return the command line of its runner; ``-P`` prevents that adapters are imported instead of libraries."""
        return [str(self.environment.folder / "bin" / "python"), "-P", str(self.runner), *rest]

    def prepare(self, say: Callable[[str], None]) -> Path:
        """Make the environment and the facts of its detectors if they are missing or outdated; return its Python.

        Raises
        ------
        EnvironmentMissing
            If it cannot be made, or its libraries cannot be imported.
        """
        python = self.environment.interpreter(say)
        mark = self._mark()
        if not (self.ready and self._asked_by.is_file() and self._asked_by.read_text(encoding="utf-8") == mark):
            self._ask()
            self._asked_by.write_text(mark, encoding="utf-8")
        return python

    def _ask(self) -> None:
        """Write the facts by a run of its Python, which imports the libraries and our adapters (some seconds)."""
        done = subprocess.run(self.words("--facts", str(self._file)), capture_output=True, text=True)
        if done.returncode:
            self._file.unlink(missing_ok=True)
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise EnvironmentMissing(f"{self.environment.folder} cannot be used, remove it and try again: {last}")

    def _mark(self) -> str:
        """Return a hash of our adapters: if they change, the facts are written again."""
        here = sorted(Path(__file__).parent.glob("*.py"))
        return hashlib.sha256(b"".join(file.read_bytes() for file in here)).hexdigest()

    @property
    def _asked_by(self) -> Path:
        return self.environment.folder / "asked_by"

    @property
    def _file(self) -> Path:
        return self.environment.folder / "facts.json"


HOME = Home(
    Environment(
        "libraries",
        "",
        (
            "aeon==1.6.0",  # asks for numba < 0.64 and pandas < 3.1
            "dtaianomaly==0.5.1",  # asks for sktime, and that for pandas < 3.1
            "sktime==1.2.0",
            "tslearn==0.10.0",
            "statsmodels==0.15.0",
            "numba==0.63.1",
            "numpy==2.3.5",  # as numba 0.63 asks
            "pandas==3.0.6",
            "combo==0.1.3",  # PyOD's combinations need it
        ),
        (),
        "500 MB",
        over_ours=True,
    ),
    Path(__file__).with_name("apart_runner.py"),
)
LIBRARIES = ("aeon", "dtaianomaly")
WINDOWS = (*aeon.WINDOWS, *dtaianomaly.WINDOWS)


class Apart(Program):
    """A detector that runs in its library's environment."""

    format = "npy"
    # the library's own options with their defaults (None if a default is neither a number nor a text)
    accepted: ClassVar[dict[str, Any]] = {}

    def check_options(self, options: dict[str, Any]) -> None:
        """Check that options are arguments of the library's class, and numbers if their defaults are numbers."""
        check(self.spec, options, self.accepted, WINDOWS if "window" in self.defaults else ())


def entries(library: str) -> Iterator[Listed]:
    """List the detectors of a library that is installed in :data:`HOME`."""
    for spec, known in HOME.facts().items():
        if spec.startswith(f"{library}:"):
            name = spec.partition(":")[2]
            yield Listed(library, name, "", needs=known["needs"], refused=known["refused"], home="apart")


def detector(entry: Listed, model: object) -> type[Detector]:
    """Make the detector class, which runs the detector as a program.

    Raises
    ------
    UserError
        If the environment of its library lacks something that it needs.
    """
    if entry.needs:
        raise UserError(f"{entry.spec} lacks something in {HOME.environment.folder}: {entry.needs}")
    return class_apart(HOME, entry, entry.spec, HOME.facts()[entry.spec])


def class_apart(home: Home, entry: Listed, name: str, known: dict[str, Any]) -> type[Detector]:
    """Make a class for a detector of an environment; ``name`` is its name for the runner.

    ``known`` has its ``options``, ``learns_from``, ``defaults`` and ``source``.
    """
    pins = (*home.environment.requirements, *home.environment.alone)
    body = {
        "command": shlex.join(home.words(name)),
        "text": "\n".join((*pins, home.runner.read_text(encoding="utf-8"))),
        "accepted": known["options"],
        **{key: known[key] for key in ("learns_from", "defaults", "source")},
    }
    return named_class(Apart, entry, f"{known['source']}, in an environment of its own", body)
