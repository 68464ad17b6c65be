"""The methods of TSB-AD's published run that our detectors implement, with their published settings."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple

from benchmark.system.packaged import read_csv


class MethodRow(NamedTuple):
    """One published method that one of our detectors implements."""

    method: str  # its name on the leaderboard
    detector: str  # ours
    rank: int  # rank of its window (TSB-AD's periods): 1 or 2; 0 if it has no window
    params: dict[str, Any]  # settings of the published run
    # True if the detector has these settings under the protocol ``tsb-ad``; else the parameters must be given
    main: bool
    exact: bool  # True if the published figures can be reproduced to the last digit
    note: str


@cache
def tsb_ad_rows() -> tuple[MethodRow, ...]:
    """Read the published methods that we have, in the order of ``tsb_ad.csv``."""
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
