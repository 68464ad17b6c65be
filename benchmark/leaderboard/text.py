"""The comparison as sheets for any page, and as CSV with every figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmark.errors import counted
from benchmark.grid import named_source, tsb_ad_rows
from benchmark.leaderboard.summary import Line
from benchmark.report import Sheet, csv, figure, markdown, signed
from benchmark.statistics import RankTest
from benchmark.system.packaged import read_csv

HEAD = ("Row", "Files", "VUS-PR", "95 % over files", "Mean rank", "Published", "Difference", "Verdict",
        "Behind the training rows", "Without tuned sources")  # fmt: skip
TOTAL = 350


def sheets(lines: Sequence[Line], test: RankTest | None = None) -> list[Sheet]:
    """Table, rows that repeat a method, means by source, rank test, entries that are known by their mean alone."""
    if not lines:
        return []
    files = len(max((line.per_file for line in lines), key=len))
    told = (
        f"Means over {files} of {TOTAL} files, those at hand. A part of the list is not the list: compare within "
        "this table only. Published figures are those of the same files."
    )
    strong = [line.name for line in lines if line.kind == "ours"]
    return [
        Sheet(
            "VUS-PR on TSB-AD-U beside the leaderboard",
            told,
            HEAD,
            [_cells(line) for line in lines],
            list(_notes(lines)),
            strong,
        ),
        _repeated(lines),
        _by_source(lines, strong),
        Sheet("Rank test", _test(test)),
        Sheet(
            "Entries known by their mean over the whole list alone",
            "They stand apart: no figure of a file is published.",
            ("Entry", "VUS-PR", "Note"),
            [(e["method"], figure(float(e["vus_pr"]), 2), e["note"]) for e in read_csv(__package__, "newer.csv")],
        ),
    ]


def document(made: Sequence[Sheet]) -> str:
    """The sheets as Markdown."""
    if not made:
        return (
            "No row of the store ran under tsb-ad on a file of TSB-AD-U: python -m benchmark run --dataset TSB-AD-U\n"
        )
    return "\n\n".join(markdown.sheet(one, 3 if k else 2) for k, one in enumerate(made)) + "\n"


def _shown(value: float, digits: int = 3) -> str:
    return "" if value != value else figure(value, digits)


def _cells(line: Line) -> list[str]:
    difference = "" if line.published != line.published else signed(line.mean - line.published)
    method = f" {'best: ' if line.best else ''}{line.method}" if line.method else ""
    return [
        line.name,
        str(len(line.per_file)),
        _shown(line.mean),
        f"[{_shown(line.low)}, {_shown(line.high)}]",
        "" if line.rank != line.rank else f"{line.rank:.1f}",
        f"{_shown(line.published)}{method}".strip(),
        difference,
        line.verdict,
        _shown(line.after_train),
        _shown(line.without_tuned),
    ]


def _notes(lines: Sequence[Line]) -> Iterable[str]:
    yield "Published: the method that a row repeats, or, for a row that repeats none, the best method on its files."
    yield "An oracle picks with hindsight: no method."
    yield "Rows in bold are ours, computed by this package; the others are published facts."
    yield "A fitted part scores low by itself: the figure behind the training rows (tr in the name) has none of it."
    yield "Settings of the published methods were chosen on 48 other files of the same sources."
    many = [f"{line.name} {line.seeds}" for line in lines if line.seeds > 1]
    yield (
        f"Seeds: {', '.join(many)}; figures are means over them. Every other row of ours is one run."
        if many
        else "Seeds: every row of ours is one run."
    )
    for line in lines:
        if line.tuned:
            left = counted(sum(named_source(file) not in line.tuned for file in line.per_file), "file")
            yield (
                f"{line.name}: series of {', '.join(sorted(line.tuned))} were used to choose its settings; "
                f"{_shown(line.without_tuned)} on the {left} of other sources, where the best published has "
                f"{_shown(line.best_without_tuned[1])} ({line.best_without_tuned[0]})."
            )


def _repeated(lines: Sequence[Line]) -> Sheet:
    """Files met to the digit, both means, and what decides where a figure is not met."""
    notes = {row.method: row.note for row in tsb_ad_rows()}
    rows = []
    for line in sorted(lines, key=lambda line: (-line.met / len(line.per_file), line.name)):
        if line.kind == "ours" and not line.best:
            figures = [_shown(line.mean, 4), _shown(line.published, 4), signed(line.mean - line.published, 4)]
            met = f"{line.met} of {len(line.per_file)}"
            rows.append([f"{line.method} by {line.name}", met, *figures, notes[line.method]])
    head = ("Method", "To the digit (1e-4)", "Ours", "Published", "Difference", "What decides") if rows else ()
    return Sheet("Rows that repeat a published method", "" if rows else "None.", head, rows)


def _by_source(lines: Sequence[Line], strong: Sequence[str]) -> Sheet:
    sources = sorted({named_source(file) for line in lines for file in line.per_file})
    counts = {s: max(sum(named_source(f) == s for f in line.per_file) for line in lines) for s in sources}
    head = ["Row", *(f"{s} ({counts[s]})" for s in sources)]
    rows = []
    for line in lines:
        means = line.by_source()
        rows.append([line.name, *(_shown(means.get(s, float("nan")), 2) for s in sources)])
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
    """One line a row."""
    names = ("mean", "low", "high", "rank", "published", "after_train", "without_tuned")
    rows = (
        (
            one.name,
            one.kind,
            len(one.per_file),
            one.method,
            one.met,
            one.verdict,
            *(f"{getattr(one, n):.6f}" for n in names),
        )
        for one in lines
    )
    return csv.written(["row", "kind", "files", "method", "met", "verdict", *names], rows)


def files_csv(lines: Sequence[Line]) -> str:
    """One line a file, one column a row."""
    files = sorted({file for line in lines for file in line.per_file})
    known = [{file: f"{value:.7f}" for file, value in line.per_file.items()} for line in lines]
    return csv.written(["file", *(line.name for line in lines)], ([f, *(by.get(f, "") for by in known)] for f in files))
