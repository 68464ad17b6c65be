"""Codes for a missing value among numbers, such as -9999 or 1e30."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import counted
from benchmark.reading.options import WITHOUT

Array = NDArray[np.float64]
NINES = (999, 9999, 99_999, 999_999, 999.9, 999.99, 9999.9, 8888, 88_888)
LARGEST = (32_767, 65_535, 2_147_483_647, 4_294_967_295)
CODES = (-99, -99.9, -99.99, *NINES, *(-code for code in NINES), *LARGEST, -32_768, -2_147_483_648)
HUGE = 1e20  # any larger value is a code: 1e30, 9.96921e36, 3.4028235e38
ENOUGH = 10  # other values needed to estimate their range
ALIKE = 1e-6  # relative tolerance, as a code may have been stored in single precision


def split(missing: tuple[str, ...] | None) -> tuple[list[float], frozenset[str], bool]:
    """Split ``--missing`` into codes, words, and whether the usual codes are searched for, too."""
    entries = [entry.strip() for entry in missing or ()]
    codes = [number for entry in entries if (number := _number(entry)) is not None]
    words = frozenset(entry.lower() for entry in entries if _number(entry) is None and entry != WITHOUT)
    return codes, words, WITHOUT not in entries


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def without_codes(values: Array, name: str, missing: tuple[str, ...] | None) -> tuple[Array, list[float], list[str]]:
    """Replace codes for missing values by NaN; return the (n,) values, the codes found, and a note for each.

    A usual code counts as missing if its distance from the other values is larger than their range. At least ten other
    values are needed. ``missing`` names further codes; the word ``none`` in it keeps the usual ones as values.
    """
    named, _, looking = split(missing)
    hits = {code: _is(values, code) for code in named}
    clean = _without(values, hits)
    found = _usual(clean) if looking else []
    hits |= {code: _is(values, code) for code in found}
    clean = _without(clean, hits)
    known = clean[np.isfinite(clean)]
    span = f"{known.min():g} to {known.max():g}" if len(known) else "none"
    notes = [
        f"Missing values of {name!r}: {counted(int(hit.sum()), 'cell')} with {code:g}"
        + (
            f", a code far outside the others ({span}); --missing {WITHOUT} keeps it."
            if code in found
            else " (--missing)."
        )
        for code, hit in hits.items()
        if hit.any()
    ]
    return clean, [code for code, hit in hits.items() if hit.any()], notes


def _without(values: Array, hits: dict[float, NDArray[np.bool_]]) -> Array:
    return np.where(np.logical_or.reduce([*hits.values()]), np.nan, values) if hits else values


def _usual(values: Array) -> list[float]:
    """Find the usual codes that are further from the other values than these are spread."""
    known = values[np.isfinite(values)]
    extremes = np.array([known.min(), known.max()] if len(known) else [])
    if not _may_be(extremes).any():
        return []
    candidates = np.unique(known[_may_be(known)])
    others = known[~np.isin(known, candidates)]
    if not len(candidates) or len(others) < ENOUGH or np.ptp(others) == 0:
        return []
    low, high = others.min(), others.max()
    return [float(c) for c in candidates if max(low - c, c - high) > high - low]


def _may_be(values: Array) -> NDArray[np.bool_]:
    """Mark the values that are huge, or one of the usual codes."""
    return np.asarray((np.abs(values) >= HUGE) | np.any([_is(values, code) for code in CODES], axis=0))


def _is(values: Array, code: float) -> NDArray[np.bool_]:
    return np.asarray(np.isclose(values, code, rtol=ALIKE, atol=0))
