"""Follow a growing file, or standard input, and print alerts as they come.

A model saved by `detect FILE --save model` scores each row. The state is kept beside the model, so the command
continues where it stopped. Ctrl-C ends it.

examples:
  python -m benchmark detect history.csv --save model
  python -m benchmark watch today.csv --model model
  tail -n +1 -f today.csv | python -m benchmark watch - --model model
  python -m benchmark watch today.csv --model model --until-end --json
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.commands import _options
from benchmark.errors import UserError, counted

if TYPE_CHECKING:
    from benchmark.detection import Watch
    from benchmark.reading import Source


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``watch``."""
    parser.add_argument("file", metavar="FILE", help="growing CSV file or JSON lines, or - for standard input")
    parser.add_argument(
        "--model", type=Path, metavar="FOLDER", required=True, help="model saved by detect FILE --save FOLDER"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.add_argument("--fresh", action="store_true", help="discard the saved state and start from the beginning")
    parser.add_argument(
        "--until-end", action="store_true", help="stop at the end of the file, and complete its last event"
    )
    parser.add_argument(
        "--poll",
        type=_options.at_least_zero,
        default=0.5,
        metavar="S",
        help="seconds between checks for new rows (%(default)s)",
    )
    _options.add_reading(parser)


def main(args: argparse.Namespace) -> int:
    """Read, score and print until interrupted, or until standard input ends."""
    from benchmark.detection import Model, Watch
    from benchmark.reading import open_source

    if not 0 < args.poll < float("inf"):
        raise UserError(f"--poll takes seconds above 0, got {args.poll:g}")
    if args.labels or args.label not in (None, "none"):
        raise UserError("watch uses no labels: leave out --label and --labels")
    if args.series == "all":
        raise UserError("watch follows one series: name it with --series NAME, and run one watch for each")
    watch = Watch.begin(Model.load(args.model), args.model, args.file, _options.read_options(args), args.fresh)
    _options.say(watch.beginning)
    try:
        with open_source(args.file, watch.offset, args.poll, args.until_end, watch.first) as source:
            _follow(watch, source, args.json)
        _options.say(f"ended after {counted(watch.rows, 'row')}")
    except KeyboardInterrupt:
        _options.say(f"\nstopped after {counted(watch.rows, 'row')}; the same command goes on from here")
    return 0


def _follow(watch: Watch, source: Source, json: bool) -> None:
    for block in _slices_between(source):
        _print(watch.take(block, json))
        if not block.waiting:
            _print(watch.news(json))
        for note in watch.take_notes():
            _options.say(note)
        watch.keep()
    _print(watch.finish(json))
    watch.keep()


def _print(lines: list[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _slices_between(source: Source) -> Source:
    """Yield the same blocks, and delay Ctrl-C until a block is processed, so that the state is consistent."""
    idle, asked = False, False

    def interrupt(*_: object) -> None:
        nonlocal asked
        asked = True
        if idle:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        while not asked:
            idle = True
            block = next(source, None)
            idle = False
            if block is None:
                return
            yield block
        raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)
