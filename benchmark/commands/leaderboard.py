"""TSB-AD's leaderboard beside the stored rows, on the files at hand.

examples:
  python -m benchmark run --dataset TSB-AD-U --detector PCA --detector ScaleFlow
  python -m benchmark leaderboard                     table, and CSV in results/report
  python -m benchmark leaderboard --page docs/tsb-ad.md       renew the table between the page's two markers
  python -m benchmark submit ScaleFlow                what the leaderboard asks for

It shows rows that ran under the protocol tsb-ad on files of TSB-AD-U, in any folder.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmark.commands import _options
from benchmark.errors import UserError

BEGIN = "<!-- begin of figures: made by python -m benchmark leaderboard --page docs/tsb-ad.md -->"
END = "<!-- end of figures -->"
RUN = "python -m benchmark run --dataset TSB-AD-U --protocol tsb-ad"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``leaderboard``."""
    parser.add_argument("--page", type=Path, metavar="FILE", help="Markdown page whose table is renewed")
    _options.add_store(parser)
    _options.add_out(parser)


def main(args: argparse.Namespace) -> int:
    """Print the table and write it with its figures."""
    from benchmark.commands._session import open_with_baselines, write_leaderboard
    from benchmark.store import evaluate

    with open_with_baselines(args.store) as store:
        if store.writable:
            evaluate.fill(store, ["vus_pr"])
        text = write_leaderboard(store, args.out)
    if not text:
        raise UserError(f"no row of {args.store} ran under tsb-ad on a file of TSB-AD-U: {RUN}")
    sys.stdout.write(text)
    if args.page is not None:
        _renew(args.page, text)
    return 0


def _renew(page: Path, text: str) -> None:
    """Put the tables, without the first heading, between the page's markers."""
    from benchmark.report import markdown

    body = text.partition("\n")[2].strip()
    page.write_text(markdown.replace_between(page, BEGIN, END, f"\n{body}\n\n"), encoding="utf-8")
