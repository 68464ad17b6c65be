"""Protocols: the rows that fit may see, checked point by point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.errors import UserError
from benchmark.grid import Inapplicable, count_fitted, fitted_parts, protocols, splits
from benchmark.grid.protocols import PROTOCOLS
from benchmark.grid.splits import normal_spans
from datasets.core.base import Series
from detectors import KMeansAD
from detectors.core import Array, Detector, WindowDetector
from detectors.core.windows import Windows


class Unsupervised(WindowDetector):
    """Stands for a detector of windows."""

    def _fit_windows(self, windows: Windows) -> None: ...

    def _score_windows(self, windows: Windows) -> Array:
        return np.zeros(len(windows))


class SemiSupervised(Unsupervised):
    """Stands for one that expects normal data."""

    learns_from = "normal"


def series(n: int = 1000, anomalies: tuple[tuple[int, int], ...] = ((50, 60), (700, 720)), train: int = 0) -> Series:
    values = np.sin(np.arange(n) * 2 * np.pi / 25) + np.linspace(0, 0.1, n)
    labels = np.zeros(n, dtype=np.uint8)
    for a, b in anomalies:
        labels[a:b] = 1
    return Series("Toy", "toy_tr_200_1st_700", values, labels, train=np.arange(train, dtype=float) if train else None)


def rows_seen(one: Series, protocol: str, detector: Detector) -> list[set[int]]:
    splits = PROTOCOLS[protocol].splits(one, detector, PROTOCOLS[protocol].first_row)
    return [{row for a, b in split.train or () for row in range(a, b)} for split in splits]


def test_tsb_uad_gives_the_whole_series_to_unsupervised_and_a_tenth_to_semi_supervised() -> None:
    assert rows_seen(series(), "tsb-uad", Unsupervised()) == [set(range(1000))]
    assert rows_seen(series(1009), "tsb-uad", SemiSupervised()) == [set(range(100))]


def test_authors_csv_drops_the_first_row_everywhere() -> None:
    assert rows_seen(series(), "authors-csv", Unsupervised()) == [set(range(1, 1000))]
    assert rows_seen(series(1001), "authors-csv", SemiSupervised()) == [set(range(1, 101))]


def test_a_name_with_more_training_rows_than_the_file_has_fits_nothing() -> None:
    assert rows_seen(series(200), "tsb-ad", SemiSupervised()) == [set(range(200))]
    with pytest.raises(Inapplicable, match="200 training rows, the series has 199"):
        rows_seen(series(199), "tsb-ad", SemiSupervised())


@pytest.mark.parametrize("name", [p for p in PROTOCOLS if "normal" in p])
def test_protocols_that_use_labels_fit_no_labelled_anomaly(name: str) -> None:
    one = series()
    for seen in rows_seen(one, name, SemiSupervised()):
        assert not one.labels[sorted(seen)].any()


@pytest.mark.parametrize("name", [p for p in PROTOCOLS if "normal" not in p])
def test_the_others_fit_the_same_rows_whatever_the_labels(name: str) -> None:
    for detector in (Unsupervised(), SemiSupervised()):
        relabelled = series(anomalies=((1, 900),))
        assert rows_seen(series(), name, detector) == rows_seen(relabelled, name, detector)


@given(st.integers(200, 600), st.integers(5, 40), st.data())
def test_crossfit_scores_every_row_once_by_a_model_that_saw_nothing_within_a_window(
    n: int, window: int, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, n - 10))
    one = series(n, ((start, start + 10),))
    splits = PROTOCOLS["normal-crossfit"].splits(one, SemiSupervised(window=window), 0)
    kept = [row for split in splits for row in range(*split.keep)]
    assert kept == list(range(n))
    for split in splits:
        seen = np.array([row for a, b in split.train or () for row in range(a, b)])
        scored = np.arange(*split.keep)
        assert split.test[0] <= split.keep[0]
        assert split.keep[1] <= split.test[1]
        if len(seen):
            assert np.abs(seen[:, None] - scored[None, :]).min() > window - 1


def test_prefix_uses_the_shipped_training_series_where_there_is_one() -> None:
    one = series(train=300)
    (split,) = PROTOCOLS["prefix"].splits(one, Unsupervised(), 0)
    assert split.train is None
    assert [len(p) for p in fitted_parts(one, split)] == [300]
    assert count_fitted(one, [split]) == (300, 0)
    assert rows_seen(series(), "prefix", Unsupervised()) == [set(range(100))]


def test_what_fit_saw_is_counted_with_its_labelled_points() -> None:
    one = series()
    splits = PROTOCOLS["prefix"].splits(one, Unsupervised(), 0)
    assert count_fitted(one, splits) == (100, 10)


def test_a_series_without_normal_rows_cannot_play_normal_only() -> None:
    one = series(anomalies=((0, 1000),))
    (split,) = PROTOCOLS["normal-only"].splits(one, SemiSupervised(), 0)
    with pytest.raises(Inapplicable, match="no normal part"):
        fitted_parts(one, split)


@given(st.lists(st.integers(0, 1), min_size=1, max_size=60), st.data())
def test_normal_spans_are_exactly_the_normal_rows(labels: list[int], data: st.DataObject) -> None:
    a = data.draw(st.integers(0, len(labels)))
    b = data.draw(st.integers(a, len(labels)))
    spans = normal_spans(np.array(labels, dtype=np.uint8), (a, b))
    assert [row for s in spans for row in range(*s)] == [row for row in range(a, b) if labels[row] == 0]


def test_configure_sets_the_window_but_not_over_the_users() -> None:
    one = series()
    detector = Unsupervised()
    PROTOCOLS["tsb-uad"].configure(detector, one)
    assert detector.window == 25
    detector = Unsupervised(window=40)
    PROTOCOLS["tsb-uad"].configure(detector, one, frozenset({"window"}))
    assert detector.window == 40


def test_rounding_happens_on_min_max_scores_and_survives_constant_ones() -> None:
    scores = np.array([2.0, 4.0, 3.011])
    assert PROTOCOLS["authors-csv"].scores_for_metric(scores).tolist() == [0.0, 1.0, 0.51]
    assert PROTOCOLS["authors-csv"].scores_for_metric(np.full(3, 7.0)).tolist() == [0.0, 0.0, 0.0]
    assert PROTOCOLS["tsb-uad"].scores_for_metric(scores) is scores


def test_an_unknown_protocol_gets_the_nearest_name() -> None:
    with pytest.raises(UserError, match="did you mean normal-only"):
        protocols.get("normalonly")


def test_a_variant_changes_single_fields() -> None:
    variant = protocols.get("authors-csv:decimals=none:first_row=0:window=package:align=end")
    assert (variant.decimals, variant.first_row, variant.align) == (None, 0, "end")
    assert variant.window is splits.window_package
    assert variant.overrides == PROTOCOLS["authors-csv"].overrides
    for wrong in ("tsb-uad:aling=end", "tsb-uad:align=centr", "tsb-uad:window=packag", "tsb-uad:decimal=2"):
        with pytest.raises(UserError, match="did you mean"):
            protocols.get(wrong)


@pytest.mark.parametrize(
    ("rule", "name"), [("published", "tsb-uad"), ("package", "tsb-uad-package"), ("authors", "authors-csv")]
)
def test_a_window_rule_by_its_name_is_that_of_its_protocol(rule: str, name: str) -> None:
    assert protocols.get(f"prefix:window={rule}").window is PROTOCOLS[name].window


def test_a_window_of_one_detector_goes_before_that_of_all() -> None:
    class Own(Unsupervised):
        """Its name is in the protocol."""

    one = replace(PROTOCOLS["tsb-uad"], windows={"Own": lambda series: 7}, window=lambda series: 9)
    for cls, window in ((Own, 7), (Unsupervised, 9)):
        detector = cls()
        one.configure(detector, series())
        assert detector.window == window


def test_an_alignment_of_the_detectors_own_stays() -> None:
    own, usual = KMeansAD(window=20), Unsupervised(window=20)
    for detector in (own, usual):
        protocols.get("tsb-uad:align=end").configure(detector, series())
    assert (own.align, usual.align) == ("mean", "end")
