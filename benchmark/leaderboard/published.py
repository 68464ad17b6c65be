"""The published figures of the leaderboard; the CSV files name commit and date."""

from __future__ import annotations

from functools import cache

from benchmark.system.packaged import read_csv

# The leaderboard's name of each of its nine metrics -> our name
METRICS = {
    "AUC-PR": "auprc",
    "AUC-ROC": "auroc",
    "VUS-PR": "vus_pr",
    "VUS-ROC": "vus_roc",
    "Standard-F1": "tsb_ad_standard_f1",
    "PA-F1": "tsb_ad_pa_f1",
    "Event-based-F1": "tsb_ad_event_f1",
    "R-based-F1": "tsb_ad_range_f1",
    "Affiliation-F": "tsb_ad_affiliation_f",
}


@cache
def published_figures() -> dict[str, dict[str, float]]:
    """Read the VUS-PR by method and file, for 32 methods and 350 files."""
    rows = read_csv(__package__, "vus_pr.csv")
    methods = [name for name in rows[0] if name != "file"]
    return {method: {row["file"]: float(row[method]) for row in rows} for method in methods}


@cache
def tuning_sources() -> dict[str, frozenset[str]]:
    """Map each detector to the sources of the series on which its settings were chosen."""
    return {row["detector"]: frozenset(row["sources"].split()) for row in read_csv(__package__, "tuned.csv")}
