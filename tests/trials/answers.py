"""Top-1, alerted events and false alerts of ``detect``, on files with known events.

python -m tests.trials.answers --seed 7
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass

import numpy as np

from benchmark.detection.detect import Finding, Options, detect
from benchmark.reading import Recording
from tests.trials.further import further
from tests.trials.ordinary import Ordinary, files


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    name: str
    first: bool
    alerted: int
    false: int


def overlaps(start: int, stop: int, event: tuple[int, int]) -> bool:
    return start < event[1] and stop > event[0]


def judged(file: Ordinary, finding: Finding) -> Outcome:
    """An event counts when an alert's rows overlap it; an alert on none is false."""
    flagged = [alert for alert in finding.alerts if alert.flagged]
    on = [[overlaps(alert.start, alert.stop, event) for event in file.events] for alert in flagged]
    best = finding.alerts[0] if finding.alerts else None
    first = best is not None and any(overlaps(best.start, best.stop, event) for event in file.events)
    hit = np.array(on, dtype=bool).reshape(len(flagged), len(file.events))
    return Outcome(file.name, first, int(hit.any(axis=0).sum()), int((~hit.any(axis=1)).sum()))


def tried(file: Ordinary, options: Options) -> tuple[Outcome, Finding]:
    recording = Recording(file.name, "value", file.values, np.zeros(len(file.values), dtype=bool))
    finding = detect(recording, options)
    return judged(file, finding), finding


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--further", action="store_true", help="the files that detect is developed on")
    parser.add_argument("--detector", action="append", default=[])
    args = parser.parse_args()
    done = []
    for file in (further if args.further else files)(args.seed):
        began = time.perf_counter()
        outcome, finding = tried(file, Options(detectors=tuple(args.detector)))
        done.append((file, outcome))
        shown = [f"{a.start}-{a.stop}{'!' if a.flagged else ''}" for a in finding.alerts[:4]]
        seconds = time.perf_counter() - began
        print(f"{file.name:22} {file.events} {outcome.first} {outcome.alerted} {outcome.false}", *shown, end=" ")
        print(f"{'+'.join(finding.detectors)} window {finding.window} {seconds:.1f} s", flush=True)
    eventful = [(file, outcome) for file, outcome in done if file.events]
    print(
        f"top-1 {sum(o.first for _, o in eventful)}/{len(eventful)},",
        f"alerted {sum(o.alerted for _, o in done)}/{sum(len(f.events) for f, _ in done)},",
        f"false {sum(o.false for _, o in eventful)}, in clean files {sum(o.false for f, o in done if not f.events)}",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
