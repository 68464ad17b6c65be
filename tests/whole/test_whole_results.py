"""Whole outputs on small synthetic inputs equal the reviewed ones; see ``tests/whole``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.whole import kept, subjects

KNOWN = subjects()


@pytest.mark.parametrize("name", KNOWN)
def test_a_result_is_as_it_was_kept(name: str, tmp_path: Path) -> None:
    assert kept.path(name).is_file(), f"keep it: python -m tests.whole {name}"
    found = kept.difference(kept.read(name), KNOWN[name](tmp_path))
    assert not found, f"where the new result is right: python -m tests.whole {name}\n{found}"


def test_every_kept_text_has_its_subject() -> None:
    assert {file.stem for file in kept.FOLDER.glob("*.txt")} == set(KNOWN)


@pytest.mark.parametrize(
    ("now", "same"),
    [("mean 1.2345678, 3 rows", True), ("mean 1.2345679, 3 rows", True), ("mean 1.2345778, 3 rows", False)],
)
def test_only_the_last_digits_of_long_numbers_may_differ(now: str, same: bool) -> None:
    then = "mean 1.2345678, 3 rows"
    assert (kept.difference(then, now) == "") == same
    assert kept.difference(then, now.replace("3 rows", "4 rows"))
