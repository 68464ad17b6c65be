"""The contract's base: checks of input, thresholds, parameters. What every detector owes is in test_conformance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.contract import Detector, WindowDetector, as_pieces, as_series, resolve_window
from detectors.core.threshold import peaks_over_threshold, upper_quantile


class Distance(Detector):
    """Distance from the fitted mean."""

    def __init__(self, power: float = 1.0, label: str | None = None) -> None:
        self.power = power
        self.label = label

    def _fit(self, pieces):
        self.mean_ = float(np.concatenate(pieces).mean())

    def _score(self, x):
        return np.abs(x - self.mean_) ** self.power


class Level(WindowDetector):
    """Mean of each window."""

    def _fit_windows(self, windows):
        self.shape_ = windows.shape

    def _score_windows(self, windows):
        return np.concatenate([block.mean(axis=1) for _, block in windows.chunks()])


def test_scores_that_are_not_finite_are_a_failure_with_the_row():
    class Bad(Distance):
        def _score(self, x):
            return np.where(np.arange(len(x)) == 3, np.inf, 0.0)

    with pytest.raises(FloatingPointError, match=r"inf at row 3 \(1 of 9"):
        Bad().fit(np.zeros(9)).score(np.zeros(9))


def test_a_wrong_number_of_scores_is_a_failure():
    class Short(Distance):
        def _score(self, x):
            return x[1:]

    with pytest.raises(RuntimeError, match=r"\(8,\) scores for \(9,\) points"):
        Short().fit(np.zeros(9)).score(np.zeros(9))


def test_repr_shows_what_was_changed():
    assert repr(Distance()) == "Distance()"
    assert repr(Distance(2.0, label="a")) == "Distance(power=2.0, label='a')"


def test_a_class_without_a_constructor_has_no_parameters():
    class Plain(Detector):
        def _fit(self, pieces): ...

        def _score(self, x):
            return x

    assert Plain.param_defaults() == {}
    assert repr(Plain()) == "Plain()"


def test_fit_again_forgets_the_first_series():
    detector = Distance().fit(np.arange(50.0))
    detector.fitted_scores()
    detector.fit(np.arange(9.0))
    assert len(detector.fitted_scores()) == 9


def test_fitted_scores_skip_pieces_that_hold_no_window():
    detector = Level(window=5).fit([np.arange(30.0), np.arange(3.0), np.arange(12.0)])
    assert detector.shape_ == (26 + 8, 5)
    assert len(detector.fitted_scores()) == 42


def test_only_the_fitted_series_is_recognised():
    x = np.arange(20.0)
    detector = Distance().fit(x)
    assert detector._is_fitted_series(x.copy())
    assert not detector._is_fitted_series(x + 1)
    assert not detector.fit([x[:10], x[10:]])._is_fitted_series(x)


def test_the_callers_array_stays_writeable():
    x = np.arange(9.0)
    assert not as_series(x).flags.writeable
    assert x.flags.writeable


@pytest.mark.parametrize(
    ("x", "said"), [([], "empty"), ([[1.0, 2.0]], None), (3.0, "one-dimensional"), ([1, np.nan], "row 1 is nan")]
)
def test_pieces_and_series_are_told_apart(x, said):
    if said is None:
        assert len(as_pieces(x)) == 1
        assert as_pieces(x)[0].shape == (2,)
    else:
        with pytest.raises(ValueError, match=said):
            as_pieces(x)


@pytest.mark.parametrize("window", [0, -3, 2.5, True, "big"])
def test_a_window_that_is_none_is_refused(window):
    with pytest.raises(ValueError, match="positive int or 'auto'"):
        resolve_window(window, [np.zeros(50)])


def test_an_automatic_window_leaves_room_for_two():
    assert resolve_window("auto", [np.zeros(60)]) == 30
    assert resolve_window(np.int64(7), [np.zeros(60)]) == 7


@pytest.mark.parametrize(("rule", "contamination"), [("best", 0.1), ("pot", 0.0), ("quantile", 0.5)])
def test_thresholds_refuse_what_they_cannot_do(rule, contamination):
    with pytest.raises(ValueError, match=r"rule|contamination"):
        Distance().fit(np.arange(50.0)).threshold(rule, contamination)


@settings(deadline=None, max_examples=20)
@given(contamination=st.floats(0.001, 0.2), seed=st.integers(0, 50))
def test_peaks_over_threshold_meets_the_rate_of_an_exponential_tail(contamination, seed):
    scores = np.random.default_rng(seed).exponential(size=20_000)
    level = peaks_over_threshold(scores, contamination)
    assert np.exp(-level) == pytest.approx(contamination, rel=0.45)


def test_without_a_tail_the_quantile_stands_in():
    scores = np.repeat([0.0, 1.0, 2.0], 100)
    assert peaks_over_threshold(scores, 0.01) == upper_quantile(scores, 0.01)


def test_a_detector_is_imported_by_its_name_alone() -> None:
    import detectors
    from detectors import LOF, MovingStd
    from detectors.lof import LOF as from_file

    assert LOF is from_file
    assert MovingStd.__module__ == "detectors.one_liners"
    with pytest.raises(AttributeError, match="list detectors"):
        detectors.LOFF  # noqa: B018
