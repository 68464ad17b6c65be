"""Helpers of the checks: a cheap instance of a detector, a series for it, and assertions."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from detectors import Array, Detector

WINDOW = 16
LONG, WIDE = 20_000, 100  # points and window of the memory check


class CheckFailed(AssertionError):
    """A detector broke the contract; the message says how, and what was expected."""


def wave(n: int = 400, seed: int = 0) -> Array:
    """A noisy sine of period 25, (n,)."""
    return np.sin(2 * np.pi * np.arange(n) / 25) + 0.1 * np.random.default_rng(seed).normal(size=n)


def make(cls: type[Detector], window: int = WINDOW) -> Detector:
    """A cheap instance: the class's ``quick`` parameters and, where there is one, a short window."""
    return cls(**cheap(cls, window))


def cheap(cls: type[Detector], window: int = WINDOW) -> dict[str, Any]:
    """Parameters of a cheap instance."""
    return {**cls.quick, **({"window": window} if "window" in cls.param_defaults() else {})}


def expect(condition: bool, message: str) -> None:
    """Raise :class:`CheckFailed` with the message unless the condition holds."""
    if not condition:
        raise CheckFailed(message)


def expect_refusal(action: Callable[[], object], error: type[Exception], text: str, what: str) -> None:
    """The action must raise ``error`` with ``text`` in its message."""
    try:
        action()
    except error as raised:
        expect(text in str(raised), f"{what}: the message must say {text!r}, it says {str(raised)!r}")
    else:
        raise CheckFailed(f"{what} was accepted, expected a {error.__name__}")


def expect_equal(a: Array, b: Array, what: str) -> None:
    """Scores must agree bit by bit."""
    gap = float(np.abs(a - b).max()) if a.shape == b.shape else float("nan")
    expect(np.array_equal(a, b), f"{what} changes the scores: shapes {a.shape} and {b.shape}, largest gap {gap:.3g}")


def peak_memory(cls: type[Detector]) -> int:
    """Bytes that Python and numpy allocate at most to fit and score a long series."""
    x = wave(LONG)
    seen = x[: LONG // 10] if cls.learns_from == "normal" else x
    make(cls, WIDE).fit(seen[:1000]).score(seen[:1000])  # imports and compiled code are not the detector's
    tracemalloc.start()
    try:
        make(cls, WIDE).fit(seen).score(x)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
