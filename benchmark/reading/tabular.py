"""A stranger's CSV or Parquet file as one evenly spaced series, with every repair stated in words."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import UserError, unknown
from benchmark.reading.recording import Recording

if TYPE_CHECKING:
    import pandas as pd

TIME_NAMES = ("time", "timestamp", "datetime", "date", "ts", "ds")
LABEL_NAMES = ("label", "labels", "is_anomaly", "anomaly", "outlier", "is_outlier")
VALUE_NAMES = ("value", "values", "y", "x")
MISSING_AT_MOST = 0.5


def read_recording(
    path: Path, value: str | None = None, time: str | None = None, label: str | None = None
) -> Recording:
    """Read a CSV or Parquet file and choose its columns.

    Parameters
    ----------
    path : Path
    value, time, label : str, optional
        Column names; guessed from names and contents when not given, and said so in ``notes``.

    Raises
    ------
    UserError
        If the file cannot be read, a named column is absent, no column is numeric, a label is neither 0 nor 1,
        or more than half of the values are missing.
    """
    notes: list[str] = []
    frame = read_frame(path, notes)
    if frame.empty:
        raise UserError(f"{path} has no rows")
    for name in (value, time, label):
        if name is not None and name not in frame.columns:
            raise unknown(f"column of {path.name}", name, [str(c) for c in frame.columns])
    time = time or _guess_time(frame, taken=(value, label))
    label = label or _guess_label(frame, taken=(value, time))
    value = value or _guess_value(frame, path, notes, taken=(time, label))
    frame = _in_time_order(frame, time, value, notes)
    values, filled = _filled(frame[value], path, value, notes)
    return Recording(
        path.stem,
        str(value),
        values,
        filled,
        frame[time] if time is not None else None,
        _labels(frame[label], path, label) if label is not None else None,
        notes,
    )


def read_frame(path: Path, notes: list[str]) -> pd.DataFrame:
    """The file as a table; separator, decimal comma, header and encoding are found out."""
    import pandas as pd

    if not path.is_file():
        raise UserError(f"no file {path}")
    if path.suffix.lower() in (".parquet", ".pq"):
        try:
            return pd.read_parquet(path)
        except ImportError as error:
            raise UserError("Parquet files need pyarrow: pip install 'tsad-benchmark[parquet]'") from error
        except (OSError, ValueError) as error:
            raise UserError(f"{path} is not a readable Parquet file: {error}") from error
    raw = path.open("rb").read(1 << 16)
    if b"\0" in raw:
        raise UserError(f"{path} is not a text file: give a CSV or a Parquet file")
    encoding = _encoding(path)
    if encoding != "utf-8-sig":
        notes.append("The file is not UTF-8; it was read as Latin-1.")
    head = raw.decode(encoding, errors="ignore")
    separator = _separator(head)
    decimal = "," if separator == ";" and head.count(",") > head.count(".") else "."
    header = None if _all_numbers(head.splitlines()[0] if head else "", separator, decimal) else 0
    try:
        frame = pd.read_csv(path, sep=separator, decimal=decimal, header=header, encoding=encoding, comment="#")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not a readable CSV file: {str(error).strip()}") from error
    if header is None:
        named = ["value", "label"] if frame.shape[1] == 2 else [f"column {k + 1}" for k in range(frame.shape[1])]
        frame.columns = pd.Index(named)
        notes.append(f"The file has no header; its columns are called {', '.join(named)}.")
    frame.columns = pd.Index([str(c).strip() for c in frame.columns])
    return frame


def _encoding(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig") as file:
            while file.read(1 << 22):
                pass
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


def _separator(head: str) -> str:
    try:
        return csv.Sniffer().sniff("\n".join(head.splitlines()[:20]), delimiters=",;\t| ").delimiter
    except csv.Error:
        return ","


def _all_numbers(line: str, separator: str, decimal: str) -> bool:
    cells = [cell.strip().strip('"').replace(decimal, ".") for cell in line.split(separator)]
    try:
        return bool([float(cell) for cell in cells if cell])
    except ValueError:
        return False


def _guess_time(frame: pd.DataFrame, taken: tuple[str | None, ...]) -> str | None:
    import pandas as pd

    free = [c for c in frame.columns if c not in taken]
    for column in free:
        if pd.api.types.is_datetime64_any_dtype(frame[column]) or str(column).lower() in TIME_NAMES:
            return str(column)
    for column in free:
        if not pd.api.types.is_numeric_dtype(frame[column]):
            sample = frame[column].dropna().head(50)
            if len(sample) and pd.to_datetime(sample, errors="coerce", format="mixed").notna().all():
                return str(column)
    return None


def _guess_label(frame: pd.DataFrame, taken: tuple[str | None, ...]) -> str | None:
    for column in frame.columns:
        if column not in taken and str(column).lower() in LABEL_NAMES and set(frame[column].unique()) <= {0, 1}:
            return str(column)
    return None


def _guess_value(frame: pd.DataFrame, path: Path, notes: list[str], taken: tuple[str | None, ...]) -> str:
    numeric = [str(c) for c in frame.columns if c not in taken and _mostly_numbers(frame[c])]
    if not numeric:
        columns = ", ".join(str(c) for c in frame.columns)
        raise UserError(f"{path} has no numeric column (its columns: {columns}): name the values with --value")
    chosen = next((c for c in numeric if c.lower() in VALUE_NAMES), numeric[0])
    if len(numeric) > 1:
        others = ", ".join(c for c in numeric if c != chosen)
        notes.append(f"The values are taken from the column {chosen!r}; --value chooses another ({others}).")
    return chosen


def _mostly_numbers(column: pd.Series[Any]) -> bool:
    import pandas as pd

    known = column.dropna().head(1000)
    return len(known) > 0 and bool(pd.to_numeric(known, errors="coerce").notna().mean() >= 1 - MISSING_AT_MOST)


def _in_time_order(frame: pd.DataFrame, time: str | None, value: str, notes: list[str]) -> pd.DataFrame:
    import pandas as pd

    if time is None:
        return frame.reset_index(drop=True)
    stamps = frame[time]
    if not pd.api.types.is_numeric_dtype(stamps):
        stamps = pd.to_datetime(stamps, errors="coerce", format="mixed", utc=True).dt.tz_localize(None)
    unreadable = int(stamps.isna().sum())
    if unreadable:
        notes.append(f"{unreadable} rows whose {time!r} cannot be read as a time were dropped.")
    frame = frame.assign(**{time: stamps})[stamps.notna()]
    if not frame[time].is_monotonic_increasing:
        notes.append("The rows were not in the order of time; they were sorted.")
        frame = frame.sort_values(time, kind="stable")
    repeated = int(frame[time].duplicated().sum())
    if repeated:
        notes.append(f"{repeated} rows repeat a time stamp; the first of each was kept.")
        frame = frame[~frame[time].duplicated()]
    _note_gaps(frame[time], notes)
    return frame.reset_index(drop=True)


def _note_gaps(stamps: pd.Series[Any], notes: list[str]) -> None:
    steps = stamps.diff().dropna()
    if len(steps) < 2:
        return
    usual = steps.median()
    odd = int(((steps > usual * 1.5) | (steps < usual * 0.5)).sum())
    if odd:
        notes.append(
            f"Time stamps are irregular: {odd} steps differ from the usual one ({usual}) by more than half. "
            "Rows are treated as evenly spaced."
        )


def _filled(
    column: pd.Series[Any], path: Path, name: str, notes: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    words = int((numbers.isna() & column.notna()).sum())
    values = numbers.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    missing = ~np.isfinite(values)
    share = float(missing.mean())
    if share > MISSING_AT_MOST:
        raise UserError(f"{path}: {share:.0%} of the column {name!r} is missing or not a number; at most half may be")
    if words:
        notes.append(f"{words} entries of {name!r} are not numbers and count as missing.")
    if missing.any():
        notes.append(f"{int(missing.sum())} missing values were interpolated; those rows are never flagged.")
        rows = np.arange(len(values))
        values[missing] = np.interp(rows[missing], rows[~missing], values[~missing])
    return values, missing


def _labels(column: pd.Series[Any], path: Path, name: str) -> NDArray[np.uint8]:
    wrong = ~column.isin([0, 1])
    if wrong.any():
        row = int(np.flatnonzero(wrong.to_numpy())[0])
        raise UserError(f"{path}: the label in data row {row} of {name!r} is {column.iloc[row]!r}, expected 0 or 1")
    return np.asarray(column.to_numpy(dtype=np.uint8))
