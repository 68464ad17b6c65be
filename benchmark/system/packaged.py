"""Texts and CSV tables that ship with the packages."""

from __future__ import annotations

import csv
from importlib import resources


def read_text(package: str, name: str) -> str:
    """Read a text file of a package."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def read_csv(package: str, name: str) -> list[dict[str, str]]:
    """Read a CSV file of a package as one dict per row; lines that begin with ``#`` are comments."""
    lines = read_text(package, name).splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))
