"""The build. The repository holds three packages; a wheel holds one, ``tsad_benchmark``, so that it harms no other.

Hugging Face's library is called ``datasets``, too: installed side by side, one would overwrite the other. An editable
install keeps the three names; there ``tsad_benchmark`` is ``benchmark`` by another name.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

NAME = "tsad_benchmark"
HOMES = {"benchmark": NAME, "detectors": f"{NAME}.detectors", "datasets": f"{NAME}.datasets"}
TEXTS = (".py", ".html", ".csv", ".tex", ".in")
BEGIN = r"^(\s*(?:(?:>>>|\.\.\.) )?)"  # of a line of code, also in a doctest
RULES = [
    (re.compile(BEGIN + r"from (benchmark|detectors|datasets)\b", re.MULTILINE), lambda m: f"{m[1]}from {HOMES[m[2]]}"),
    (re.compile(BEGIN + r"import (benchmark|detectors|datasets)$", re.MULTILINE), lambda m: f"{m[1]}{import_of(m[2])}"),
    (re.compile(BEGIN + r"import (detectors) as ", re.MULTILINE), lambda m: f"{m[1]}import {HOMES[m[2]]} as "),
    (re.compile(r'(import_module\(f?")(benchmark|detectors|datasets)\b'), lambda m: f"{m[1]}{HOMES[m[2]]}"),
    (re.compile(r"-m benchmark\b"), lambda _: f"-m {NAME}"),
]


def import_of(package: str) -> str:
    """An import that binds the package to the name that it has in the repository."""
    return f"import {NAME} as benchmark" if package == "benchmark" else f"from {NAME} import {package}"


class Renamed(build_py):
    """Copies the sources, then renames what they import."""

    def run(self) -> None:
        super().run()
        for file in (Path(self.build_lib) / NAME).rglob("*"):
            if file.suffix in TEXTS:
                text = file.read_text(encoding="utf-8")
                for pattern, new in RULES:
                    text = pattern.sub(new, text)
                file.write_text(text, encoding="utf-8")


found = find_packages(include=[f"{top}{rest}" for top in HOMES for rest in ("", ".*")])
if "editable_wheel" in sys.argv:
    setup(packages=[*found, NAME], package_dir={NAME: "benchmark"})
else:
    renamed = [name.replace(name.partition(".")[0], HOMES[name.partition(".")[0]], 1) for name in found]
    directories = {home: top for top, home in HOMES.items()}
    setup(packages=renamed, package_dir=directories, cmdclass={"build_py": Renamed})
