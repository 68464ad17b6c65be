"""Our detectors pass the checks of scikit-learn and PyOD."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler
from sklearn.utils.estimator_checks import check_estimator

from benchmark.adapters.as_pyod import AsPyOD
from benchmark.adapters.as_sklearn import AsSklearn
from benchmark.catalogue import registry
from detectors import HBOS, LOF, AbsDeviation, IForest
from detectors.core import Array

APART = "aeon has other pins than ours: test_apart.py (slow) runs this in an environment of its own"
ORDER = "a series is ordered: a point is scored with those around it"
# Checks of scikit-learn that no detector of a series can pass, and why.
EXPECTED_TO_FAIL = {
    "check_methods_sample_order_invariance": ORDER,
    "check_methods_subset_invariance": ORDER,
}


def wave(n: int = 400) -> Array:
    x = np.sin(np.arange(n) / 4) + 0.1 * np.random.default_rng(0).standard_normal(n)
    x[300:305] += 3
    return x[:, None]


LABELS = np.where((np.arange(400) >= 300) & (np.arange(400) < 305), -1, 1)


# -- scikit-learn ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("detector", "expected"),
    [
        (AbsDeviation(), {"check_methods_subset_invariance": "its median is that of the scored series"}),
        (HBOS(window=4), EXPECTED_TO_FAIL),
        (IForest(window=4, n_estimators=10), EXPECTED_TO_FAIL),
    ],
    ids=["AbsDeviation", "HBOS", "IForest"],
)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_own_checks(detector: Any, expected: dict[str, str]) -> None:
    done = check_estimator(AsSklearn(detector, column=0), expected_failed_checks=expected, on_fail=None)
    failed = {result["check_name"]: result["exception"] for result in done if result["status"] == "failed"}
    assert not failed
    passed = [result for result in done if result["status"] == "passed"]
    assert len(passed) > 30
    unexpected = {r["check_name"] for r in done if r["check_name"] in expected and r["status"] != "xfail"}
    assert not unexpected, "remove what passes from the list"


def test_every_detector_can_be_cloned_and_its_parameters_reached() -> None:
    for cls in registry.detectors().values():
        estimator = AsSklearn(cls())
        assert clone(estimator).detector.get_params() == cls().get_params()
        names = {name.removeprefix("detector__") for name in estimator.get_params() if name.startswith("detector__")}
        assert names == set(cls.param_defaults())


def test_in_a_pipeline_it_scores_as_it_does_alone() -> None:
    pipeline = make_pipeline(RobustScaler(), AsSklearn(LOF(window=20), contamination=0.05)).fit(wave())
    alone = LOF(window=20)
    scaled = RobustScaler().fit_transform(wave())[:, 0]
    np.testing.assert_array_equal(pipeline.score_samples(wave()), -alone.fit(scaled).score(scaled))
    assert set(pipeline.predict(wave())) == {-1, 1}
    assert pipeline.predict(wave())[300:305].min() == -1


def test_a_threshold_is_computed_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    model = AsSklearn(LOF(window=20), contamination=0.05)
    with pytest.raises(NotFittedError):
        _ = model.offset_
    asked: list[float] = []
    monkeypatch.setattr(LOF, "threshold", lambda self, rule, share: asked.append(share) or 2.0)
    model.fit(wave()).score_samples(wave())
    assert not asked
    assert model.offset_ == -2
    assert asked == [0.05]


def test_model_selection_chooses_a_window() -> None:
    x = np.vstack([wave(), wave(), wave()])
    labels = np.r_[LABELS, LABELS, LABELS]
    search = GridSearchCV(
        AsSklearn(LOF()), {"detector__window": [2, 20]}, scoring="roc_auc", cv=TimeSeriesSplit(2, test_size=400)
    ).fit(x, labels)
    by_hand = {}
    for window in (2, 20):
        scores = [
            _auroc(labels[test], -LOF(window=window).fit(x[train, 0]).score(x[test, 0]))
            for train, test in TimeSeriesSplit(2, test_size=400).split(x)
        ]
        by_hand[window] = float(np.mean(scores))
    assert search.best_params_ == {"detector__window": max(by_hand, key=lambda w: by_hand[w])}
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], [by_hand[2], by_hand[20]])


def _auroc(labels: Any, scores: Array) -> float:
    inlier, outlier = scores[labels == 1], scores[labels == -1]
    return float((inlier[:, None] > outlier).mean() + 0.5 * (inlier[:, None] == outlier).mean())


def test_contamination_is_the_share_of_outliers() -> None:
    for share in (0.01, 0.05, 0.2):
        found = AsSklearn(LOF(window=20), contamination=share).fit_predict(wave())
        assert abs((found == -1).mean() - share) <= 2 / 400


def test_several_columns_are_refused_unless_one_is_named() -> None:
    x = np.hstack([np.zeros((400, 1)), wave()])
    with pytest.raises(ValueError, match="X has 2 columns, a series is one of them"):
        AsSklearn(LOF(window=20)).fit(x)
    named = AsSklearn(LOF(window=20), column=1).fit(x).score_samples(x)
    np.testing.assert_array_equal(named, AsSklearn(LOF(window=20)).fit(wave()).score_samples(wave()))


# -- PyOD --------------------------------------------------------------------------------------------


def test_pyods_attributes_and_methods() -> None:
    detector = AsPyOD(LOF(window=20), contamination=0.05).fit(wave())
    own = LOF(window=20).fit(wave()[:, 0])
    np.testing.assert_array_equal(detector.decision_scores_, own.score(wave()[:, 0]))
    np.testing.assert_array_equal(detector.decision_function(wave()), detector.decision_scores_)
    np.testing.assert_array_equal(detector.labels_, (detector.decision_scores_ > detector.threshold_).astype(int))
    np.testing.assert_array_equal(detector.predict(wave()), detector.labels_)
    assert detector.labels_.mean() == pytest.approx(0.05, abs=0.005)
    probability = detector.predict_proba(wave())
    assert probability.shape == (400, 2)
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    assert clone(detector).get_params()["detector__window"] == 20
    with pytest.raises(ValueError, match="2 columns"):
        detector.fit(np.zeros((9, 2)))


def test_pyods_combinations_take_it() -> None:
    from pyod.models.combination import average
    from pyod.utils.utility import standardizer

    both = [AsPyOD(detector).fit(wave()).decision_scores_ for detector in (LOF(window=20), HBOS(window=20))]
    joined = average(standardizer(np.column_stack(both)))
    assert abs(int(joined.argmax()) - 302) <= 10


# -- aeon --------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
def test_aeons_own_checks() -> None:
    pytest.importorskip("aeon", reason=APART)
    from aeon.testing.estimator_checking import check_estimator as check_aeon

    from benchmark.adapters.as_aeon import AsAeon

    results = check_aeon(AsAeon, raise_exceptions=False, verbose=False)
    assert not {name: what for name, what in results.items() if what != "PASSED" and "SKIPPED" not in what}
    assert len(results) > 10


@pytest.mark.filterwarnings("ignore")
def test_aeons_axes() -> None:
    pytest.importorskip("aeon", reason=APART)
    from benchmark.adapters.as_aeon import AsAeon

    x = wave()[:, 0]
    own = LOF(window=20).fit(x).score(x)
    for given, axis in ((x, 1), (x[:, None], 0), (x[None], 1)):
        np.testing.assert_array_equal(AsAeon(LOF(window=20)).fit_predict(given, axis=axis), own)
        np.testing.assert_array_equal(AsAeon(LOF(window=20)).fit(given, axis=axis).predict(given, axis=axis), own)


def test_a_score_at_the_threshold_is_an_outlier(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(size=(60, 1))
    model = AsSklearn(HBOS(window=4)).fit(x)
    level = float(-model.score_samples(x)[30])
    monkeypatch.setattr(HBOS, "threshold", lambda *_: level)
    assert model.predict(x)[30] == -1
