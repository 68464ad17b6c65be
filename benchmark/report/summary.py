"""The README's result table: made from a small CSV that ships, which a full run's report renews."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from csv import DictReader
from io import StringIO
from pathlib import Path

from benchmark.catalogue import detectors
from benchmark.errors import UserError
from benchmark.report import csv, markdown
from benchmark.report.build import draws
from benchmark.report.tables import DATASETS
from benchmark.report.text import SIGNS, figure

TITLE = "AUROC beside the published table"  # of the main table on real series, without a mark in front
TRIVIAL = "one-liner"  # the group of the trivial baselines
BEGIN = "<!-- begin of results: made by python -m benchmark report --readme README.md -->"
END = "<!-- end of results -->"
COLUMNS = (
    *("detector", "version", "group", "protocol", "seeds", "dataset", "n_series", "published", "ours", "low", "high"),
    *("verdict", "not_better_than_one_liner"),
)
Line = dict[str, str]


def update(report: Path, readme: Path) -> None:
    """Renew ``docs/results.csv`` from a report, and the table of a README from that.

    Parameters
    ----------
    report : Path
        Folder of a report: ``table.csv`` has the figures, ``cells.csv`` the detectors' versions.
    readme : Path
        A Markdown file with the two markers; ``docs/results.csv`` lies beside it.

    Raises
    ------
    UserError
        If the run was not a full one on real series, or the README lacks the markers.
    """
    lines = full_run(_rows_of(report / "table.csv"), versions(_rows_of(report / "cells.csv")))
    text = markdown.renewed(readme, BEGIN, END, to_markdown(lines))
    shipped = readme.parent / "docs" / "results.csv"
    shipped.parent.mkdir(exist_ok=True)
    shipped.write_text(to_csv(lines), encoding="utf-8", newline="\n")
    readme.write_text(text, encoding="utf-8", newline="\n")


def _rows_of(path: Path) -> list[Line]:
    return from_csv(path.read_text(encoding="utf-8"))


def versions(cells: Iterable[Line]) -> dict[str, str]:
    """Detector -> version that its full cells with default parameters have; several are joined by a stroke."""
    found: dict[str, set[str]] = {}
    for cell in cells:
        if cell["params"] == "{}" and cell["quick"] == "False":
            found.setdefault(cell["detector"], set()).add(cell["version"])
    return {name: "/".join(sorted(several)) for name, several in found.items()}


def full_run(table: Iterable[Line], version: Mapping[str, str]) -> list[Line]:
    """The lines of ``table.csv`` that hold the published table, all of them resting on every series."""
    lines = [line for line in table if line["table"] == TITLE]
    holes = [f"{line['detector']} on {line['dataset']}" for line in lines if line["n_series"] != line["size"]]
    if holes or {line["dataset"] for line in lines} != set(DATASETS):
        missing = f": {', '.join(holes[:3])} rest on fewer series" if holes else ""
        raise UserError(f"the README's table needs a full run on real series{missing}: python -m benchmark run --all")
    return [_rounded(line | {"version": version[line["detector"]]}) for line in lines]


def _rounded(line: Line) -> Line:
    """Only what ships, at six decimals."""
    decimals = {name: f"{float(line[name]):.6f}" for name in ("ours", "low", "high") if line[name]}
    return {name: line[name] for name in COLUMNS} | decimals


def to_csv(lines: Iterable[Line]) -> str:
    """The CSV that ships."""
    return csv.written(COLUMNS, ([line[name] for name in COLUMNS] for line in lines))


def from_csv(text: str) -> list[Line]:
    """The lines of the CSV that ships."""
    return list(DictReader(StringIO(text)))


def to_markdown(lines: list[Line], version: Mapping[str, str] | None = None) -> str:
    """One row a detector: protocol, seeds, and published and own AUROC on each data set.

    ``version`` has the detectors' versions of now; a row of another version is named below the table.
    """
    sizes = {line["dataset"]: line["n_series"] for line in lines}
    head = ["Detector", "Protocol", "Seeds", *(f"{d} ({sizes[d]} series)" for d in DATASETS)]
    names = dict.fromkeys(line["detector"] for line in lines if line["group"] != TRIVIAL)
    rows = [_row([line for line in lines if line["detector"] == name]) for name in names]
    rows.append(_best_trivial([line for line in lines if line["group"] == TRIVIAL]))
    return markdown.table(head, rows, left=2) + "\n" + _outdated(lines, registered() if version is None else version)


def registered() -> dict[str, str]:
    """Versions of the detectors that ship."""
    return {name: str(cls.version) for name, cls in detectors().items()}


def _outdated(lines: list[Line], version: Mapping[str, str]) -> str:
    """Which rows are of another version than the code."""
    shown = {line["detector"]: line["version"] for line in lines}
    other = [
        f"{name} ({shown[name]}, now {version[name]})"
        for name in version
        if shown.get(name, version[name]) != version[name]
    ]
    return f"\nComputed with another version of: {', '.join(other)}.\n" if other else ""


def _row(lines: list[Line]) -> list[str]:
    by_dataset = {line["dataset"]: line for line in lines}
    seeds = str(min(int(line["seeds"]) for line in lines)) if draws(lines[0]["detector"]) else "any"
    return [lines[0]["detector"], lines[0]["protocol"], seeds, *(_figures(by_dataset[d]) for d in DATASETS)]


def _figures(line: Line) -> str:
    """Published / ours, with the verdict's sign."""
    published = figure(float(line["published"]), 2) if line["published"] else "–"
    weak = "°" if line["not_better_than_one_liner"] == "True" else ""
    spread = f" [{figure(float(line['low']))}, {figure(float(line['high']))}]" if line["low"] else ""
    return f"{published} / {figure(float(line['ours']))}{weak}{spread} {SIGNS[line['verdict']]}".strip()  # type: ignore[index]


def _best_trivial(lines: list[Line]) -> list[str]:
    best = {d: max((line for line in lines if line["dataset"] == d), key=lambda k: float(k["ours"])) for d in DATASETS}
    cells = [f"{best[d]['detector']} {figure(float(best[d]['ours']))}" for d in DATASETS]
    return ["*best trivial baseline*", lines[0]["protocol"], "any", *cells]
