"""Metrics of anomaly scores, given labels."""

from benchmark.metrics import tsb_ad
from benchmark.metrics.measures import auroc, roc_curve
from benchmark.metrics.ranges import Floats, Labels, segments
from benchmark.metrics.registry import (
    METRICS,
    RULES,
    Metric,
    Undefined,
    Value,
    check,
    evaluate,
    flag_metric,
    metric,
    select,
)

__all__ = ["vus"]
