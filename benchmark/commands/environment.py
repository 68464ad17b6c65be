"""Make the environment of packages that cannot live in ours.

examples:
  python -m benchmark environment tsb-ad
  python -m benchmark run --detector tsb-ad:USAD --dataset Genesis
  python -m benchmark environment libraries
  python -m benchmark run --detector aeon:STOMP --detector dtaianomaly:SpectralResidual --dataset Genesis

It lies in the cache folder. A second call finds it made; one that was interrupted begins anew.
"""

from __future__ import annotations

import argparse
import sys

from benchmark.commands import _options
from benchmark.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``environment``."""
    parser.add_argument(
        "name",
        choices=("tsb-ad", "libraries", "bench"),
        help="of TSB-AD's detectors, of aeon and dtaianomaly, or of what bench compares with",
    )


def main(args: argparse.Namespace) -> int:
    """Make the environment, and print its path."""
    from benchmark.adapters import apart, tsb_ad
    from benchmark.speed import OTHERS
    from benchmark.system.environments import EnvironmentMissing

    make = {"tsb-ad": tsb_ad.TSB_AD.prepare, "libraries": apart.HOME.prepare, "bench": OTHERS.interpreter}
    try:
        python = make[args.name](_options.say)
    except EnvironmentMissing as reason:
        raise UserError(str(reason)) from reason
    sys.stdout.write(f"{args.name} is ready: {python}\n")
    return 0
