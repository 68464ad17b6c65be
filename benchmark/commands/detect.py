"""Find anomalies in a file of your own, and rank the detectors on it.

Any CSV or Parquet file with a numeric column. Without labels the detectors are ranked on synthetic
anomalies planted into the series itself.

examples:
  python -m benchmark detect my.csv
  python -m benchmark detect my.csv --value cpu --time timestamp --contamination 0.002
  python -m benchmark detect my.csv --detector LOF
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmark.commands import _options
from benchmark.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``detect``."""
    parser.add_argument("file", type=Path, help="CSV or Parquet file")
    parser.add_argument("--value", metavar="COLUMN", help="column of the values (guessed, and said so)")
    parser.add_argument("--time", metavar="COLUMN", help="column of the time stamps (guessed)")
    parser.add_argument("--label", metavar="COLUMN", help="column of 0/1 labels, for ranking only (guessed)")
    parser.add_argument("--detector", action="append", default=[], metavar="NAME", help="rank only these, or use this")
    parser.add_argument(
        "--contamination", type=float, default=0.01, metavar="SHARE", help="expected share of anomalies (%(default)s)"
    )
    parser.add_argument("--threshold", choices=("quantile", "pot"), default="quantile", help="rule (%(default)s)")
    parser.add_argument("--top", type=int, default=10, metavar="N", help="anomalies to list (%(default)s)")
    parser.add_argument("--budget", type=float, default=20, metavar="S", help="seconds for a detector (%(default)s)")
    parser.add_argument("--seed", type=_options.seed, default=0, metavar="N")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="default: <file>-anomalies beside the file")


def main(args: argparse.Namespace) -> int:
    """Read, rank, score, write, and print the page."""
    from benchmark.catalogue import registry
    from benchmark.detection import detect, report
    from benchmark.reading import read_recording

    if not 0 < args.contamination < 0.5:
        raise UserError(f"--contamination must lie between 0 and 0.5, got {args.contamination:g}")
    for spec in args.detector:
        registry.load(spec)
    recording = read_recording(args.file, args.value, args.time, args.label)
    finding = detect(recording, tuple(args.detector), args.threshold, args.contamination, args.budget, args.seed)
    folder = args.out or args.file.with_name(f"{args.file.stem}-anomalies")
    page = report.write(finding, folder, args.top)
    sys.stdout.write(page.read_text(encoding="utf-8"))
    _options.say(f"written: {folder}/ (report.md, picture.png, anomalies.csv, scores.csv)")
    return 0
