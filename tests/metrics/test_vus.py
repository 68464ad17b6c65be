"""VUS against a slow oracle, the authors' package and its recorded figures, and properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.metrics import METRICS
from benchmark.metrics.vus import volume_under_surface
from tests.support import naive_metrics as naive
from tests.support.series import labelled, long_series

GOLDEN = {  # vus 0.0.6, metricor().RangeAUC_volume_opt(labels, scores, window, 250)
    ("smooth", 0): (0.57115625, 0.245925910406),
    ("smooth", 1): (0.57115625, 0.245925910406),
    ("smooth", 7): (0.613071704931, 0.280161889917),
    ("smooth", 24): (0.681608417298, 0.323887499429),
    ("smooth", 61): (0.760389646645, 0.407816282758),
    ("ties", 0): (0.632348557692, 0.295238539382),
    ("ties", 7): (0.7066123117, 0.40838630134),
    ("ties", 24): (0.774838557085, 0.492166042536),
    ("ties", 61): (0.831408320817, 0.54989050502),
}


@pytest.mark.parametrize(("name", "window"), GOLDEN)
def test_values_equal_those_of_the_authors_package(name, window):
    labels, scores = long_series()
    assert volume_under_surface(labels, scores[name], window) == pytest.approx(GOLDEN[name, window], abs=1e-9)


@settings(max_examples=25)
@given(labelled(), st.integers(0, 17), st.sampled_from([3, 40]))
def test_equals_its_slow_oracle(case, window, n_thresholds):
    labels, scores = case
    got = volume_under_surface(labels, scores, window, n_thresholds)
    assert got == pytest.approx(naive.volumes(labels, scores, window, n_thresholds), abs=1e-10)


def test_equals_the_installed_package():
    package = pytest.importorskip(
        "vus.utils.metrics",
        reason="needs the authors' package: pip install --no-deps vus tqdm",
    )
    rng = np.random.default_rng(5)
    for window in (0, 3, 50, 120):
        labels = (np.convolve(rng.normal(size=3000), np.ones(30), "same") > 7).astype(np.uint8)
        scores = rng.normal(size=3000) + labels
        theirs = package.metricor().RangeAUC_volume_opt(labels.astype(int), scores, window, 250)[-2:]
        assert volume_under_surface(labels, scores, window) == pytest.approx(theirs, abs=1e-6)


def test_of_one_segment_without_a_buffer_and_with_every_threshold_it_is_the_auroc():
    rng = np.random.default_rng(0)
    labels = np.zeros(200, dtype=np.uint8)
    labels[90:110] = 1
    scores = rng.normal(size=200) + 2 * labels
    # One segment: before its first flagged point recall is 0 anyhow, from there on everything is seen.
    assert volume_under_surface(labels, scores, 0, 200).roc == pytest.approx(
        METRICS["auroc"](labels, scores), abs=1e-12
    )


@given(labelled(), st.integers(2, 9))
def test_mirrored_in_time_it_is_the_same(case, window):
    labels, scores = case
    there = volume_under_surface(labels, scores, window)
    assert volume_under_surface(labels[::-1], scores[::-1], window) == pytest.approx(there, abs=1e-12)


def test_a_late_detection_gains_with_the_buffer_and_auroc_does_not():
    labels = np.zeros(1000, dtype=np.uint8)
    labels[500:520] = 1
    scores = np.roll(labels, 15).astype(float)
    narrow, wide = (volume_under_surface(labels, scores, w).roc for w in (2, 80))
    assert wide > narrow + 0.1


def test_a_negative_buffer_is_refused():
    labels, scores = long_series()
    with pytest.raises(ValueError, match="window=-1"):
        volume_under_surface(labels, scores["ties"], -1)
