"""Neural detectors on random series: finite scores that do not depend on the unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors import AE, CNN, LSTM, Detector, Proposed, ScaleFlow

Array = NDArray[np.float64]

# As few steps as there can be: what is asked for holds for any weights.
CHEAP: dict[type[Detector], dict[str, Any]] = {
    AE: {"epochs": 1, "max_windows": 60},
    CNN: {"epochs": 1, "max_windows": 60},
    LSTM: {"epochs": 1, "max_windows": 60},
    Proposed: {"epochs": 1, "stride": 4, "channels": 2, "members": 1, "blocks": 1, "max_windows": 60},
    ScaleFlow: {"steps": 2, "hidden": 4, "members": 1, "blocks": 1, "max_windows": 60},
}
KINDS = ("noise", "steps", "constant", "spikes", "stuck ends", "counts", "impulse")


def made(cls: type[Detector], window: int) -> Detector:
    return cls(**CHEAP[cls], **({"window": window} if "window" in cls.param_defaults() else {}))


def some(kind: str, n: int, rng: np.random.Generator) -> Array:
    """(n,) values in steps of 2^-10, which no power of two rounds."""
    x = np.round(rng.normal(size=n) * 2**10) / 2**10
    if kind == "steps":
        return np.repeat(x[: -(-n // 7)], 7)[:n]
    if kind == "constant":
        return np.full(n, x[0])
    if kind == "spikes":
        x[rng.integers(n, size=2)] = rng.choice([1e20, -1e20, 1e140, 1e3], 2)
    elif kind == "stuck ends":
        x[: n // 3], x[-n // 3 :] = x[0], x[-1]
    elif kind == "counts":
        return rng.poisson(0.3, n).astype(np.float64)
    elif kind == "impulse":
        return np.eye(1, n, int(rng.integers(n)))[0]
    return x


series = st.tuples(
    st.sampled_from(KINDS),
    st.integers(8, 24).filter(lambda w: w % 2 == 0),
    st.integers(0, 60),
    st.integers(-30, 30),
    st.integers(0, 99),
)


@pytest.mark.parametrize("cls", CHEAP, ids=lambda cls: cls.__name__)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(series)
def test_scores_are_finite_whatever_the_series_and_no_unit_moves_them(cls: type[Detector], drawn: Any) -> None:
    kind, window, more, power, seed = drawn
    rng = np.random.default_rng(seed)
    detector = made(cls, window)
    known = some(kind, detector.min_length() + more, rng)
    other = some("noise", detector.min_length() + more // 2, rng)
    detector.fit(known)
    unit = 2.0**power
    same = made(cls, window).fit(unit * known)
    for x in (known, other):
        scores = detector.score(x)
        assert scores.shape == x.shape
        if kind != "constant" or x is known:  # a constant has no range that would be the unit of another series
            np.testing.assert_array_equal(same.score(unit * x), scores)
        assert np.isfinite(scores).all()
    if kind == "constant":
        scores = detector.score(known)
        assert np.ptp(scores) <= 1e-6 * max(1.0, float(np.abs(scores).max()))


@pytest.mark.parametrize("cls", CHEAP, ids=lambda cls: cls.__name__)
def test_pieces_of_any_length_are_fitted_and_missing_values_are_named(cls: type[Detector]) -> None:
    rng = np.random.default_rng(1)
    detector = made(cls, 8)
    least = detector.min_length()
    pieces = [some("noise", n, rng) for n in (least - 1, 1, least + 3, 40)]
    scores = detector.fit(pieces).score(pieces[3])
    assert np.isfinite(scores).all()
    for hole in (np.nan, np.inf, -np.inf):
        holed = pieces[3].copy()
        holed[5] = hole
        for call in (made(cls, 8).fit, detector.score):
            with pytest.raises(ValueError, match="row 5 is"):
                call(holed)
