"""How ``detect`` configures detectors: from the series itself, not as in the published runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmark.catalogue import registry
from benchmark.detection.planted import weekly
from benchmark.detection.scoring import LONG, longest_piece
from benchmark.errors import UserError
from benchmark.grid import Cell, expected_seconds
from detectors import LOF, Array, Detector
from detectors.core import period

WINDOWED = ("LOF", "MP", "NormA", "HBOS", "PCA", "IForest", "ScaleFlow")
TRIVIAL = ("MovingStd", "AbsDeviation", "AbsDifference")
CANDIDATES = WINDOWED + TRIVIAL
OWN_LEVEL = ("MP", "NormA", "MovingStd", "AbsDifference")  # detectors that remove the local level of a series
SHORTEST, APERIODIC = 4, 50
LOOKED_AT = 100_000  # rows from which a period is estimated
REFERENCES = 20_000  # windows that LOF compares with in a long series
SLOWER = 4.0  # safety factor on the stored costs, which were measured on an idle machine
MEASURED_AT = 48  # window length of those costs
STEEPER = {"PCA": 2.0, "HBOS": 1.0, "MovingStd": 1.0, "LOF": 0.5, "IForest": 0.2, "NormA": 0.5}  # cost ~ window ** this
# Seconds to score one row on one core, by a detector fitted to 100,000 rows.
PER_ROW = {
    **{"HBOS": 1.2e-7, "MovingStd": 2e-7, "IForest": 6e-7, "PCA": 8e-6, "ScaleFlow": 2e-5},
    **{"MP": 1.4e-4, "LOF": 1.4e-4, "NormA": 1e-3},
}
# A row gets the mean of its windows; constant windows have distance 0.
OWN: dict[str, Any] = {"align": "mean", "constants": "zero"}


def choose_window(x: Array) -> int:
    """Choose the window length: the period, three days in a series with a weekly pattern, or 50 without a period.

    It is at most an eighth of the series, and half of the longest piece that is fitted. The period is estimated from
    the first 100,000 rows.
    """
    head = x[:LOOKED_AT]
    day = weekly(head)
    found = 3 * day if day else period(head) or APERIODIC
    return max(SHORTEST, min(found, len(x) // 8, longest_piece(len(x)) // 2))


def equal_windows(x: Array, window: int) -> float:
    """Return the share of the first 100,000 rows' windows that equal 20 others or more, by a hash of their values."""
    codes = np.unique(x[:LOOKED_AT], return_inverse=True)[1].astype(np.uint64)
    count = len(codes) - window + 1
    hashes = np.zeros(count, dtype=np.uint64)
    for k, weight in enumerate(np.random.default_rng(0).integers(1, 1 << 63, window, dtype=np.uint64)):
        hashes += weight * codes[k : count + k]
    _, which, times = np.unique(hashes, return_inverse=True, return_counts=True)
    return float((times[which] > LOF.n_neighbors).mean())


def seconds(name: str, n: int, window: int) -> float:
    """Estimate an upper bound of the seconds of fit and score; deterministic, so that results are, too."""
    wider: float = max(1.0, window / MEASURED_AT) ** STEEPER.get(name, 0.0)
    if n > LONG:
        return n * PER_ROW.get(name, 1e-8) * (wider if name != "PCA" else max(1.0, window / 200) ** 2)
    least, most = (float(expected_seconds(Cell("", "", name, ""), rows)) for rows in (1, n))
    return SLOWER * (least + wider * (most - least))


def build(spec: str, window: int, seed: int = 0, n: int = 0, params: dict[str, Any] | None = None) -> Detector:
    """Build a detector by these conventions; ``spec`` as in :func:`benchmark.catalogue.registry.load`.

    ``window`` is set if the detector would estimate its window. For series of more than :data:`LOOKED_AT` rows (``n``)
    LOF compares with a sample. ``params``, the values of ``--set``, override all conventions.
    """
    accepted = registry.load(spec).param_defaults()
    wanted = OWN | ({"sample": REFERENCES} if n > LOOKED_AT else {})
    usual = {name: value for name, value in wanted.items() if name in accepted}
    return registry.build(spec, usual | (params or {}), window=window, seed=seed)


def refuse_long(detector: Detector, rows: int, why: str) -> None:
    """Raise UserError if a window needs more consecutive rows than there are to fit."""
    name, least = type(detector).__name__, detector.min_length()
    if least > rows:
        raise UserError(
            f"{name} needs {least:,} consecutive rows to fit, and {why} {rows:,}: "
            f"give a smaller window (--set {name}.window=...) or a longer series"
        )
