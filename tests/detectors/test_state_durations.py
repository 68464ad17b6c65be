"""Durations of the states of a discrete channel: properties against slow oracles, and their use in ScaleFlow."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.flows.runs import ALIKE, DURATION, Runs, find_runs
from detectors.scaleflow import COMPONENTS, ScaleFlow

WINDOWED = tuple(name for name in COMPONENTS if name != DURATION)
CHEAP = {"components": ("shape", DURATION), "factors": (1, 2), "periods": 0, "max_windows": 200}


def channel(*lengths: int, values: tuple[float, ...] = (0.0, 1.0)) -> np.ndarray:
    """A channel that holds its values in turn, for so many points each."""
    return np.concatenate([np.full(length, values[k % len(values)]) for k, length in enumerate(lengths)])


def machine(n: int, seed: int) -> np.ndarray:
    """On for 9 to 11 points, off for 18 to 22."""
    rng = np.random.default_rng(seed)
    return channel(*(int(rng.integers(*bounds)) for _ in range(n) for bounds in ((18, 23), (9, 12))))


def plain_runs(x: np.ndarray) -> list[tuple[int, float, int]]:
    """(first row, value, length), one point after the other."""
    row, found = 0, []
    for value, run in groupby(x.tolist()):
        length = len(list(run))
        found.append((row, value, length))
        row += length
    return found


few = st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.5]), st.integers(3, 40)), min_size=1, max_size=25)


@settings(max_examples=40, deadline=None)
@given(fitted=st.lists(few, min_size=1, max_size=3), scored=few, known=st.booleans())
def test_a_run_scores_the_distance_to_the_third_nearest_fitted_one_of_its_value(fitted, scored, known):
    pieces = [np.concatenate([np.full(k, v) for v, k in piece]) for piece in fitted]
    x = np.concatenate([np.full(k, v) for v, k in scored])
    lengths: dict[float, list[float]] = {v: [] for piece in pieces for v in np.unique(piece).tolist()}
    for piece in pieces:
        for _, value, length in plain_runs(piece)[1:-1]:
            lengths[value].append(np.log(length))

    def third(value, length, among):
        if len(lengths[value]) < 5:
            return 0.0
        return sorted(abs(np.log(length) - one) for one in lengths[value])[min(2 + among, len(lengths[value]) - 1)]

    usual = sorted(third(v, np.exp(k), True) for v, ks in lengths.items() if len(ks) >= 5 for k in ks)
    runs = Runs.fit(pieces, 10.0)
    n, count = sum(map(len, pieces)), sum(len(plain_runs(piece)) for piece in pieces)
    assert (runs is None) == (not usual or n < 4 * count)
    if runs is None:
        return
    np.testing.assert_allclose(runs.evidence.normal, usual, atol=1e-12)
    assert runs.weights == [pytest.approx(4 * n / (n + 10))]
    mine, got = plain_runs(x), runs.surprises(x, 0 if known else None)[0]
    assert got.shape == x.shape
    for k, (row, value, length) in enumerate(mine):
        if value not in lengths:
            score = np.log(10)
        elif k in (0, len(mine) - 1):
            enough = len(lengths[value]) >= 5
            score = max(0.0, np.log(length) - sorted(lengths[value])[-3]) if enough else 0.0
        else:
            score = third(value, length, known)
        expected = runs.evidence(np.array([score]))[0]
        np.testing.assert_allclose(got[row : row + length], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("x", "why"),
    [
        (np.sin(np.arange(400) / 5), "it has many values"),
        (np.repeat(np.arange(11.0), 8 * 5).reshape(11, 5, 8).swapaxes(0, 1).ravel(), "it has eleven"),
        (np.tile([0.0, 0.0, 0.0, 1.0], 100), "it holds them for two points on the mean"),
        (channel(50, 20, 50, 20, 50, 20, 50, 20, 50), "neither value has five runs inside"),
        (np.ones(300), "it holds one value"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_no_discrete_channel_has_no_durations(x, why):
    assert Runs.fit([x], 10.0) is None, why


def test_ten_values_held_for_four_points_are_a_discrete_channel():
    assert Runs.fit([np.repeat(np.tile(np.arange(10.0), 7), 4)], 10.0) is not None


def test_where_all_durations_are_equal_one_more_point_is_hardly_a_surprise():
    runs = Runs.fit([channel(*[40] * 30)], 10.0)
    first, _, surprises = runs.run_surprises(channel(40, 40, 41, 40, 80, 40))
    assert first.tolist() == [0, 40, 80, 121, 161, 241]
    expected = [0, 0, np.log(10) + np.log(41 / 40) / ALIKE, 0, np.log(10) + np.log(2) / ALIKE, 0]
    np.testing.assert_allclose(surprises, expected, atol=1e-9)


def test_a_fitted_run_is_not_its_own_neighbour():
    x = channel(*[20, 10] * 10, 20, 17, *[20, 10] * 10)
    runs = Runs.fit([x], 10.0)
    odd = slice(10 * 30 + 20, 10 * 30 + 37)
    assert runs.surprises(x, 0)[0][odd].min() >= runs.surprises(np.append(x, 0.0))[0][odd].max() > 0


def test_runs_are_bounded_by_changes_of_value():
    first, values, lengths = find_runs(np.array([2.0, 2.0, 5.0, 2.0, 2.0, 2.0]))
    assert first.tolist() == [0, 2, 3]
    assert values.tolist() == [2.0, 5.0, 2.0]
    np.testing.assert_allclose(np.exp(lengths), [2, 1, 3])


# -- in ScaleFlow ----------------------------------------------------------------------------------


def held() -> np.ndarray:
    """A new stretch of the machine's in which it stays on for 25 points in place of 10."""
    x = machine(20, 1)
    a, _, _ = next(run for run in plain_runs(x) if run[1] == 1 and run[0] > 300)
    return np.insert(x, a, np.ones(15))


def test_a_state_that_is_held_too_long_stands_out_by_its_duration():
    known, x = machine(60, 0), held()
    detector = ScaleFlow(**CHEAP).fit(known)
    (long,) = (run for run in plain_runs(x) if run[1] == 1 and run[2] > 20)
    odd = slice(long[0], long[0] + long[2])
    rest = np.delete(detector.score(x), np.r_[odd])
    assert detector.score(x)[odd].min() > rest.max()
    without = ScaleFlow(**CHEAP | {"components": ("shape",)}).fit(known)
    assert not np.array_equal(without.score(x), detector.score(x))


def test_another_series_is_scored_as_without_durations():
    x = np.sin(np.arange(600) / 5)
    got = [ScaleFlow(**CHEAP | {"components": c}).fit(x).score(x) for c in (("shape",), ("shape", DURATION))]
    np.testing.assert_array_equal(*got)


def test_an_explanation_names_the_run_and_the_nearest_fitted_one():
    known, x = machine(60, 0), held()
    detector = ScaleFlow(**CHEAP).fit([known[:700], known[700:]])
    (long,) = (run for run in plain_runs(x) if run[1] == 1 and run[2] > 20)
    why = detector.explain(x, long[0] + 5, long[0] + 12)
    assert (why.component, why.span, why.start, why.stop) == (DURATION, long[2], long[0], long[0] + long[2])
    assert sum(why.shares.values()) == pytest.approx(1)
    assert f"duration of a run of {long[2]} points: " in str(why)
    fitted = {(p, row): length for p, piece in enumerate(detector.fitted_pieces_)
              for row, value, length in plain_runs(piece) if value == 1}  # fmt: skip
    assert abs(np.log(fitted[why.piece, why.row] / long[2])) == min(abs(np.log(k / long[2])) for k in fitted.values())
    np.testing.assert_array_equal(why.nearest, detector.fitted_pieces_[why.piece][why.row : why.row + long[2]])


def test_a_fitted_run_is_not_explained_by_itself():
    x = machine(60, 0)
    a, _, _ = next(run for run in plain_runs(x) if run[1] == 1 and run[0] > 300)
    x = np.insert(x, a, np.ones(15))
    why = ScaleFlow(**CHEAP).fit(x).explain(x, a + 2, a + 9)
    assert why.component == DURATION
    assert why.row != a == why.start


def test_durations_survive_saving(tmp_path):
    detector, x = ScaleFlow(**CHEAP).fit(machine(30, 0)), held()
    detector.save(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(ScaleFlow.load(tmp_path / "model.safetensors").score(x), detector.score(x))


def test_durations_alone_are_refused():
    with pytest.raises(ValueError, match='components must be more than "duration"'):
        ScaleFlow(components=(DURATION,)).fit(machine(30, 0))
