"""How many false alerts a user accepts: in the whole series, or in a time."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmark.errors import UserError
from benchmark.reading import Recording

SECONDS = {"hour": 3600.0, "day": 86_400.0, "week": 604_800.0, "month": 2_629_746.0, "year": 31_556_952.0}


def false_alerts(text: str, recording: Recording) -> float:
    """Number expected in the series: ``"0.1"`` is that number, ``"1/month"`` one in each month of its times.

    Raises
    ------
    UserError
        If the text is neither, or the file has no times to count months by.
    """
    number, slash, unit = text.partition("/")
    wanted = _positive(number)
    if wanted is None or (slash and unit not in SECONDS):
        raise UserError(
            f"--false-alerts takes a number above 0, alone or by {', '.join(SECONDS)} (1/month); got {text!r}"
        )
    if not slash:
        return wanted
    lasts = _seconds(recording.times)
    if lasts is None:
        raise UserError(
            f"--false-alerts {text}: {recording.name} has no times; give the number expected in the whole file, "
            "or name the column of the times with --time"
        )
    return wanted * lasts / SECONDS[unit]


def _positive(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None


def _seconds(times: Any) -> float | None:
    """How long the series lasts, its last row included; None without clock times."""
    if times is None or pd.api.types.is_numeric_dtype(times) or len(times) < 2:
        return None
    first, last = (pd.Timestamp(times.iloc[row]) for row in (0, -1))
    return float((last - first).total_seconds()) * len(times) / (len(times) - 1)
