"""Options for reading a file; those not given are decided from the file, with a note."""

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
        The column that names the series of a row, and the series to read; ``series="all"`` reads each.
    separator, encoding, decimal, thousands, tz : str or None
    missing : tuple of str or None
        Numbers and words for a missing value; with ``none`` among them the usual codes are values.
    sheet : str or None
        Sheet of an Excel file.
    day_first : bool or None
        True if ``03/04/2024`` is 3 April.
    states : (str, str) or () or None
        The words that are read as 0 and 1; ``()`` if the values are numbers.
    since : str or None
        The day from which a column of times counts, e.g. ``2001-01-01``.
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
        """Format a number with the file's decimal mark."""
        return number.replace(".", ",") if self.decimal == "," else number
