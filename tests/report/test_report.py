"""The report's files and its page: complete, safe, small, and with gaps stated."""

from __future__ import annotations

import json
import re
from collections import Counter
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.report import DATASETS, writer
from benchmark.report.cells.source import Source
from benchmark.report.page import cards
from benchmark.report.page import html as page_html
from benchmark.report.page import index as page
from benchmark.report.tables import bar
from benchmark.report.tables.builder import build, current
from benchmark.report.tables.model import Versus
from benchmark.statistics import Pair
from tests.support.made_up import MadeUpResults, StandIn, cell, frame, grid

EVIL = "</script><script>alert(1)</script>&\"'"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    writer.write_views(MadeUpResults(grid()), out)
    return out


def html(results: MadeUpResults, tmp_path: Path) -> str:
    writer.write_views(results, tmp_path)
    return (tmp_path / "index.html").read_text(encoding="utf-8")


class Outline(HTMLParser):
    """Tags, in order, with unclosed ones found out."""

    VOID = frozenset(("meta", "input", "br", "path", "rect", "use", "link", "circle", "line"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.faults: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")


def test_every_promised_file_is_written(written: Path) -> None:
    names = {str(p.relative_to(written)) for p in written.rglob("*") if p.is_file()}
    assert {"table.md", "table.tex", "table.csv", "cells.csv", "index.html"} <= names
    assert {f"roc/{d}.{suffix}" for d in DATASETS for suffix in ("png", "svg")} <= names
    assert {"training/AE tsb-uad.png", "training/Proposed normal-only.png", "time/time-and-quality.svg"} <= names
    assert {"ranks/tsb-uad.png", "ranks/normal-only.svg"} <= names
    assert not [n for n in names if n.endswith(".part")]


def test_the_page_stands_alone_and_is_well_formed(written: Path) -> None:
    text = (written / "index.html").read_text(encoding="utf-8")
    outline = Outline(text)
    assert not outline.faults
    assert not outline.open
    for tag, attributes in outline.seen:
        assert tag not in ("link", "iframe", "img", "object", "embed", "base")
        assert not {"src", "onclick", "onload"} & set(attributes), f"{tag} {attributes}"
        if tag == "use":
            assert (attributes.get("href") or attributes.get("xlink:href") or "").startswith("#")
    assert "default-src 'none'" in text
    assert not re.search(r"url\((?!#)", text)


def test_sections_are_reached_from_the_navigation(written: Path) -> None:
    outline = Outline((written / "index.html").read_text(encoding="utf-8"))
    ids = {a["id"] for _, a in outline.seen if "id" in a}
    anchors = {(a["href"] or "")[1:] for tag, a in outline.seen if tag == "a" and (a.get("href") or "").startswith("#")}
    assert anchors <= ids
    assert {"table", "protocols", "roc", "series", "failures", "provenance"} <= anchors


def test_traces_carry_every_score(written: Path) -> None:
    text = (written / "index.html").read_text(encoding="utf-8")
    payloads = [json.loads(p) for p in re.findall(r'<script type="application/json" id="p\d+">(.*?)</script>', text)]
    assert len(payloads) == 10
    for payload in payloads:
        assert payload["n"] == 2000
        assert len(payload["scores"]) == 11
        as_published = [t["label"] for t in payload["scores"] if t["paper"]]
        assert sorted(as_published) == ["AE", "IForest", "LOF", "Proposed", "Random", "TimeIndex"]


def test_the_page_links_and_holds_the_files_beside_it(written: Path) -> None:
    text = (written / "index.html").read_text(encoding="utf-8")
    outline = Outline(text)
    links = {a["href"] for tag, a in outline.seen if tag == "a" and a.get("href")}
    for name in ("table.md", "table.tex", "table.csv", "cells.csv", "citations.bib", "roc/MGAB.png", "roc/MGAB.svg"):
        assert name in links
        assert (written / name).is_file()
    for name in ("table.md", "table.tex", "citations.bib"):
        content = (written / name).read_text(encoding="utf-8")
        held = re.search(rf'<textarea [^>]*aria-label="{name}">(.*?)</textarea>', text, re.S)
        assert held is not None
        assert unescape(held.group(1)).strip() == content.strip()


def test_every_row_and_series_has_one_address(written: Path) -> None:
    outline = Outline((written / "index.html").read_text(encoding="utf-8"))
    marks = re.compile(r"[mp][0-9a-f]{10}")  # matplotlib's, the same for the same content
    ids = [a["id"] for _, a in outline.seen if a.get("id") and not marks.fullmatch(str(a["id"]))]
    assert not [name for name, count in Counter(ids).items() if count > 1]
    assert "series-MGAB_1.test.out-" in " ".join(map(str, ids))
    assert sum(str(name).startswith("row-") for name in ids) > 30
    assert not [name for name in ids if " " in str(name)]


def test_a_page_with_more_series_than_it_holds_shows_the_first_of_each_data_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cards, "MOST_TRACES", 40)  # 12 traces a series: three of the ten
    source = Source(MadeUpResults(grid()))  # type: ignore[arg-type]
    found = cards.series(source, current(source.store.frame()))
    assert len(found) == 10, "each has its summary"
    assert [(c["dataset"], c["name"]) for c in found if c["payload"]] == [
        ("Dodgers", "1.test.out"), ("MGAB", "1.test.out"), ("NASA-MSL", "1.test.out")
    ]  # fmt: skip
    assert all(card["health"] for card in found)
    for pattern in ("2.*", "2"):
        chosen = cards.series(source, current(source.store.frame()), [pattern])
        assert {card["name"] for card in chosen if card["payload"]} == {"2.test.out"}


def test_names_cannot_break_out(tmp_path: Path) -> None:
    rows = [cell(EVIL, EVIL, EVIL, 0.7, group="plug-in"), cell(EVIL, EVIL, "LOF", status="failed", reason=EVIL)]
    rows += [cell(EVIL, EVIL, "Random", 0.5)]
    text = html(MadeUpResults(frame(rows)), tmp_path)
    assert "<script>alert" not in text
    assert not Outline(text).faults
    assert (tmp_path / "roc").is_dir()
    assert all(p.parent.parent == tmp_path for p in (tmp_path / "roc").iterdir())


def test_script_json_cannot_close_its_element() -> None:
    text = page_html.script_json({"a": EVIL})
    assert "<" not in text
    assert json.loads(text) == {"a": EVIL}


def test_a_series_without_stored_values_is_told(tmp_path: Path) -> None:
    cells = frame(cell(d, "1", name) for d in ("Dodgers", "MGAB") for name in ("LOF", "Random"))
    gone = cells.loc[cells["dataset"] == "Dodgers", "data_hash"].iloc[0]
    text = html(MadeUpResults(cells, (gone,)), tmp_path)
    assert "Values and labels are not in the store." in text
    assert not (tmp_path / "roc/Dodgers.png").exists()
    assert (tmp_path / "roc/MGAB.png").exists()


def test_nothing_yet_is_said(tmp_path: Path) -> None:
    empty = grid().iloc[:0]
    text = html(MadeUpResults(empty), tmp_path)
    assert "No cell has been computed" in text
    assert not Outline(text).faults
    assert "No cell has been computed" in (tmp_path / "table.md").read_text()


def test_only_failures_make_a_report_too(tmp_path: Path) -> None:
    rows = [
        cell("Dodgers", "1", "LOF", status="failed", reason="out of luck"),
        cell("MGAB", "1", "AE", status="skipped"),
    ]
    text = html(MadeUpResults(frame(rows)), tmp_path)
    assert "out of luck" in text
    assert "no reason recorded" in text
    assert "failed (1)" in (tmp_path / "table.md").read_text()


def test_simulated_and_quick_are_shouted(tmp_path: Path) -> None:
    made_up = {"source": "simulated", "quick": True}
    cells = frame(cell("MGAB", "1", name, **given) for name in ("LOF", "Random") for given in ({}, made_up))
    text = html(MadeUpResults(cells), tmp_path)
    assert "PARTLY SIMULATED" in text
    assert '<b class="mark">SIMULATED</b> <b class="mark">QUICK</b> AUROC on simulated series' in text
    assert (tmp_path / "roc/MGAB simulated.png").exists()
    first = (tmp_path / "table.md").read_text().split("\n## ")[0]
    assert "SIMULATED" not in first, "the real table comes first and is not marked"


def test_failures_are_told_once_per_reason() -> None:
    rows = [cell("MGAB", k, "LOF", status="failed", reason="too short") for k in "123"]
    rows += [cell("MGAB", "4", "LOF", status="skipped", reason="wrong diet"), cell("MGAB", "5", "LOF")]
    told = page.failures(current(frame(rows)))
    assert [(f["status"], f["count"], f["series"]) for f in told] == [
        ("failed", 3, ["1", "2", "3"]),
        ("skipped", 1, ["4"]),
    ]


# -- better than a one-liner? ------------------------------------------------------------------


class Given(StandIn):
    """Results with given labels and scores by detector, one series."""

    def __init__(self, cells: pd.DataFrame, labels: np.ndarray, scores: dict[str, np.ndarray]) -> None:
        self.by_key = dict(zip(cells["key"], cells["detector"], strict=True))
        self.labels, self.by_detector, self.asked = labels, scores, 0

    def series(self, data_hash: str) -> tuple[np.ndarray, np.ndarray]:
        return self.labels.astype(float), self.labels

    def content(self, key: str) -> str:
        return key

    def scores(self, key: str) -> tuple[int, np.ndarray]:
        self.asked += 1
        return 0, self.by_detector[self.by_key[key]]


def decide(gain: float, auroc: float = 0.8) -> tuple[Versus, int]:
    rng = np.random.default_rng(0)
    labels = np.zeros(3000, dtype=np.uint8)
    for start in range(100, 3000, 150):
        labels[start : start + 10] = 1
    base = rng.normal(size=3000)
    cells = frame([cell("Dodgers", "1", "LOF", auroc), cell("Dodgers", "1", "Random", 0.7)])
    results = Given(cells, labels, {"LOF": base + gain * labels, "Random": base})
    test = writer.OneLinerTest(Source(results), current(cells))  # type: ignore[arg-type]
    table = next(t for t in build(current(cells)) if not t.main)
    rows = {row.label: row for row in table.rows}
    decided = [test(rows["LOF"], rows["Random"], "Dodgers") for _ in range(2)]
    assert decided[0] == decided[1]
    return decided[0], results.asked


def test_a_clear_gain_beats_the_one_liner_and_is_decided_once() -> None:
    found, asked = decide(3.0)
    assert (found.better, asked) == (True, 2)
    assert found.low is not None
    assert found.low > 0


def test_a_gain_within_chance_does_not() -> None:
    found, _ = decide(0.0)
    assert not found.better
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 0 <= found.high


def test_a_smaller_mean_needs_no_bootstrap() -> None:
    assert decide(3.0, auroc=0.6) == (Versus("Random", 0.7, False), 0)


class Shifted(StandIn):
    """Scores of two rows on one series, the first row of one left out."""

    labels = np.repeat([0, 1, 0, 1, 0, 1, 0, 1, 0], 40).astype(np.uint8)

    def __init__(self, better: bool) -> None:
        noise = np.random.default_rng(0).normal(size=len(self.labels))
        odd = np.where(better, 1, 0) * 5.0 * self.labels + noise
        self.by_key = {"row 0": (0, odd), "row 1": (0, -odd), "rival": (3, noise[3:])}

    def scores(self, key: str) -> tuple[int, np.ndarray]:
        return self.by_key[key]

    def content(self, key: str) -> str:
        return key

    def series(self, data_hash: str) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(len(self.labels)), self.labels


@pytest.mark.parametrize("better", [True, False])
def test_a_row_beats_its_rival_by_scores_of_the_same_points_and_its_first_seed(better: bool) -> None:
    """Seed 1 has the opposite scores; the rival's begin three points later."""
    cells = [
        cell("mine", "s", "LOF", 0.9, seed=0, key="row 0"),
        cell("mine", "s", "LOF", 0.9, seed=1, key="row 1"),
        cell("mine", "s", "TimeIndex", 0.5, key="rival"),
    ]
    tidy = frame([row | {"window": 5} for row in cells])
    tidy["key"] = [row["key"] for row in cells] if len(set(tidy["key"])) < 3 else ["row 0", "row 1", "rival"]
    table = next(t for t in build(current(tidy)) if not t.main)
    row, rival = (next(r for r in table.rows if r.label == name) for name in ("LOF", "TimeIndex"))
    asked: list[object] = []
    original = bar.paired_bootstrap

    def seen(pairs: list[Pair], **how: int) -> object:
        asked.extend(pairs)
        return original(pairs, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bar, "paired_bootstrap", seen)
        given = Shifted(better)
        assert bar.OneLinerTest(Source(given), current(tidy))(row, rival, "mine").better == better  # type: ignore[arg-type]
    (pair,) = asked
    np.testing.assert_array_equal(pair.labels, given.labels[3:])  # type: ignore[attr-defined]
    np.testing.assert_array_equal(pair.scores, given.by_key["row 0"][1][3:])  # type: ignore[attr-defined]
    np.testing.assert_array_equal(pair.rival, given.by_key["rival"][1])  # type: ignore[attr-defined]
    assert pair.block == 5  # type: ignore[attr-defined]
