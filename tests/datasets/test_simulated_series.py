"""Simulated series have the real ones' size and labels, are seeded, and are marked as simulated."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import datasets
from datasets import Dataset, Series
from datasets.core.simulate import best_cut, labels_of, mackey_glass, place, place_beside, ramps, split, switching

ALL = [(dataset, series) for dataset in datasets.names() for series in datasets.get(dataset).series_names()]


def test_names_and_numbers_that_read_alike_seed_apart() -> None:
    draws = {datasets.random_generator(*parts).random() for parts in (("a", 11), ("a1", 1), ("a", 1, 1))}
    assert len(draws) == 3


def test_there_are_the_44_series_of_the_table() -> None:
    assert {name: len(datasets.get(name).series) for name in datasets.names()} == {
        "Dodgers": 1,
        "Genesis": 6,
        "MGAB": 10,
        "NASA-MSL": 27,
    }


@pytest.mark.parametrize(("dataset", "series"), ALL)
def test_a_simulated_series_has_the_length_and_the_labels_of_the_real_one(dataset: str, series: str) -> None:
    facts = datasets.get(dataset).facts(series)
    for seed in range(1 if facts.n > 50_000 else 20):
        made = datasets.get(dataset).simulate(series, seed)
        assert (len(made), made.n_anomalous, len(made.segments())) == (facts.n, facts.n_anomalous, facts.n_segments)
        assert (0 if made.train is None else len(made.train)) == facts.n_train
        assert made.simulated
        assert np.isfinite(made.values).all()
        assert np.ptp(made.values) > 0
        assert not made.values.flags.writeable


@pytest.mark.parametrize(("dataset", "series"), [ALL[0], ALL[1], ALL[7], ALL[20], ALL[40]])
def test_a_simulated_series_depends_on_its_seed_and_name_alone(dataset: str, series: str) -> None:
    source: Dataset = datasets.get(dataset)
    assert source.simulate(series, 3).sha256 == source.simulate(series, 3).sha256
    assert source.simulate(series, 3).sha256 != source.simulate(series, 4).sha256


def test_no_two_simulated_series_are_equal() -> None:
    hashes = {datasets.get(dataset).simulate(series).sha256 for dataset, series in ALL}
    assert len(hashes) == len(ALL)


def test_a_simulated_series_is_never_taken_for_the_published_series() -> None:
    from datasets.core.tsb_uad import fingerprint, fingerprints

    made = datasets.get("Genesis").simulate("genesis-anomalies.test.csv@6.out")
    known = fingerprints()["Genesis"][made.name]
    assert fingerprint((made.values, made.labels, None))["sha256_6"] != known["sha256_6"]


def test_simulated_dodgers_counts_cars_and_misses_some() -> None:
    made = datasets.get("Dodgers").simulate("101-freeway-traffic.test.out")
    assert np.array_equal(made.values, np.round(made.values))
    missing = made.values == -1
    assert made.labels[missing].all()
    assert 0.4 < missing.sum() / made.n_anomalous < 0.6  # real: 2,903 of 5,612
    day = made.values[made.labels == 0]
    assert day.min() >= 0
    assert 15 < day.mean() < 25  # real: 20.9


def test_genesis_channels_share_cycles_and_faults() -> None:
    made = [datasets.get("Genesis").simulate(name) for name in datasets.get("Genesis").series_names()]
    assert len({one.labels.tobytes() for one in made}) == 1
    assert [len(np.unique(one.values)) == 2 for one in made] == [False, False, False, True, True, True]


def test_mackey_glass_agrees_with_a_plain_euler_integration() -> None:
    """The attractor, since trajectories of a chaotic system part: range, mean and spread."""
    fast = mackey_glass(5000, np.random.default_rng(0))
    step, delay = 0.02, 900
    x = [0.9] * (delay + 1)
    for _ in range(int(4000 / step)):
        x.append(x[-1] + step * (0.25 * x[-1 - delay] / (1 + x[-1 - delay] ** 10) - 0.1 * x[-1]))
    slow = np.array(x[delay + 50_000 :: 50])
    for statistic, tolerance in ((np.mean, 0.02), (np.std, 0.02), (np.min, 0.03), (np.max, 0.03)):
        assert abs(statistic(fast) - statistic(slow)) < tolerance


@pytest.mark.parametrize("at", [100, 1000, 1017, 1900])
def test_mackey_glass_keeps_its_equation(at: int) -> None:
    """Variation of constants over one time unit, with the delayed term from a spline through the samples."""
    from scipy.interpolate import CubicSpline

    x = mackey_glass(2000, np.random.default_rng(1))
    curve = CubicSpline(np.arange(2000.0), x)
    fine = np.linspace(at, at + 1, 201)
    delayed = curve(fine - 18)
    forcing = 0.25 * delayed / (1 + delayed**10) * np.exp(-0.1 * (at + 1 - fine))
    predicted = x[at] * np.exp(-0.1) + np.trapezoid(forcing, fine)
    assert abs(predicted - x[at + 1]) < 1e-3


def test_a_cut_joins_where_the_curves_fit() -> None:
    x = mackey_glass(5000, np.random.default_rng(2))
    jumps = [abs(x[best_cut(x, start)] - x[start]) for start in range(500, 4500, 100)]
    assert np.median(jumps) < 0.05
    assert all(100 <= best_cut(x, start) - start <= 200 for start in range(500, 4500, 100))


@given(st.integers(1, 30), st.integers(0, 300), st.integers(0, 9), st.integers(0, 99))
def test_spans_fill_what_was_asked_and_stay_apart(parts: int, extra: int, gap: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = split(rng, parts + extra, parts)
    assert sum(lengths) == parts + extra
    assert min(lengths) >= 1
    spans = place(rng, 2000, lengths, gap=gap, first=100)
    assert sorted(stop - start for start, stop in spans) == sorted(lengths)
    assert spans[0][0] >= 100
    assert spans[-1][1] <= 2000
    assert all(later[0] - earlier[1] >= gap for earlier, later in pairwise(spans))


@given(st.lists(st.integers(1, 20), min_size=1, max_size=10), st.integers(0, 99))
def test_spans_beside_others_touch_nothing(lengths: list[int], seed: int) -> None:
    taken = [(100, 130), (400, 410)]
    spans = place_beside(np.random.default_rng(seed), 1000, lengths, taken)
    labels = labels_of(1000, [*spans, *taken])
    series = Series("d", "s", np.zeros(1000), labels)
    assert series.segments() == sorted([*spans, *taken])


def test_impossible_spans_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be split"):
        split(np.random.default_rng(0), 3, 4)
    with pytest.raises(ValueError, match="do not fit"):
        place(np.random.default_rng(0), 10, [6, 6])


@given(st.integers(1, 500), st.floats(2, 100), st.integers(0, 99))
def test_signals_have_the_asked_length(n: int, period: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert len(ramps(rng, n, period)) == n
    assert len(switching(rng, n, [0.0, 1.0], period)) == n
    assert set(np.unique(switching(rng, n, [0.0, 1.0], period))) <= {0.0, 1.0}


# First and last segment; mean, deviation and mean step; mean of the labelled values; deviation of the training values.
PINNED = {
    "Dodgers/101-freeway-traffic.test.out": ((230, 260), (50054, 50092), 20.111, 14.2362, 4.70067, 10.4163, None),
    "MGAB/1.test.out": ((6366, 6386), (91415, 91435), 0.96064, 0.319032, 0.0408926, 1.06872, None),
    "Genesis/genesis-anomalies.test.csv@1.out": (
        *((15530, 15532), (15928, 15950)),
        *(-44.7024, 360.796, 181.399, -1148.34, None),
    ),
    "Genesis/genesis-anomalies.test.csv@3.out": (
        *((15530, 15532), (15928, 15950)),
        *(906.384, 55430.9, 5935.52, -21132.7, None),
    ),
    "Genesis/genesis-anomalies.test.csv@6.out": (
        *((15530, 15532), (15928, 15950)),
        *(0.0654747, 0.247362, 0.00517911, 0.0, None),
    ),
    "NASA-MSL/C-1.test.out": ((455, 572), (1428, 1623), -0.415185, 0.389787, 0.0298632, -0.462782, 0.507712),
    "NASA-MSL/D-15.test.out": ((727, 1368), (727, 1368), 0.0858942, 0.733638, 0.0399508, 0.549454, 0.85791),
    "NASA-MSL/S-2.test.out": ((1792, 1803), (1792, 1803), -0.990148, 0.140026, 0.00219058, 0.636364, 0.0),
    "NASA-MSL/P-11.test.out": ((2147, 2280), (3083, 3178), 0.756256, 0.249844, 0.0237388, -0.0565807, 0.0438435),
}


@pytest.mark.parametrize("name", PINNED)
def test_a_simulated_series_is_the_one_that_figures_were_made_of(name: str) -> None:
    """Of each kind of signal one. A chaotic one parts from itself by rounding: its moments agree to some digits."""
    dataset, _, series = name.partition("/")
    made = datasets.get(dataset).simulate(series)
    first, last, *moments, train = PINNED[name]
    x = made.values
    assert (made.segments()[0], made.segments()[-1]) == (first, last)
    found = [x.mean(), x.std(), np.abs(np.diff(x)).mean(), x[made.labels == 1].mean()]
    assert found == pytest.approx(moments, rel=0.1 if dataset == "MGAB" else 1e-4)
    assert (made.train is None) == (train is None)
    assert made.train is None or np.std(made.train) == pytest.approx(train, rel=1e-4)
