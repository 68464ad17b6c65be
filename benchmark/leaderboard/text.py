"""The comparison as sheets for a page, and as CSV with all figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from benchmark.errors import counted
from benchmark.grid import source_in_name, tsb_ad_rows
from benchmark.leaderboard.summary import Line
from benchmark.report import Sheet, csv, figure, markdown, signed
from benchmark.statistics import RankTest
from benchmark.system.packaged import read_csv

HEAD = ("Row", "Files", "Seeds", "VUS-PR", "95 % over files", "Mean rank", "Published", "Difference", "Verdict",
        "After the training rows", "Without tuned sources")  # fmt: skip
TOTAL = 350


def sheets(lines: Sequence[Line], test: RankTest | None = None) -> list[Sheet]:
    """Return the sheets: table, reproduced methods, means by source, rank test, later entries."""
    if not lines:
        return []
    files = len(max((line.per_file for line in lines), key=len))
    intro = (
        f"Means over {files} of {TOTAL} files, those that are available. Means over other files differ, so compare "
        "within this table only. Published figures are those of the same files."
    )
    strong = [line.name for line in lines if line.kind == "ours"]
    return [
        Sheet(
            "VUS-PR on TSB-AD-U beside the leaderboard",
            intro,
            HEAD,
            [_cells(line) for line in lines],
            list(_notes(lines)),
            strong,
        ),
        _reproduced(lines),
        _by_source(lines, strong),
        Sheet("Rank test", _test(test)),
        Sheet(
            "Later entries, with a mean over all files only",
            "They are not in the tables above, as their figures per file are not published.",
            ("Entry", "VUS-PR", "Note"),
            [(e["method"], figure(float(e["vus_pr"]), 2), e["note"]) for e in read_csv(__package__, "newer.csv")],
        ),
    ]


def document(pages: Sequence[Sheet]) -> str:
    """Format the sheets as Markdown."""
    return "\n\n".join(markdown.sheet(one, 3 if k else 2) for k, one in enumerate(pages)) + "\n"


def _format(value: float, digits: int = 3) -> str:
    return "" if value != value else figure(value, digits)


def _cells(line: Line) -> list[str]:
    difference = "" if line.published != line.published else signed(line.mean - line.published)
    method = f" {'best: ' if line.best else ''}{line.method}" if line.method else ""
    return [
        line.name,
        str(len(line.per_file)),
        line.seeds,
        _format(line.mean),
        f"[{_format(line.low)}, {_format(line.high)}]",
        "" if line.rank != line.rank else f"{line.rank:.1f}",
        f"{_format(line.published)}{method}".strip(),
        difference,
        line.verdict,
        _format(line.after_train),
        _format(line.without_tuned),
    ]


def _notes(lines: Sequence[Line]) -> Iterable[str]:
    yield "Published: the method that a row reproduces; for a row that reproduces none, the best method on its files."
    yield "The oracle uses labels to choose the best method for each file: an upper bound, not a method."
    yield "Rows in bold are ours, computed by this package; the others are published figures."
    yield "Detectors often give low scores to rows that they were fitted on; one column leaves the training rows out."
    yield "Settings of the published methods were chosen on 48 other files of the same sources."
    yield "Seeds: the number of runs behind a figure, which is their mean; any: the row draws no random numbers."
    ranges = [
        f"{line.name.removesuffix(' (ours)')} {'–'.join(map(_format, line.range))}"
        for line in lines
        if line.range[0] < line.range[1]
    ]
    if ranges:
        yield f"Lowest and highest mean of a seed: {', '.join(ranges)}."
    for line in lines:
        if line.tuned:
            left = counted(sum(source_in_name(file) not in line.tuned for file in line.per_file), "file")
            yield (
                f"{line.name}: series of {', '.join(sorted(line.tuned))} were used to choose its settings; "
                f"{_format(line.without_tuned)} on the {left} of other sources, where the best published has "
                f"{_format(line.best_without_tuned[1])} ({line.best_without_tuned[0]})."
            )


def _reproduced(lines: Sequence[Line]) -> Sheet:
    """Return the sheet of reproduced methods: files reproduced to the digit, both means, and causes of differences."""
    notes = {row.method: row.note for row in tsb_ad_rows()}
    rows = []
    for line in sorted(lines, key=lambda line: (-line.met / len(line.per_file), line.name)):
        if line.kind == "ours" and not line.best:
            compared = (line.reproduced, line.published)
            figures = [*(_format(mean, 4) for mean in compared), signed(line.reproduced - line.published, 4)]
            met = f"{line.met} of {len(line.per_file)}"
            rows.append([f"{line.method} by {line.name}", met, *figures, notes[line.method]])
    head = ("Method", "To the digit (1e-4)", "Ours", "Published", "Difference", "Details that matter") if rows else ()
    intro = (
        "A random method that can be reproduced to the digit is compared by the published seed, 0." if rows else "None."
    )
    return Sheet("Rows that reproduce a published method", intro, head, rows)


def _by_source(lines: Sequence[Line], strong: Sequence[str]) -> Sheet:
    sources = sorted({source_in_name(file) for line in lines for file in line.per_file})
    counts = {s: max(sum(source_in_name(f) == s for f in line.per_file) for line in lines) for s in sources}
    head = ["Row", *(f"{s} ({counts[s]})" for s in sources)]
    rows = []
    for line in lines:
        means = line.by_source()
        rows.append([line.name, *(_format(means.get(s, float("nan")), 2) for s in sources)])
    return Sheet("By source", "Means over the files of a source, their number in brackets.", head, rows, (), strong)


def _test(test: RankTest | None) -> str:
    if test is None or test.reason:
        return f"None: {test.reason if test else 'no file'}."
    best, p = next(iter(test.mean_ranks)), test.p_value
    beaten = []
    if test.pairs is not None:
        mine = test.pairs[test.pairs["significant"] & ((test.pairs["a"] == best) | (test.pairs["b"] == best))]
        beaten = sorted({*mine["a"], *mine["b"]} - {best})
    named = ", ".join(beaten) if beaten else "none"
    return f"{test.method}. p = {p:.2g}. Best mean rank: {best}; significantly behind it: {named}."


def lines_csv(lines: Iterable[Line]) -> str:
    """Format the lines as CSV, one per row of the table."""
    names = ("mean", "low", "high", "rank", "published", "reproduced", "after_train", "without_tuned")
    rows = (
        [one.name, one.kind, len(one.per_file), one.seeds, one.method, one.met, one.verdict]
        + [f"{getattr(one, name):.6f}" for name in names]
        for one in lines
    )
    return csv.format_rows(["row", "kind", "files", "seeds", "method", "met", "verdict", *names], rows)


def files_csv(lines: Sequence[Line]) -> str:
    """Format the VUS-PR as CSV: one line per file, one column per row of the table."""
    table = pd.DataFrame({line.name: line.per_file for line in lines}).sort_index()
    return table.to_csv(index_label="file", float_format="%.7f", lineterminator="\n")
