"""Tables as pandas DataFrames: means of cells, next to the published figures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark.catalogue import published
from benchmark.errors import UserError
from benchmark.grid import paper_protocol
from benchmark.report.tables import Row, build, current

TRIVIAL = "trivial baselines"  # attribute of a frame of cells that holds the baselines' cells


def build_table(cells: pd.DataFrame, metric: str) -> pd.DataFrame:
    """See :func:`benchmark.table`."""
    if metric not in cells:
        raise UserError(f"the cells have no column {metric!r}: evaluate them with metrics=[{metric!r}]")
    built = [table for table in build(current(_with_baselines(cells)), metric=metric) if not table.main]
    found = {
        (" ".join([table.protocol, *table.marks]), row.label): _figures(row, metric)
        for table in built
        for row in table.rows
    }
    frame = pd.DataFrame.from_dict(found, orient="index")
    frame.index = pd.MultiIndex.from_tuples(found, names=["protocol", "detector"])
    return frame


def _with_baselines(cells: pd.DataFrame) -> pd.DataFrame:
    """Add the cells of trivial baselines that :func:`benchmark.evaluate` computed for the same series."""
    place = ["dataset", "series", "data_hash", "protocol"]
    known, have = set(cells["key"]), set(cells[place].itertuples(index=False, name=None))
    more = [
        row
        for row in cells.attrs.get(TRIVIAL, [])
        if row["key"] not in known and tuple(row[name] for name in place) in have
    ]
    return pd.concat([cells, pd.DataFrame(more)], ignore_index=True) if more else cells


def _figures(row: Row, metric: str) -> dict[str, float]:
    comparable = metric == "auroc" and not row.simulated and row.protocol == paper_protocol(row.detector, row.group)
    figures: dict[str, float] = {}
    for dataset, entry in row.entries.items():
        figures[dataset] = entry.value if entry.value is not None and entry.complete else np.nan
        if comparable and (row.label, dataset) in published():
            figures[f"{dataset}, published"] = published()[row.label, dataset]
    return figures
