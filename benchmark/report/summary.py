"""The result tables of README and docs, made from small packaged CSV files that a full run's report updates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from csv import DictReader
from io import StringIO
from pathlib import Path

from benchmark.catalogue import detectors
from benchmark.errors import UserError
from benchmark.report.formats import csv, markdown
from benchmark.report.publish import hash_of
from benchmark.report.tables import DATASETS, MAIN_TITLE, SIGNS, common_title, figure, is_random

TRIVIAL = "one-liner"  # the group of the trivial baselines
BEGIN = "<!-- begin of results: made by python -m benchmark report --readme README.md -->"
BEGIN_COMMON = "<!-- begin of results: made by python -m benchmark report --protocol {} --readme docs/protocols.md -->"
END = "<!-- end of results -->"
PICTURE = Path("pictures/table.png")  # below the folder of the CSV
SHOWS = "sha256 of results.csv"  # name of a text inside the picture
COLUMNS = (
    *("detector", "version", "group", "protocol", "seeds", "dataset", "n_series", "published", "ours", "low", "high"),
    *("verdict", "not_better_than_one_liner"),
)
Line = dict[str, str]


def update(report: Path, page: Path, protocol: str = "") -> None:
    """Update a packaged CSV from a report, the table of a Markdown page, and the picture of the main table.

    Parameters
    ----------
    report : Path
        Folder of a report: ``table.csv`` contains the figures, ``cells.csv`` the detectors' versions.
    page : Path
        A Markdown file with the two markers. Its CSV is in the same folder, that of a README in the folder ``docs``.
    protocol : str
        Protocol of the table (``results-prefix.csv``); by default the main table (``results.csv``) is updated.

    Raises
    ------
    UserError
        If the run was not a full one on real series, or the page lacks the markers.
    """
    lines = full_run(_rows_of(report / "table.csv"), versions(_rows_of(report / "cells.csv")), protocol)
    text = markdown.replace_between(page, begin(protocol), END, to_markdown(lines, protocol=protocol))
    folder = page.parent / "docs" if page.stem == "README" else page.parent
    folder.mkdir(exist_ok=True)
    shipped = folder / csv_name(protocol)
    shipped.write_text(to_csv(lines), encoding="utf-8", newline="\n")
    if not protocol:
        _copy_picture(report / "glance" / "table.png", folder / PICTURE, hash_of(shipped))
    page.write_text(text, encoding="utf-8", newline="\n")


def _copy_picture(source: Path, target: Path, shown: str) -> None:
    """Copy the main table's picture, and store the hash of its figures in it."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    about = PngInfo()
    about.add_text(SHOWS, shown)
    target.parent.mkdir(exist_ok=True)
    with Image.open(source) as picture:
        picture.convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE).save(target, pnginfo=about, optimize=True)


def csv_name(protocol: str = "") -> str:
    """Return the name of the packaged CSV."""
    return f"results-{protocol}.csv" if protocol else "results.csv"


def begin(protocol: str = "") -> str:
    """Return the marker line before a table."""
    return BEGIN_COMMON.format(protocol) if protocol else BEGIN


def _rows_of(path: Path) -> list[Line]:
    return from_csv(path.read_text(encoding="utf-8"))


def versions(cells: Iterable[Line]) -> dict[str, str]:
    """Map each detector to the version of its full cells with default parameters; several are joined by ``/``."""
    found: dict[str, set[str]] = {}
    for cell in cells:
        if cell["params"] == "{}" and cell["quick"] == "False":
            found.setdefault(cell["detector"], set()).add(cell["version"])
    return {name: "/".join(sorted(several)) for name, several in found.items()}


def full_run(table: Iterable[Line], version: Mapping[str, str], protocol: str = "") -> list[Line]:
    """Return the lines of one table of ``table.csv``; an error if figures do not cover every series."""
    title = common_title(protocol) if protocol else MAIN_TITLE  # titles of quick or simulated tables have a prefix
    lines = [line for line in table if line["table"] == title]
    full = {(line["detector"], line["dataset"]) for line in lines if line["n_series"] == line["size"]}
    names = dict.fromkeys(line["detector"] for line in lines)
    holes = [f"{name} on {dataset}" for name in names for dataset in DATASETS if (name, dataset) not in full]
    if holes or not lines:
        missing = f": {', '.join(holes[:3])} rest on fewer series" if holes else ""
        chosen = f" --protocol {protocol}" if protocol else ""
        raise UserError(f"the table needs a full run on real series{missing}: python -m benchmark run --all{chosen}")
    return [_rounded(line | {"version": version[line["detector"]]}) for line in lines]


def _rounded(line: Line) -> Line:
    """Select the packaged columns, and round to six decimals."""
    decimals = {name: f"{float(line[name]):.6f}" for name in ("ours", "low", "high") if line[name]}
    return {name: line[name] for name in COLUMNS} | decimals


def to_csv(lines: Iterable[Line]) -> str:
    """Format lines as the packaged CSV."""
    return csv.format_rows(COLUMNS, ([line[name] for name in COLUMNS] for line in lines))


def from_csv(text: str) -> list[Line]:
    """Parse the lines of the packaged CSV."""
    return list(DictReader(StringIO(text)))


def to_markdown(lines: list[Line], version: Mapping[str, str] | None = None, protocol: str = "") -> str:
    """Format one row per detector: protocol, seeds, and AUROC on each data set, in the main table also published.

    ``version`` maps detectors to their current versions; rows with another version are listed below the table.
    """
    sizes = {line["dataset"]: line["n_series"] for line in lines}
    head = ["Detector", "Protocol", "Seeds", *(f"{d} ({sizes[d]} series)" for d in DATASETS)]
    names = dict.fromkeys(line["detector"] for line in lines if line["group"] != TRIVIAL)
    best = _best_own(lines) if protocol else {}
    rows = [_row([line for line in lines if line["detector"] == name], best) for name in names]
    rows.append(_best_trivial([line for line in lines if line["group"] == TRIVIAL]))
    return markdown.table(head, rows, left=2) + "\n" + _outdated(lines, registered() if version is None else version)


def registered() -> dict[str, str]:
    """Return the versions of the built-in detectors."""
    return {name: str(cls.version) for name, cls in detectors().items()}


def _outdated(lines: list[Line], version: Mapping[str, str]) -> str:
    """List the rows with another version than the code."""
    shown = {line["detector"]: line["version"] for line in lines}
    other = [
        f"{name} ({shown[name]}, now {version[name]})"
        for name in version
        if shown.get(name, version[name]) != version[name]
    ]
    return f"\nComputed with another version of: {', '.join(other)}.\n" if other else ""


def _best_own(lines: list[Line]) -> dict[str, str]:
    """Map each data set to the best figure of a detector, as text."""
    shown = [(line["dataset"], figure(float(line["ours"]))) for line in lines if line["group"] != TRIVIAL]
    return {d: max(text for dataset, text in shown if dataset == d) for d in DATASETS}


def _row(lines: list[Line], best: Mapping[str, str]) -> list[str]:
    by_dataset = {line["dataset"]: line for line in lines}
    seeds = str(min(int(line["seeds"]) for line in lines)) if is_random(lines[0]["detector"]) else "any"
    figures = [_cell(by_dataset[d], best.get(d, "")) for d in DATASETS]
    return [lines[0]["detector"], lines[0]["protocol"], seeds, *figures]


def _cell(line: Line, best: str) -> str:
    """Format our figure, bold if it is ``best``; without ``best`` after the published one, with the verdict's sign."""
    ours = figure(float(line["ours"]))
    ours = f"**{ours}**" if ours == best else ours
    ours += "°" if line["not_better_than_one_liner"] == "True" else ""
    ours += f" [{figure(float(line['low']))}, {figure(float(line['high']))}]" if line["low"] else ""
    if best:
        return ours
    published = figure(float(line["published"]), 2) if line["published"] else "–"
    return f"{published} / {ours} {SIGNS[line['verdict']]}".strip()  # type: ignore[index]


def _best_trivial(lines: list[Line]) -> list[str]:
    best = {d: max((line for line in lines if line["dataset"] == d), key=lambda k: float(k["ours"])) for d in DATASETS}
    cells = [f"{best[d]['detector']} {figure(float(best[d]['ours']))}" for d in DATASETS]
    return ["*best trivial baseline*", lines[0]["protocol"], "any", *cells]
