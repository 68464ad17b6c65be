"""Scores change with the version of a detector alone: stored results are found by it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmark.catalogue import registry
from tests import pinned

KNOWN = json.loads(pinned.FILE.read_text(encoding="utf-8"))
AGAIN = "python -m tests.pinned {}"


@pytest.mark.parametrize("name", registry.detectors())
def test_scores_are_those_of_the_version(name: str) -> None:
    version = registry.detectors()[name].version
    assert name in KNOWN, f"pin its scores: {AGAIN.format(name)}"
    assert KNOWN[name]["version"] == version, f"version {version} has new scores: {AGAIN.format(name)}"
    assert list(KNOWN[name]["pins"]) == [repr(params) for params in pinned.variants(name)], AGAIN.format(name)
    for params in pinned.variants(name):
        for what, scores in pinned.pins(name, params).items():
            then = np.array(KNOWN[name]["pins"][repr(params)][what])
            slack = pinned.LOOSE.get(name, 1e-5) * max(float(np.ptp(then)), 1e-9)
            said = f"{what}, {params}: raise the version of {name}, then {AGAIN.format(name)}"
            np.testing.assert_allclose(scores, then, rtol=1e-6, atol=slack, err_msg=said)
