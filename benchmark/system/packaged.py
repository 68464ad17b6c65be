"""CSV tables that ship with the packages."""

from __future__ import annotations

import csv
from importlib import resources


def read_csv(package: str, name: str) -> list[dict[str, str]]:
    """Read a CSV file of a package as one dict per row; lines that begin with ``#`` are comments."""
    text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
