"""Separate virtual environments for packages whose pins differ from ours; made once, in the cache folder."""

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
    """An environment could not be made; the message says why."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment with pinned packages."""

    name: str
    python: str  # command of a Python for which all packages have wheels; empty = the running one
    requirements: tuple[str, ...]  # installed with their dependencies
    alone: tuple[str, ...]  # installed without dependencies, as these include packages that are not used
    size: str  # size on disk, as text for the user
    over_ours: bool = False  # True if packages that it lacks are imported from our own environment

    @property
    def folder(self) -> Path:
        """Its folder, named by a hash of the pins and, if it uses our environment, of that environment's path."""
        under = (str(Path(sys.prefix).resolve()), sys.version) if self.over_ours else ()
        mark = hashlib.sha256("\n".join(self.requirements + self.alone + under).encode()).hexdigest()[:12]
        return (cache_dir() or datasets.default_cache_dir()) / f"{self.name}-{mark}"

    @property
    def made(self) -> bool:
        """True if it exists and is complete."""
        return (self.folder / "complete").is_file()

    def interpreter(self, say: Callable[[str], None]) -> Path:
        """Return the path of its Python, after making the environment if it is missing or incomplete.

        Raises
        ------
        EnvironmentMissing
            If the Python is missing or pip fails.
        """
        python = self.folder / "bin" / "python"
        if not self.made:
            from filelock import FileLock

            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder.with_suffix(".lock")):  # if two processes make it, the second one waits
                if not self.made:
                    self._make(python, say)
        return python

    def _make(self, python: Path, say: Callable[[str], None]) -> None:
        base = self._base()
        say(f"installing {self.name} into {self.folder} (once, about {self.size})")
        shutil.rmtree(self.folder, ignore_errors=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([base, "-m", "venv", str(self.folder)])
        if self.over_ours:
            self._add_our_packages()
        _run([*pip, *self.requirements])
        if self.alone:
            _run([*pip, "--no-deps", *self.alone])
        (self.folder / "complete").write_text("\n".join(self.requirements + self.alone))

    def _base(self) -> str:
        runs_us = f"python{sys.version_info.major}.{sys.version_info.minor}"
        base = sys.executable if self.python in ("", runs_us) else shutil.which(self.python)
        if base is None:
            raise EnvironmentMissing(f"{self.name} needs {self.python}, which is not installed")
        return base

    def _add_our_packages(self) -> None:
        """Append our packages to its path, and give its numba a cache folder of its own.

        The paths are resolved, as in :attr:`folder`, because symbolic links to our environment may be removed.
        """
        ours = [str(Path(path).resolve()) for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        lines = [
            "import os, sys; os.environ.setdefault('NUMBA_CACHE_DIR', os.path.join(sys.prefix, 'numba'))",
            *(f"import site; site.addsitedir({path!r})" for path in ours),
        ]
        (own,) = self.folder.glob("lib/python*/site-packages")
        (own / "over_ours.pth").write_text("\n".join(lines) + "\n")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise EnvironmentMissing(f"`{' '.join(command[:5])} ...` failed: {lines[-1]}")
