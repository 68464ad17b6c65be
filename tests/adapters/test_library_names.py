"""The page with the names of all library detectors is complete and up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmark.adapters import LIBRARIES, apart, listed, tsb_ad, version

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "library-names.md").read_text(encoding="utf-8")
AGAIN = "stale: python -m benchmark list --from all --try --markdown docs/library-names.md"
PINNED = {"pyod": "pyod", "sklearn": "scikit-learn", "stumpy": "stumpy"}


def section(library: str) -> str:
    (found,) = re.findall(rf"^## {library}\n(.*?)(?=^## |\Z)", PAGE, flags=re.M | re.S)
    return str(found)


def rows(library: str) -> dict[str, str]:
    return dict(re.findall(r"^\| `([^`]+)` \| (.*?) \| [\d.]* ?\|$", section(library), flags=re.M))


def test_each_library_has_its_section() -> None:
    assert sorted(re.findall(r"^## (.*)$", PAGE, flags=re.M)) == sorted(LIBRARIES), AGAIN


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_name_has_a_row(library: str) -> None:
    if library in apart.LIBRARIES and not apart.HOME.ready:
        pytest.skip(f"{library} is known only to its environment: {apart.HOME.make}")
    if version(library) not in section(library):
        pytest.skip(f"another version of {library} is installed")
    assert set(rows(library)) == {entry.spec for entry in listed(library)}, AGAIN


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_version_is_the_pinned_one(library: str) -> None:
    constraints = (ROOT / "constraints.txt").read_text().splitlines()
    pins = (*constraints, *apart.HOME.environment.requirements, *tsb_ad.ENVIRONMENT.alone)
    name = f"{PINNED.get(library, library)}=="
    (pin,) = {pin.lower().removeprefix(name) for pin in pins if pin.lower().startswith(name)}
    assert f"Version {pin}, " in section(library), AGAIN


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_row_says_what_came_of_it(library: str) -> None:
    assert all(rows(library).values())
