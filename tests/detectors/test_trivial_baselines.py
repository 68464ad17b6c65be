"""Trivial baselines: each equals its one line, and finds what the notes on protocols say."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from detectors import estimate_window
from detectors.one_liners import AbsDeviation, AbsDifference, MissingFlag, MovingStd, RandomScore, TimeIndex
from tests.support.golden import real_series


def score(detector, x):
    return detector.fit(x).score(x).tolist()


def test_each_is_its_line():
    x = [3.0, 1.0, 1.0, 6.0]
    assert score(TimeIndex(), x) == [0, 1, 2, 3]
    assert score(AbsDeviation(), x) == [1, 1, 1, 4]
    assert score(AbsDifference(), x) == [0, 2, 0, 5]
    assert score(MovingStd(2), x) == [1, 1, 0, 2.5]


@pytest.mark.parametrize(
    ("x", "flags"),
    [
        ([5, -1, 0, -1], [0, 1, 0, 1]),
        ([5, -1, 0.5, -1], [0, 0, 0, 0]),  # not counts
        ([5, -1, -2, -1], [0, 0, 0, 0]),  # -1 is a value among others
        ([5, 3, 0, 2], [0, 0, 0, 0]),
        ([1, -1, 0, 1], [0, 0, 0, 0]),  # states of 0 and 1
        ([2, -1, 0, 1], [0, 1, 0, 0]),
    ],
)
def test_a_missing_count_is_minus_one_among_whole_numbers(x, flags):
    assert score(MissingFlag(), x) == flags


def test_random_scores_depend_on_seed_and_length_alone():
    assert score(RandomScore(1), np.zeros(5)) == score(RandomScore(1), np.arange(5.0))
    assert score(RandomScore(1), np.zeros(5)) != score(RandomScore(2), np.zeros(5))


GENESIS = [f"Genesis/genesis-anomalies.test.csv@{k}.out" for k in (1, 3, 5, 6, 13, 17)]
DODGERS = ["Dodgers/101-freeway-traffic.test.out"]


@pytest.mark.real
@pytest.mark.parametrize(
    ("detector", "names", "figure"),
    [(TimeIndex, GENESIS, 0.970), (MissingFlag, DODGERS, 0.759), (MovingStd, GENESIS, 0.82)],
)
def test_figures_of_the_protocol_notes(detector, names, figure):
    figures = []
    for name in names:
        x, labels = real_series(name)
        built = detector(estimate_window(x)) if detector is MovingStd else detector()
        figures.append(roc_auc_score(labels, built.fit(x).score(x)))
    assert np.mean(figures) == pytest.approx(figure, abs=0.005)
