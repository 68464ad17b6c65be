"""The documents agree with the code: drawings, links and examples."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark import catalogue
from benchmark.catalogue import checks
from tests import picture

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def anchors(page: Path) -> set[str]:
    """Anchors that GitHub makes of a page's headings."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def blocks(page: str, language: str) -> list[str]:
    """Fenced code of a page."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", page.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        there = page.parent / file if file else page
        assert there.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(there), f"{page.name}: {there.name} has no heading for #{anchor}"


def test_the_picture_is_that_of_the_table() -> None:
    text = picture.PAGE.read_text(encoding="utf-8")
    assert picture.renewed(text) == text, "stale: python -m tests.picture"


def test_the_picture_has_an_arrow_for_each_import_that_follows_from_no_other() -> None:
    drawn = set(picture.arrows())
    assert ("benchmark.cli", "benchmark.commands") in drawn
    for here, may in picture.MAY_IMPORT.items():
        for there in set(may) - set(picture.GROUND):
            ways = {there} | {there for middle in may if there in picture.reached(middle)}
            assert there in ways
            assert (here, there) in drawn or any(there in picture.reached(middle) for middle in may)


@pytest.mark.parametrize("number", range(len(blocks("docs/adding-a-detector.md", "python"))))
def test_the_detectors_of_the_guide_keep_the_contract(tmp_path: Path, number: int) -> None:
    file = tmp_path / f"guide{number}.py"
    file.write_text(blocks("docs/adding-a-detector.md", "python")[number])
    for check in checks.iter_checks(catalogue.load(str(file))):
        check.run()


def test_the_metrics_of_the_guide_register_and_measure() -> None:
    import numpy as np

    from benchmark import metrics
    from benchmark.metrics import measures

    known = dict(metrics.METRICS)
    space = {**vars(measures), "__name__": "guide"}
    try:
        for example in blocks("docs/adding-a-metric.md", "python")[:2]:
            exec(compile(example, "guide", "exec"), space)
        labels, scores = np.array([0, 0, 1, 0, 1]), np.array([0.1, 0.9, 0.5, 0.4, 0.2])
        names = ["reciprocal_rank", "specificity_topk", "specificity_3sigma"]
        found = metrics.evaluate(labels, scores, 2, names)
    finally:
        metrics.METRICS.clear()
        metrics.METRICS.update(known)
    assert [found[name].value for name in names] == pytest.approx([1 / 2, 2 / 3, 1.0])


def test_the_data_set_of_the_guide_converts_what_it_imitates(tmp_path: Path) -> None:
    from datasets import DataError, Dataset

    space: dict[str, object] = {"__name__": "guide"}
    exec(compile(blocks("docs/adding-a-data-set.md", "python")[1], "guide", "exec"), space)
    made = space["Pulse"]
    assert isinstance(made, type)
    assert issubclass(made, Dataset)
    series = made().simulate("1.test.out")
    assert (len(series), series.n_anomalous, len(series.segments())) == (5_000, 150, 3)
    rows = [f"{value!r},{label}" for value, label in zip(series.values.tolist(), series.labels, strict=True)]
    values, labels, _ = made().convert("1.test.out", {"pulse.csv": "\n".join(["value,missing", *rows]).encode()})
    assert (values == series.values).all()
    assert (labels == series.labels).all()
    with pytest.raises(DataError, match="expected the header"):
        made().convert("1.test.out", {"pulse.csv": b"x,y\n1,2"})


def test_the_minimal_example_finds_the_anomaly() -> None:
    done = subprocess.run(
        [sys.executable, "examples/minimal.py"], cwd=ROOT, capture_output=True, text=True, env=environment()
    )
    assert done.returncode == 0, done.stderr
    found = dict(re.findall(r"^(\w+)\(\) .*at row (\d+)$", done.stdout, flags=re.M))
    assert set(found) == {"IForest", "LOF", "MovingStd"}
    assert 2_000 <= int(found["LOF"]) < 2_025


def environment() -> dict[str, str]:
    """The environment, with the repository among the places of modules."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


@pytest.mark.slow
def test_the_notebook_runs_from_its_first_cell_to_its_last(tmp_path: Path) -> None:
    cells = json.loads((ROOT / "examples" / "benchmark.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] for cell in cells if cell["cell_type"] == "code"), (
        "ship the notebook without outputs"
    )
    checks = "print(means.round(2).to_dict()); print(sorted(set(mine.detector)))"
    (tmp_path / "notebook.py").write_text("\n".join([*code, checks]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "notebook.py"], cwd=tmp_path, capture_output=True, text=True, env=environment()
    )
    assert done.returncode == 0, done.stderr
    assert "labelled 1" in done.stdout
    means = ast.literal_eval(done.stdout.splitlines()[-2])
    assert means["prefix"]["LOF"] > 0.9 > means["tsb-uad"]["LOF"]
    assert means["prefix"]["MovingStd"] < 0.6
    assert done.stdout.splitlines()[-1] == "['IForest', 'Mine']"


LONGEST_SENTENCE = 25  # 20 are the rule


def sentences(document: str) -> Iterator[str]:
    """Sentences of a Markdown text, split at colons and semicolons too; code, tables and headings are none."""
    prose = re.sub(r"```.*?```|<!--.*?-->|^(?: {4}|[|#!<])[^\n]*$", "\n\n", document, flags=re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^\s*(?:[-*]|\d+\.) ", "\n\n", prose, flags=re.MULTILINE)
    prose = re.sub(r"`[^`]*`", "code", re.sub(r"\]\([^)]*\)", "]", prose))
    end = r"(?<=[.!?:;])(?<!e\.g\.)(?<!i\.e\.)(?<!vol\.)(?<!no\.)[*_)]*\s+"
    for paragraph in re.split(r"\n\s*\n", prose):
        yield from re.split(end, " ".join(paragraph.split()))


def too_long(document: str) -> list[str]:
    """Sentences with too many words; a list of names, with a comma to every third word, is none."""
    counted = ((sentence, len(re.findall(r"\S*\w\S*", sentence))) for sentence in sentences(document))
    return [s for s, words in counted if words > LONGEST_SENTENCE and 3 * s.count(",") < words]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sentences_are_short(page: Path) -> None:
    assert not too_long(page.read_text(encoding="utf-8"))


def test_a_long_sentence_is_noticed_wherever_it_stands() -> None:
    long = "word " * LONGEST_SENTENCE + "end."
    assert (
        len(
            too_long(f"Short one. {long}\n\n- {long}\n- short\n\n**{long}** Short.\n\n```\n{long}\n```\n\n| {long} |\n")
        )
        == 3
    )
