"""How ``detect`` sets detectors up: by what the series shows, not by what the published runs did."""

from __future__ import annotations

from typing import Any

from benchmark.catalogue import registry
from benchmark.detection.planted import weekly
from benchmark.detection.scoring import LONG, fitted_at_once
from benchmark.errors import UserError
from benchmark.grid import Cell, expected_seconds
from detectors import Array, Detector
from detectors.core import period

WINDOWED = ("LOF", "MP", "NormA", "HBOS", "PCA", "IForest", "ScaleFlow")
TRIVIAL = ("MovingStd", "AbsDeviation", "AbsDifference")
CANDIDATES = WINDOWED + TRIVIAL
OWN_LEVEL = ("MP", "NormA", "MovingStd", "AbsDifference")  # see rows at their own level, wherever a series goes
SHORTEST, APERIODIC = 4, 50
LOOKED_AT = 100_000  # rows from which a period is estimated
REFERENCES = 20_000  # windows that LOF compares with in a long series
SLOWER = 4.0  # than costs say, which were measured on an idle machine
MEASURED_AT = 48  # the window of those costs
STEEPER = {"PCA": 2.0, "HBOS": 1.0, "MovingStd": 1.0, "LOF": 0.5, "IForest": 0.2, "NormA": 0.5}  # powers of the window
PER_ROW = {"HBOS": 1.2e-7, "MovingStd": 2e-7, "IForest": 6e-7, "PCA": 8e-6, "ScaleFlow": 2e-5} | {
    "MP": 1.4e-4,
    "LOF": 1.4e-4,
    "NormA": 1e-3,
}  # seconds to score a row by a detector fitted to 100,000, on one core
OWN: dict[str, Any] = {
    "align": "mean",
    "constants": "zero",
}  # all covering windows count; equal constant windows are alike


def choose_window(x: Array) -> int:
    """Window length: a period; three days where days repeat by the week; 50 points without a period.

    At most an eighth of the series, or half of a piece that a long one is fitted in. A period is looked for in the
    first 100,000 rows.
    """
    head = x[:LOOKED_AT]
    day = weekly(head)
    found = 3 * day if day else period(head) or APERIODIC
    return max(SHORTEST, min(found, len(x) // 8, fitted_at_once(len(x)) // 2))


def seconds(name: str, n: int, window: int) -> float:
    """Upper estimate of the seconds of fit and score; deterministic, and so is what depends on it."""
    wider: float = max(1.0, window / MEASURED_AT) ** STEEPER.get(name, 0.0)
    if n > LONG:
        return n * PER_ROW.get(name, 1e-8) * (wider if name != "PCA" else max(1.0, window / 200) ** 2)
    least, most = (float(expected_seconds(Cell("", "", name, ""), rows)) for rows in (1, n))
    return SLOWER * (least + wider * (most - least))


def build(spec: str, window: int, seed: int = 0, n: int = 0, params: dict[str, Any] | None = None) -> Detector:
    """A detector by these conventions; ``spec`` as in :func:`benchmark.catalogue.registry.load`.

    ``window`` is for detectors whose window would else be estimated. In a series of more than :data:`LOOKED_AT` rows
    (``n``) LOF compares with a sample. ``params``, what ``--set`` says, come before any convention.
    """
    accepted = registry.load(spec).param_defaults()
    wanted = OWN | ({"sample": REFERENCES} if n > LOOKED_AT else {})
    usual = {name: value for name, value in wanted.items() if name in accepted}
    return registry.build(spec, usual | (params or {}), window=window, seed=seed)


def refuse_long(detector: Detector, rows: int, why: str) -> None:
    """Refuse a window that needs more rows in one piece than there are to fit.

    Raises
    ------
    UserError
    """
    name, least = type(detector).__name__, detector.min_length()
    if least > rows:
        raise UserError(
            f"{name} needs {least:,} rows in one piece to fit, and {why} {rows:,}: "
            f"give a smaller window (--set {name}.window=...) or a longer series"
        )
