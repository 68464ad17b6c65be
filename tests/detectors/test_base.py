"""The base class: checks of input, thresholds, parameters. The whole contract is in test_conformance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.signal import lfilter

from detectors.core import Detector, WindowDetector, as_series, offset_in, resolve_window
from detectors.core.parameters import one_of, real, whole
from detectors.core.threshold import peaks_over_threshold, share_interval, upper_quantile
from detectors.core.values import as_pieces
from detectors.one_liners import AbsDeviation
from tests.support import naive


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


@pytest.mark.parametrize("value", [1e151, -1e200, 1.7e308])
def test_a_value_that_cannot_be_squared_is_refused_and_a_huge_one_is_not(value: float) -> None:
    x = np.sin(np.arange(100.0))
    x[7] = value
    with pytest.raises(ValueError, match=r"row 7 is .*rescale the series"):
        AbsDeviation().fit(x)
    x[7] = np.sign(value) * 1e150
    assert np.isfinite(AbsDeviation().fit(x).score(x)).all()


def test_scores_that_are_not_finite_are_a_failure_with_the_row():
    class Bad(Distance):
        def _score(self, x):
            return np.where(np.arange(len(x)) == 3, np.inf, 0.0)

    with pytest.raises(FloatingPointError, match=r"inf at row 3 \(1 of 9"):
        Bad().fit(np.zeros(9)).score(np.zeros(9))


def test_complex_scores_are_a_failure():
    class Spectrum(Distance):
        def _score(self, x):
            return np.fft.fft(x)

    with pytest.raises(TypeError, match="Spectrum gave complex scores: return real ones"):
        Spectrum().fit(np.zeros(9)).score(np.zeros(9))


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


def test_a_part_of_the_fitted_data_is_found_value_for_value():
    x = np.arange(20.0)
    detector = Distance().fit([x[:12], x[13:]])
    assert detector._place(x[13:].copy()) == (1, 0)
    assert detector._place(x[3:9]) == (0, 3)
    assert detector._place(x[10:15]) is None  # across the gap
    assert detector._place(x[3:9] + 1e-12) is None
    assert detector._place(x) is None


def test_equal_bytes_across_two_values_are_no_place():
    repeated = np.frombuffer(bytes([1, 1, 1, 1, 2, 2, 2, 2] * 3))
    shifted = np.frombuffer(repeated.tobytes()[4:20])
    assert offset_in(repeated, shifted) == -1
    assert offset_in(np.append(repeated, shifted), shifted) == 3


def test_the_callers_array_may_be_overwritten_after_fit():
    x = np.arange(50.0)
    detector, before = Distance().fit([x[:30], x[30:]]), Distance().fit(x.copy()).threshold()
    x[:] = 0
    assert detector.threshold() == before


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False]), "row 1 is masked"),
        (np.array([1.0, 2.0]) + 1j, "complex"),
        (np.array(["1", "2"]), "text"),
        (np.array(["1", 2.0], dtype=object), "text"),
        (np.array([1, 2], dtype="M8[s]"), "dates"),
        (np.array([1, 2], dtype="m8[s]"), "durations"),
        (np.array([1.0, 2j], dtype=object), "objects"),
        ([10**400, 1], "too large"),
        ([[1.0, 2.0], 3.0], r"one-dimensional|parts of different shapes"),
    ],
)
def test_what_is_no_real_number_is_refused(x, said):
    for action in (Distance().fit, Distance().fit(np.arange(9.0)).score):
        with pytest.raises(ValueError, match=said):
            action(x)


def test_whole_numbers_booleans_and_an_empty_mask_are_real_numbers():
    for x in (np.array([1, 2]), np.array([True, False]), np.ma.masked_array([1.0, 2.0]), [1, 2.5]):
        np.testing.assert_array_equal(as_series(x), np.array(x, dtype=float))


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
    with pytest.raises(ValueError, match="at least 1 or 'auto'"):
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


@pytest.mark.parametrize(
    ("scores", "flagged"),
    [
        (np.arange(100.0), 1),
        (np.repeat([0.0, 5.0], [92, 8]), 8),  # the highest are never lost
        (np.repeat([0.0, 5.0], [999, 1]), 1),  # the lowest never flagged
        (np.repeat([0.0, 1.0, 2.0], [500, 490, 10]), 10),
        (np.repeat([0.0, 1.0, 2.0], [985, 6, 9]), 9),
        (np.repeat([0.0, 1.0, 2.0], [989, 3, 8]), 11),  # nearer to 10 than 8
        (np.zeros(100), 0),
    ],
)
def test_ties_at_the_quantile_are_flagged_when_that_comes_nearer(scores, flagged):
    assert (scores >= upper_quantile(scores, 0.01)).sum() == flagged


def test_a_score_at_the_threshold_is_predicted():
    x = np.repeat([0.0, 5.0], [92, 8])
    detector = AbsDeviation().fit(x)
    assert detector.threshold() == 5.0
    np.testing.assert_array_equal(detector.predict(x), x == 5)


def test_without_a_tail_the_quantile_stands_in():
    scores = np.repeat([0.0, 1.0, 2.0], 100)
    assert peaks_over_threshold(scores, 0.01) == upper_quantile(scores, 0.01)


def eventful(n: int, seed: int) -> np.ndarray:
    """Noise with stretches of higher scores, one in 200 points."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, n)
    for a in np.flatnonzero(rng.random(n) < 1 / 200):
        x[a : a + rng.integers(1, 40)] += rng.exponential(2)
    return x


@pytest.mark.parametrize("new", [2000, 8000])
def test_the_interval_of_a_share_covers_that_of_new_data(new):
    covered = []
    for seed in range(60):
        usual, fresh = eventful(8000, seed), eventful(new, 1000 + seed)
        level = upper_quantile(usual, 0.01)
        low, high = share_interval(usual, level, 50, new)
        assert 0 <= low < high <= 1
        covered.append(low <= (fresh >= level).mean() <= high)
    assert np.mean(covered) > 0.9


def test_the_interval_of_a_share_covers_that_of_correlated_data_with_few_events() -> None:
    """One per cent of 1,200 rows of an autoregressive process are some four events of very unequal length."""
    covered = []
    for seed in range(200):
        noise = np.random.default_rng(seed).normal(size=4000)
        usual, fresh = np.split(np.abs(lfilter([1], [1, -0.97], noise)[2000:]), [1200])
        level = upper_quantile(usual, 0.01)
        covered.append((fresh >= level).mean() <= share_interval(usual, level, 51, 800)[1])
    assert np.mean(covered) > 0.9


def test_the_interval_of_a_share_narrows_with_the_events_and_is_wide_without_any():
    few, many = (np.tile(np.repeat([1.0, 0.0], [10, 990]), k) for k in (4, 400))
    (low, high), (lower, higher) = (share_interval(x, 1, 100, len(x)) for x in (few, many))
    assert low < 0.005 < 0.02 < high
    assert 0.0085 < lower < 0.01 < higher < 0.0115
    assert share_interval(np.zeros(1000), 1, 100, 1000) == (0.0, pytest.approx(0.3, abs=0.1))


def test_the_interval_of_a_share_is_that_of_a_negative_binomial() -> None:
    """Events of one point each: a Poisson number with a rate of Jeffreys' posterior, in closed form."""
    scores = np.tile([1.0, *[0.0] * 99], 50)
    low, high = share_interval(scores, 1, 10, len(scores), draws=100_000)
    exact = stats.nbinom.ppf([0.025, 0.975], 50.5, 0.5)
    assert [low * len(scores), high * len(scores)] == pytest.approx(exact.tolist(), abs=1)


def test_a_detector_is_imported_by_its_name_alone() -> None:
    import detectors
    from detectors import LOF, MovingStd
    from detectors.lof import LOF as from_file

    assert LOF is from_file
    assert MovingStd.__module__ == "detectors.one_liners"
    with pytest.raises(AttributeError, match="list detectors"):
        detectors.LOFF  # noqa: B018


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (whole(1), [1, 7, np.int64(3)], [0, -1, 1.0, True, "1", None, np.nan]),
        (whole(0, 9), [0, 9], [10]),
        (real(0, 1, "(]"), [1, 0.5, np.float32(0.5)], [0, 1.01, np.nan, np.inf, "x", True]),
        (real(0, ends="()"), [1e-300, 5], [0, np.inf, -1]),
        (real(0, 1, "()"), [1e-300, 0.5], [0, 1]),
        (one_of("auto") | whole(3), ["auto", 3], ["big", 2, None]),
        (one_of(False, True), [False, True], [0, 1, "true"]),
    ],
)
def test_rules_of_parameters(rule, good, bad):
    assert all(rule.accepts(value) for value in good)
    assert not any(rule.accepts(value) for value in bad)


def test_a_parameter_out_of_its_range_is_refused_by_its_name():
    class Ruled(Distance):
        rules = {"power": real(0)}  # noqa: RUF012

    with pytest.raises(ValueError, match=r"power must be .* at least 0, got None"):
        Ruled(None).fit(np.arange(9.0))
    with pytest.raises(ValueError, match="power must be a finite number of at least 0, got -1"):
        Ruled(-1).fit(np.arange(9.0))


class Power(Detector):
    """A power of the absolute value; needs no fit."""

    rescored = frozenset({"power"})

    def __init__(self, power: float = 1.0) -> None:
        self.power = power

    def _fit(self, pieces):
        pass

    def _score(self, x):
        return np.abs(x) ** self.power


def test_scores_by_rules_leave_the_detector_and_each_other_alone() -> None:
    detector = Power().fit([2.0, 3.0])
    squared, plain = detector.scores_by([2.0, 3.0], [{"power": 2.0}, {}])
    assert (squared.tolist(), plain.tolist(), detector.power) == ([4.0, 9.0], [2.0, 3.0], 1.0)


def test_an_automatic_window_is_that_of_all_pieces_one_after_the_other() -> None:
    pieces = [np.sin(np.arange(300) / 2), np.sin(np.arange(900) / 5)]
    expected = naive.find_length(np.concatenate(pieces), 125)
    assert resolve_window("auto", pieces) == expected != naive.find_length(pieces[0], 125)


def test_more_scores_than_points_are_a_failure_too() -> None:
    class Long(Distance):
        def _score(self, x):
            return np.append(x, 0.0)

    with pytest.raises(RuntimeError, match=r"\(10,\) scores for \(9,\) points"):
        Long().fit(np.zeros(9)).score(np.zeros(9))


def test_by_default_one_in_a_hundred_fitted_points_is_flagged() -> None:
    x = np.arange(1000.0)
    detector = AbsDeviation().fit(x)
    assert detector.threshold() == detector.threshold("quantile", 0.01) != detector.threshold("pot")
    assert detector.predict(x).sum() == 10
    assert detector.predict(x, "pot", 0.05).sum() == (detector.score(x) >= detector.threshold("pot", 0.05)).sum()


@settings(deadline=None, max_examples=20)
@given(contamination=st.floats(0.02, 0.2), seed=st.integers(0, 50))
def test_the_tail_begins_below_what_is_to_be_flagged(contamination, seed):
    """At twice the share: a tail fitted to fewer scores than are flagged says nothing of them."""
    scores = np.random.default_rng(seed).exponential(size=20_000)
    level = peaks_over_threshold(scores, contamination)
    assert (scores >= level).mean() == pytest.approx(contamination, rel=0.05)


def test_a_tail_without_a_shape_is_exponential(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of a small shape: level - scale log(share of the excesses)."""
    scores = np.random.default_rng(0).exponential(size=2000)
    found = []
    for shape in (0.0, 1e-6):
        monkeypatch.setattr(stats.genpareto, "fit", lambda excesses, floc, shape=shape: (shape, 0.0, 2.0))
        found.append(peaks_over_threshold(scores, 0.01))
    level = np.quantile(scores, 0.98)
    assert found == pytest.approx([level - 2 * np.log(0.01 * 2000 / (scores > level).sum())] * 2, rel=1e-5)


@pytest.mark.parametrize("contamination", [0.001, 0.01, 0.05])
def test_the_tail_is_fitted_above_the_initial_quantile_or_to_twice_the_share(contamination):
    """Siffer et al., Eq. 1, by hand."""
    scores = np.random.default_rng(0).exponential(size=4000)
    level = np.quantile(scores, 0.98 if contamination <= 0.01 else 1 - 2 * contamination)
    over = scores[scores > level] - level
    shape, _, scale = stats.genpareto.fit(over, floc=0)
    expected = level + scale / shape * ((contamination * len(scores) / len(over)) ** -shape - 1)
    assert peaks_over_threshold(scores, contamination) == pytest.approx(expected, rel=1e-12)
