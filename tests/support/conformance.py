"""The conformance suite in one call."""

from __future__ import annotations

from benchmark.catalogue.checks import iter_checks
from benchmark.catalogue.trials import CheckFailed
from detectors import Detector


def failed_checks(detector: type[Detector]) -> list[str]:
    """What the checks that a class does not pass say."""
    failed = []
    for check in iter_checks(detector):
        try:
            check.run()
        except CheckFailed as failure:
            failed.append(f"{check.name}: {failure}")
    return failed
