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
    """A virtual environment with pinned packages.

    Attributes
    ----------
    name : str
    python : str
        The Python that has wheels of all of them.
    requirements : tuple of str
        Installed with what they require.
    alone : tuple of str
        Installed without: what these require pulls in packages that are not used.
    size : str
        What it takes on disk, for the person who waits.
    """

    name: str
    python: str
    requirements: tuple[str, ...]
    alone: tuple[str, ...]
    size: str

    @property
    def folder(self) -> Path:
        """Where it lies; other pins lie elsewhere."""
        mark = hashlib.sha256("\n".join(self.requirements + self.alone).encode()).hexdigest()[:12]
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
        wanted = tuple(map(int, self.python.removeprefix("python").split(".")))
        base = sys.executable if sys.version_info[:2] == wanted else shutil.which(self.python)
        if base is None:
            raise EnvironmentMissing(f"{self.name} needs {self.python}, which is not installed")
        say(f"installing {self.name} into {self.folder} (once, about {self.size})")
        shutil.rmtree(self.folder, ignore_errors=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        commands = [
            [base, "-m", "venv", str(self.folder)],
            [*pip, *self.requirements],
            [*pip, "--no-deps", *self.alone],
        ]
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            if done.returncode:
                lines = done.stderr.strip().splitlines() or ["no message"]
                raise EnvironmentMissing(f"`{' '.join(command[:5])} ...` failed: {lines[-1]}")
        (self.folder / "complete").write_text("\n".join(self.requirements + self.alone))
