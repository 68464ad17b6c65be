"""Helpers of the checks: a cheap instance of a detector, a test series, and assertions."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from detectors import Array, Detector

WINDOW = 16
LONG, WIDE = 20_000, 100  # points and window of the memory check


class CheckFailed(AssertionError):
    """A detector fails a check of the contract; the message says how, and what was expected."""


def wave(n: int = 400, seed: int = 0) -> Array:
    """Return an (n,) noisy sine of period 25."""
    return np.sin(2 * np.pi * np.arange(n) / 25) + 0.1 * np.random.default_rng(seed).normal(size=n)


def make(cls: type[Detector], window: int = WINDOW, **params: Any) -> Detector:
    """Make a cheap instance: with the class's ``quick`` parameters and, if it has a window, a short one."""
    return cls(**cheap(cls, window) | params)


def cheap(cls: type[Detector], window: int = WINDOW) -> dict[str, Any]:
    """Return the parameters of a cheap instance."""
    return {**cls.quick, **({"window": window} if "window" in cls.param_defaults() else {})}


def expect(condition: bool, message: str) -> None:
    """Raise :class:`CheckFailed` with the message unless the condition holds."""
    if not condition:
        raise CheckFailed(message)


def expect_refusal(action: Callable[[], object], error: type[Exception], text: str, what: str) -> None:
    """Check that the action raises ``error`` with ``text`` in its message."""
    try:
        action()
    except error as raised:
        expect(text in str(raised), f"{what}: the message must say {text!r}, it says {str(raised)!r}")
    else:
        raise CheckFailed(f"{what} was accepted, expected a {error.__name__}")


def expect_equal(a: Array, b: Array, what: str) -> None:
    """Check that scores are equal bit by bit."""
    gap = float(np.abs(a - b).max()) if a.shape == b.shape else float("nan")
    expect(np.array_equal(a, b), f"{what} changes the scores: shapes {a.shape} and {b.shape}, largest gap {gap:.3g}")


def peak_memory(cls: type[Detector]) -> int:
    """Measure the peak memory in bytes that Python and numpy allocate to fit and score a long series."""
    x = wave(LONG)
    seen = x[: LONG // 10] if cls.learns_from == "normal" else x
    make(cls, WIDE).fit(seen[:1000]).score(seen[:1000])  # imports and compilation are not counted
    tracemalloc.start()
    try:
        make(cls, WIDE).fit(seen).score(x)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
