"""The paper's table, as printed."""

from __future__ import annotations

from functools import cache

from benchmark.packaged import read_csv


@cache
def published() -> dict[tuple[str, str], float]:
    """The paper's AUROC by (detector, data set), at the printed precision and in the printed order."""
    return {(row["detector"], row["dataset"]): float(row["auroc"]) for row in read_csv(__package__, "published.csv")}


@cache
def published_order() -> tuple[str, ...]:
    """Row names of the published table, in its order."""
    return tuple(dict.fromkeys(detector for detector, _ in published()))
