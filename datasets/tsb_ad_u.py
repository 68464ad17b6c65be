"""TSB-AD-U: the 350 evaluation series of TSB-AD's leaderboard, and the 48 series for tuning."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from datasets.core import Archive, Facts

ABOUT: dict[str, Any] = {
    "licence": "each source has its own; curation Apache 2.0",
    "citation": (
        "Liu and Paparrizos: The elephant in the room: towards a reliable time-series anomaly detection benchmark. "
        "NeurIPS 2024"
    ),
    "urls": ("https://github.com/TheDatumOrg/TSB-AD", "https://thedatumorg.github.io/TSB-AD/"),
    "notes": "A file's name gives its source, its training rows (tr) and its first anomalous row. "
    "Rows without a value are dropped, as TSB-AD does.",
    "zip_url": "https://www.thedatum.org/datasets/TSB-AD-U.zip",
    "header": True,
}


def _facts(of: str) -> tuple[Facts, ...]:
    """Read the series of one of the two lists, with the publisher's counts of points, anomalies and segments."""
    lines = Path(__file__).with_name("tsb_ad_u.csv").read_text(encoding="utf-8").splitlines()[1:]
    return tuple(
        Facts(row["file"], int(row["n"]), int(row["n_anomalous"]), int(row["n_segments"]))
        for row in csv.DictReader(lines)
        if row["list"] == of
    )


DATASETS = (
    Archive("TSB-AD-U", "TSB-AD's evaluation list", _facts("evaluation"), **ABOUT),
    Archive("TSB-AD-U-Tuning", "TSB-AD's tuning list", _facts("tuning"), home="TSB-AD-U", **ABOUT),
)
