"""TSB-AD's leaderboard beside the stored rows, on the files at hand.

examples:
  python -m benchmark run --dataset TSB-AD-U --detector PCA --detector ScaleFlow
  python -m benchmark leaderboard                     table, and CSV in results/report
  python -m benchmark submit ScaleFlow                what the leaderboard asks for

Rows count that ran under the protocol tsb-ad on files of TSB-AD-U, wherever those lie.
"""

from __future__ import annotations

import argparse
import sys

from benchmark.commands import _options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``leaderboard``."""
    _options.add_store(parser)
    _options.add_out(parser)


def main(args: argparse.Namespace) -> int:
    """Print the table and write it with its figures."""
    from benchmark.commands._session import write_leaderboard
    from benchmark.store import Store, evaluate

    with Store(args.store, write=True) as store:
        evaluate.fill(store, ["vus_pr"])
        sys.stdout.write(write_leaderboard(store, args.out))
    return 0
