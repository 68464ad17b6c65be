"""Tables and cells as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from benchmark.errors import printable
from benchmark.report.tables import Row, Table, heading

if TYPE_CHECKING:
    import pandas as pd

CELL_COLUMNS = [  # the documented order
    *("dataset", "series", "detector", "protocol", "seed", "source", "status", "reason", "auroc", "auprc", "n"),
    *("n_anomalous", "window", "fit_seconds", "score_seconds", "peak_mb"),
]
TABLE_COLUMNS = [
    *("table", "protocol", "metric", "simulated", "quick", "detector", "group", "dataset", "published", "ours"),
    *("difference", "verdict", "cause", "n_series", "size", "seeds", "low", "high", "best"),
    *("not_better_than_one_liner", "best_one_liner", "one_liner_value", "gain_low", "gain_high", "state"),
]


def format_rows(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Format a header and rows as CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([head, *rows])
    return out.getvalue()


def escape(text: str) -> str:
    """Escape text so that spreadsheets do not read it as a formula, nor terminals as control characters."""
    text = printable(text)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def document(tables: Iterable[Table]) -> str:
    """Write tables as CSV, one line per figure, with everything that other formats abbreviate."""
    lines = (_csv_row(table, row, name) for table in tables for row in table.rows for name in table.datasets)
    return format_rows(TABLE_COLUMNS, ([line[name] for name in TABLE_COLUMNS] for line in lines))


def _csv_row(table: Table, row: Row, dataset: str) -> dict[str, object]:
    entry = row.entries[dataset]
    low, high = entry.interval or (None, None)
    versus = entry.versus
    text = {
        "table": heading(table),
        "detector": row.label,
        "dataset": dataset,
        "state": entry.state,
        "cause": entry.cause,
    }
    return {
        **{name: escape(value) for name, value in text.items()},
        **{"protocol": row.protocol, "metric": table.metric, "group": row.group, "verdict": entry.verdict},
        **{"simulated": table.simulated, "quick": entry.quick, "n_series": entry.n_series, "size": entry.size},
        **{"published": entry.published, "ours": entry.value, "difference": entry.difference, "seeds": entry.seeds},
        **{"low": low, "high": high, "best": entry.best, "not_better_than_one_liner": entry.weak},
        **{"best_one_liner": versus and escape(versus.baseline), "one_liner_value": versus and versus.value},
        **{"gain_low": versus and versus.low, "gain_high": versus and versus.high},
    }


def cells(frame: pd.DataFrame) -> str:
    """Write tidy cells as CSV, the documented columns first, then others and notes; text is escaped."""
    first = [name for name in CELL_COLUMNS if name in frame]
    others = [name for name in frame.columns if name not in first and name not in ("traceback", "extra")]
    tidy = frame[first + others].copy()
    if "extra" in frame:
        tidy["note"] = [printable(str(json.loads(extra).get("note", ""))) for extra in frame["extra"]]
    for name in tidy.columns:
        if tidy[name].dtype == object or str(tidy[name].dtype).startswith("str"):
            tidy[name] = [escape(v) if isinstance(v, str) else v for v in tidy[name]]
    return str(tidy.to_csv(index=False, lineterminator="\n"))
