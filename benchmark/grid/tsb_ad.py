"""The methods of TSB-AD's published run as our detectors with settings: facts, kept as data."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple

from benchmark.system.packaged import read_csv


class MethodRow(NamedTuple):
    """One published method that a detector of ours can be."""

    method: str  # its name on the leaderboard
    detector: str  # ours
    rank: int  # of its window: 1, 2, or 0 for one without
    params: dict[str, Any]  # settings of the published run
    # whether the detector means this method under the protocol ``tsb-ad``; else the parameters must be given
    main: bool
    exact: bool  # whether its figures can be met to the digit
    note: str


@cache
def tsb_ad_rows() -> tuple[MethodRow, ...]:
    """The published methods that we have, in the leaderboard's order of kinds."""
    return tuple(
        MethodRow(
            row["method"],
            row["detector"],
            int(row["rank"]),
            json.loads(row["params"]),
            row["main"] == "1",
            row["exact"] == "1",
            row["note"],
        )
        for row in read_csv(__package__, "tsb_ad.csv")
    )
