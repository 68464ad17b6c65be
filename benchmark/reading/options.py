"""What a person may say about a file; everything left open is decided from the file and said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LOST_AT_MOST = 0.02
MISSING_AT_MOST = 0.5
WITHOUT = "none"


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file.

    Attributes
    ----------
    value, time, label : str or None
        Column names. ``time="none"`` numbers the rows, ``label="none"`` ignores labels.
    labels : Path or None
        A second file with the anomalies, as ``start,end`` or as NAB's JSON.
    series_column, series : str or None
        The column that names the series of a row, and the series wanted; ``series="all"`` wants each.
    separator, encoding, decimal, thousands, tz : str or None
    missing : tuple of str or None
        Numbers and words that stand for a missing value; ``none`` among them keeps the usual codes.
    sheet : str or None
        Of an Excel file.
    day_first : bool or None
        How ``03/04/2024`` is meant.
    states : (str, str) or () or None
        The words of the values that are read as 0 and 1; ``()`` where the values are numbers.
    since : str or None
        The day that a column of counts begins at, e.g. ``2001-01-01``.
    """

    value: str | None = None
    time: str | None = None
    label: str | None = None
    labels: Path | None = None
    series_column: str | None = None
    series: str | None = None
    separator: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    day_first: bool | None = None
    tz: str | None = None
    missing: tuple[str, ...] | None = None
    sheet: str | None = None
    states: tuple[str, ...] | None = None
    since: str | None = None

    def mark(self, number: str) -> str:
        """A number with the file's decimal mark."""
        return number.replace(".", ",") if self.decimal == "," else number
