"""Check that the rows of a store have values that a benchmark can write.

A store may come from elsewhere, and SQLite accepts values of any type in any column.
"""

from __future__ import annotations

import json
from typing import Any, get_args

from benchmark.grid import Cell, Status, protocols
from datasets import Source

TEXT = (
    *("key", "dataset", "series", "detector", "group", "params", "protocol", "version", "data_hash", "source"),
    *("status", "reason", "traceback", "extra"),
)
INTEGERS = ("seed", "quick", "first_row", "n", "n_anomalous", "n_fit", "n_fit_anomalous", "window")
NUMBERS = ("finished", "fit_seconds", "score_seconds", "peak_mb")
MAX_TEXT = 10**6  # characters
SLACK = 1e-9  # metrics may exceed 0..1 by this, as sums are rounded
MAX_NUMBER = 253402300799  # as a time: the last second of the year 9999


def fault_of_cell(row: Any) -> str:
    """Describe the first invalid value in a row of the table ``cells``; an empty string for a valid row."""
    columns = set(row.keys())
    if lacking := [name for name in (*TEXT, *INTEGERS, *NUMBERS) if name not in columns]:
        return f"it has no {lacking[0]}"
    for name in TEXT:
        if not isinstance(row[name], str):
            return f"its {name} is {row[name]!r}, not text"
        if len(row[name]) > MAX_TEXT and name != "extra":
            return f"its {name} has {len(row[name]):,} characters"
    for name in INTEGERS:
        if not isinstance(row[name], int) or not 0 <= row[name] < 2**53:
            return f"its {name} is {row[name]!r}, not a number from 0 on"
    for name in NUMBERS:
        if not _in_range(row[name]):
            return f"its {name} is {row[name]!r}, not a number from 0 on"
    for name, known in (("status", get_args(Status)), ("source", get_args(Source)), ("quick", (0, 1))):
        if row[name] not in known:
            return f"its {name} is {row[name]!r}, not one of {', '.join(map(str, known))}"
    if row["protocol"].partition(":")[0] not in protocols.PROTOCOLS:
        return f"its protocol is {row['protocol']!r}, which is unknown"
    if not isinstance(_json(row["params"]), dict):
        return "its params are not a JSON object"
    if cell_of(row).key != row["key"]:
        return "its key is not that of its values"
    return _fault_of_extra(_json(row["extra"]))


def cell_of(row: Any) -> Cell:
    """Return the cell of a row of the table ``cells``."""
    names = ("dataset", "series", "detector", "protocol", "seed", "version", "data_hash", "source")
    params = tuple(sorted(json.loads(row["params"]).items()))
    return Cell(**{name: row[name] for name in names}, params=params)


def _fault_of_extra(extra: Any) -> str:
    if not isinstance(extra, dict):
        return "its extra is not a JSON object"
    history = extra.get("history", {})
    parts = history.values() if isinstance(history, dict) else [None]
    if not all(isinstance(part, list) and all(isinstance(v, int | float) for v in part) for part in parts):
        return "its history is not lists of numbers"
    return ""


def fault_of_metric(row: Any) -> str:
    """Describe the invalid value in a row of the table ``metrics``; an empty string for a valid row."""
    value = row["value"]
    if value is None or (isinstance(value, int | float) and -SLACK <= value <= 1 + SLACK):
        return "" if isinstance(row["metric"], str) else f"a metric is called {row['metric']!r}"
    return f"its {row['metric']} is {value!r}, not a number from 0 to 1"


def fault_of_run(row: Any) -> str:
    """Describe the first invalid value in a row of the table ``runs``; an empty string for a valid row."""
    record = _json(row["provenance"])
    if not isinstance(record, dict) or not isinstance(row["command"], str) or not _in_range(row["started"]):
        return "its command, time or provenance is not valid"
    if not all(isinstance(record.get(name, {}), dict) for name in ("folders", "versions")):
        return "its folders or versions are not a JSON object"
    if not all(isinstance(folder, str) for folder in record.get("folders", {}).values()):
        return "its folders are not text"
    return ""


def _in_range(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value <= MAX_NUMBER


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
