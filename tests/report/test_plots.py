"""Figures: what they average, how they are labelled, and that decimated traces keep every extreme."""

from __future__ import annotations

import base64
import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.report.cells.source import Source
from benchmark.report.page import cards, html, traces
from benchmark.report.plots import quality, roc, style, training
from benchmark.report.plots.roc import GRID, Curve
from benchmark.report.tables.model import Entry, Row, Table
from tests.support.made_up import StandIn


def curves(n_detectors: int, n_one_liners: int = 3, n_series: int = 4) -> list[Curve]:
    made = []
    for k in range(n_detectors + n_one_liners):
        mean = GRID ** (0.2 + 0.05 * k)
        group = "classical" if k < n_detectors else "one-liner"
        made.append(Curve(f"Detector{k}", group, 1 / (1.2 + 0.05 * k), n_series, mean, np.full(len(GRID), 0.05)))
    return made


def test_the_mean_curve_is_the_mean_of_the_rates_at_equal_false_positives() -> None:
    """Of one series whose labels are the scores, and one whose scores are all equal."""
    ((_, (curve,)),) = of_cells(series=["perfect", "chance"], keys=["0", "equal"])
    inner = GRID > 0
    np.testing.assert_allclose(curve.mean[inner], (1 + GRID[inner]) / 2, atol=1e-12)
    np.testing.assert_allclose(curve.spread[inner], (1 - GRID[inner]) / 2, atol=1e-12)
    assert np.trapezoid(curve.mean, GRID) == pytest.approx(0.75, abs=1e-3)


def test_a_published_figure_is_a_bar_and_ours_a_dot() -> None:
    entries = {"A": Entry(0.75, 2, 2, published=0.5), "B": Entry(0.625, 2, 2)}
    table = Table("", "", "auroc", ("A", "B"), (Row("LOF", "LOF", "classical", "tsb-uad", entries),), main=True)
    first = quality.published_figure(table).axes[0]
    bars = [list(line.get_xdata()) for line in first.lines if line.get_marker() == "|"]
    dots = [list(line.get_xdata()) for line in first.lines if line.get_marker() not in ("|", "None", None, "")]
    assert bars == [[0.5]]
    assert [0.75] in dots


def test_a_curve_that_bends_early_keeps_its_area() -> None:
    assert np.trapezoid(np.interp(GRID, [0.0, 0.002, 1.0], [0.0, 1.0, 1.0]), GRID) == pytest.approx(0.999, abs=3e-4)


@pytest.mark.parametrize("n", [1, 5, 13, 14, 15])
def test_each_detector_has_a_panel_of_its_own_and_the_one_liners_share_one(n: int) -> None:
    figure = roc.roc_figure(curves(n), "MGAB")
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    titles = [axes.get_title(loc="left") for axes in panels]
    assert titles == [*(f"Detector{k}" for k in range(n)), "Trivial baselines"], "best first, trivial baselines last"
    for axes in panels[:-1]:
        bold = [line for line in axes.lines if line.get_linewidth() > 1.5]
        assert len(bold) == 1
        assert len(axes.collections) == 1, "the band"
    assert len(panels[-1].lines) == 1 + 3
    assert [axes for axes in figure.axes if axes.axison] == panels, "the legend and what is left of the grid are bare"


def test_one_series_has_no_band() -> None:
    figure = roc.roc_figure(curves(2, n_series=1), "Dodgers")
    assert all(not axes.collections for axes in figure.axes)
    assert "band" not in figure.get_supxlabel()


def test_equal_figures_are_equal_files() -> None:
    one, other = (style.render(roc.roc_figure(curves(3), "MGAB"), "svg") for _ in range(2))
    assert one == other
    assert style.render(roc.roc_figure(curves(3), "MGAB"), "png")[:4] == b"\x89PNG"


@pytest.mark.parametrize("worst", [0.0, 0.1, 0.26, 0.6])
def test_a_figure_below_chance_is_drawn_inside_the_axes(worst: float) -> None:
    names = ("Dodgers", "MGAB")
    hbos = Row("HBOS", "HBOS", "classical", "tsb-uad", dict.fromkeys(names, Entry(worst, published=0.3)))
    mine = Row("Mine", "Mine", "plug-in", "tsb-uad", dict.fromkeys(names, Entry(0.9)))
    for axes in quality.published_figure(Table("", "", "auroc", names, (hbos, mine), main=True)).axes:
        low, high = axes.get_xlim()
        assert low < worst
        assert high > 1
        assert min(axes.get_xticks()) >= low


def test_pictures_name_protocol_and_seeds() -> None:
    names = ("Dodgers",)
    row = Row("AE", "AE", "neural", "tsb-uad", dict.fromkeys(names, Entry(0.6, seeds=3, published=0.3)))
    mine = Row("Flow", "Flow", "plug-in", "normal-only", dict.fromkeys(names, Entry(0.9, seeds=1)))
    caption = "Protocol: tsb-uad (Flow: normal-only). Seeds: 3 (Flow: 1)."
    glance = quality.published_figure(Table("", "", "auroc", names, (row, mine), main=True))
    timed = quality.time_figure([quality.Point("AE", "neural", "tsb-uad", 1.0, 0.6)], "time", caption)
    for shown in (glance.get_supxlabel(), timed.get_supxlabel()):
        assert " ".join(shown.split()) == caption
    written = [text.get_text() for text in roc.roc_figure(curves(2), "MGAB", caption).texts]
    assert caption in [" ".join(line.split()) for line in written]


@pytest.mark.parametrize("n", [1, 14, 42])
def test_rows_of_the_time_picture_stay_apart_whatever_their_times(n: int) -> None:
    points = [quality.Point(f"Detector {k}", "classical", "tsb-uad", 1 + k / 1000, 0.7 + k / 1000) for k in range(n)]
    figure = quality.time_figure(points, "time")
    figure.draw_without_rendering()
    quality_axes, time_axes = figure.axes
    boxes = [label.get_window_extent() for label in quality_axes.get_yticklabels()]
    assert [label.get_text() for label in quality_axes.get_yticklabels()] == [point[0] for point in reversed(points)]
    for axes in figure.axes:
        low, high = axes.get_xlim()
        ticks = [label for label in axes.get_xticklabels(which="both") if low <= label.get_position()[0] <= high]
        boxes += [label.get_window_extent() for label in ticks if label.get_text()]
    assert sum(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i]) == 0
    assert [len(line.get_xdata()) for axes in figure.axes for line in axes.lines] == [n, n]
    assert time_axes.get_xscale() == "log"


def test_a_row_is_bold_where_none_of_its_protocol_is_both_faster_and_better() -> None:
    rows = {"best": (9.0, 0.9), "fast": (1.0, 0.8), "slower": (2.0, 0.8), "worse": (1.0, 0.7), "instant": (0.0, 0.5)}
    points = [quality.Point(name, "neural", "tsb-uad", *place) for name, place in rows.items()]
    points.append(quality.Point("saw normal data", "neural", "normal-only", 0.0, 0.99))
    figure = quality.time_figure(points, "time")
    labels = figure.axes[0].get_yticklabels()
    assert [label.get_text() for label in labels if label.get_fontweight() == "bold"] == [
        "saw normal data",
        "best",
        "fast",
        "instant",
    ]


def test_losses_that_diverge_or_lack_a_part_are_drawn() -> None:
    histories = {
        "Dodgers": {
            "1": {"stage 1 train": [1.0, 0.1], "stage 1 validation": [1.0, 0.2], "stage 2 train": [-1.0, -5.0]}
        },
        "MGAB": {"1": {"stage 1 train": [1.0, float("nan")]}, "2": {"stage 1 train": []}},
    }
    figure = training.training_figure(histories, "Proposed")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Dodgers stage 1", "Dodgers stage 2", "MGAB stage 1", "MGAB stage 2"]
    assert [len(axes.lines) for axes in figure.axes] == [2, 1, 2, 0]
    figure.draw_without_rendering()


def test_one_exploding_series_does_not_flatten_the_losses_of_the_others() -> None:
    tame = {str(k): {"stage 2 train": [2.0, 0.0, -3.0]} for k in range(5)}
    wild = tame | {"wild": {"stage 2 train": [1.0, 6e7, 2e7]}}
    for histories, scale in ((tame, "linear"), (wild, "symlog")):
        axes = training.training_figure({"NASA-MSL": histories}, "Proposed").axes[0]
        assert axes.get_yscale() == scale
    low, high = axes.transAxes.inverted().transform(axes.transData.transform([(1, -3.0), (1, 2.0)]))[:, 1]
    assert high - low > 0.1


def test_a_logarithmic_axis_of_losses_has_plain_numbers() -> None:
    for losses, scale in (([1.0, 30.0, 900.0], "log"), ([1.0, 0.5, -3.0, 6e7], "symlog")):
        axes = training.training_figure({"Genesis": {"1": {"train": losses}}}, "ScaleFlow").axes[0]
        axes.figure.draw_without_rendering()
        assert axes.get_yscale() == scale
        assert not [text for text in axes.get_yticklabels() if "$" in text.get_text()]


def test_every_colour_of_a_page_is_defined_there() -> None:
    css = html.packaged("report.css")
    used = {*style.GROUPS, *re.findall(r"var\(--([\w-]+)", css + " ".join(style.THEME.values()))}
    assert used <= set(re.findall(r"--([\w-]+):", css))
    assert style.apply_theme(f'<svg style="stroke: {style.INK}">') == '<svg style="stroke: var(--ink)">'


# -- traces ------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_no_peak_is_lost(n: int, buckets: int, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=n)
    kept = traces.min_max(x, buckets)
    assert len(kept) == min(n, 2 * buckets)
    if n > 2 * buckets:
        for k, (low, high) in enumerate(kept.reshape(-1, 2)):
            part = x[k * n // buckets : (k + 1) * n // buckets]
            assert (low, high) == (part.min(), part.max())


def test_a_trace_decodes_to_half_a_step() -> None:
    x = np.random.default_rng(0).normal(size=500)
    trace = traces.encode(x, 1000, first_row=7)
    decoded = np.frombuffer(base64.b64decode(trace["data"]), np.uint8) / 255 * (trace["high"] - trace["low"])
    assert np.abs(decoded + trace["low"] - x).max() <= (x.max() - x.min()) / 510 + 1e-12
    assert (trace["first"], trace["n"]) == (7, 500)


def test_a_thinned_trace_keeps_stretches_whole_and_16_bits_are_finer() -> None:
    x = np.random.default_rng(0).normal(size=5000)
    stretches = [(10, 40), (900, 960)]
    for bits, kind in ((8, "u1"), (16, "<u2")):
        trace = traces.encode(x, 64, first_row=5, stretches=stretches, bits=bits)  # type: ignore[arg-type]
        fine = np.frombuffer(base64.b64decode(trace["fine"]), kind) / (2**bits - 1)
        found = fine * (trace["high"] - trace["low"]) + trace["low"]
        expected = np.concatenate([x[5:35], x[895:955]])
        assert np.abs(found - expected).max() <= (x.max() - x.min()) / (2 ** (bits + 1) - 2) + 1e-12
        assert trace.get("bits", 8) == bits
    assert "fine" not in traces.encode(x, 5000, stretches=stretches), "nothing was thinned"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 480), st.integers(1, 20)), max_size=6), st.sampled_from([0.0, 0.25, 1.0]))
def test_stretches_hold_every_anomaly_and_do_not_overlap(pieces: list[tuple[int, int]], share: float) -> None:
    labels = np.zeros(500, dtype=np.uint8)
    for start, length in pieces:
        labels[start : start + length] = 1
    found = traces.around(traces.anomalous_rows(labels), 500, share)
    inside = np.zeros(500, dtype=bool)
    for start, stop in found:
        assert 0 <= start < stop <= 500
        assert not inside[start:stop].any()
        inside[start:stop] = True
    assert inside[labels == 1].all()
    assert all(a[1] < b[0] for a, b in pairwise(found))


def test_a_constant_trace_is_flat() -> None:
    assert set(base64.b64decode(traces.encode(np.full(9, 3.5), 100)["data"])) == {0}


@pytest.mark.parametrize("n_traces", [1, 880, 4400, 9000])
def test_traces_keep_their_budget(n_traces: int) -> None:
    assert n_traces * 2 * traces.buckets_for(n_traces) * 4 / 3 <= max(9 << 20, n_traces * 160)


def test_health_counts_what_misleads() -> None:
    values = np.tile(np.arange(10.0), 10)
    labels = np.zeros(100, dtype=np.uint8)
    values[5:10] = -1
    labels[5:10] = labels[90:92] = labels[93:96] = 1
    found = traces.health(values, labels)
    assert found["missing"] == 0.05
    assert found["first_tenth"] == 0.5
    assert (found["n"], found["n_anomalous"], found["segments"], found["density"]) == (100, 10, 3, 0.1)
    assert found["position"] == pytest.approx(np.flatnonzero(labels).mean() / 99)
    assert traces.health(values + 0.5, labels)["missing"] == 0, "-1 means a gap among counts only"
    assert traces.health(np.sign(values), labels)["missing"] == 0, "-1, 0, 1 are states"


def test_seconds_are_the_median_of_a_rows_series() -> None:
    tidy = pd.DataFrame({"status": ["ok"] * 3 + ["failed"], "simulated": False, "label": "LOF", "protocol": "tsb-uad"})
    tidy = tidy.assign(fit_seconds=[1.0, 2.0, 30.0, 500.0], score_seconds=0.5)
    row = Row("LOF", "LOF", "classical", "tsb-uad", {"A": Entry(0.6, 3, 3), "B": Entry(0.8, 3, 3)})
    table = Table("T", "tsb-uad", "auroc", ("A", "B"), (row,))
    assert quality.time_points(tidy, table) == [("LOF", "classical", "tsb-uad", 2.5, pytest.approx(0.7))]


class FourPoints(StandIn):
    """Scores of a series by the cell's key: the labels, their opposite, or none."""

    labels = np.array([0, 0, 1, 1], dtype=np.uint8)

    def scores(self, key: str) -> tuple[int, np.ndarray]:
        return 0, self.labels * {"0": 1.0, "1": -1.0, "equal": 0.0}[key]

    def content(self, key: str) -> str:
        return key

    def series(self, data_hash: str) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(4), self.labels


def of_cells(series: list[str], keys: list[str]) -> list[tuple[str, list[Curve]]]:
    """The curves of one row with these cells."""
    places = {"status": "ok", "simulated": False, "label": "LOF", "protocol": "p", "dataset": "A", "data_hash": "h"}
    tidy = pd.DataFrame([places | {"series": s, "key": key} for s, key in zip(series, keys, strict=True)])
    table = Table("T", "p", "auroc", ("A",), (Row("LOF", "LOF", "classical", "p", {"A": Entry(0.5, 1, 1)}),))
    return list(roc.roc_curves(Source(FourPoints()), table, tidy))  # type: ignore[arg-type]


def test_a_curve_is_the_mean_over_seeds() -> None:
    ((_, (curve,)),) = of_cells(series=["s", "s"], keys=["0", "1"])
    inner = (GRID > 0) & (GRID < 1)
    np.testing.assert_allclose(curve.mean[inner], 0.5)
    assert curve.n_series == 1


def test_the_best_cell_of_a_card_has_the_highest_figure() -> None:
    cells = pd.DataFrame({"label": list("ABC"), "protocol": "p", "auroc": [0.5, 0.9, np.nan]})
    assert cards._best(cells) == {"label": "B", "protocol": "p", "auroc": 0.9}
    assert cards._best(cells[2:]) is None
