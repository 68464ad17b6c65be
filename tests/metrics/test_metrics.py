"""Metrics against slow oracles, scikit-learn, authors' packages, and properties."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.metrics import roc_curve as sklearn_roc_curve

from benchmark.errors import UserError
from benchmark.metrics import METRICS, RULES, Undefined, check, evaluate, measures, metric, ranges, roc_curve, select
from tests.support import naive_metrics as naive
from tests.support.series import labelled, long_series

POINTWISE = ["auroc", "auprc", "best_f1_oracle", "f1_topk"]
RANKING = [*POINTWISE, "point_adjusted_f1_oracle", "range_f1_topk", "vus_roc", "vus_pr"]


@st.composite
def flagged(draw):
    labels, scores = draw(labelled())
    flags = scores > draw(st.integers(-3, 4))
    return labels, flags


# -- oracles -----------------------------------------------------------------------------------------


@given(labelled())
def test_ranking_measures_equal_their_slow_oracles(case):
    labels, scores = case
    assert METRICS["auroc"](labels, scores) == pytest.approx(naive.auroc(labels, scores), abs=1e-12)
    assert METRICS["auprc"](labels, scores) == pytest.approx(naive.average_precision(labels, scores), abs=1e-12)
    assert METRICS["best_f1_oracle"](labels, scores) == pytest.approx(naive.best_f1(labels, scores), abs=1e-12)


@pytest.mark.parametrize("levels", [2, 50, 10**9])
def test_ranking_measures_equal_scikit_learn_on_a_long_series(levels):
    rng = np.random.default_rng(levels)
    labels = (rng.random(100_000) < 0.01).astype(np.uint8)
    scores = rng.integers(0, levels, 100_000).astype(float) + labels * (levels / 4)
    assert METRICS["auroc"](labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert METRICS["auprc"](labels, scores) == pytest.approx(average_precision_score(labels, scores), abs=1e-12)


@given(flagged())
def test_event_wise_measures_count_runs(case):
    labels, flags = case
    if not flags.any():
        return
    hit = np.mean([labels[run].any() for run in naive.runs(flags)])
    found = np.mean([flags[run].any() for run in naive.runs(labels)])
    harmonic = 2 * hit * found / (hit + found) if hit else 0
    given = (measures.event_precision, measures.event_recall, measures.event_f1)
    assert [measure(labels, flags) for measure in given] == pytest.approx([hit, found, harmonic])


@given(flagged())
def test_range_based_equals_its_slow_oracle(case):
    labels, flags = case
    if not flags.any():
        return
    assert ranges.range_based(labels, flags) == pytest.approx(naive.range_based(labels, flags, 0.2), abs=1e-12)


@settings(max_examples=40)
@given(flagged())
def test_affiliation_equals_a_count_on_a_fine_grid(case):
    labels, flags = case
    if not flags.any():
        return
    assert ranges.affiliation(labels, flags) == pytest.approx(naive.affiliation(labels, flags), abs=0.03)


@settings(max_examples=25)
@given(labelled(), st.integers(0, 12))
def test_pate_equals_its_slow_oracle(case, window):
    labels, scores = case
    assert METRICS["pate"](labels, scores, window) == pytest.approx(naive.pate(labels, scores, window), abs=1e-9)


def test_pate_leaves_out_points_at_which_recall_falls():
    """A later first run is longer: when a lone point before it is flagged, what it misses weighs more."""
    labels, scores = np.zeros(70, dtype=np.uint8), np.zeros(70)
    labels[5:65] = 1
    scores[10:28], scores[6], scores[8:10] = 5, 4, 2
    assert METRICS["pate"](labels, scores, 0) == pytest.approx(naive.pate(labels, scores, 0), abs=1e-9)


PATE_GOLDEN = {  # the authors' package PATE 0.1.1, e_buffer = d_buffer = window
    ("smooth", 0): 0.294152846215,
    ("smooth", 7): 0.307891065433,
    ("smooth", 61): 0.419072098356,
    ("ties", 0): 0.449533192458,
    ("ties", 7): 0.478544463583,
    ("ties", 61): 0.560975930576,
}


@pytest.mark.parametrize(("name", "window"), PATE_GOLDEN)
def test_pate_equals_the_authors_package(name, window):
    labels, scores = long_series()
    assert METRICS["pate"](labels, scores[name], window) == pytest.approx(PATE_GOLDEN[name, window], abs=1e-9)


@pytest.mark.parametrize(
    ("name", "affiliation", "ranged"),
    [  # the affiliation code shipped in vus 0.0.6, and prts 1.0.0.3 (alpha .2 for recall, reciprocal, flat)
        ("smooth", (0.79209089422, 0.728131176999), (0.24444444444444444, 0.476)),
        ("ties", (0.88802242857, 0.767574311286), (0.6530612244897959, 0.2613333333333333)),
    ],
)
def test_range_measures_equal_the_authors_packages(name, affiliation, ranged):
    labels, scores = long_series()
    flags = scores[name] > np.quantile(scores[name], 0.9)
    assert ranges.affiliation(labels, flags) == pytest.approx(affiliation, abs=1e-9)
    assert ranges.range_based(labels, flags) == pytest.approx(ranged, abs=1e-12)


# -- laws --------------------------------------------------------------------------------------------


@given(labelled())
def test_measures_do_not_change_under_a_rising_transform(case):
    labels, scores = case
    for name in RANKING:
        assert METRICS[name](labels, np.exp(scores / 3), 5) == pytest.approx(
            METRICS[name](labels, scores, 5), abs=1e-12
        )


@given(labelled())
def test_auroc_of_reversed_scores_or_labels_is_the_complement(case):
    labels, scores = case
    auroc = METRICS["auroc"]
    assert auroc(labels, -scores) == pytest.approx(1 - auroc(labels, scores), abs=1e-12)
    assert auroc(1 - labels, scores) == pytest.approx(1 - auroc(labels, scores), abs=1e-12)


@given(labelled(), st.randoms(use_true_random=False))
def test_point_measures_ignore_the_order_of_points(case, random):
    labels, scores = case
    order = np.array(random.sample(range(len(labels)), len(labels)))
    for name in POINTWISE:
        assert METRICS[name](labels[order], scores[order]) == pytest.approx(METRICS[name](labels, scores), abs=1e-12)


@settings(max_examples=40)
@given(labelled(), st.integers(0, 15))
def test_values_lie_between_0_and_1_or_say_why_not(case, window):
    labels, scores = case
    for name, (value, reason) in evaluate(labels, scores, window, METRICS).items():
        assert reason if np.isnan(value) else 0 <= value <= 1 + 1e-12, name


@given(labelled())
def test_the_labels_themselves_are_a_perfect_score(case):
    labels, _ = case
    for name in (*RANKING[:6], "affiliation_f1_topk"):
        assert METRICS[name](labels, labels.astype(float)) == pytest.approx(1.0), name


@pytest.mark.parametrize("value", [0.0, 3.7])
def test_constant_scores_are_chance(value):
    labels = np.array([0, 1, 0, 0], dtype=np.uint8)
    assert METRICS["auroc"](labels, np.full(4, value)) == 0.5
    assert METRICS["auprc"](labels, np.full(4, value)) == 0.25


# -- what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [0, 1])
def test_labels_of_one_class_are_an_error_in_every_measure(label):
    labels, scores = np.full(5, label), np.arange(5.0)
    for name in METRICS:
        with pytest.raises(Undefined, match=f"all 5 labels are {label}"):
            METRICS[name](labels, scores, 2)
    values = evaluate(labels, scores, 2)
    assert set(values) == {"auroc", "auprc", "vus_roc", "vus_pr"}
    assert all(np.isnan(v.value) and "labels" in v.reason for v in values.values())


@pytest.mark.parametrize(
    ("labels", "scores", "text"),
    [
        ([0, 1], [0.0, np.nan], "score at row 1 is nan"),
        ([0, 2], [0.0, 1.0], "label at row 1 is 2"),
        ([0, 1, 1], [0.0, 1.0], "one equal length"),
    ],
)
def test_bad_input_is_named(labels, scores, text):
    with pytest.raises(ValueError, match=text):
        check(labels, scores)


def test_precision_without_flags_is_undefined_and_recall_zero():
    labels, scores = np.array([0, 1, 0, 1, 0]), np.array([0.0, 1.0, 0.0, 1.0, 0.0])
    values = evaluate(labels, scores, 2, ["precision_3sigma", "recall_3sigma", "range_f1_3sigma"])
    assert np.isnan(values["precision_3sigma"].value)
    assert "no point is flagged" in values["precision_3sigma"].reason
    assert values["recall_3sigma"].value == values["range_f1_3sigma"].value == 0.0


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(UserError, match="unknown metric 'aurocc': did you mean auroc"):
        select(["aurocc"])


def test_every_unknown_name_is_told():
    with pytest.raises(UserError, match=r"'aurocc': did you mean auroc.*; .*'vus_rp': did you mean vus_pr"):
        select(name for name in ("auroc", "aurocc", "vus_rp"))


# -- single measures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("peak", "hit"), [(399, 0), (401, 1), (500, 1), (608, 1), (610, 0)])
def test_ucr_score_allows_100_points_on_either_side(peak, hit):
    labels = np.zeros(1000, dtype=np.uint8)
    labels[500:510] = 1
    scores = np.zeros(1000)
    scores[peak] = 1
    assert METRICS["ucr_score"](labels, scores) == hit
    labels[700] = 1
    with pytest.raises(Undefined, match="has 2"):
        METRICS["ucr_score"](labels, scores)


def test_point_adjustment_never_travels_without_the_value_of_noise():
    assert [m.name for m in select(["point_adjusted_f1_oracle"])] == [
        "point_adjusted_f1_oracle",
        "point_adjusted_f1_random",
    ]
    labels = np.zeros(2000, dtype=np.uint8)
    labels[500:900] = 1
    values = evaluate(labels, np.random.default_rng(3).random(2000), 10, ["point_adjusted_f1_oracle", "best_f1_oracle"])
    assert values["point_adjusted_f1_oracle"].value > 0.95  # noise looks excellent ...
    assert values["point_adjusted_f1_random"].value > 0.95  # ... and so says its companion
    again = evaluate(labels, np.arange(2000.0), 10, ["point_adjusted_f1_random"])
    assert again["point_adjusted_f1_random"] == values["point_adjusted_f1_random"], "of the labels alone"
    assert values["best_f1_oracle"].value < 0.4


def test_every_threshold_measure_names_its_rule():
    for name, m in METRICS.items():
        assert m.compute.__doc__, name
        assert m.source, name
        if any(word in name for word in ("precision", "recall", "f1")):
            assert m.rule, name
            assert name.endswith((*RULES, "_oracle", "_random")) or name.startswith("tsb_ad_"), name


def test_a_new_measure_is_one_function():
    try:

        @metric("share of anomalies", "this test")
        def density(labels, scores, window):
            """How dense."""
            return float(labels.mean())

        assert evaluate([0, 1], [0.0, 1.0], 1, ["density"])["density"].value == 0.5
    finally:
        METRICS.pop("density", None)


# -- curves ------------------------------------------------------------------------------------------


@given(labelled())
def test_roc_curve_of_few_points_is_exact(case):
    labels, scores = case
    fpr, tpr = roc_curve(labels, scores)
    full = sklearn_roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose((fpr, tpr), full[:2], atol=1e-12)
    assert np.trapezoid(tpr, fpr) == pytest.approx(METRICS["auroc"](labels, scores), abs=1e-12)


@pytest.mark.parametrize("max_points", [100, 400])
def test_roc_curve_is_thinned_without_losing_area(max_points):
    rng = np.random.default_rng(1)
    labels = (rng.random(50_000) < 0.1).astype(np.uint8)
    scores = rng.normal(size=50_000) + labels
    fpr, tpr = roc_curve(labels, scores, max_points)
    assert len(fpr) <= max_points
    assert (fpr[0], tpr[0], fpr[-1], tpr[-1]) == (0, 0, 1, 1)
    assert (np.diff(fpr) >= 0).all()
    assert (np.diff(tpr) >= 0).all()
    assert np.trapezoid(tpr, fpr) == pytest.approx(METRICS["auroc"](labels, scores), abs=2e-4)


def test_importing_metrics_and_statistics_costs_only_numpy():
    code = (
        "import sys, benchmark.metrics, benchmark.statistics, benchmark.report.plots.cd_diagram\n"
        "assert not {'pandas', 'scipy', 'sklearn', 'matplotlib', 'numba', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_three_sigma_is_the_deviation_of_the_scores_themselves() -> None:
    """The highest of eleven scores lies between the bounds by n and by n - 1."""
    scores = np.array([0.0] * 9 + [0.2, 1.0])
    assert scores.mean() + 3 * scores.std() < 1.0 < scores.mean() + 3 * scores.std(ddof=1)
    assert METRICS["recall_3sigma"]([0] * 10 + [1], scores) == 1.0


def test_what_random_scores_get_is_the_mean_of_twenty_draws() -> None:
    labels = np.array([0, 0, 1, 1, 1, 0, 0, 0, 1, 0], dtype=np.uint8)
    rng, found = np.random.default_rng(0), []
    for _ in range(20):
        scores = rng.random(10)
        scores[2:5] = scores[2:5].max()
        flags = [scores >= level for level in scores]
        found.append(max(2 * (f & (labels == 1)).sum() / (f.sum() + 4) for f in flags))
    assert METRICS["point_adjusted_f1_random"](labels, labels) == pytest.approx(np.mean(found))


def test_the_companion_of_a_measure_comes_with_it() -> None:
    names = [m.name for m in select(["point_adjusted_f1_oracle", "auroc"])]
    assert names == ["point_adjusted_f1_oracle", "point_adjusted_f1_random", "auroc"]
