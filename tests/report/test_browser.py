"""The page in a real browser: no errors, and working controls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from benchmark.report import writer
from benchmark.report.cells.derived import Derived
from benchmark.report.cells.source import Source
from benchmark.report.page import cards
from benchmark.report.page import index as page_module
from benchmark.report.page.index import Report
from benchmark.report.plots import pictures
from benchmark.report.tables.builder import build, current
from tests.support.chromium import chromium, screen, until
from tests.support.made_up import SIZES, MadeUpResults, grid

CONTRAST = """
const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
const rgb = (name) => {
  pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name);
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const light = (name) => rgb(name).reduce((sum, v, k) => sum + linear(v / 255) * [0.2126, 0.7152, 0.0722][k], 0);
const paper = light('--paper');
const ratio = (l) => (Math.max(l, paper) + 0.05) / (Math.min(l, paper) + 0.05);
const names = ['--ink', '--soft', '--quiet', '--good', '--seed', '--known', '--bad', '--accent'];
return Object.fromEntries(names.map((name) => [name, ratio(light(name))]));
"""  # WCAG 2.1, relative luminance and contrast ratio

# A button says what it did for two seconds only: every word is kept.
WATCH = """
const button = arguments[0];
button.said = [];
new MutationObserver(() => button.said.push(button.textContent)).observe(button, { childList: true });
"""

pytestmark = pytest.mark.slow


def whole_page() -> str:
    """The page as the report writes it, its traces thinned, without the picture files beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cards, "COARSE", 1 << 15)  # some hundred buckets for 2,000 rows
        return _page()


def _page() -> str:
    source = Source(MadeUpResults(grid()))  # type: ignore[arg-type]
    tidy = current(source.store.frame())
    built = build(tidy, SIZES)
    beside = page_module.Beside({"table.md": "| a |\n"}, ["roc/MGAB.png"])
    curves = {"": list(writer.roc_curves(source, built[0], tidy))}
    figures = pictures.by_section(pictures.summary_drawings(tidy, built), Derived())
    return page_module.render(Report(source, tidy, built, SIZES), curves, {}, figures, beside)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    path = tmp_path_factory.mktemp("report") / "index.html"
    path.write_text(whole_page(), encoding="utf-8")
    driver = chromium()
    driver.page = path
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    browser.get(Path(browser.page).as_uri())
    yield browser
    assert browser.get_log("browser") == [], "the console must stay empty"


def find(page: Any, selector: str) -> list[Any]:
    return list(page.find_elements("css selector", selector))


def canvases(series: Any) -> int:
    return len(series.find_elements("css selector", "canvas"))


def choose(page: Any, selector: str, text: str) -> None:
    from selenium.webdriver.support.ui import Select

    Select(find(page, selector)[0]).select_by_visible_text(text)


def shown(page: Any) -> list[str]:
    return [row.text for row in find(page, ".sheet tbody tr th") if row.is_displayed()]


def test_the_signs_of_a_figure_stand_side_by_side(page: Any) -> None:
    """A figure may have both ° and q, neither of which moves the digits."""
    place = """
        const cell = document.querySelector("td.num"), box = node => node.getBoundingClientRect();
        const digits = document.createRange();
        cell.innerHTML = ".742";
        digits.selectNodeContents(cell);
        const before = box(digits).right;
        cell.innerHTML = '.742<sup>°</sup><sup class="shout">q</sup>';
        digits.setEnd(cell.firstChild, 4);
        const [first, second] = [...cell.querySelectorAll("sup")].map(box);
        return [first.right - second.left, box(digits).right - before, second.left - box(digits).right];
    """
    overlap, moved, distance = page.execute_script(place)
    assert overlap < 0.5
    assert abs(moved) < 0.5
    assert distance > 0


def test_only_one_sheet_shows_and_the_selects_change_it(page: Any) -> None:
    assert [s.get_attribute("data-protocol") for s in find(page, ".sheet") if s.is_displayed()] == ["tsb-uad"]
    choose(page, "#protocol", "normal-only")
    choose(page, "#metric", "AUPRC")
    visible = [s for s in find(page, ".sheet") if s.is_displayed()]
    assert [(s.get_attribute("data-protocol"), s.get_attribute("data-metric")) for s in visible] == [
        ("normal-only", "auprc")
    ]
    assert "Proposed" in shown(page)


def test_the_filter_keeps_matching_rows(page: Any) -> None:
    everything = shown(page)
    find(page, "#filter")[0].send_keys("forest")
    assert shown(page) == ["IForest"]
    assert find(page, "#shown")[0].text == "1 row"
    find(page, "#filter")[0].clear()
    find(page, "#filter")[0].send_keys(" ")
    find(page, "#simple")[0].click()
    assert shown(page) == [name for name in everything if name not in ("TimeIndex", "Random")]


def test_a_header_sorts_down_then_up_and_keeps_the_blocks(page: Any) -> None:
    table = next(t for t in find(page, ".sheet table") if t.is_displayed())
    header = table.find_elements("css selector", "thead th")[3]

    def figures(block: str) -> list[float]:
        cells = table.find_elements("css selector", f"tbody.{block} tr td:nth-child(4)")
        return [float(cell.get_attribute("data-value")) for cell in cells]

    for order, reverse in (("descending", True), ("ascending", False)):
        header.find_element("css selector", "button").click()
        assert header.get_attribute("aria-sort") == order
        for block in ("detectors", "one-liners"):
            assert figures(block) == sorted(figures(block), reverse=reverse)


def test_a_series_opens_draws_and_zooms(page: Any) -> None:
    series = find(page, "details.series")[1]
    assert not series.find_elements("css selector", "canvas"), "nothing is drawn before it is wanted"
    series.find_element("css selector", "summary").click()
    until(page, lambda: canvases(series))
    assert canvases(series) == 1 + 6  # signal, and the published comparison
    inked = (
        "return [...arguments[0].querySelectorAll('canvas')].map(c =>"
        " c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v))"
    )
    assert all(page.execute_script(inked, series))
    text = series.find_element("css selector", ".range")
    assert text.text == "rows 0 – 2,000"
    buttons = {b.text: b for b in series.find_elements("css selector", ".viewer-bar button")}
    buttons["+"].click()
    assert text.text == "rows 500 – 1,500"
    buttons["next anomaly"].click()
    assert text.text != "rows 500 – 1,500"
    buttons["all"].click()
    assert text.text == "rows 0 – 2,000"
    choose(page, "details.series[open] select", "normal-only")
    assert canvases(series) == 1 + 6  # normal-only: all six


def test_a_link_leads_to_a_row_and_to_a_series(page: Any, browser: Any) -> None:
    row = next(
        r
        for r in find(page, ".sheet tr[id]")
        if "vus" not in r.get_attribute("id") and "normal-only" in r.get_attribute("id")
    )
    assert not row.is_displayed()
    browser.execute_script("location.hash = encodeURIComponent(arguments[0])", row.get_attribute("id"))
    until(browser, row.is_displayed)  # its protocol is chosen
    series = find(page, "details.series")[2]
    browser.get(f"{Path(browser.page).as_uri()}#{quote(series.get_attribute('id'))}")
    browser.refresh()
    opened = [s for s in find(page, "details.series") if s.get_attribute("open")]
    assert len(opened) == 1
    until(browser, lambda: canvases(opened[0]) > 1)


def test_a_button_copies_a_file(page: Any, browser: Any) -> None:
    button = find(page, "button[data-copy]")[0]
    browser.execute_script("arguments[0].scrollIntoView()", button)
    browser.execute_script(WATCH, button)
    button.click()
    until(browser, lambda: browser.execute_script("return arguments[0].said.length > 0", button))
    assert browser.execute_script("return arguments[0].said[0]", button) in ("copied", "press Ctrl-C")


def test_next_anomaly_shows_every_row(page: Any, browser: Any) -> None:
    """The picture of an anomaly of a thinned series has the lines of all its rows, not a band of buckets."""
    series = find(page, "details.series")[0]
    series.find_element("css selector", "summary").click()
    until(browser, lambda: canvases(series))
    told = browser.execute_script(
        "const v = arguments[0].querySelector('.viewer').viewer; v.next();"
        "const t = v.signal, whole = t.whole.map((p) => [p.first, p.last]);"
        "return [t.numbers.length < t.n, t.bits, v.from, v.to, whole]",
        series,
    )
    thinned, bits, start, stop, whole = told
    assert bits == 16
    assert thinned
    assert any(first <= start and stop <= last for first, last in whole), (start, stop, whole)


@pytest.mark.parametrize("width", [360, 390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen_and_can_be_read(page: Any, width: int, scheme: str) -> None:
    screen(page, width, scheme)
    find(page, "details.series summary")[0].click()
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    contrast = page.execute_script(CONTRAST)
    assert min(contrast.values()) >= 4.5, contrast
