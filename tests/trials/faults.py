"""Inject faults into runs, resume after each, and count lost and wrong results.

example: python -m tests.trials.faults --count 200 --seed 0

A small grid runs again and again through the command line and is disturbed each time. After a fault the store is
compared with that of an undisturbed run, the same command is given again, and the two are compared once more.
Exit code 1 when a cell was lost, a figure is wrong, or a fault was not met as it should.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.errors import UserError
from benchmark.report import markdown
from tests.trials.kinds import KINDS, LOSES_CELLS, STRIKES_A_CELL, Bench, Content


@dataclass
class Tally:
    """What became of the faults of one kind."""

    injected: int = 0
    survived: int = 0
    lost: int = 0
    wrong: int = 0
    notes: list[str] = field(default_factory=list)


class Campaign:
    """Faults on one bench.

    Parameters
    ----------
    folder : Path
        An empty folder to work in.
    seed : int
        Of the order and the moments of faults.
    """

    def __init__(self, folder: Path, seed: int = 0, series: int = 12) -> None:
        self.bench = Bench(folder, random.Random(seed), series)
        self.tallies = {name: Tally() for name in KINDS}
        self.expected = self._undisturbed()
        self.before: Content = {}

    def _undisturbed(self) -> Content:
        if wrong := self.bench.run():
            raise UserError(f"the undisturbed run failed: {wrong}")
        expected = self.bench.content()
        self.bench.drop_store()
        started = time.monotonic()
        self.bench.run()
        self.bench.seconds = time.monotonic() - started
        if self.bench.content() != expected:
            raise UserError("two undisturbed runs differ: nothing can be concluded")
        self.bench.drop_store()
        return expected

    def inject(self, kind: str) -> None:
        """One fault, its check, and now and then the resume to the end."""
        tally = self.tallies[kind]
        tally.injected += 1
        if kind in STRIKES_A_CELL and len(self.before) > len(self.expected) // 2:
            self.begin_anew()
        trouble = [KINDS[kind](self.bench)]
        if kind in LOSES_CELLS:
            self.before = {}  # the harm was done to the file: it must be noticed, and what is left must be right
        lost, wrong = self._compare(trouble)
        if not lost and not wrong and self._resume_now(kind):
            trouble.append(self.bench.run())
            lost, wrong = self._compare(trouble, complete=True)
            self.begin_anew()
        tally.lost += lost
        tally.wrong += wrong
        found = [text for text in trouble if text]
        tally.survived += not (lost or wrong or found)
        tally.notes += found

    def _resume_now(self, kind: str) -> bool:
        """Otherwise the next fault strikes in the resumed run."""
        return kind in (*STRIKES_A_CELL, *LOSES_CELLS) or self.bench.random.random() < 0.5

    def begin_anew(self) -> None:
        """Forget the store."""
        self.bench.drop_store()
        self.before = {}

    def _compare(self, trouble: list[str], complete: bool = False) -> tuple[int, int]:
        """Cells lost and figures wrong, against what was stored before and what an undisturbed run gives."""
        try:
            now = self.bench.content()
        except UserError as error:
            trouble.append(f"the store cannot be read: {error}")
            return len(self.before), 0
        owed = self.expected if complete else self.before
        lost = len(owed.keys() - now.keys())
        wrong = sum(self.expected.get(key) != value for key, value in now.items())
        self.before = now
        return lost, wrong


def order(count: int, seed: int) -> Iterable[str]:
    """Kinds in rounds, each round shuffled: every kind gets its share."""
    shuffle = random.Random(seed)
    names = list(KINDS)
    chosen: list[str] = []
    while len(chosen) < count:
        shuffle.shuffle(names)
        chosen += names
    return chosen[:count]


def table(tallies: dict[str, Tally]) -> str:
    """The campaign in Markdown."""
    rows = {name: (t.injected, t.survived, t.lost, t.wrong) for name, t in tallies.items() if t.injected}
    rows["**all**"] = tuple(map(sum, zip(*rows.values(), strict=True)))  # type: ignore[assignment]
    head = ["fault", "injected", "survived", "cells lost", "wrong figures"]
    return markdown.table(head, [(name, *counts) for name, counts in rows.items()])


def main(argv: list[str] | None = None) -> int:
    """Run a campaign and print its table."""
    parser = argparse.ArgumentParser(prog="python -m tests.trials.faults", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=200, metavar="N", help="faults to inject (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of their order and moments (%(default)s)")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="tsad-faults-") as folder:
        campaign = Campaign(Path(folder), args.seed)
        for number, kind in enumerate(order(args.count, args.seed), start=1):
            campaign.inject(kind)
            sys.stderr.write(f"[{number}/{args.count}] {kind}\n")
    sys.stdout.write(table(campaign.tallies) + "\n")
    tallies = campaign.tallies.values()
    for note in (note for tally in tallies for note in tally.notes):
        sys.stdout.write(f"- {note}\n")
    return 0 if all(t.survived == t.injected for t in tallies) else 1


if __name__ == "__main__":
    raise SystemExit(main())
