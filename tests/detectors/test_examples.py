"""The examples in the detectors' docstrings run and give what they say."""

from __future__ import annotations

import doctest
import sys

import pytest

from benchmark.catalogue.registry import detectors

EXAMPLES = {name: cls for name, cls in detectors().items() if ">>>" in (vars(cls)["__doc__"] or "")}


def test_there_are_examples() -> None:
    assert {"IForest", "LOF", "PCA"} <= set(EXAMPLES)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_example_gives_what_it_says(name: str) -> None:
    cls = EXAMPLES[name]
    names = {**vars(sys.modules[cls.__module__])}
    example = doctest.DocTestParser().get_doctest(cls.__doc__ or "", names, name, None, 0)
    said: list[str] = []
    assert example.examples
    assert doctest.DocTestRunner().run(example, out=said.append).failed == 0, "".join(said)
