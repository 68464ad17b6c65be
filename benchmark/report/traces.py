"""Series and scores small enough for a page: decimated without losing a peak, quantised, base64."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.metrics import segments

Array = NDArray[np.float64]


def min_max(x: Array, buckets: int) -> Array:
    """Minimum and maximum of each of ``buckets`` equal stretches, interleaved.

    Parameters
    ----------
    x : (n,) array
    buckets : int
        Bucket k covers rows ``k * n // buckets`` up to the next one's first.

    Returns
    -------
    (2 * buckets,) array, or ``x`` itself when it is not longer than that
        Every peak of ``x`` is in it.
    """
    if len(x) <= 2 * buckets:
        return x
    starts = np.arange(buckets) * len(x) // buckets
    return np.stack([np.minimum.reduceat(x, starts), np.maximum.reduceat(x, starts)], axis=1).ravel()


def encode(x: Array, buckets: int, first_row: int = 0) -> dict[str, Any]:
    """A trace for the page's script: rows covered, range, and one byte per kept value.

    Returns
    -------
    dict
        ``first`` and ``n``: the rows; ``low`` and ``high``: values of bytes 0 and 255;
        ``data``: base64; two bytes a bucket when shorter than ``n``, else one a row.
    """
    kept = min_max(np.asarray(x, dtype=np.float64), buckets)
    low, high = float(kept.min()), float(kept.max())
    scale = 255 / (high - low) if high > low else 0.0
    data = np.round((kept - low) * scale).astype(np.uint8).tobytes()
    return {"first": first_row, "n": len(x), "low": low, "high": high, "data": base64.b64encode(data).decode("ascii")}


def buckets_for(n_traces: int, budget: int = 9 << 20) -> int:
    """Buckets per trace, a power of two, such that all traces together take at most ``budget`` bytes of base64.

    A power of two, so that a few more rows leave the traces of the others as they are.
    """
    most = int(np.clip(budget * 3 // 4 // 2 // max(1, n_traces), 64, 65_536))
    return 1 << (most.bit_length() - 1)


def anomalous_rows(labels: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Half-open row ranges of consecutive anomalous points."""
    starts, stops = segments(labels)
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def health(values: Array, labels: NDArray[np.uint8]) -> dict[str, Any]:
    """What a reader should know of a series before believing a figure on it.

    Returns
    -------
    dict
        ``n``, ``n_anomalous``, ``segments``, ``density``; ``missing``: share of counts written as -1;
        ``position``: mean place of the anomalous points, 0 = start, 1 = end, .5 = no bias;
        ``first_tenth``: share of anomalous points among the first int(n / 10), which several
        detectors take for normal.
    """
    n, rows = len(values), np.flatnonzero(labels)
    tenth = labels[: max(1, n // 10)]
    return {
        "n": n,
        "n_anomalous": len(rows),
        "segments": len(segments(labels)),
        "density": len(rows) / n,
        "missing": _missing(values),
        "position": float(rows.mean() / max(1, n - 1)) if len(rows) else float("nan"),
        "first_tenth": float(tenth.mean()),
    }


def _missing(values: Array) -> float:
    """Share of -1 in a series of counts; no other code is known. States such as -1, 0, 1 are not counts."""
    missing = values == -1
    others = values[~missing]
    counts = bool((others >= 0).all() and (others > 1).any() and (others == np.round(others)).all())
    return float(missing.mean()) if counts else 0.0
