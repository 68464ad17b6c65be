"""Make the environment of a package whose detectors cannot live in ours.

examples:
  python -m benchmark environment tsb-ad
  python -m benchmark run --detector tsb-ad:USAD --dataset Genesis

It lies in the cache folder. A second call finds it made; one that was interrupted begins anew.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmark.commands import _options
from benchmark.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``environment``."""
    parser.add_argument(
        "name", choices=("tsb-ad", "bench"), help="of TSB-AD's detectors, or of what bench compares with"
    )


def main(args: argparse.Namespace) -> int:
    """Make it, and say where it lies."""
    from benchmark.adapters import tsb_ad
    from benchmark.speed import OTHERS
    from benchmark.system.environments import EnvironmentMissing

    chosen = {"tsb-ad": tsb_ad.TSB_AD, "bench": OTHERS}[args.name]
    try:
        python = chosen.interpreter(_options.say)
    except EnvironmentMissing as reason:
        raise UserError(str(reason)) from reason
    if args.name == "tsb-ad":
        line = [str(python), "-P", str(tsb_ad.RUNNER), "--signatures", str(chosen.folder / "signatures.json")]
        done = subprocess.run(line, capture_output=True, text=True)
        if done.returncode:
            raise UserError(f"TSB-AD cannot be imported in {chosen.folder}: {done.stderr.strip().splitlines()[-1]}")
    sys.stdout.write(f"{args.name} is ready: {python}\n")
    return 0
