"""``list --try``: run every class of a library on a short series, and write a page that can be continued."""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.commands import _options
from benchmark.errors import UserError
from benchmark.system import settings
from benchmark.system.packaged import read_text

if TYPE_CHECKING:
    from benchmark.adapters import Listed
    from benchmark.grid import Outcome, Task
    from datasets import Series

ROW = re.compile(r"^\| `([^`]+)` \| .* \| ([\d.]*) ?\|$", re.MULTILINE)
REFUSED = "FloatingPointError: "
COLUMNS = ("detector", "outcome", "seconds")


@dataclass
class Section:
    """One library of the page."""

    conditions: str  # version, series and limits: rows of other ones do not count
    # outcome and seconds of each detector, as the page shows them
    rows: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The section in Markdown."""
        from benchmark.report import markdown

        worked = sum(outcome.startswith("works") for outcome, _ in self.rows.values())
        table = markdown.table(COLUMNS, [(f"`{spec}`", *row) for spec, row in self.rows.items()], left=2)
        return f"{self.conditions}\n{worked} of {len(self.rows)} work.\n\n{table}\n"


class Page:
    """The page's sections by library; its file also records what has been tried."""

    def __init__(self, file: Path | None, command: str) -> None:
        self.file, self.command = file, command
        text = file.read_text(encoding="utf-8") if file and file.is_file() else ""
        self.sections = dict(_sections(text))

    def begin(self, library: str, conditions: str) -> Section:
        """Return the section of a library; results under other conditions are discarded."""
        found = self.sections.get(library)
        if found is None or found.conditions != conditions:
            found = self.sections[library] = Section(conditions)
        return found

    def write(self) -> None:
        """Replace the file atomically."""
        if self.file is not None:
            from benchmark.report import write_text

            parts = (f"\n## {library}\n\n{section.text}" for library, section in self.sections.items())
            head = read_text(__package__, "templates/trial.md.in").format(command=self.command, machine=_machine())
            write_text(self.file, head + "".join(parts))


def _sections(text: str) -> Iterator[tuple[str, Section]]:
    for part in text.split("\n## ")[1:]:
        library, _, rest = part.partition("\n")
        rows = {m[1]: (m[0].split(" | ")[1].strip(), m[2]) for m in ROW.finditer(rest)}
        yield library, Section(rest.strip().partition("\n")[0], rows)


def run(args: argparse.Namespace, state: Callable[[Listed], str]) -> int:
    """Try what has not been tried; print the tables, or write them to the page."""
    from benchmark import adapters
    from benchmark.speed import series

    if args.markdown is not None and not args.markdown.parent.is_dir():
        raise UserError(f"--markdown {args.markdown}: there is no folder {args.markdown.parent}, make it first")
    one = series.make(args.series, args.n)
    page = Page(args.markdown, _command(args))
    libraries = adapters.LIBRARIES if args.library == "all" else (args.library,)
    try:
        for library in libraries:
            _one_library(args, library, one, page, state)
    except KeyboardInterrupt:
        kept = "give the same command again to go on" if page.file else "what was tried follows"
        _options.say(f"interrupted: {kept}")
    if page.file is None:
        sys.stdout.write("\n".join(f"## {name}\n\n{section.text}" for name, section in page.sections.items()))
    else:
        sys.stdout.write(f"{page.file}\n")
    return 0


def _one_library(
    args: argparse.Namespace, library: str, one: Series, page: Page, state: Callable[[Listed], str]
) -> None:
    from benchmark import adapters
    from benchmark.report import markdown

    try:
        entries = adapters.listed(library)
    except UserError as error:
        if args.library != "all":
            raise
        _options.say(f"{library} is left out: {error}")
        return
    section = page.begin(library, _conditions(args, library, one))
    tried = {spec: row for spec, row in section.rows.items() if row[1]}
    states = {entry.spec: state(entry) for entry in entries}
    section.rows.clear()
    section.rows.update({spec: tried.get(spec, (markdown.escape(why), "")) for spec, why in states.items()})
    todo = [spec for spec, why in states.items() if why.startswith("runs") and spec not in tried]
    for spec in todo:
        section.rows[spec] = ("not tried yet", "")
    for spec, outcome, seconds in _outcomes(args, todo, one):
        section.rows[spec] = (markdown.escape(outcome[:300]), seconds)
        _options.say(f"{spec}: {outcome}, {seconds} s")
        page.write()
    page.write()


def _outcomes(args: argparse.Namespace, specs: Iterable[str], one: Series) -> Iterator[tuple[str, str, str]]:
    """Yield detector, outcome and seconds of each class."""
    from benchmark.execution import Backend, Board

    refused: list[tuple[str, str, str]] = []
    for task, outcome in Backend("processes", jobs=args.jobs).map(_tasks(args, specs, one, refused), Board()):
        yield task.spec, _outcome(outcome), f"{outcome.fit_seconds + outcome.score_seconds:.1f}"
    yield from refused


def _outcome(outcome: Outcome) -> str:
    if outcome.status == "ok":
        return "works"
    last = "".join(outcome.reason.strip().splitlines()[-1:])  # a program's own error comes last
    if last.startswith(REFUSED):  # scores that are not finite
        return f"refused: {last.removeprefix(REFUSED)}"
    return f"failed: {last}" if outcome.status == "failed" else last or outcome.status


def _tasks(
    args: argparse.Namespace, specs: Iterable[str], one: Series, refused: list[tuple[str, str, str]]
) -> Iterator[tuple[Task, Series]]:
    from benchmark import adapters
    from benchmark.grid import Selection, plan, rows

    for spec in specs:
        # tsb-uad fits on a tenth of a short series, too few rows for detectors that learn from normal data
        protocol = "normal-only" if adapters.borrowed(spec).learns_from == "normal" else "tsb-uad"
        selection = Selection((spec,), protocols=(protocol,), timeout=args.timeout)
        try:
            yield from plan(selection, rows(selection), [one])
        except UserError as error:
            refused.append((spec, f"refused: {error}", "0.0"))


def _conditions(args: argparse.Namespace, library: str, one: Series) -> str:
    from benchmark import adapters

    return (
        f"Version {adapters.version(library)}, Python {platform.python_version()}: "
        f"the first {len(one)} points of {args.series}, at most {args.timeout:g} s each."
    )


def _machine() -> str:
    cores = f"The machine that wrote it last had {settings.cores()} cores"
    return f"{cores} and a load of {os.getloadavg()[0]:.0f}." if hasattr(os, "getloadavg") else f"{cores}."


def _command(args: argparse.Namespace) -> str:
    what = f"--from {args.library} --try --series {args.series} --n {args.n} --timeout {args.timeout:g}"
    return f"python -m benchmark list {what} --markdown {args.markdown}"
