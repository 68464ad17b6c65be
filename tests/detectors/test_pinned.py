"""Scores change only with the version of a detector, since stored results are found by it."""

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


@pytest.mark.parametrize("name", registry.detectors())
def test_defaults_are_those_of_the_version(name: str) -> None:
    """A cell's key holds what differs from the defaults: with another default, older figures would pass as current."""
    known, now = KNOWN[name]["parameters"], pinned.parameters(name)
    assert {k: default for k, (default, _) in now.items()} == {k: default for k, (default, _) in known.items()}
    assert now == known, f"other values are allowed: {AGAIN.format(name)}"
    assert registry.detectors()[name].learns_from == KNOWN[name]["learns_from"], "protocols give it other rows"


ELSEWHERE = {
    "window": "pinned by every variant",
    "device": "test_cuda",
    "random_state": "test_determinism",
    "patience": "what training of AE shares with CNN and LSTM",
    "share": "a series of 400 points has one block of diagonals: test_mp",
}


def test_every_parameter_is_pinned_away_from_its_default() -> None:
    """Else it could be ignored."""
    for name, cls in registry.detectors().items():
        defaults = cls.param_defaults()
        changed = {k for params in pinned.variants(name) for k, value in params.items() if value != defaults[k]}
        needed = set() if cls.group == "untrained" else set(defaults) - set(ELSEWHERE)
        assert needed <= changed, f"{name}: other values than the defaults are missing in VARIANTS of tests/pinned.py"


def test_no_two_variants_of_a_detector_have_equal_scores() -> None:
    for name, known in KNOWN.items():
        fitted = [tuple(pins["fitted"]) for pins in known["pins"].values()]
        assert len(set(fitted)) == len(fitted), name
