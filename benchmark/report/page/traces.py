"""Encode series and scores compactly for a page: decimated with all peaks, quantised, base64."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from math import ceil
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmark.metrics import segments

Array = NDArray[np.float64]
Span = tuple[int, int]


def min_max(x: Array, buckets: int) -> Array:
    """Return minimum and maximum of each of ``buckets`` equal stretches, interleaved.

    All peaks of the (n,) series are included. Bucket k starts at row ``k * n // buckets``. The result has
    2 * buckets numbers, or is the series itself if it is not longer than that.
    """
    if len(x) <= 2 * buckets:
        return x
    starts = np.arange(buckets) * len(x) // buckets
    return np.stack([np.minimum.reduceat(x, starts), np.maximum.reduceat(x, starts)], axis=1).ravel()


def encode(
    x: Array, buckets: int, first_row: int = 0, stretches: Sequence[Span] = (), bits: Literal[8, 16] = 8
) -> dict[str, Any]:
    """Encode a trace for the page's script.

    More than two values per bucket are decimated to minimum and maximum. ``first_row`` is the row of the series at
    which ``x`` begins. ``stretches`` of rows are included in full resolution, too. 8 ``bits`` per number are enough for
    a picture, 16 to zoom in.

    Returns
    -------
    dict
        ``first`` and ``n``: first row and number of rows. ``low`` and ``high``: range of the values.
        ``data``: base64, little-endian; two numbers per bucket if decimated, else one per row.
        ``bits`` if they are 16. ``fine``: the concatenated stretches, one number per row.
    """
    x = np.asarray(x, dtype=np.float64)
    kept = min_max(x, buckets)
    low, high = float(kept.min()), float(kept.max())
    trace: dict[str, Any] = {"first": first_row, "n": len(x), "low": low, "high": high}
    trace["data"] = _numbers(kept, low, high, bits)
    if bits == 16:
        trace["bits"] = bits
    if len(kept) < len(x) and stretches:
        parts = [x[max(0, start - first_row) : max(0, stop - first_row)] for start, stop in stretches]
        trace["fine"] = _numbers(np.concatenate(parts), low, high, bits)
    return trace


def _numbers(x: Array, low: float, high: float, bits: int) -> str:
    top = 2**bits - 1
    scale = top / (high - low) if high > low else 0.0
    numbers = np.round((x - low) * scale).astype("<u2" if bits == 16 else np.uint8)
    return base64.b64encode(numbers.tobytes()).decode("ascii")


def around(spans: Sequence[Span], n: int, share: float) -> list[Span]:
    """Extend sorted ``spans`` of anomalies in a series of ``n`` rows by margins, and merge those that touch.

    The margin is ``share`` times the one with which the page's script shows an anomaly: three times its length, at
    least 100 rows.
    """
    joined: list[Span] = []
    for start, stop in spans:
        margin = ceil(share * max(100, 3 * (stop - start)))
        first, last = max(0, start - margin), min(n, stop + margin)
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def buckets_for(n_traces: int, budget: int = 9 << 20) -> int:
    """Return the buckets per trace for at most ``budget`` bytes of base64 in all traces.

    It is a power of two, so that a few more rows do not change the other traces.
    """
    most = int(np.clip(budget * 3 // 4 // 2 // max(1, n_traces), 64, 65_536))
    return 1 << (most.bit_length() - 1)


def anomalous_rows(labels: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Return half-open row ranges of consecutive anomalous points."""
    starts, stops = segments(labels)
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def strip(spans: Sequence[Span], n: int) -> list[tuple[float, float]]:
    """Return start and width of each span on a strip of width 1,000, with a visible minimum width."""
    return [(round(1000 * a / n, 1), max(2.0, round(1000 * (b - a) / n, 1))) for a, b in spans]


def health(values: Array, labels: NDArray[np.uint8]) -> dict[str, Any]:
    """Return facts about a series that affect how far figures on it can be trusted.

    ``missing`` is the share of counts written as -1. ``position`` is the mean position of the anomalous points: 0 =
    start, 1 = end, .5 = no bias. ``first_tenth`` is the share of anomalous points among the first int(n / 10).
    """
    n, rows = len(values), np.flatnonzero(labels)
    tenth = labels[: max(1, n // 10)]
    return {
        "n": n,
        "n_anomalous": len(rows),
        "segments": len(segments(labels)[0]),
        "density": len(rows) / n,
        "missing": _missing(values),
        "position": float(rows.mean() / max(1, n - 1)) if len(rows) else float("nan"),
        "first_tenth": float(tenth.mean()),
    }


def _missing(values: Array) -> float:
    """Return the share of -1 in a series of counts; other codes are unknown. States such as -1, 0, 1 are no counts."""
    missing = values == -1
    others = values[~missing]
    counts = bool((others >= 0).all() and (others > 1).any() and (others == np.round(others)).all())
    return float(missing.mean()) if counts else 0.0
