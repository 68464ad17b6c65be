"""Find anomalies in a file of your own, and rank the detectors on it.

The file may be CSV, JSON, Excel or Parquet with a numeric column; how it is read is printed first. Without labels
the detectors are ranked on synthetic anomalies planted into the series itself.

examples:
  python -m benchmark detect my.csv
  python -m benchmark detect my.csv --dry-run
  python -m benchmark detect my.csv --value cpu --time timestamp --false-alerts 1/month
  python -m benchmark detect my.csv --detector LOF --set LOF.window=48
  python -m benchmark detect history.csv --save model
  python -m benchmark detect today.csv --model model
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.commands import _options

if TYPE_CHECKING:
    from benchmark.reading import Recording


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``detect``."""
    parser.add_argument("file", type=Path, help="CSV, JSON, Excel or Parquet file")
    _options.add_reading(parser)
    parser.add_argument("--dry-run", action="store_true", help="print how the file is read, and stop")
    _options.add_repeatable(parser, "--detector", metavar="NAME", help="the detector to use; several are ranked")
    _options.add_set(parser)
    parser.add_argument(
        "--false-alerts",
        metavar="N[/month]",
        help="expected false alerts in the file, or per hour, day, week, month or year (0.1)",
    )
    parser.add_argument(
        "--threshold",
        choices=("peaks", "quantile", "pot"),
        help="by --false-alerts (peaks), or by a share --contamination of the rows (quantile, pot) (peaks)",
    )
    parser.add_argument("--contamination", type=float, metavar="SHARE", help="share of rows to flag (0.01)")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="save the fitted model, to score new rows")
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="score rows that follow a saved model's history")
    parser.add_argument(
        "--top", type=_options.at_least_one, default=10, metavar="N", help="anomalies to list (%(default)s)"
    )
    parser.add_argument("--budget", type=_options.at_least_zero, metavar="S", help="seconds for the ranking (30)")
    parser.add_argument("--seed", type=_options.seed, metavar="N", help="of random detectors (0)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="default: <file>-anomalies beside the file")


def main(args: argparse.Namespace) -> int:
    """Read, rank, score, write, and print the page."""
    from benchmark.detection import check_options

    check_options(_given(args), args.model)
    recordings = _recordings(args)
    sections = []
    for recording in recordings:
        notes = [f"  - {note}" for note in recording.notes]
        sys.stdout.write("\n".join([*recording.lineup, *notes]) + "\n\n")
        if not args.dry_run:
            sections.append(_detect(args, recording, series=len(recordings)))
    if sections:
        _write_page(args, sections)
    return 0


def _recordings(args: argparse.Namespace) -> list[Recording]:
    """Read the file, like the model's history if there is a model of one series."""
    from benchmark.reading import read_recordings

    options = _options.read_options(args)
    if args.model and (args.model / "model.json").exists():
        from benchmark.detection import Model

        return Model.load(args.model).read_like_history(options, lambda given: read_recordings(args.file, given))
    return read_recordings(args.file, options)


def _out(args: argparse.Namespace) -> Path:
    return Path(args.out or args.file.with_name(f"{args.file.stem}-anomalies"))


def _write_page(args: argparse.Namespace, sections: list[dict[str, Any]]) -> None:
    """Write one page for all series of the file."""
    from benchmark.commands import _session
    from benchmark.detection import page

    path = page.write(_out(args), sections, args.file.name, _session.command_line())
    _options.say(f"written: {path} (open it in a browser)")


def _given(args: argparse.Namespace) -> dict[str, Any]:
    from benchmark.detection import SET_BY_MODEL

    return {name: getattr(args, name) for name in SET_BY_MODEL} | {"set": _options.parse_set(args.set)}


def _detect(args: argparse.Namespace, recording: Recording, series: int) -> dict[str, Any]:
    """Find the anomalies of one of ``series`` series, write and print them; return its section of the page."""
    from benchmark.detection import Model, build_options, detect, page, report

    def place(folder: Path) -> Path:
        return folder if series == 1 else folder / re.sub(r"[^\w.=,-]+", "_", recording.name)

    if args.model:
        finding = Model.load(place(args.model)).detect(recording)
    else:
        finding = detect(recording, build_options(_given(args), recording))
    path = report.write(finding, place(_out(args)), args.top)
    sys.stdout.write(path.read_text(encoding="utf-8"))
    _options.say(f"written: {path.parent}/ (report.md, picture.png, anomalies.csv, scores.csv)")
    if args.save:
        model = Model.fit(finding)
        model.save(place(args.save))
        _options.say(f"saved: {place(args.save)}/ (detect FILE --model {args.save} scores rows that follow)")
        for line in model.promise(model.rows):
            _options.say(line)
    return page.section(finding, args.top, series)
