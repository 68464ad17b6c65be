"""The registered detectors, the checks of the detector contract, and the published figures."""

from __future__ import annotations

from benchmark.catalogue.checks import Check
from benchmark.catalogue.published import published, published_order, published_per_series
from benchmark.catalogue.registry import broken, build, detectors, load, plugin_text, trivial_baselines
from benchmark.catalogue.trials import CheckFailed

__all__ = [
    "Check",
    "CheckFailed",
    "broken",
    "build",
    "checks",
    "detectors",
    "load",
    "plugin_text",
    "published",
    "published_order",
    "published_per_series",
    "registry",
    "trials",
    "trivial_baselines",
]
