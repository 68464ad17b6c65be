"""The page of ``detect``: its statements, escaping of untrusted text, and its viewer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.cli import main
from benchmark.detection import Options, detect, page
from benchmark.detection.alerts import Alert, SimilarWindows
from benchmark.detection.detect import Finding
from benchmark.detection.report import markdown
from benchmark.detection.why import drawing, duration, expected_at_peak, explain
from benchmark.reading import ReadOptions, Recording
from tests.support.chromium import chromium, screen

EVIL = "</script><i>&"


def wave(n: int = 1500, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (np.sin(np.arange(n) * 2 * np.pi / 50) + rng.normal(0, 0.05, n)).round(3)


@pytest.fixture(scope="module")
def finding() -> Finding:
    x = wave()
    x[700:720] += 3
    recording = Recording(f"mine {EVIL}", EVIL, x, np.zeros(len(x), dtype=bool), notes=[EVIL])
    recording.times = pd.Series(pd.date_range("2026-01-01", periods=len(x), freq="h"))
    return detect(recording, Options(detectors=("PCA",)))


def text_of(finding: Finding, series: int = 1) -> str:
    section = page.section(finding, 10, series)
    return page.render([section] * series, f"my {EVIL}.csv", f"python -m benchmark detect {EVIL}", "numpy 2")


def test_the_page_is_self_contained_and_trusts_nothing(finding: Finding) -> None:
    text = text_of(finding)
    assert "<i>" not in text
    assert not re.search(r"(?:src|href)=\"(?!#)", text)
    assert text.count("</script>") == 2


def test_the_page_says_what_when_and_why(finding: Finding) -> None:
    text = text_of(finding)
    assert "One alert stands out" in text
    for part in (
        "2026-01-30 04:00:00",
        "20 rows, 20 h",
        "How to run it again",
        "What was done to the data",
        "most like",
    ):
        assert part in text
    assert text.count('<b class="mark">alert</b>') == 1
    assert 'table class="sortable summary"' not in text


def test_marks_on_the_strip_lie_where_the_alerts_are(finding: Finding) -> None:
    flagged = [a for a in finding.alerts if a.flagged]
    assert flagged
    for alert, (left, width) in zip(flagged, page.section(finding, 10, 1)["strip"], strict=True):
        assert left == pytest.approx(1000 * alert.start / 1500, abs=0.06)
        assert width == pytest.approx(max(2.0, 1000 * (alert.stop - alert.start) / 1500), abs=0.06)


def test_a_summary_comes_first_where_there_are_several_series(finding: Finding) -> None:
    text = text_of(finding, 2)
    assert "2 series, 2 alerts." in text
    assert text.index("sortable summary") < text.index('<section class="series"')
    assert set(re.findall(r'href="#(\w+)"', text)) == set(re.findall(r'section class="series" id="(\w+)"', text))


def test_the_viewer_gets_series_scores_alerts_and_times(finding: Finding) -> None:
    data = page.payload(finding, 100)
    assert data["segments"] == [(700, 720)]
    assert data["n"] == data["signal"]["n"] == data["scores"][0]["n"] == 1500
    assert data["signal"]["label"] == finding.recording.column
    assert data["scores"][0]["threshold"] == finding.threshold
    first, last = (pd.Timestamp(at, unit="ms") for at in (data["clock"][0], data["clock"][-1]))
    assert (first, last) == (pd.Timestamp("2026-01-01"), finding.recording.times.iloc[-1])
    assert json.dumps(data)


def likened(n: int = 60, unit: float = 1) -> tuple[Finding, Alert]:
    """Rows 20 to 29 of a rising line, likened to two others that lie 1 and 3 below."""
    x = np.arange(n) * unit
    recording = Recording("mine", "value", x, np.zeros(n, dtype=bool))
    found = detect(recording, Options(detectors=("AbsDeviation",)))
    similar = SimilarWindows(10, np.array([40, 0]), np.stack([x[10:40] - unit, x[10:40] - 3 * unit]))
    return found, Alert(20, 30, 15, 35, 25, 9.0, similar=similar)


def test_what_similar_windows_have_is_their_range_at_the_peak() -> None:
    found, alert = likened()
    assert expected_at_peak(found, alert) == ("22", "23", "24")
    assert explain(found, alert) == (
        "At row 25 the value is 25; the 2 windows most like its surroundings have 22 to 24 there. "
        "The most similar begins at row 50."
    )
    alike = replace(alert, similar=SimilarWindows(10, np.array([40, 0]), np.zeros((2, 30))))
    assert "the 2 windows most like its surroundings have 0 there" in explain(found, alike)
    assert duration(found, alert) == "10 rows"
    drawn = drawing(found, alert)
    assert drawn is not None
    assert (drawn["low"], drawn["high"], drawn["first"], drawn["last"]) == ("7", "39", "row 10", "row 39")
    assert drawn["marked"] == (200.0, 200.0)


def test_what_is_expected_has_the_decimal_mark_of_the_file() -> None:
    found, alert = likened(unit=0.25)
    assert expected_at_peak(found, alert) == ("5.50", "5.75", "6.00")
    found.recording.reading = ReadOptions(decimal=",")
    assert expected_at_peak(found, alert) == ("5,50", "5,75", "6,00")
    assert "have 5,50 to 6,00 there" in explain(found, alert)


def test_small_values_keep_their_figures() -> None:
    assert expected_at_peak(*likened(unit=1e-9)) == ("2.2e-08", "2.3e-08", "2.4e-08")


def test_names_are_escaped_once() -> None:
    found, _ = likened()
    found.recording.column = "a_b *c*"
    assert r"60 rows of 'a_b \*c\*', scored" in markdown(found, 3)


def test_a_window_of_the_history_is_named_so_and_its_rows_are_not_drawn() -> None:
    found, alert = likened()
    moved = alert.shifted(-15)
    assert "in the model's history" not in explain(found, alert)
    earlier = alert.shifted(-15).similar
    assert earlier is not None
    assert earlier.begins.tolist() == [25, -15]
    swapped = Alert(5, 15, 0, 20, 10, 9.0, similar=SimilarWindows(-5, earlier.begins[::-1], earlier.windows))
    assert "in the model's history" in explain(found, swapped)
    drawn = drawing(found, swapped)
    assert drawn is not None
    assert drawn["first"] == "row 0"
    assert drawn["own"].count("L") == 24
    assert moved.start == 5


def test_without_similar_windows_the_score_is_all() -> None:
    found, _ = likened()
    alert = Alert(20, 30, 15, 35, 25, 9.0)
    assert "no similar window" in explain(found, alert)
    assert drawing(found, alert) is None


# -- in a browser ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    driver = chromium()
    folder = tmp_path_factory.mktemp("page")
    x = np.concatenate([wave(), wave(seed=1)])
    x[700:720] += 3
    names, times = np.repeat(["one", "two"], 1500), pd.date_range("2026-01-01", periods=1500, freq="h")
    frame = pd.DataFrame({"time": [*times, *times], "sensor": names, "value": x})
    frame.to_csv(folder / "my.csv", index=False)
    assert main(["detect", str(folder / "my.csv"), "--series", "all", "--detector", "PCA"]) == 0
    driver.get((folder / "my-anomalies" / "report.html").as_uri())
    yield driver
    driver.quit()


@pytest.mark.slow
def test_the_range_of_a_plot_has_the_decimal_mark_of_the_file(browser: Any, tmp_path: Path) -> None:
    file, back = tmp_path / "comma.csv", browser.current_url
    file.write_text("wert\n" + "\n".join(f"{x:.3f}".replace(".", ",") for x in wave()), encoding="utf-8")
    assert main(["detect", str(file), "--detector", "PCA"]) == 0
    browser.get((tmp_path / "comma-anomalies" / "report.html").as_uri())
    figures = [figure.text for figure in browser.find_elements("css selector", ".trace.signal i")]
    browser.get(back)
    assert re.fullmatch(r"-?\d+,\d+ to \d+,\d+", figures[0])


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen_and_zooms_to_an_alert(browser: Any, width: int, scheme: str) -> None:
    screen(browser, width, scheme)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    series = browser.find_elements("css selector", "section.series")
    assert len(series) == 2
    assert len(series[0].find_elements("css selector", "canvas")) == 2
    span = series[0].find_element("css selector", ".range")
    series[0].find_element("css selector", "button[data-rows]").click()
    assert span.text == "2026-01-26 00:00:00 – 2026-02-04 04:00:00"  # rows 600 to 820
    assert browser.get_log("browser") == []
