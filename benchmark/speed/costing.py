"""Measurement of each detector's CPU time per point, for the scheduler."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmark import grid
from benchmark.catalogue import build, registry
from benchmark.grid import MEASURED_AT, Cost
from benchmark.report import csv as report_csv
from benchmark.speed import series
from detectors import Detector

Params = dict[str, Any]
WINDOW = 48
# Settings of a protocol that change the cost of a detector, as detector -> detector@protocol -> parameters
OTHERWISE: dict[str, dict[str, Params]] = {
    row.detector: {f"{row.detector}@tsb-ad": row.params}
    for row in grid.tsb_ad_rows()
    if row.main and row.detector in ("IForest", "IForest1", "KNN", "LOF", "OCSVM")
}
LONGER = 4 * MEASURED_AT
TICK = 1e-9  # seconds; avoids a division by zero if the clock shows no time for a quick call
FILE = Path(grid.__file__).parent / "costs.csv"
COMMENT = (
    "# processor seconds per point on one thread, series of 10,000 points, W 48; only for scheduling and --dry-run",
    "# rewritten by: python -m benchmark bench --costs",
)


def write_costs(say: Callable[[str], None], names: Sequence[str], file: Path = FILE) -> Path:
    """Measure these detectors and write ``costs.csv``; rows of other detectors are kept."""
    from threadpoolctl import threadpool_limits

    rows = _stored(file)
    with threadpool_limits(1):
        for name in names:
            for label, params in {name: {}, **OTHERWISE.get(name, {})}.items():
                rows[label] = _line(label, measure(name, params))
                say("  ".join(rows[label]))
    table = report_csv.format_rows(["detector", "fit", "score", "growth", "share", "cap"], rows.values())
    file.write_text("\n".join(COMMENT) + "\n" + table, encoding="utf-8", newline="\n")
    return file


def _line(label: str, cost: Cost) -> list[str]:
    figures = (f"{cost.fit:.3g}", f"{cost.score:.3g}", f"{cost.growth:.2f}", f"{cost.share:g}", f"{cost.cap:g}")
    return [label, *figures]


def _stored(file: Path) -> dict[str, list[str]]:
    if not file.is_file():
        return {}
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")][1:]
    return {row[0]: row for row in csv.reader(lines)}


def measure(name: str, params: Params | None = None) -> Cost:
    """Measure the CPU time of fit and score at two lengths; growth is clipped to 0 (constant time) .. 2."""
    cls, params = registry.detectors()[name], params or {}
    share = 0.1 if cls.learns_from == "normal" else 1.0
    _timed(cls, 2_000, 1.0, **(cls.quick | params))  # compilers and imports
    fit, score = _timed(cls, MEASURED_AT, share, **params)
    longer = sum(_timed(cls, LONGER, share, **params))
    growth = np.log(max(longer, TICK) / max(fit + score, TICK)) / np.log(LONGER / MEASURED_AT)
    most = cap(cls, params)
    return Cost(fit / (share * MEASURED_AT), score / MEASURED_AT, float(np.clip(growth, 0, 2)), share, most)


def cap(cls: type[Detector], params: Params | None = None) -> float:
    """Return the number of points from which on a fit takes no longer, as windows are sampled; 0 if there is none."""
    defaults = cls.param_defaults() | (params or {})
    return float(defaults.get("max_windows", 0) * defaults.get("stride", 1))


def _timed(cls: type[Detector], n: int, share: float, **params: Any) -> tuple[float, float]:
    """Measure the CPU seconds of fit and score, which depend little on the load of the machine."""
    values = series.make("mackey-glass", n).values
    detector = build(cls, params, window=WINDOW)
    begin = time.process_time()
    detector.fit(values[: int(share * n)])
    fitted = time.process_time()
    detector.score(values)
    return fitted - begin, time.process_time() - fitted
