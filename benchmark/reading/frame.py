"""Read data of a Python session like a Parquet file with the same columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmark.errors import UserError
from benchmark.reading.formats import from_arrow, tidy
from benchmark.reading.options import ReadOptions
from benchmark.reading.read import recordings_of
from benchmark.reading.recording import Recording


def read_data(data: Any, options: ReadOptions, name: str = "data") -> Recording:
    """Read the series of an array, a pandas Series or a DataFrame; an index other than a RangeIndex is a column.

    Parameters
    ----------
    data : (n,) array of numbers, Series or DataFrame
    name : str
        Name for messages.

    Raises
    ------
    UserError
        As for a file; and if the data have another type, or no rows.
    """
    frame = _as_frame(data, name)
    if not len(frame):
        raise UserError(f"{name} has no rows")
    try:
        arrow = pa.Table.from_pandas(frame, preserve_index=None if isinstance(frame.index, pd.RangeIndex) else True)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise UserError(f"{name}: a column is of no one type ({error}): convert it with pandas' astype") from error
    table = tidy(from_arrow(arrow, "pandas"), options)
    found = recordings_of(table, Path(name), options)
    if len(found) > 1:
        raise UserError(f"{name} holds {len(found)} series: choose one with series=NAME")
    return found[0]


def _as_frame(data: Any, name: str) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        frame = data.copy(deep=False)
        frame.columns = [_text(column) for column in data.columns]
    elif isinstance(data, pd.Series):
        frame = data.to_frame("value" if data.name is None else _text(data.name))
    else:
        frame = pd.DataFrame({"value": _as_array(data, name)})
    if isinstance(frame.index, pd.PeriodIndex):
        frame.index = frame.index.to_timestamp()
    return frame


def _text(column: Any) -> str:
    return " ".join(map(str, column)) if isinstance(column, tuple) else str(column)


def _as_array(data: Any, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    try:
        array = np.ma.filled(np.ma.asarray(data, dtype=np.float64), np.nan)
    except (TypeError, ValueError):
        array = np.zeros((0, 0))
    if array.ndim != 1:
        got = f"an array of shape {np.shape(data)}" if isinstance(data, np.ndarray) else type(data).__name__
        raise UserError(
            f"{name} must be a file's path, a 1-D array of numbers, a pandas Series or a DataFrame, got {got}"
        )
    return array
