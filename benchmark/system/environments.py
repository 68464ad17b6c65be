"""Environments of their own for packages whose pins differ from ours: made once, in the cache folder."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import datasets
from benchmark.system.settings import cache_dir


class EnvironmentMissing(Exception):
    """An environment could not be made; says why."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment with pinned packages."""

    name: str
    python: str  # the Python that has wheels of all of them; empty = the one that runs us
    requirements: tuple[str, ...]  # installed with what they require
    alone: tuple[str, ...]  # installed without: what these require pulls in packages that are not used
    size: str  # what it takes on disk, for the person who waits
    over_ours: bool = False  # whether our own environment provides the packages that it lacks

    @property
    def folder(self) -> Path:
        """Where it lies; other pins lie elsewhere, and so do those over another environment of ours."""
        under = (str(Path(sys.prefix).resolve()), sys.version) if self.over_ours else ()
        mark = hashlib.sha256("\n".join(self.requirements + self.alone + under).encode()).hexdigest()[:12]
        return (cache_dir() or datasets.default_cache_dir()) / f"{self.name}-{mark}"

    @property
    def made(self) -> bool:
        """Whether it is there, whole."""
        return (self.folder / "complete").is_file()

    def interpreter(self, say: Callable[[str], None]) -> Path:
        """Its Python; made first where it is missing or was left half made.

        Raises
        ------
        EnvironmentMissing
            If the Python is missing or pip fails.
        """
        python = self.folder / "bin" / "python"
        if not self.made:
            from filelock import FileLock

            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder.with_suffix(".lock")):  # two that make it at once: the second finds it made
                if not self.made:
                    self._make(python, say)
        return python

    def _make(self, python: Path, say: Callable[[str], None]) -> None:
        base = self._base()
        say(f"installing {self.name} into {self.folder} (once, about {self.size})")
        shutil.rmtree(self.folder, ignore_errors=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _done([base, "-m", "venv", str(self.folder)])
        if self.over_ours:
            self._stand_over_ours()
        _done([*pip, *self.requirements])
        if self.alone:
            _done([*pip, "--no-deps", *self.alone])
        (self.folder / "complete").write_text("\n".join(self.requirements + self.alone))

    def _base(self) -> str:
        runs_us = f"python{sys.version_info.major}.{sys.version_info.minor}"
        base = sys.executable if self.python in ("", runs_us) else shutil.which(self.python)
        if base is None:
            raise EnvironmentMissing(f"{self.name} needs {self.python}, which is not installed")
        return base

    def _stand_over_ours(self) -> None:
        """Our packages come last on its path; what its numba compiles is kept apart from what ours has compiled.

        Their folder stands there without links, as :attr:`folder` knows it: the link by which it was called may go.
        """
        ours = [str(Path(path).resolve()) for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        lines = [
            "import os, sys; os.environ.setdefault('NUMBA_CACHE_DIR', os.path.join(sys.prefix, 'numba'))",
            *(f"import site; site.addsitedir({path!r})" for path in ours),
        ]
        (own,) = self.folder.glob("lib/python*/site-packages")
        (own / "over_ours.pth").write_text("\n".join(lines) + "\n")


def _done(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise EnvironmentMissing(f"`{' '.join(command[:5])} ...` failed: {lines[-1]}")
