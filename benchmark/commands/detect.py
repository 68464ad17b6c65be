"""Find anomalies in a file of your own, and rank the detectors on it.

Any CSV, JSON, Excel or Parquet file with a numeric column; how it is read is said first. Without labels
the detectors are ranked on synthetic anomalies planted into the series itself.

examples:
  python -m benchmark detect my.csv
  python -m benchmark detect my.csv --dry-run
  python -m benchmark detect my.csv --value cpu --time timestamp --false-alerts 1/month
  python -m benchmark detect my.csv --detector LOF --set LOF.window=48
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.commands import _options
from benchmark.commands._reading import add_reading, read_options
from benchmark.errors import UserError

if TYPE_CHECKING:
    from benchmark.reading import Recording


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``detect``."""
    parser.add_argument("file", type=Path, help="CSV, JSON, Excel or Parquet file")
    add_reading(parser)
    parser.add_argument("--dry-run", action="store_true", help="say how the file is read, and stop")
    parser.add_argument("--detector", action="append", default=[], metavar="NAME", help="rank only these, or use this")
    parser.add_argument("--set", action="append", default=[], metavar="D.PARAM=VALUE", help="a detector's parameter")
    parser.add_argument(
        "--false-alerts",
        default="0.1",
        metavar="N[/month]",
        help="false alerts expected in the file, or by hour, day, week, month, year (%(default)s)",
    )
    parser.add_argument(
        "--threshold",
        choices=("peaks", "quantile", "pot"),
        default="peaks",
        help="from ordinary peaks, or such that a share --contamination of the rows is flagged (%(default)s)",
    )
    parser.add_argument("--contamination", type=float, default=0.01, metavar="SHARE", help="share (%(default)s)")
    parser.add_argument("--top", type=int, default=10, metavar="N", help="anomalies to list (%(default)s)")
    parser.add_argument("--budget", type=float, default=30, metavar="S", help="seconds for the ranking (%(default)s)")
    parser.add_argument("--seed", type=_options.seed, default=0, metavar="N")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="default: <file>-anomalies beside the file")


def main(args: argparse.Namespace) -> int:
    """Read, rank, score, write, and print the page."""
    from benchmark.catalogue import registry
    from benchmark.reading import read_recordings

    if not 0 < args.contamination < 0.5:
        raise UserError(f"--contamination must lie between 0 and 0.5, got {args.contamination:g}")
    for spec in args.detector:
        registry.load(spec)
    recordings = read_recordings(args.file, read_options(args))
    for recording in recordings:
        sys.stdout.write(_lineup(recording))
        if not args.dry_run:
            _detect(args, recording, alone=len(recordings) == 1)
    return 0


def _lineup(recording: Recording) -> str:
    """How the file was read, before anything is done with it."""
    notes = [f"  - {note}" for note in recording.notes]
    return "\n".join([*recording.lineup, *notes]) + "\n\n"


def _detect(args: argparse.Namespace, recording: Recording, alone: bool) -> None:
    from benchmark.detection import Options, detect, false_alerts, report

    options = Options(
        detectors=tuple(args.detector),
        params=_options.parse_set(args.set),
        rule=args.threshold,
        false_alerts=false_alerts(args.false_alerts, recording),
        contamination=args.contamination,
        budget=args.budget,
        seed=args.seed,
    )
    finding = detect(recording, options)
    folder = args.out or args.file.with_name(f"{args.file.stem}-anomalies")
    page = report.write(finding, folder if alone else folder / _file_name(recording.name), args.top)
    sys.stdout.write(page.read_text(encoding="utf-8"))
    _options.say(f"written: {page.parent}/ (report.md, picture.png, anomalies.csv, scores.csv)")


def _file_name(series: str) -> str:
    return re.sub(r"[^\w.=,-]+", "_", series)
