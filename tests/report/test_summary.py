"""The README's result table agrees with the shipped CSV and the published figures."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from benchmark.catalogue import published, published_order
from benchmark.errors import UserError
from benchmark.report import summary
from benchmark.report.formats import csv, markdown
from benchmark.report.publish import hash_of
from benchmark.report.tables import model as tables
from benchmark.report.tables.builder import build, current, is_random
from benchmark.report.tables.verdicts import compare
from tests.support.made_up import cell, frame

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHIPPED = summary.from_csv((ROOT / "docs" / "results.csv").read_text(encoding="utf-8"))
SIZES = {"Dodgers": 1, "MGAB": 2, "NASA-MSL": 2, "Genesis": 2}


def test_the_readme_shows_what_ships() -> None:
    table = README.partition(summary.BEGIN)[2].partition(summary.END)[0].strip()
    assert table == summary.to_markdown(SHIPPED).strip(), "stale: python -m benchmark report --readme README.md"


def test_the_picture_shows_what_ships() -> None:
    with Image.open(ROOT / "docs" / summary.PICTURE) as picture:
        shown = picture.text[summary.SHOWS]
    stale = "stale: python -m benchmark report --readme README.md"
    assert shown == hash_of(ROOT / "docs" / "results.csv"), stale
    assert f"(docs/{summary.PICTURE.as_posix()})" in README


@pytest.mark.parametrize("protocol", ["prefix"])
def test_so_does_the_page_of_protocols(protocol: str) -> None:
    text = (ROOT / "docs" / "protocols.md").read_text(encoding="utf-8")
    lines = summary.from_csv((ROOT / "docs" / summary.csv_name(protocol)).read_text(encoding="utf-8"))
    table = text.partition(summary.begin(protocol))[2].partition(summary.END)[0].strip()
    stale = f"stale: python -m benchmark report --protocol {protocol} --readme docs/protocols.md"
    assert table == summary.to_markdown(lines, protocol=protocol).strip(), stale
    assert {line["protocol"] for line in lines} == {protocol}
    for dataset in tables.DATASETS:
        best = max((line for line in lines if line["dataset"] == dataset), key=lambda line: float(line["ours"]))
        assert best["group"] == summary.TRIVIAL or f"**{float(best['ours']):.3f}**".replace("0.", ".") in table


def test_a_changed_figure_would_be_noticed() -> None:
    changed = [line | {"ours": "0.123456"} if line["detector"] == "LOF" else line for line in SHIPPED]
    assert (
        markdown.replace_between(ROOT / "README.md", summary.BEGIN, summary.END, summary.to_markdown(changed)) != README
    )


def test_every_published_figure_stands_there() -> None:
    shown = {(line["detector"], line["dataset"]): float(line["published"]) for line in SHIPPED if line["published"]}
    assert shown == published()
    names = list(dict.fromkeys(line["detector"] for line in SHIPPED))
    assert tuple(names[: len(published_order())]) == published_order()


def test_each_verdict_follows_from_its_figures() -> None:
    for line in SHIPPED:
        if line["published"]:
            interval = (float(line["low"]), float(line["high"])) if line["low"] else None
            detector = line["detector"]
            figures = float(line["ours"]), float(line["published"])
            verdict, _ = compare(detector, line["dataset"], *figures, interval, is_random(detector))
            assert verdict == line["verdict"], line


def _report(tmp_path: Path, sizes: dict[str, int], version: str = "1", **given: object) -> Path:
    rows = [
        cell(dataset, f"{k}.out", detector, 0.1 * k + bonus, **given)
        for dataset, size in sizes.items()
        for k in range(1, size + 1)
        for detector, bonus in {"LOF": 0.6, "TimeIndex": 0.5, "Random": 0.4}.items()
    ]
    built = build(current(frame(rows)), SIZES)
    (tmp_path / "table.csv").write_text(csv.document([_only(table, "LOF") for table in built]))
    (tmp_path / "cells.csv").write_text(csv.cells(frame(rows).assign(version=version)))
    (tmp_path / "glance").mkdir(exist_ok=True)
    Image.new("RGBA", (4, 3), "green").save(tmp_path / "glance" / "table.png")
    return tmp_path


def _only(table: tables.Table, name: str) -> tables.Table:
    rows = tuple(row for row in table.rows if row.detector == name or row.group == summary.TRIVIAL)
    return tables.Table(table.title, table.protocol, table.metric, table.datasets, rows, main=table.main)


def test_a_report_renews_csv_and_readme(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{summary.BEGIN}\nold\n{summary.END}\nafter\n")
    summary.update(_report(tmp_path, SIZES), readme)
    lines = readme.read_text().splitlines()
    assert lines[0] == "before"
    assert lines[-1] == "after"
    assert "| LOF | tsb-uad | any | .54 / .700 ≠ | .96 / .750 ≠ | .52 / .750 ≠ | .68 / .750 † |" in lines
    assert "| *best trivial baseline* | tsb-uad | any |" + " TimeIndex .600 |" + " TimeIndex .650 |" * 3 in lines
    shipped = summary.from_csv((tmp_path / "docs" / "results.csv").read_text())
    assert {line["ours"] for line in shipped if line["detector"] == "LOF"} == {"0.700000", "0.750000"}
    with Image.open(tmp_path / "docs" / summary.PICTURE) as picture:
        assert picture.text[summary.SHOWS] == hash_of(tmp_path / "docs" / "results.csv")
        assert picture.convert("RGB").getpixel((1, 1)) == (0, 128, 0)


def test_the_fewest_seeds_of_a_row_are_shown() -> None:
    lines = [line | {"seeds": "7" if line["dataset"] == "MGAB" else "2"} for line in SHIPPED]
    (row,) = [line for line in summary.to_markdown(lines).splitlines() if line.startswith("| IForest ")]
    assert row.split("|")[3].strip() == "2"


def test_versions_are_those_of_full_cells() -> None:
    whole = {"detector": "LOF", "params": "{}", "quick": "False", "version": "2"}
    others = [whole | {"quick": "True", "version": "3"}, whole | {"params": '{"window": 5}', "version": "4"}]
    assert summary.versions([whole, *others]) == {"LOF": "2"}


def test_rows_of_another_version_are_named(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"{summary.BEGIN}\n{summary.END}\n")
    summary.update(_report(tmp_path, SIZES, version="older"), tmp_path / "README.md")
    now = summary.registered()["LOF"]
    assert f"Computed with another version of: LOF (older, now {now})" in (tmp_path / "README.md").read_text()
    same = [line | {"version": now} for line in SHIPPED if line["detector"] in ("LOF", "MovingStd")]
    assert "LOF (" not in summary.to_markdown(same)


def test_a_run_with_a_hole_is_refused(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"{summary.BEGIN}\n{summary.END}\n")
    with pytest.raises(UserError, match=r"LOF on MGAB.* on fewer series"):
        summary.update(_report(tmp_path, SIZES | {"MGAB": 1}), readme)
    with pytest.raises(UserError, match="full run on real series"):
        summary.update(_report(tmp_path, SIZES, source="simulated"), readme)
    assert readme.read_text() == f"{summary.BEGIN}\n{summary.END}\n"


def test_a_readme_without_a_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("no place")
    with pytest.raises(UserError, match="has no place for the table"):
        summary.update(_report(tmp_path, SIZES), tmp_path / "README.md")
    assert not (tmp_path / "docs").exists()
