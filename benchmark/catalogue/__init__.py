"""The registered detectors, the checks of the detector contract, and the published figures."""

from benchmark.catalogue.checks import Check
from benchmark.catalogue.published import published, published_order, published_per_series
from benchmark.catalogue.registry import build, detectors, load, trivial_baselines
from benchmark.catalogue.trials import CheckFailed

__all__ = ["checks", "registry", "trials"]
