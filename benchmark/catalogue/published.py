"""Published figures: the paper's table, and the AUROC of each series in TSB-UAD's repository."""

from __future__ import annotations

from functools import cache

from benchmark.system.packaged import read_csv


@cache
def published() -> dict[tuple[str, str], float]:
    """Read the paper's AUROC by (detector, data set), to two decimals, in the order of its table."""
    return {(row["detector"], row["dataset"]): float(row["auroc"]) for row in read_csv(__package__, "published.csv")}


@cache
def published_order() -> tuple[str, ...]:
    """Return the detectors of the published table, in its order."""
    return tuple(dict.fromkeys(detector for detector, _ in published()))


@cache
def published_per_series() -> dict[tuple[str, str, str], float]:
    """Read the AUROC of the twelve baselines by (detector, data set, series), from the file in TSB-UAD's repository.

    NormA lacks five series. The file comes from another run than the published means.
    """
    return {
        (name, row["dataset"], row["series"]): float(value)
        for row in read_csv(__package__, "published_per_series.csv")
        for name, value in row.items()
        if name not in ("dataset", "series") and value
    }
