"""Write what TSB-AD's leaderboard asks for: a script that runs a detector, and its nine metrics on each file.

example: python -m benchmark submit ScaleFlow --out submission

The leaderboard's authors run the script themselves; the CSV has the form of their published results.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmark.commands import _options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``submit``."""
    parser.add_argument("row", metavar="ROW", help="a row under tsb-ad, as the tables name it")
    parser.add_argument("--out", type=Path, default=Path("submission"), help="folder for the files (%(default)s)")
    _options.add_store(parser)


def main(args: argparse.Namespace) -> int:
    """Write both files."""
    from benchmark.leaderboard import submission
    from benchmark.report import write_text
    from benchmark.store import Store, refuse_absent

    refuse_absent(args.store)
    with Store(args.store, write=True) as store:
        files = submission(store, args.row)
    for name, text in files.items():
        write_text(args.out / name, text)
        _options.say(f"{args.out / name}")
    if len(files) == 1:
        _options.say(
            "no script: it would import the detector from this package. Run_SR.py of `submit SR` is an example"
        )
    return 0
